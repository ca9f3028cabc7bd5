import type { IntervalSnapshot } from "../stats/figures.ts";

/** Columns of the heatmap at most: what a page of usual width can show. */
const HEAT_COLUMNS_MAX = 240;
/** Indices of stats/histogram.ts that a row takes, as a power of two: eight rows per doubling of the time. */
const ROW_SHIFT = 7;

/** Indices that one row stands for. */
export const ROW_INDICES: number = 1 << ROW_SHIFT;

/** A stretch of the run. `counts` has how many successes took so long, by row; rows without any are left out. */
export type HeatColumn = {
  /** s since the start of the run, and length, s. */
  readonly second: number;
  readonly length: number;
  readonly counts: ReadonlyMap<number, number>;
};

function joined(a: HeatColumn, b: HeatColumn): HeatColumn {
  const counts = new Map(a.counts);
  for (const [row, count] of b.counts) counts.set(row, (counts.get(row) ?? 0) + count);
  return { second: a.second, length: a.length + b.length, counts };
}

/** Response times of an interval, or service times where nothing was due, by row. */
function countsOf({ classes }: IntervalSnapshot): Map<number, number> {
  const counts = new Map<number, number>();
  const paced = classes.some(({ response }) => response.total > 0);
  for (const { response, service } of classes) {
    const times = paced ? response : service;
    times.indices.forEach((index, at) => {
      const row = index >>> ROW_SHIFT;
      counts.set(row, (counts.get(row) ?? 0) + (times.counts[at] as number));
    });
  }
  return counts;
}

/**
 * How latency was distributed over time, for runs of any length: when there are too many columns, neighbours are added up and
 * from then on each takes twice as many intervals. Counts are sums, so nothing is lost but detail in time.
 */
export class HeatGrid {
  #columns: HeatColumn[] = [];
  #stride = 1;
  #inLast = 0;

  add(snapshot: IntervalSnapshot): void {
    const { start, end } = snapshot;
    const column = { second: start / 1e9, length: (end - start) / 1e9, counts: countsOf(snapshot) };
    const last = this.#columns.at(-1);
    if (last !== undefined && this.#inLast < this.#stride) {
      this.#columns[this.#columns.length - 1] = joined(last, column);
      this.#inLast++;
      return;
    }
    if (this.#columns.length === HEAT_COLUMNS_MAX) this.#halve();
    this.#columns.push(column);
    this.#inLast = 1;
  }

  get columns(): readonly HeatColumn[] {
    return this.#columns;
  }

  #halve(): void {
    const halved: HeatColumn[] = [];
    for (let at = 0; at < this.#columns.length; at += 2) {
      const [first, second] = [this.#columns[at], this.#columns[at + 1]];
      if (first !== undefined) halved.push(second === undefined ? first : joined(first, second));
    }
    this.#columns = halved;
    this.#stride *= 2;
  }
}
