// Where the last event of every path lies: the offset of its record, and its length, 12 bytes per path. Values stay in the
// file, so an image of any size needs no more memory than this.

import { batchBlock } from "./batch-record.ts";
import type { ByteSource } from "./byte-source.ts";
import { EventWalk } from "./event-block.ts";
import { RecordType } from "./record.ts";
import { RecordWalk } from "./record-walk.ts";

const GROWTH = 1.25;
const FIRST_PATHS = 256;
/** One part of an image may have a little more events than another. */
const PARTS_DIFFER = 1.05;

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

  /** All events of a block that lies in the record at `offset`; of an image, one of so many parts of about one size. */
  see(block: Buffer, offset: number, parts = 1): void {
    const walk = new EventWalk(block);
    // Each path of an image comes once: without this, arrays that grow leave several times their size behind.
    if (walk.count > FIRST_PATHS || parts > 1)
      this.#resize(
        parts > 1 ? Math.ceil(walk.count * parts * PARTS_DIFFER) : this.#count + walk.count,
      );
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
    if (id >= this.#recordAt.length)
      this.#resize(Math.max(id + 1, Math.ceil(this.#recordAt.length * GROWTH)));
    if (id >= this.#count) this.#count = id + 1;
  }

  #resize(size: number): void {
    if (size <= this.#recordAt.length) return;
    const recordAt = new Float64Array(size);
    recordAt.set(this.#recordAt);
    this.#recordAt = recordAt;
    const bytes = new Uint32Array(size);
    bytes.set(this.#bytes);
    this.#bytes = bytes;
  }
}

/**
 * The last event of every path, record by record: a walk that stands at it, until the next is asked for. No objects are made, since
 * one record of an image holds some hundred thousand events. A record that cannot be read is passed over; its paths then have no
 * event.
 */
export function* lastEvents(
  source: ByteSource,
  { last, seed }: { last: LastEvents; seed: number },
): Generator<EventWalk> {
  const records = new RecordWalk(source, seed);
  for (const offset of last.records()) {
    const found = records.at(offset);
    if (found.kind !== "record") continue;
    const block = batchBlock(found.record);
    // An image has a path once; a batch may have several events of one.
    const ends = found.record.type === RecordType.image ? undefined : lastPlaces(block);
    const walk = new EventWalk(block);
    while (walk.next()) {
      const isLast = ends === undefined || ends.get(walk.id) === walk.from;
      if (isLast && last.offset(walk.id) === offset) yield walk;
    }
  }
}

/** Where the last event of each id begins. */
function lastPlaces(block: Buffer): Map<number, number> {
  const places = new Map<number, number>();
  const walk = new EventWalk(block);
  while (walk.next()) places.set(walk.id, walk.from);
  return places;
}
