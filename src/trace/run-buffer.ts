// Takes every kept record of a trace: appending allocates nothing but, rarely, a longer index.
// Guarded by perf/trace-read.bench.ts.

import { ARRIVAL_AT, LENGTH_AT } from "./layout.ts";
import { type RecordBlock, recordBlock } from "./record-view.ts";

const FIRST_STARTS = 1 << 12;

// Sort key of a record, 64 bits, so that the built-in sort of numbers orders by arrival and then by place:
//
//   63                          21 20            0
//   | arrival - earliest, in µs   | place in run  |
//
// 43 bits of microseconds are 101 days, 21 bits of places are two million records. What exceeds either is sorted by
// comparison, at about ten times the cost.
const PLACE_BITS = 21;
const PLACES = 2 ** PLACE_BITS;
const SPAN_MAX_US = 2 ** (64 - PLACE_BITS);
const LOW_WORD_SPAN = 2 ** (32 - PLACE_BITS);

/** Kept records in the order of reading, up to a number of bytes: what is sorted at once. */
export class RunBuffer {
  #block: RecordBlock;
  #used = 0;
  #count = 0;
  /** Position of each record, in units of 8 bytes. */
  #starts = new Uint32Array(FIRST_STARTS);
  #ordered = true;
  #last = Number.NEGATIVE_INFINITY;
  #earliest = Number.POSITIVE_INFINITY;
  #latest = Number.NEGATIVE_INFINITY;

  constructor(bytes: number) {
    this.#block = recordBlock(Buffer.allocUnsafeSlow(bytes));
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

  /** Whether a record of so many bytes has room. An empty buffer makes room for any. */
  hasRoom(bytes: number): boolean {
    if (this.#used + bytes <= this.#block.buffer.length) return true;
    if (this.#count > 0) return false;
    this.#block = recordBlock(Buffer.allocUnsafeSlow(bytes));
    return true;
  }

  /** Accepts the record of so many bytes that was laid out at `used`. */
  append(bytes: number, arrivalUs: number): void {
    if (this.#count === this.#starts.length) {
      const longer = new Uint32Array(2 * this.#count);
      longer.set(this.#starts);
      this.#starts = longer;
    }
    this.#starts[this.#count++] = this.#used / 8;
    this.#used += bytes;
    if (arrivalUs < this.#last) this.#ordered = false;
    this.#last = arrivalUs;
    if (arrivalUs < this.#earliest) this.#earliest = arrivalUs;
    if (arrivalUs > this.#latest) this.#latest = arrivalUs;
  }

  /** Positions of the records, in units of 8 bytes, by arrival; equal arrivals in the order of reading. */
  sorted(): Uint32Array {
    const starts = this.#starts.subarray(0, this.#count);
    if (this.#ordered) return starts;
    const fits = this.#count <= PLACES && this.#latest - this.#earliest < SPAN_MAX_US;
    return fits ? this.#sortedByKey(starts) : this.#sortedByComparison(starts);
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

  #sortedByKey(starts: Uint32Array): Uint32Array {
    const keys = new BigUint64Array(this.#count);
    // Low and high halves are written apart: arithmetic on 64-bit integers would make an object each.
    const halves = new Uint32Array(keys.buffer);
    for (let place = 0; place < this.#count; place++) {
      const delta = this.#arrivalAt((starts[place] as number) * 8) - this.#earliest;
      halves[2 * place] = (delta % LOW_WORD_SPAN) * PLACES + place;
      halves[2 * place + 1] = Math.floor(delta / LOW_WORD_SPAN);
    }
    keys.sort();
    const order = new Uint32Array(this.#count);
    for (let i = 0; i < this.#count; i++) {
      order[i] = starts[(halves[2 * i] as number) & (PLACES - 1)] as number;
    }
    return order;
  }

  #sortedByComparison(starts: Uint32Array): Uint32Array {
    const byArrival = (a: number, b: number) =>
      this.#arrivalAt(a * 8) - this.#arrivalAt(b * 8) || a - b;
    return starts.slice().sort(byArrival);
  }
}
