import { type Distribution, maximumOf, supportedPercentile } from "../stats/distribution.ts";
import type { RequestFigures } from "../stats/figures.ts";
import { encodeHdr } from "../stats/hdr.ts";
import { smallestOf } from "../stats/size-bin.ts";
import { machineResults } from "./machines.ts";
import {
  activeSeconds,
  inFlightByLaw,
  onTimeShare,
  overall,
  type RunFigures,
  rateOver,
  verdictOf,
  verdictText,
} from "./run-figures.ts";

/** `$id` of docs/formats/results.schema.json. The number grows when a reader of the old form would go wrong. */
const RESULTS_SCHEMA = "urn:drayage:schema:results:1";
const RESULTS_VERSION = 1;

export const reportedPercentiles = [50, 75, 90, 95, 99, 99.9] as const;

/** A distribution for results.json; ns. Null where too few values were counted, or none. */
export type LatencyResult = {
  readonly count: number;
  readonly sum: number;
  readonly mean: number | null;
  readonly max: number | null;
  readonly percentiles: Readonly<Record<string, number | null>>;
  /** HdrHistogram V2, compressed, base64: what makes two files mergeable. Null without values. */
  readonly histogram: string | null;
};

/** Percentiles by name (`p50` … `p99.9`), ns. */
function percentilesOf(distribution: Distribution): Readonly<Record<string, number | null>> {
  return Object.fromEntries(
    reportedPercentiles.map((percent) => [
      `p${percent}`,
      supportedPercentile(distribution, percent),
    ]),
  );
}

function latencyResult(distribution: Distribution): LatencyResult {
  const some = distribution.total > 0;
  // Whole nanoseconds: in which order intervals or threads were added up must not show in the last digits.
  const sum = Math.round(distribution.sum);
  return {
    count: distribution.total,
    sum,
    mean: some ? sum / distribution.total : null,
    max: some ? maximumOf(distribution) : null,
    percentiles: percentilesOf(distribution),
    histogram: some ? encodeHdr(distribution) : null,
  };
}

function requestResult(figures: RequestFigures, seconds: number) {
  return {
    started: figures.started,
    done: figures.done,
    failed: figures.failed,
    perSecond: rateOver(figures.done, seconds),
    bytesIn: figures.bytesIn,
    bytesOut: figures.bytesOut,
    failedBytesIn: figures.failedBytesIn,
    failedBytesOut: figures.failedBytesOut,
    bytesPerSecond: rateOver(figures.bytesIn + figures.bytesOut, seconds),
    onTime: figures.onTime,
    lateSlots: figures.lateSlots,
    lateGenerator: figures.lateGenerator,
    tooLate: figures.tooLate,
    onTimeShare: onTimeShare(figures),
    errors: figures.errors,
    statuses: figures.statuses,
    responseNs: latencyResult(figures.response),
    serviceNs: latencyResult(figures.service),
    ttfbNs: latencyResult(figures.ttfb),
    transferNs: latencyResult(figures.transfer),
    failedResponseNs: latencyResult(figures.failedResponse),
    failedServiceNs: latencyResult(figures.failedService),
  };
}

/** The content of results.json: docs/formats/results.md, docs/formats/results.schema.json. */
export function runResults(figures: RunFigures) {
  const { totals, validity } = figures;
  const active = activeSeconds(figures);
  return {
    $schema: RESULTS_SCHEMA,
    version: RESULTS_VERSION,
    tool: figures.tool,
    verb: figures.verb,
    startedAt: new Date(figures.startedAt).toISOString(),
    seconds: figures.seconds,
    pausedSeconds: figures.pausedSeconds ?? 0,
    traceSeconds: figures.traceSeconds,
    verdict: verdictText(verdictOf(figures)),
    valid: validity.verdict !== "INVALID",
    validity,
    thresholds: figures.thresholds ?? [],
    calibration: figures.calibration,
    interrupted: figures.ending !== "finished",
    ending: figures.ending,
    paced: figures.paced,
    planned: figures.planned,
    totals: requestResult(overall(totals), active),
    classes: totals.classes.map(({ operation, ...part }) => ({
      operation,
      ...requestResult(part, active),
    })),
    latenessNs: latencyResult(totals.lateness),
    connectNs: latencyResult(totals.connect),
    sizes: totals.sizes.map(({ bin, service }) => ({
      fromBytes: smallestOf(bin),
      serviceNs: latencyResult(service),
    })),
    nodes: (figures.nodes ?? []).map(({ response, service, ...counts }) => ({
      ...counts,
      responseNs: latencyResult(response),
      serviceNs: latencyResult(service),
    })),
    steps: (figures.steps ?? []).map(({ response, service, ...counts }) => ({
      ...counts,
      perSecond: rateOver(counts.done, counts.seconds),
      responseNs: latencyResult(response),
      serviceNs: latencyResult(service),
    })),
    recorded: (figures.recorded ?? []).map(({ service, ...counts }) => ({
      ...counts,
      serviceNs: latencyResult(service),
    })),
    machines: machineResults(figures.machines ?? []),
    meanInFlight: figures.meanInFlight ?? null,
    inFlightByLaw: inFlightByLaw(figures),
    retries: totals.retries,
    existed: totals.existed,
    clipped: { aboveHour: totals.clippedHigh, belowZero: totals.clippedLow },
    threads: totals.health,
    skipped: figures.skipped,
    records: figures.records,
    besides: figures.besides,
    examples: figures.examples,
    compat: figures.compat,
  };
}
