// Where the last event of every path lies: the offset of its record, and its length, 12 bytes per path. Values stay in the
// file, so an image of any size needs no more memory than this. An HTTP exchange is no state: it happened, and is over. A path whose last
// event is one has none, so that images do not grow with all that was ever asked for.

import { batchBlock } from "./batch-record.ts";
import type { ByteSource } from "./byte-source.ts";
import { EVENT_KIND_EXCHANGE, EventWalk } from "./event-block.ts";
import { RecordType } from "./record.ts";
import { RecordWalk } from "./record-walk.ts";

const GROWTH = 1.25;
const FIRST_PATHS = 256;
/** One part of an image may have a little more events than another. */
const PARTS_DIFFER = 1.05;

type Place = { readonly part: number; readonly parts: number };
const WHOLE: Place = { part: 0, parts: 1 };

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
  see(block: Buffer, offset: number, { part, parts }: Place = WHOLE): void {
    const walk = new EventWalk(block);
    // Each path of an image comes once: without this, arrays that grow leave several times their size behind.
    if (parts > 1) this.#grow(Math.ceil(walk.count * parts * PARTS_DIFFER));
    else if (walk.count > FIRST_PATHS) this.#grow(this.#count + walk.count);
    while (walk.next())
      if (walk.kind !== EVENT_KIND_EXCHANGE) this.set(walk.id, offset, walk.end - walk.from);
      else if (this.offset(walk.id) > 0) this.set(walk.id, 0, 0);
    // The first parts may have had more events than the others.
    if (part > 0 && part + 1 === parts) this.#resize(this.#count);
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
      this.#grow(Math.max(id + 1, Math.ceil(this.#recordAt.length * GROWTH)));
    if (id >= this.#count) this.#count = id + 1;
  }

  #grow(size: number): void {
    if (size > this.#recordAt.length) this.#resize(size);
  }

  /** Nothing that is counted may be cut off. */
  #resize(size: number): void {
    const recordAt = new Float64Array(size);
    recordAt.set(this.#recordAt.subarray(0, this.#count));
    this.#recordAt = recordAt;
    const bytes = new Uint32Array(size);
    bytes.set(this.#bytes.subarray(0, this.#count));
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
      if (walk.kind === EVENT_KIND_EXCHANGE) continue;
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
