// `add` runs per request. Memory: 4 bytes per request, as much again for the next uses, and some 50 for each unusual size.

const CHUNK_BITS = 20;
const CHUNK = 1 << CHUNK_BITS;
const MASK = CHUNK - 1;
const NEVER = 0xffffffff;

/** The objects of all requests, in order: for policies that know the future, and capacities that depend on the whole. */
export class RequestSequence {
  length = 0;
  readonly #chunks: Int32Array[] = [];
  #next: Uint32Array[] = [];
  /** By place: sizes that differ from what is usual for their object. */
  readonly #unusual = new Map<number, number>();

  /** `usual`: the size that is known of the object anyway. */
  add(object: number, { size, usual }: { size: number; usual: number }): void {
    if (size !== usual) this.#unusual.set(this.length, size);
    if ((this.length & MASK) === 0) this.#chunks.push(new Int32Array(CHUNK));
    (this.#chunks[this.length >>> CHUNK_BITS] as Int32Array)[this.length & MASK] = object;
    this.length++;
  }

  /** Copies the objects from this place on into `target`; how many. */
  read(place: number, target: Int32Array): number {
    const chunk = this.#chunks[place >>> CHUNK_BITS];
    if (chunk === undefined) return 0;
    const from = place & MASK;
    const count = Math.min(target.length, CHUNK - from, this.length - place);
    target.set(chunk.subarray(from, from + count));
    return count;
  }

  /** The size of the request at `place`, where it is not the usual one. */
  sizeAt(place: number, usual: number): number {
    return this.#unusual.size === 0 ? usual : (this.#unusual.get(place) ?? usual);
  }

  /** Walks backwards once, so that `nextUse` can answer. `objects`: all their numbers are below. */
  lookAhead(objects: number): void {
    const seen = new Uint32Array(objects).fill(NEVER);
    this.#next = this.#chunks.map(() => new Uint32Array(CHUNK));
    for (let place = this.length - 1; place >= 0; place--) {
      const chunk = place >>> CHUNK_BITS;
      const object = (this.#chunks[chunk] as Int32Array)[place & MASK] as number;
      (this.#next[chunk] as Uint32Array)[place & MASK] = seen[object] as number;
      seen[object] = place;
    }
  }

  /** Place of the next request for the object that is asked for at `place`; Infinity where none follows. */
  nextUse(place: number): number {
    const next = (this.#next[place >>> CHUNK_BITS] as Uint32Array)[place & MASK] as number;
    return next === NEVER ? Number.POSITIVE_INFINITY : next;
  }
}
