import { maximumOf, supportedPercentile } from "../stats/distribution.ts";
import { formatCount, formatDuration, formatNanos, formatRate } from "./number-format.ts";
import { type RunFigures, rateOver } from "./run-figures.ts";

const percents = [50, 90, 99] as const;

/** Heads of the columns below, behind that of the step. */
export const stepHeads = [
  "length",
  "planned",
  "rate",
  "failed",
  "p50",
  "p90",
  "p99",
  "max",
] as const;

/** A row per step of the schedule: rates, and response times, or service times where nothing was due. */
export const stepCells = ({ steps = [], paced }: RunFigures): string[][] =>
  steps.map(({ name, seconds, planned, done, failed, response, service }) => {
    const times = paced ? response : service;
    return [
      name,
      formatDuration(seconds),
      planned === null ? "-" : formatRate(rateOver(planned, seconds)),
      formatRate(rateOver(done, seconds)),
      formatCount(failed),
      ...percents.map((percent) => formatNanos(supportedPercentile(times, percent))),
      formatNanos(times.total === 0 ? null : maximumOf(times)),
    ];
  });
