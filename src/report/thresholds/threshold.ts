import { operationClasses } from "../../core/operation.ts";

export const thresholdMeasures = ["response", "service", "ttfb"] as const;
export const thresholdOperators = ["<=", "<", ">=", ">"] as const;
export const thresholdOperations: readonly string[] = operationClasses;

/** A figure of a run that a threshold can hold. Without an operation: all of them together. */
export type Metric =
  | {
      readonly kind: "time";
      readonly operation: string | null;
      /** Null: response where operations had due times, service where they had none. */
      readonly measure: (typeof thresholdMeasures)[number] | "lateness" | null;
      readonly stat: { readonly percent: number } | "mean" | "max";
    }
  | { readonly kind: "errors"; readonly operation: string | null; readonly of: "rate" | "count" }
  /** `achieved`: share of the planned rate; `done`: operations that succeeded, per second. */
  | { readonly kind: "rate"; readonly of: "achieved" | "done" };

/** What must hold. `limit` is in ns, a share 0..1, a count or a rate per second, as the metric asks. Times in seconds. */
export type Threshold = {
  /** As it was typed. */
  readonly text: string;
  readonly metric: Metric;
  readonly operator: (typeof thresholdOperators)[number];
  readonly limit: number;
  /** Null: the run as a whole. Otherwise each stretch of so many seconds, and for how long on end it may miss. */
  readonly window: {
    readonly seconds: number;
    readonly forSeconds: number;
    readonly abort: boolean;
  } | null;
};

/** What became of a threshold. `actual` is in the unit of `limit`; of a window, its worst. */
export type ThresholdResult = {
  readonly text: string;
  readonly passed: boolean;
  readonly actual: number | null;
  readonly unit: "ns" | "share" | "count" | "per-second";
  /** Why there is no value, when it missed, or that it ended the run; null otherwise. */
  readonly note: string | null;
  readonly aborted: boolean;
};

export function unitOf({ kind, of }: Metric & { readonly of?: string }): ThresholdResult["unit"] {
  if (kind === "time") return "ns";
  if (kind === "errors") return of === "rate" ? "share" : "count";
  return of === "achieved" ? "share" : "per-second";
}

export function holds({ operator, limit }: Threshold, value: number): boolean {
  switch (operator) {
    case "<":
      return value < limit;
    case "<=":
      return value <= limit;
    case ">":
      return value > limit;
    case ">=":
      return value >= limit;
    default:
      return operator satisfies never;
  }
}

/** Of two values, whether the first is further on the wrong side. */
export const isWorse = ({ operator }: Threshold, value: number, than: number): boolean =>
  operator.startsWith("<") ? value > than : value < than;
