import type { SeriesPoint } from "./timeseries.ts";

/** What the report page can show and a browser draws at once. */
export const SERIES_POINTS_MAX = 2000;

const larger = (a: number | null, b: number | null): number | null =>
  a === null ? b : Math.max(a, b ?? a);
const added = (a: number | null, b: number | null): number | null =>
  a === null ? b : a + (b ?? 0);

/** Mean of two neighbours of different length; the one that is known where the other is not. */
function averaged(a: SeriesPoint, b: SeriesPoint, of: (point: SeriesPoint) => number | null) {
  const [first, second] = [of(a), of(b)];
  if (first === null || second === null) return first ?? second;
  const length = a.length + b.length;
  return length > 0 ? (first * a.length + second * b.length) / length : first;
}

/** Two neighbours as one: counts add up, means over time stay such means; of gauges and window latencies the larger stays, for percentiles have no mean. */
function joined(a: SeriesPoint, b: SeriesPoint): SeriesPoint {
  return {
    second: a.second,
    length: a.length + b.length,
    planned: added(a.planned, b.planned),
    sent: a.sent + b.sent,
    done: a.done + b.done,
    failed: a.failed + b.failed,
    inFlight: Math.max(a.inFlight, b.inFlight),
    waiting: Math.max(a.waiting, b.waiting),
    meanInFlight: averaged(a, b, ({ meanInFlight }) => meanInFlight),
    lawInFlight: averaged(a, b, ({ lawInFlight }) => lawInFlight),
    bytesIn: a.bytesIn + b.bytesIn,
    bytesOut: a.bytesOut + b.bytesOut,
    responseP50: larger(a.responseP50, b.responseP50),
    responseP99: larger(a.responseP99, b.responseP99),
    responseMax: larger(a.responseMax, b.responseMax),
    serviceP50: larger(a.serviceP50, b.serviceP50),
    serviceP99: larger(a.serviceP99, b.serviceP99),
    serviceMax: larger(a.serviceMax, b.serviceMax),
    latenessP99: larger(a.latenessP99, b.latenessP99),
    latenessMax: larger(a.latenessMax, b.latenessMax),
    loopDelayMs: larger(a.loopDelayMs, b.loopDelayMs),
    gcShare: averaged(a, b, ({ gcShare }) => gcShare),
    cpuShare: averaged(a, b, ({ cpuShare }) => cpuShare),
  };
}

/**
 * The course of a run of any length in at most 2,000 points. When it is full, neighbours are joined and from then on each
 * point takes twice as many intervals.
 */
export class Series {
  #points: SeriesPoint[] = [];
  /** Intervals in each point, and in the last one so far. */
  #stride = 1;
  #inLast = 0;

  add(point: SeriesPoint): void {
    const last = this.#points.at(-1);
    if (last !== undefined && this.#inLast < this.#stride) {
      this.#points[this.#points.length - 1] = joined(last, point);
      this.#inLast++;
      return;
    }
    if (this.#points.length === SERIES_POINTS_MAX) {
      this.#halve();
      this.add(point);
      return;
    }
    this.#points.push(point);
    this.#inLast = 1;
  }

  get points(): readonly SeriesPoint[] {
    return this.#points;
  }

  /** Intervals that a point stands for. */
  get stride(): number {
    return this.#stride;
  }

  #halve(): void {
    const halved: SeriesPoint[] = [];
    for (let i = 0; i < this.#points.length; i += 2) {
      const [first, second] = [this.#points[i], this.#points[i + 1]];
      if (first !== undefined) halved.push(second === undefined ? first : joined(first, second));
    }
    this.#points = halved;
    this.#stride *= 2;
    this.#inLast = this.#stride;
  }
}
