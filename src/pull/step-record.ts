// Figures of a step of the schedule, and what they say about themselves. Source: pull-driver.md 9.2 to 9.4.
import { supportedPercentile } from "../stats/distribution.ts";
import {
  allRequests,
  meanPullNanos,
  type PullInterval,
  pullsOf,
  requestsOf,
} from "./pull-interval.ts";

/** One step of one phase, as it was measured. */
export type StepRecord = {
  readonly phase: string;
  /** From 1 on within its phase. */
  readonly step: number;
  readonly level: number;
  /** Seconds since the driver began, and how long it was measured: without the settling. */
  readonly from: number;
  readonly seconds: number;
  readonly interval: PullInterval;
  /** Time-weighted means, measured apart from the pulls. */
  readonly meanInProgress: number;
  readonly meanActive: number;
  /** Of the cores that the request worker threads have, 0..1. */
  readonly cpuShare: number;
  /** The worst thread's, ms. */
  readonly loopDelayP99Ms: number;
};

export type StepFigures = {
  readonly phase: string;
  readonly step: number;
  readonly level: number;
  readonly seconds: number;
  readonly pulls: number;
  readonly failed: number;
  readonly pullsPerSecond: number;
  readonly failuresPerSecond: number;
  readonly requestsPerSecond: number;
  readonly bytesPerSecond: number;
  /** ns; null where there are too few pulls to tell. */
  readonly pullP50: number | null;
  readonly pullP99: number | null;
  readonly ttfbP50: number | null;
  readonly ttfbP99: number | null;
  /** Those that nobody had pulled the image of before, in this run. */
  readonly firstPulls: number;
  /** Against the first step of the phase with one puller; null without one. */
  readonly speedUp: number | null;
  /** Little's law: pulls per second x mean time of a pull. */
  readonly inProgressByLaw: number;
  readonly inProgress: number;
  /** Active pullers less pulls in progress: prune, back-off, ourselves. */
  readonly outsidePulls: number;
  readonly cpuShare: number;
  readonly loopDelayP99Ms: number;
  /** `L`: Little's law does not hold. `C`: the client may be the limit. */
  readonly flags: string;
};

const LAW_TOLERANCE = 0.05;
const LAW_PULLS_MIN = 100;
/** What a client that is no limit stays below. */
export const LOOP_DELAY_MS_MAX = 20;
const CPU_SHARE_MAX = 0.85;

export function stepFigures(records: readonly StepRecord[]): StepFigures[] {
  const alone = new Map<string, number>();
  return records.map((record) => {
    const { phase, step, level, seconds, interval, meanInProgress, meanActive } = record;
    const pulls = pullsOf(interval);
    const requests = allRequests(interval);
    const per = (count: number): number => (seconds > 0 ? count / seconds : 0);
    const pullsPerSecond = per(pulls.done);
    if (level === 1 && !alone.has(phase) && pulls.done > 0) alone.set(phase, pullsPerSecond);
    const one = alone.get(phase);
    const ended = pulls.done + pulls.failed;
    const inProgressByLaw = ended === 0 ? 0 : per(ended) * (meanPullNanos(pulls) / 1e9);
    const breaksLaw =
      ended >= LAW_PULLS_MIN &&
      Math.abs(inProgressByLaw - meanInProgress) > LAW_TOLERANCE * meanInProgress;
    return {
      phase,
      step,
      level,
      seconds,
      pulls: pulls.done,
      failed: pulls.failed,
      pullsPerSecond,
      failuresPerSecond: per(pulls.failed),
      requestsPerSecond: per(requests.count),
      bytesPerSecond: per(requests.bytes),
      pullP50: supportedPercentile(pulls.total, 50),
      pullP99: supportedPercentile(pulls.total, 99),
      ttfbP50: supportedPercentile(pulls.ttfb, 50),
      ttfbP99: supportedPercentile(pulls.ttfb, 99),
      firstPulls: requestsOf(interval, "pull-first").done,
      speedUp: one === undefined ? null : pullsPerSecond / one,
      inProgressByLaw,
      inProgress: meanInProgress,
      outsidePulls: meanActive - meanInProgress,
      cpuShare: record.cpuShare,
      loopDelayP99Ms: record.loopDelayP99Ms,
      flags: flagsOf(record, breaksLaw),
    };
  });
}

function flagsOf({ cpuShare, loopDelayP99Ms }: StepRecord, breaksLaw: boolean): string {
  const isLimit = loopDelayP99Ms > LOOP_DELAY_MS_MAX || cpuShare > CPU_SHARE_MAX || breaksLaw;
  return `${breaksLaw ? "L" : ""}${isLimit ? "C" : ""}`;
}

export const clientLimited = "client-limited: the server may be faster than shown";
