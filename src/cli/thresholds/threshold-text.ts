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

const WINDOW_SECONDS_MAX = 3600;
const parts = /^(\s*)(window\(([^)]*)\)\.)?(\S*?)(\s*)(<=|>=|<|>)(\s*)(\S+)(.*)$/s;
const ending = /^(?:\s+for\s+(\S+))?(\s+abort)?\s*$/;

/** Names that thresholds of a kind of run may hold. */
export type ThresholdWords = {
  readonly operations: readonly string[];
  readonly measures: readonly (typeof thresholdMeasures)[number][];
  readonly rates: readonly ("achieved" | "done")[];
  /** Operations have due times, and so `lateness`. */
  readonly lateness: boolean;
  readonly example: string;
};

/** Of replays and loads. */
const replayWords: ThresholdWords = {
  operations: thresholdOperations,
  measures: thresholdMeasures,
  rates: ["achieved", "done"],
  lateness: true,
  example: "write such as 'get-blob.response.p99 < 150ms' or 'errors.rate < 1%'",
};

/** `label` names where the text stands, e.g. `--threshold`. Throws UsageError, one line with the position. */
export function parseThreshold(
  text: string,
  label: string,
  known: ThresholdWords = replayWords,
): Threshold {
  const problem = (column: number, sentence: string): never => {
    throw new UsageError(`${label} "${text}", column ${column + 1}: ${sentence}`);
  };
  const match = parts.exec(text);
  if (match === null)
    return problem(text.trimEnd().length, `an operator is missing; ${known.example}`);
  const [, lead = "", prefix = "", window, name = "", gap = "", operator = ""] = match;
  const [after = "", value = "", tail = ""] = match.slice(7);
  const nameAt = lead.length + prefix.length;
  const valueAt = nameAt + name.length + gap.length + operator.length + after.length;
  const metric = metricOf(name, known, (at, sentence) => problem(nameAt + at, sentence));
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

/** What stands before the rest of a metric, and the words there are. */
type Context = { readonly operation: string | null; readonly known: ThresholdWords };
type Problem = (sentence: string) => never;
type ProblemAt = (at: number, sentence: string) => never;

function metricOf(name: string, known: ThresholdWords, problem: ProblemAt): Metric {
  // A percentile may have a fraction, whose point is none between words.
  const words = name.split(/\.(?!\d)/);
  const [first = ""] = words;
  const operation = known.operations.includes(first) ? first : null;
  const rest = operation === null ? words : words.slice(1);
  const lastAt = name.length - (words.at(-1) ?? "").length;
  return (
    countedMetric(rest, { operation, known }, (sentence) => problem(lastAt, sentence)) ??
    timeMetric(rest, { operation, known }, (at, sentence) =>
      problem(at === "last" ? lastAt : name.length - rest.join(".").length, sentence),
    )
  );
}

/** Metrics of counts; undefined if it is none of them. */
function countedMetric(
  [head = "", last = "", ...more]: readonly string[],
  { operation, known: { rates } }: Context,
  problem: Problem,
): Metric | undefined {
  if (more.length > 0) return undefined;
  if (head === "errors") {
    if (last === "rate" || last === "count") return { kind: "errors", operation, of: last };
    return problem(`errors has no "${last}"${hint(last, ["rate", "count"])}`);
  }
  if (head !== "rate" || operation !== null) return undefined;
  const of = rates.find((rate) => rate === last);
  return of === undefined
    ? problem(`rate has no "${last}"${hint(last, rates)}`)
    : { kind: "rate", of };
}

function timeMetric(
  rest: readonly string[],
  { operation, known }: Context,
  problem: (at: "first" | "last", sentence: string) => never,
): Metric {
  const [head = ""] = rest;
  const last = rest.at(-1) ?? "";
  const hasLateness = operation === null && known.lateness;
  const measure = [...known.measures, ...(hasLateness ? lateness : [])].find(
    (name) => name === head,
  );
  if (rest.length > 2 || (rest.length === 2 && measure === undefined))
    return problem("first", unknownWord(head, { operation, known }));
  const stat = statOf(last);
  if (stat !== null)
    return { kind: "time", operation, measure: rest.length === 2 ? (measure ?? null) : null, stat };
  return problem("last", `unknown figure "${last}"${hint(last, ["p50", "p99", "mean", "max"])}`);
}

const lateness = ["lateness"] as const;

function unknownWord(word: string, { operation, known }: Context): string {
  const measures = [...known.measures, "errors"];
  const alone = [...(known.lateness ? lateness : []), "rate", ...known.operations];
  return `unknown word "${word}"${hint(word, operation === null ? [...measures, ...alone] : measures)}`;
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
