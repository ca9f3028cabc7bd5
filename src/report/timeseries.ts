import {
  type Distribution,
  DistributionSum,
  maximumOf,
  supportedPercentile,
} from "../stats/distribution.ts";
import type { IntervalSnapshot } from "../stats/figures.ts";
import type { ThreadHealth } from "../stats/tally.ts";
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
  /** Mean over the interval: from samples, and by Little's law from rate and service time of what ended in it. */
  readonly meanInFlight: number | null;
  readonly lawInFlight: number | null;
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
  /** Of the request worker thread that fared worst: largest event-loop delay, ms; share of the time in garbage collection; busy share. */
  readonly loopDelayMs: number | null;
  readonly gcShare: number | null;
  readonly cpuShare: number | null;
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
  ["mean_in_flight", "meanInFlight"],
  ["law_in_flight", "lawInFlight"],
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
  ["loop_delay_max_ms", "loopDelayMs"],
  ["gc_share", "gcShare"],
  ["cpu_share", "cpuShare"],
] as const satisfies readonly (readonly [string, keyof SeriesPoint])[];

const rounded = (value: number, digits: number): number => Number(value.toFixed(digits));
const percentileMs = (distribution: Distribution, percent: number): number | null => {
  const value = supportedPercentile(distribution, percent);
  return value === null ? null : rounded(value / 1e6, 6);
};
const maximumMs = (distribution: Distribution): number | null =>
  distribution.total === 0 ? null : rounded(maximumOf(distribution) / 1e6, 6);

/** `before`: health of the threads at the end of the interval before; their pauses are counted from the start. */
export function seriesPoint(
  snapshot: IntervalSnapshot,
  planned: number | null,
  before: readonly ThreadHealth[] = [],
): SeriesPoint {
  const all = overall(snapshot);
  const span = snapshot.end - snapshot.start;
  return {
    second: rounded(snapshot.start / 1e9, 3),
    length: rounded((snapshot.end - snapshot.start) / 1e9, 3),
    planned,
    sent: all.started,
    done: all.done,
    failed: all.failed,
    inFlight: snapshot.inFlight,
    waiting: snapshot.waiting,
    meanInFlight: snapshot.meanInFlight === undefined ? null : rounded(snapshot.meanInFlight, 4),
    lawInFlight: span > 0 ? rounded((all.service.sum + all.failedService.sum) / span, 4) : null,
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
    ...healthOf(snapshot.health, before, span),
  };
}

function healthOf(
  health: readonly ThreadHealth[],
  before: readonly ThreadHealth[],
  span: number,
): Pick<SeriesPoint, "loopDelayMs" | "gcShare" | "cpuShare"> {
  if (health.length === 0) return { loopDelayMs: null, gcShare: null, cpuShare: null };
  const pauses = health.map(({ gcNanos }, thread) => gcNanos - (before[thread]?.gcNanos ?? 0));
  return {
    loopDelayMs: rounded(Math.max(...health.map((thread) => thread.loopDelayRecent)) / 1e6, 4),
    gcShare: span > 0 ? rounded(Math.max(0, ...pauses) / span, 5) : null,
    cpuShare: rounded(Math.max(...health.map(({ cpuShare }) => cpuShare)), 4),
  };
}

const cumulated = [
  ["p50", 50],
  ["p90", 90],
  ["p99", 99],
  ["p99_9", 99.9],
] as const;

/** Latencies of successes from the start of the run to the end of each interval, in ms. */
class CumulativeLatency {
  readonly #sums = { response: new DistributionSum(), service: new DistributionSum() };

  static readonly columns = ["response", "service"].flatMap((measure) => [
    ...cumulated.map(([name]) => `cum_${measure}_${name}_ms`),
    `cum_${measure}_max_ms`,
  ]);

  add({ classes }: IntervalSnapshot): (number | null)[] {
    for (const { response, service } of classes) {
      this.#sums.response.add(response);
      this.#sums.service.add(service);
    }
    return [this.#sums.response, this.#sums.service].flatMap((sum) => {
      const soFar = sum.soFar();
      return [...cumulated.map(([, percent]) => percentileMs(soFar, percent)), maximumMs(soFar)];
    });
  }
}

/** timeseries.csv: grows while the run goes on, a line per interval; an empty field is a null. */
export class TimeseriesFile {
  readonly #file: AppendFile;
  readonly #cumulative = new CumulativeLatency();

  constructor(path: string) {
    this.#file = new AppendFile(path);
    const names = [...columns.map(([name]) => name), ...CumulativeLatency.columns];
    this.#file.write(`${names.join(",")}\n`);
  }

  /** `point` is made of the same interval. */
  add(point: SeriesPoint, snapshot: IntervalSnapshot): void {
    const fields = [...columns.map(([, key]) => point[key]), ...this.#cumulative.add(snapshot)];
    this.#file.write(`${fields.map((field) => field ?? "").join(",")}\n`);
  }

  close(): void {
    this.#file.close();
  }
}
