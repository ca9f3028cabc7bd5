// How late paced sends were: a histogram of one session or replay, and whether lateness grows. `add` runs per batch, some
// thousand times a second: no allocation but the first time a value of its size comes. Guarded by perf/session-fanout.bench.ts.
import { type Nanos, nanos } from "../core/units.ts";
import { type Distribution, maximumOf, meanOf, valueAtPercentile } from "../stats/distribution.ts";
import { indexOf } from "../stats/histogram.ts";

/** Lateness above this is counted as this: it is told by the maximum, and no histogram needs more. */
const LATENESS_MAX_NS = 60e9;
/** One power of two of values; the histogram of a session that is on time has some eight of them. */
const PAGE_COUNTERS = 1024;
const PAGES = Math.ceil((indexOf(LATENESS_MAX_NS) + 1) / PAGE_COUNTERS);
/** Means of so many equal parts at most; at the limit, neighbours are put together. Even. */
const PARTS_MAX = 400;
/** Drift compares the first with the last of so many. */
const DRIFT_SHARES = 10;

/** All in ns; NaN without values. `drift` is the mean of the last tenth minus that of the first. */
export type LatenessFigures = {
  readonly count: number;
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
  readonly drift: number;
};

export class Lateness {
  readonly #pages: (Uint32Array | undefined)[] = new Array<Uint32Array | undefined>(PAGES);
  readonly #parts = new Float64Array(PARTS_MAX);
  #part = 0;
  #partSize = 1;
  #inPart = 0;
  #total = 0;
  #sum = 0;

  get count(): number {
    return this.#total;
  }

  /** `sent - due`; what is early counts as on time. */
  add(lateness: Nanos): void {
    const value = Math.min(Math.max(lateness, 0), LATENESS_MAX_NS);
    const index = indexOf(value);
    const page = index >>> 10;
    this.#pages[page] ??= new Uint32Array(PAGE_COUNTERS);
    const counters = this.#pages[page] as Uint32Array;
    const at = index & (PAGE_COUNTERS - 1);
    counters[at] = (counters[at] as number) + 1;
    this.#total++;
    this.#sum += value;
    this.#addToPart(value);
  }

  #addToPart(value: number): void {
    if (this.#inPart === this.#partSize) {
      this.#part++;
      this.#inPart = 0;
      if (this.#part === PARTS_MAX) this.#halve();
    }
    this.#parts[this.#part] = (this.#parts[this.#part] as number) + value;
    this.#inPart++;
  }

  #halve(): void {
    for (let part = 0; part < PARTS_MAX / 2; part++) {
      this.#parts[part] = (this.#parts[2 * part] as number) + (this.#parts[2 * part + 1] as number);
    }
    this.#parts.fill(0, PARTS_MAX / 2);
    this.#part = PARTS_MAX / 2;
    this.#partSize *= 2;
  }

  /** Counts in the places of stats/histogram.ts, so that it merges with others and goes into HdrHistogram files. */
  distribution(): Distribution {
    const indices: number[] = [];
    const counts: number[] = [];
    this.#pages.forEach((counters, page) => {
      counters?.forEach((count, at) => {
        if (count === 0) return;
        indices.push(page * PAGE_COUNTERS + at);
        counts.push(count);
      });
    });
    return { indices, counts, total: this.#total, sum: this.#sum };
  }

  figures(): LatenessFigures {
    const all = this.distribution();
    return {
      count: all.total,
      mean: meanOf(all),
      p50: valueAtPercentile(all, 50),
      p90: valueAtPercentile(all, 90),
      p99: valueAtPercentile(all, 99),
      p999: valueAtPercentile(all, 99.9),
      max: maximumOf(all),
      drift: this.drift(),
    };
  }

  /** Mean lateness of the last tenth minus that of the first; exact up to 400 values, then to a fraction of a tenth. */
  drift(): Nanos {
    const share = this.#total / DRIFT_SHARES;
    const head = this.#sumOfFirst(share);
    const tail = this.#sum - this.#sumOfFirst(this.#total - share);
    return nanos((tail - head) / share);
  }

  /** Sum of the first `count` values; of a part that is cut, the same share as of its values. */
  #sumOfFirst(count: number): number {
    let sum = 0;
    let left = count;
    for (let part = 0; part <= this.#part && left > 0; part++) {
      const size = part === this.#part ? this.#inPart : this.#partSize;
      const taken = Math.min(size, left);
      sum += ((this.#parts[part] as number) * taken) / size;
      left -= taken;
    }
    return sum;
  }
}
