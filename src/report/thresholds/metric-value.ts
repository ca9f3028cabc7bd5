import {
  type Distribution,
  emptyDistribution,
  maximumOf,
  meanOf,
  supportedPercentile,
} from "../../stats/distribution.ts";
import {
  type ClassFigures,
  type Figures,
  mergeClasses,
  type RequestFigures,
} from "../../stats/figures.ts";
import type { Metric } from "./threshold.ts";

/** What metrics are read off: a run, or a stretch of it. */
export type Measured = {
  readonly figures: Pick<Figures, "classes" | "lateness">;
  readonly paced: boolean;
  readonly seconds: number;
  /** Share 0..1 of the planned rate that was reached; null where nothing was planned. */
  readonly achieved: number | null;
  /** Whether a class belongs to an operation, null for all; by its name, if absent. */
  readonly belongs?: Belongs | undefined;
};

export type Belongs = (part: ClassFigures["operation"], operation: string | null) => boolean;

const byName: Belongs = (part, operation) => operation === null || part === operation;

/** A value, or why there is none. `nothing`: no operation that it is about ended. */
export type MetricValue =
  | { readonly value: number }
  | { readonly value: null; readonly nothing: boolean; readonly reason: string };

const missing = (reason: string, nothing = false): MetricValue => ({
  value: null,
  nothing,
  reason,
});

/** Of merged histograms, never of percentiles of parts. */
export function metricValue(metric: Metric, measured: Measured): MetricValue {
  switch (metric.kind) {
    case "time":
      return timeValue(metric, measured);
    case "errors":
      return errorsValue(metric, measured);
    case "rate":
      return rateValue(metric.of, measured);
    default:
      return metric satisfies never;
  }
}

function requestsOf(
  { figures, belongs = byName }: Measured,
  operation: string | null,
): RequestFigures {
  return mergeClasses(figures.classes.filter((part) => belongs(part.operation, operation)));
}

function timeValue(metric: Metric & { kind: "time" }, measured: Measured): MetricValue {
  const { operation, stat } = metric;
  const measure = metric.measure ?? (measured.paced ? "response" : "service");
  const times = timesOf(measure, requestsOf(measured, operation), measured);
  const of = operation ?? "the run";
  if (times.total === 0) {
    const because = measured.paced || measure === "service" ? "" : ": nothing had a due time";
    return missing(`${of} has no ${measure} times${because}`, true);
  }
  if (stat === "mean") return { value: meanOf(times) };
  if (stat === "max") return { value: maximumOf(times) };
  const value = supportedPercentile(times, stat.percent);
  if (value !== null) return { value };
  const needed = Math.ceil(10 / (1 - stat.percent / 100) - 1e-6);
  return missing(`p${stat.percent} needs ${needed} values, there were ${times.total}`);
}

function timesOf(
  measure: "response" | "service" | "ttfb" | "lateness",
  requests: RequestFigures,
  { figures }: Measured,
): Distribution {
  return measure === "lateness" ? figures.lateness : (requests[measure] ?? emptyDistribution);
}

function errorsValue(
  { operation, of }: Metric & { kind: "errors" },
  measured: Measured,
): MetricValue {
  const { done, failed } = requestsOf(measured, operation);
  if (of === "count") return { value: failed };
  if (done + failed === 0) return missing(`no ${operation ?? "operation"} ended`, true);
  return { value: failed / (done + failed) };
}

function rateValue(of: "achieved" | "done", measured: Measured): MetricValue {
  const { seconds, achieved } = measured;
  if (of === "achieved") {
    return achieved === null ? missing("no rate was planned") : { value: achieved };
  }
  return seconds > 0
    ? { value: requestsOf(measured, null).done / seconds }
    : missing("the run took no time");
}
