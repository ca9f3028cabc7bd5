// Takes every kept record of a trace: appending allocates nothing but, rarely, a longer index.
// Guarded by perf/trace-read.bench.ts.

import { ArrivalSort } from "./arrival-sort.ts";
import { ARRIVAL_AT, LENGTH_AT } from "./layout.ts";
import { type RecordBlock, recordBlock } from "./record-view.ts";

/** Bytes of a short record, by which the index is sized: growing it would leave as much again behind. */
const RECORD_BYTES_USUAL = 96;

/** Kept records in the order of reading, up to a number of bytes: what is sorted at once. */
export class RunBuffer {
  #block: RecordBlock;
  #used = 0;
  #count = 0;
  /** Position of each record, in units of 8 bytes. */
  #starts: Uint32Array<ArrayBuffer>;
  #arrivals: Float64Array<ArrayBuffer>;
  readonly #sort = new ArrivalSort();
  #ordered = true;
  #last = Number.NEGATIVE_INFINITY;
  #earliest = Number.POSITIVE_INFINITY;
  #latest = Number.NEGATIVE_INFINITY;

  constructor(bytes: number) {
    this.#block = recordBlock(Buffer.allocUnsafeSlow(bytes));
    const records = Math.ceil(bytes / RECORD_BYTES_USUAL);
    this.#starts = new Uint32Array(records);
    this.#arrivals = new Float64Array(records);
  }

  get block(): RecordBlock {
    return this.#block;
  }
  get count(): number {
    return this.#count;
  }
  get used(): number {
    return this.#used;
  }
  /** Whether the records stand in order of arrival as they were read. */
  get ordered(): boolean {
    return this.#ordered;
  }
  /** Microseconds; infinite while there are no records. */
  get earliestUs(): number {
    return this.#earliest;
  }
  get latestUs(): number {
    return this.#latest;
  }

  /** Whether a record of so many bytes has room. An empty buffer makes room for any. */
  hasRoom(bytes: number): boolean {
    if (this.#used + bytes <= this.#block.buffer.length) return true;
    if (this.#count > 0) return false;
    this.#block = recordBlock(Buffer.allocUnsafeSlow(bytes));
    return true;
  }

  /** Accepts the record of so many bytes that was laid out at `used`. */
  append(bytes: number, arrivalUs: number): void {
    if (this.#count === this.#starts.length) this.#growIndex();
    this.#arrivals[this.#count] = arrivalUs;
    this.#starts[this.#count++] = this.#used / 8;
    this.#used += bytes;
    if (arrivalUs < this.#last) this.#ordered = false;
    this.#last = arrivalUs;
    if (arrivalUs < this.#earliest) this.#earliest = arrivalUs;
    if (arrivalUs > this.#latest) this.#latest = arrivalUs;
  }

  /** Positions of the records, in units of 8 bytes, by arrival; equal arrivals in the order of reading. Borrowed. */
  sorted(): Uint32Array {
    const starts = this.#starts.subarray(0, this.#count);
    if (this.#ordered) return starts;
    const arrivals = this.#arrivals.subarray(0, this.#count);
    const places = this.#sort.places(arrivals, this.#earliest, this.#latest - this.#earliest);
    for (let i = 0; i < places.length; i++) places[i] = starts[places[i] as number] as number;
    return places;
  }

  clear(): void {
    this.#used = 0;
    this.#count = 0;
    this.#ordered = true;
    this.#last = Number.NEGATIVE_INFINITY;
    this.#earliest = Number.POSITIVE_INFINITY;
    this.#latest = Number.NEGATIVE_INFINITY;
  }

  /** Keeps only the records at `order`, in that order. Needs as much memory again as they take. */
  retain(order: Uint32Array): void {
    const { buffer, data } = this.#block;
    const kept: Buffer[] = [];
    for (const start of order) {
      kept.push(
        buffer.subarray(start * 8, start * 8 + data.getUint32(start * 8 + LENGTH_AT, true)),
      );
    }
    const copy = Buffer.concat(kept);
    this.clear();
    copy.copy(buffer);
    for (const record of kept) this.append(record.length, this.#arrivalAt(this.#used));
  }

  #arrivalAt(at: number): number {
    return this.#block.data.getFloat64(at + ARRIVAL_AT, true);
  }

  #growIndex(): void {
    const starts = new Uint32Array(2 * this.#count);
    starts.set(this.#starts);
    this.#starts = starts;
    const arrivals = new Float64Array(2 * this.#count);
    arrivals.set(this.#arrivals);
    this.#arrivals = arrivals;
  }
}
