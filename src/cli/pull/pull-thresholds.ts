// Thresholds of a ramp: `pull.p99 < 150ms`, `layer.ttfb.p99 < 20ms`, `errors.rate < 1%`, `rate.done > 50/s`. Without a type they
// are about whole pulls.
import type { Belongs } from "../../report/thresholds/metric-value.ts";
import { pullClasses, pullClassOf } from "../../workers/pull-classes.ts";
import { parseThreshold, type ThresholdWords } from "../thresholds/threshold-text.ts";

export const WHOLE = "pull";

/** Nothing is due in a ramp: there is neither response time nor lateness nor a planned rate. */
export const pullWords: ThresholdWords = {
  operations: [WHOLE, ...pullClasses],
  measures: ["service", "ttfb"],
  rates: ["done"],
  lateness: false,
  example: "write such as 'pull.p99 < 150ms', 'layer.ttfb.p99 < 20ms' or 'errors.rate < 1%'",
};

const isPull = (name: string): boolean => name === "pull-first" || name === "pull-repeat";

export const belongsToPull: Belongs = (part, operation) => {
  const name = pullClassOf(part);
  return operation === null || operation === WHOLE ? isPull(name) : name === operation;
};

export const pullThresholdOption = {
  threshold: {
    type: "string",
    array: true,
    alias: "T",
    value: "TEXT",
    check: (text: string, label: string): void => void parseThreshold(text, label, pullWords),
    help: "what must hold, such as 'pull.p99 < 150ms'; exit 99 if it does not",
  },
} as const;
