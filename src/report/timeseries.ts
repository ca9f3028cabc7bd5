import { type Distribution, maximumOf, supportedPercentile } from "../stats/distribution.ts";
import type { IntervalSnapshot } from "../stats/figures.ts";
import { AppendFile } from "./append-file.ts";
import { overall } from "./run-figures.ts";

/**
 * One interval of a run. Latencies are of this interval alone, in ms, of successes; null where nothing had that latency
 * or there were too few values for the percentile.
 */
export type SeriesPoint = {
  /** Start of the interval, s since the start of the run, and its length, s. */
  readonly second: number;
  readonly length: number;
  /** Requests that were due in it; null where nothing was due. */
  readonly planned: number | null;
  readonly sent: number;
  readonly done: number;
  readonly failed: number;
  /** At the end of the interval. */
  readonly inFlight: number;
  readonly waiting: number;
  /** Received and sent, of successes and failures. */
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly responseP50: number | null;
  readonly responseP99: number | null;
  readonly responseMax: number | null;
  readonly serviceP50: number | null;
  readonly serviceP99: number | null;
  readonly serviceMax: number | null;
  readonly latenessP99: number | null;
  readonly latenessMax: number | null;
};

/** Columns of timeseries.csv, in order. */
const columns = [
  ["second", "second"],
  ["length", "length"],
  ["planned", "planned"],
  ["sent", "sent"],
  ["done", "done"],
  ["failed", "failed"],
  ["in_flight", "inFlight"],
  ["waiting", "waiting"],
  ["bytes_in", "bytesIn"],
  ["bytes_out", "bytesOut"],
  ["window_response_p50_ms", "responseP50"],
  ["window_response_p99_ms", "responseP99"],
  ["window_response_max_ms", "responseMax"],
  ["window_service_p50_ms", "serviceP50"],
  ["window_service_p99_ms", "serviceP99"],
  ["window_service_max_ms", "serviceMax"],
  ["window_lateness_p99_ms", "latenessP99"],
  ["window_lateness_max_ms", "latenessMax"],
] as const satisfies readonly (readonly [string, keyof SeriesPoint])[];

const rounded = (value: number, digits: number): number => Number(value.toFixed(digits));
const percentileMs = (distribution: Distribution, percent: number): number | null => {
  const value = supportedPercentile(distribution, percent);
  return value === null ? null : rounded(value / 1e6, 6);
};
const maximumMs = (distribution: Distribution): number | null =>
  distribution.total === 0 ? null : rounded(maximumOf(distribution) / 1e6, 6);

export function seriesPoint(snapshot: IntervalSnapshot, planned: number | null): SeriesPoint {
  const all = overall(snapshot);
  return {
    second: rounded(snapshot.start / 1e9, 3),
    length: rounded((snapshot.end - snapshot.start) / 1e9, 3),
    planned,
    sent: all.started,
    done: all.done,
    failed: all.failed,
    inFlight: snapshot.inFlight,
    waiting: snapshot.waiting,
    bytesIn: all.bytesIn + all.failedBytesIn,
    bytesOut: all.bytesOut + all.failedBytesOut,
    responseP50: percentileMs(all.response, 50),
    responseP99: percentileMs(all.response, 99),
    responseMax: maximumMs(all.response),
    serviceP50: percentileMs(all.service, 50),
    serviceP99: percentileMs(all.service, 99),
    serviceMax: maximumMs(all.service),
    latenessP99: percentileMs(snapshot.lateness, 99),
    latenessMax: maximumMs(snapshot.lateness),
  };
}

/** timeseries.csv: grows while the run goes on, a line per interval; an empty field is a null. */
export class TimeseriesFile {
  readonly #file: AppendFile;

  constructor(path: string) {
    this.#file = new AppendFile(path);
    this.#file.write(`${columns.map(([name]) => name).join(",")}\n`);
  }

  add(point: SeriesPoint): void {
    this.#file.write(`${columns.map(([, key]) => point[key] ?? "").join(",")}\n`);
  }

  close(): void {
    this.#file.close();
  }
}
