// Asked once per request in the feeder: a hit allocates nothing and makes no string. Guarded by perf/trace-read.bench.ts.

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;
const FIRST_SLOTS = 256;
const FIRST_BYTES = 4096;

/**
 * Numbers trace clients from 0 in order of first appearance, by the bytes of their address. Open addressing; grows at
 * half full. Costs about 40 bytes per client.
 */
export class ClientIndex {
  /** Number of the client + 1, by hash; 0 = free. */
  #slots = new Int32Array(FIRST_SLOTS);
  #hashes = new Int32Array(FIRST_SLOTS / 2);
  /** Where the bytes of each client end in `#bytes`; they start where those of its predecessor end. */
  #ends = new Int32Array(FIRST_SLOTS / 2);
  #bytes = Buffer.alloc(FIRST_BYTES);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The number of the client `buffer[from..to)`; a new client gets the next one. A null client (-1, -1) is empty. */
  indexOf(buffer: Uint8Array, from: number, to: number): number {
    let hash = FNV_OFFSET;
    for (let p = from; p < to; p++) hash = Math.imul(hash ^ (buffer[p] as number), FNV_PRIME);
    hash ^= hash >>> 15;
    const mask = this.#slots.length - 1;
    let slot = hash & mask;
    for (;;) {
      const found = (this.#slots[slot] as number) - 1;
      if (found === -1)
        return this.#add(slot, hash, buffer.subarray(Math.max(from, 0), Math.max(to, 0)));
      if (this.#hashes[found] === hash && this.#isSame(found, buffer, from, to)) return found;
      slot = (slot + 1) & mask;
    }
  }

  #isSame(client: number, buffer: Uint8Array, from: number, to: number): boolean {
    const start = this.#startOf(client);
    if ((this.#ends[client] as number) - start !== to - from) return false;
    for (let i = 0; i < to - from; i++)
      if (this.#bytes[start + i] !== buffer[from + i]) return false;
    return true;
  }

  #startOf(client: number): number {
    return client === 0 ? 0 : (this.#ends[client - 1] as number);
  }

  #add(slot: number, hash: number, text: Uint8Array): number {
    const client = this.#size++;
    const start = this.#startOf(client);
    if (start + text.length > this.#bytes.length) {
      const grown = Buffer.alloc(2 * (this.#bytes.length + text.length));
      this.#bytes.copy(grown);
      this.#bytes = grown;
    }
    this.#bytes.set(text, start);
    this.#ends[client] = start + text.length;
    this.#hashes[client] = hash;
    this.#slots[slot] = client + 1;
    if (2 * this.#size === this.#slots.length) this.#grow();
    return client;
  }

  #grow(): void {
    const slots = new Int32Array(this.#slots.length * 2);
    const mask = slots.length - 1;
    for (let client = 0; client < this.#size; client++) {
      let slot = (this.#hashes[client] as number) & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = client + 1;
    }
    this.#slots = slots;
    this.#hashes = enlarged(this.#hashes);
    this.#ends = enlarged(this.#ends);
  }
}

function enlarged(numbers: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const grown = new Int32Array(numbers.length * 2);
  grown.set(numbers);
  return grown;
}
