// Who gets a request. Pure functions of what is asked, in the order in which it is asked; asked once per request in the
// feeder, where a known client or a slot costs no allocation.

import { createHash } from "node:crypto";
import { ClientIndex } from "./client-index.ts";

const POINTS_PER_DIGEST = 3;
const DIGESTS_PER_NODE = 40;

const md5 = (text: string | Buffer): Buffer => createHash("md5").update(text).digest();

/** Where a client stands on the ring. Source: trace-replay.md 5.2. */
export const ringKey = (client: string | Buffer): number => md5(client).readUInt32LE(0);

/**
 * Spreads clients over the nodes 0..n-1 as the ketama variant of the Doist `hash_ring` library does.
 *
 * Each node has 120 points: of the MD5 of `<node>-<j>`, j from 0 to 39, the little-endian words at 0, 4 and 8. A client
 * belongs to the first point strictly above its key, past the last point to the first. Of two nodes with the same point
 * the later one owns it.
 */
export class RingHash {
  readonly #points: Uint32Array;
  readonly #owners: Uint32Array;
  readonly #clients = new ClientIndex();
  /** Owner by the client's number: MD5 is asked once per client. */
  readonly #known: number[] = [];

  constructor(nodes: number) {
    const owners = new Map<number, number>();
    for (let node = 0; node < nodes; node++) {
      for (let j = 0; j < DIGESTS_PER_NODE; j++) {
        const digest = md5(`${node}-${j}`);
        for (let word = 0; word < POINTS_PER_DIGEST; word++) {
          owners.set(digest.readUInt32LE(4 * word), node);
        }
      }
    }
    this.#points = Uint32Array.from(owners.keys()).sort();
    this.#owners = Uint32Array.from(this.#points, (point) => owners.get(point) ?? 0);
  }

  /** All points, ascending. */
  get points(): Uint32Array {
    return this.#points;
  }

  /** The node of the client `buffer[from..to)`; a null client (-1, -1) counts as the empty text. */
  ownerOf(buffer: Buffer, from: number, to: number): number {
    const client = this.#clients.indexOf(buffer, from, to);
    let owner = this.#known[client];
    if (owner === undefined) {
      owner = this.#ownerOfKey(ringKey(from === -1 ? "" : buffer.subarray(from, to)));
      this.#known[client] = owner;
    }
    return owner;
  }

  #ownerOfKey(key: number): number {
    let low = 0;
    let high = this.#points.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#points[middle] as number) > key) high = middle;
      else low = middle + 1;
    }
    return this.#owners[low === this.#points.length ? 0 : low] as number;
  }
}

export const ringHash = (nodes: number): RingHash => new RingHash(nodes);

/**
 * Deals operations to sequential slots by the durations in the trace: each goes to the slot that is free first, the
 * lowest on ties, and occupies it from its delay, or from the end of the one before, on. Source: trace-replay.md 5.3.
 */
export class SlotAssigner {
  /** When each slot is free again, seconds of trace time. */
  readonly #busyUntil: Float64Array;
  /** Binary heap of slots by (busyUntil, slot). */
  readonly #heap: Int32Array;

  constructor(slots: number) {
    this.#busyUntil = new Float64Array(slots);
    this.#heap = Int32Array.from({ length: slots }, (_, slot) => slot);
  }

  /** The slot of the next operation; seconds. */
  assign(delay: number, duration: number): number {
    const slot = this.#heap[0] as number;
    const busyUntil = this.#busyUntil[slot] as number;
    this.#busyUntil[slot] = Math.max(busyUntil, delay) + duration;
    this.#sink(slot);
    return slot;
  }

  #sink(slot: number): void {
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= this.#heap.length) break;
      const right = child + 1;
      if (right < this.#heap.length && this.#isBefore(this.#at(right), this.#at(child))) {
        child = right;
      }
      if (!this.#isBefore(this.#at(child), slot)) break;
      this.#heap[place] = this.#at(child);
      place = child;
    }
    this.#heap[place] = slot;
  }

  #at(place: number): number {
    return this.#heap[place] as number;
  }

  #isBefore(a: number, b: number): boolean {
    const first = this.#busyUntil[a] as number;
    const second = this.#busyUntil[b] as number;
    return first < second || (first === second && a < b);
  }
}

export const slotAssigner = (slots: number): SlotAssigner => new SlotAssigner(slots);
