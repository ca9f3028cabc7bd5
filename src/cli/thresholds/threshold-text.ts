// The grammar of thresholds, as docs/thresholds.md gives it:
//
//   threshold := [ "window(" time ")." ] metric operator value [ "for" time ] [ "abort" ]
//   metric    := [ operation "." ] [ measure "." ] ( "p" percent | "mean" | "max" )
//              | "lateness." ( "p" percent | "mean" | "max" )
//              | [ operation "." ] "errors." ( "rate" | "count" )
//              | "rate." ( "achieved" | "done" )
import { UsageError } from "../../core/errors.ts";
import { parseDuration } from "../../embedded/quantity.ts";
import {
  type Metric,
  type Threshold,
  thresholdMeasures,
  thresholdOperations,
  thresholdOperators,
  unitOf,
} from "../../report/thresholds/threshold.ts";
import { hint } from "../suggestion.ts";

const EXAMPLE = "write such as 'get-blob.response.p99 < 150ms' or 'errors.rate < 1%'";
const WINDOW_SECONDS_MAX = 3600;
const parts = /^(\s*)(window\(([^)]*)\)\.)?(\S*?)(\s*)(<=|>=|<|>)(\s*)(\S+)(.*)$/s;
const ending = /^(?:\s+for\s+(\S+))?(\s+abort)?\s*$/;

/** `label` names where the text stands, e.g. `--threshold`. Throws UsageError, one line with the position. */
export function parseThreshold(text: string, label: string): Threshold {
  const problem = (column: number, sentence: string): never => {
    throw new UsageError(`${label} "${text}", column ${column + 1}: ${sentence}`);
  };
  const match = parts.exec(text);
  if (match === null) return problem(text.trimEnd().length, `an operator is missing; ${EXAMPLE}`);
  const [, lead = "", prefix = "", window, name = "", gap = "", operator = ""] = match;
  const [after = "", value = "", tail = ""] = match.slice(7);
  const nameAt = lead.length + prefix.length;
  const valueAt = nameAt + name.length + gap.length + operator.length + after.length;
  const metric = metricOf(name, (at, sentence) => problem(nameAt + at, sentence));
  return {
    text: text.trim(),
    metric,
    operator: thresholdOperators.find((known) => known === operator) ?? "<",
    limit: limitOf(metric, value, (sentence) => problem(valueAt, sentence)),
    window: windowOf({ window, tail }, (sentence) =>
      problem(window === undefined ? valueAt + value.length : lead.length, sentence),
    ),
  };
}

type Problem = (sentence: string) => never;
type ProblemAt = (at: number, sentence: string) => never;

function metricOf(name: string, problem: ProblemAt): Metric {
  // A percentile may have a fraction, whose point is none between words.
  const words = name.split(/\.(?!\d)/);
  const [first = ""] = words;
  const operation = thresholdOperations.includes(first) ? first : null;
  const rest = operation === null ? words : words.slice(1);
  const lastAt = name.length - (words.at(-1) ?? "").length;
  return (
    countedMetric(rest, operation, (sentence) => problem(lastAt, sentence)) ??
    timeMetric(rest, operation, (at, sentence) =>
      problem(at === "last" ? lastAt : name.length - rest.join(".").length, sentence),
    )
  );
}

/** Metrics of counts; undefined if it is none of them. */
function countedMetric(
  [head = "", last = "", ...more]: readonly string[],
  operation: string | null,
  problem: Problem,
): Metric | undefined {
  if (more.length > 0) return undefined;
  if (head === "errors") {
    if (last === "rate" || last === "count") return { kind: "errors", operation, of: last };
    return problem(`errors has no "${last}"${hint(last, ["rate", "count"])}`);
  }
  if (head !== "rate" || operation !== null) return undefined;
  if (last === "achieved" || last === "done") return { kind: "rate", of: last };
  return problem(`rate has no "${last}"${hint(last, ["achieved", "done"])}`);
}

function timeMetric(
  rest: readonly string[],
  operation: string | null,
  problem: (at: "first" | "last", sentence: string) => never,
): Metric {
  const [head = ""] = rest;
  const last = rest.at(-1) ?? "";
  const measure = [...thresholdMeasures, ...(operation === null ? lateness : [])].find(
    (known) => known === head,
  );
  if (rest.length > 2 || (rest.length === 2 && measure === undefined))
    return problem("first", unknownWord(head, operation));
  const stat = statOf(last);
  if (stat !== null)
    return { kind: "time", operation, measure: rest.length === 2 ? (measure ?? null) : null, stat };
  return problem("last", `unknown figure "${last}"${hint(last, ["p50", "p99", "mean", "max"])}`);
}

const lateness = ["lateness"] as const;

function unknownWord(word: string, operation: string | null): string {
  const measures = [...thresholdMeasures, "errors"];
  const known =
    operation === null ? [...measures, "lateness", "rate", ...thresholdOperations] : measures;
  return `unknown word "${word}"${hint(word, known)}`;
}

function statOf(word: string): (Metric & { kind: "time" })["stat"] | null {
  if (word === "mean" || word === "max") return word;
  const percent = /^p(\d{1,2}(?:\.\d{1,6})?)$/.exec(word)?.[1];
  return percent === undefined || Number(percent) === 0 ? null : { percent: Number(percent) };
}

function limitOf(metric: Metric, value: string, problem: Problem): number {
  const unit = unitOf(metric);
  const number = /^(\d+(?:\.\d+)?)(.*)$/.exec(value);
  const [, digits = "", suffix = ""] = number ?? [];
  switch (unit) {
    case "ns":
      return timeOf(value, problem) * 1e9;
    case "share":
      if (number === null || suffix !== "%")
        return problem(`expected such as 1%, found "${value}"`);
      return Number(digits) / 100;
    case "count":
      if (number === null || suffix !== "") return problem(`expected such as 10, found "${value}"`);
      return Number(digits);
    case "per-second":
      if (number === null || suffix !== "/s")
        return problem(`expected such as 200/s, found "${value}"`);
      return Number(digits);
    default:
      return unit satisfies never;
  }
}

/** Seconds. */
function timeOf(text: string, problem: Problem): number {
  try {
    return parseDuration(text, "") / 1000;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return problem(`expected a time such as 150ms or 1.5s, found "${text}"`);
  }
}

function windowOf(
  { window, tail }: { readonly window: string | undefined; readonly tail: string },
  problem: Problem,
): Threshold["window"] {
  const match = ending.exec(tail);
  if (match === null)
    return problem(`expected nothing, "for TIME" or "abort", found "${tail.trim()}"`);
  const [, length, abort] = match;
  if (window === undefined) {
    if (length === undefined && abort === undefined) return null;
    return problem('"for" and "abort" need a window: write window(10s).p99');
  }
  const seconds = timeOf(window, problem);
  if (!Number.isInteger(seconds) || seconds < 1 || seconds > WINDOW_SECONDS_MAX)
    return problem(`a window has 1 to ${WINDOW_SECONDS_MAX} whole seconds, not "${window}"`);
  const forSeconds = length === undefined ? 0 : timeOf(length, problem);
  return { seconds, forSeconds, abort: abort !== undefined };
}
