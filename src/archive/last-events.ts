// Where the last event of every path lies: the offset of its record, and its length, 12 bytes per path. Values stay in the
// file, so an image of any size needs no more memory than this.

import { batchBlock } from "./batch-record.ts";
import type { ByteSource } from "./byte-source.ts";
import { EventWalk } from "./event-block.ts";
import { RecordWalk } from "./record-walk.ts";

const GROWTH = 1.25;
const FIRST_PATHS = 256;

export class LastEvents {
  #recordAt = new Float64Array(FIRST_PATHS);
  #bytes = new Uint32Array(FIRST_PATHS);
  #count = 0;
  #total = 0;

  /** Bytes of all last events, as they lie in blocks. */
  get total(): number {
    return this.#total;
  }

  /** Paths that have a last event are below this id. */
  get count(): number {
    return this.#count;
  }

  /** 0: none. */
  offset(id: number): number {
    return id < this.#count ? (this.#recordAt[id] as number) : 0;
  }

  set(id: number, offset: number, bytes: number): void {
    this.#makeRoom(id);
    this.#total += bytes - (this.#bytes[id] as number);
    this.#recordAt[id] = offset;
    this.#bytes[id] = bytes;
  }

  /** All events of a block that lies in the record at `offset`. */
  see(block: Buffer, offset: number): void {
    const walk = new EventWalk(block);
    while (walk.next()) this.set(walk.id, offset, walk.end - walk.from);
  }

  /** Offsets of the records that hold a last event, ascending, each once. */
  records(): Float64Array {
    const sorted = this.#recordAt.slice(0, this.#count).sort();
    let kept = 0;
    for (const offset of sorted) {
      if (offset > 0 && (kept === 0 || sorted[kept - 1] !== offset)) sorted[kept++] = offset;
    }
    return sorted.subarray(0, kept);
  }

  #makeRoom(id: number): void {
    if (id >= this.#recordAt.length) {
      const size = Math.max(id + 1, Math.ceil(this.#recordAt.length * GROWTH));
      const recordAt = new Float64Array(size);
      recordAt.set(this.#recordAt);
      this.#recordAt = recordAt;
      const bytes = new Uint32Array(size);
      bytes.set(this.#bytes);
      this.#bytes = bytes;
    }
    if (id >= this.#count) this.#count = id + 1;
  }
}

/** An event as it lies in a block: views. */
export type EventAt = { readonly raw: Buffer; readonly kind: number; readonly body: Buffer };

/**
 * Record by record, the last events that lie in it by the ids of their paths. A record that cannot be read is passed over;
 * its paths then have no event.
 */
export function* lastEvents(
  source: ByteSource,
  { last, seed }: { last: LastEvents; seed: number },
): Generator<Map<number, EventAt>> {
  const records = new RecordWalk(source, seed);
  for (const offset of last.records()) {
    const found = records.at(offset);
    if (found.kind !== "record") continue;
    const block = batchBlock(found.record);
    const walk = new EventWalk(block);
    const events = new Map<number, EventAt>();
    while (walk.next()) {
      if (last.offset(walk.id) !== offset) continue;
      events.set(walk.id, { raw: walk.raw, kind: walk.kind, body: walk.body });
    }
    yield events;
  }
}
