import {
  mergeClasses,
  type NodeFigures,
  type RequestFigures,
  type Totals,
} from "../stats/figures.ts";
import type { RecordedClass } from "../stats/recorded-tally.ts";
import type { Validity } from "../stats/validity.ts";
import type { CompatFigures } from "./compat.ts";
import type { Machine } from "./machines.ts";
import { formatDuration } from "./number-format.ts";
import type { StepFigures } from "./step-sums.ts";
import type { ThresholdResult } from "./thresholds/threshold.ts";

/**
 * What the calibration of this machine says about the rate of a run. Rates per second. `above` the largest rate to trust, and
 * `near-ceiling` of a run without due times, are warnings; the verdict follows from what was measured.
 */
export type CalibrationNote = {
  readonly state: "within" | "above" | "below-ceiling" | "near-ceiling" | "unknown";
  /** A sentence for people. */
  readonly note: string;
  /** Of the run, and what it is held against; null where nothing is known. */
  readonly rate: number | null;
  readonly limit: number | null;
  /** When the calibration was taken, ISO 8601. */
  readonly takenAt: string | null;
  /** What to type where there is none. */
  readonly type: string | null;
};

/** The same as a fact of a page, which has no place for what to type but here. */
export const calibrationFacts = (calibration: CalibrationNote | null): [string, string][] => {
  if (calibration === null) return [];
  const { note, type } = calibration;
  return [["calibration", type === null ? note : `${note} (${type})`]];
};

export type NamedNode = NodeFigures & { readonly name: string };

/** What several nodes did, under their names; of one alone nothing is told apart. */
export const namedNodes = (
  nodes: readonly NodeFigures[],
  { nodes: names }: { readonly nodes: readonly string[] },
): readonly NamedNode[] | undefined =>
  nodes.length < 2
    ? undefined
    : nodes.map((part) => ({ ...part, name: names[part.node] ?? `node ${part.node}` }));

/** Everything that the outputs of a finished run are made of. Times of day are ms since the epoch. */
export type RunFigures = {
  readonly tool: { readonly name: string; readonly version: string };
  readonly verb: string;
  readonly startedAt: number;
  /** From the start of the run to the end of its last operation. */
  readonly seconds: number;
  /** For how long of it time stood still because the user paused it: rates are averages of the rest. Absent = 0. */
  readonly pausedSeconds?: number | undefined;
  readonly totals: Totals;
  /** What each node did; absent where there was one. */
  readonly nodes?: readonly NamedNode[] | undefined;
  /** The machines that sent; absent or empty where it was this one. */
  readonly machines?: readonly Machine[] | undefined;
  /** Operations under way at the same time: mean over the run, from samples apart from the stamps; null if nobody sampled. */
  readonly meanInFlight?: number | null | undefined;
  readonly validity: Validity;
  /** Null where no rate matters: a warm-up. */
  readonly calibration: CalibrationNote | null;
  /**
   * `running`: it has not ended yet, these are its figures so far. `limit`: a limit of the run ended it; `signal`: the user
   * did; `cut`: the process ended without a word.
   */
  readonly ending: "running" | "finished" | "signal" | "limit" | "cut";
  /** Operations had due times; otherwise there is neither response time nor lateness. */
  readonly paced: boolean;
  /** Operations that were due; null where nothing was. */
  readonly planned: number | null;
  /** Every operation matters (a warm-up), or only that some succeeded (a run, where failures are findings). */
  readonly failsOn: "any" | "all";
  /** Length of the trace, s; null without a trace. */
  readonly traceSeconds: number | null;
  /** What was never sent, by reason: records of a trace, objects of a warm-up, requests of a schedule. */
  readonly skipped: Readonly<Record<string, number>>;
  /** What became of the trace's records: read, kept, folded, and one entry per reason. */
  readonly records: Readonly<Record<string, number>>;
  /** What was done besides the operations: connections opened, redirects, token requests, … */
  readonly besides: Readonly<Record<string, number>>;
  /** First message of each failure label, for people. */
  readonly examples: Readonly<Record<string, string>>;
  /** The block of the original trace replayer; null where there are no such rows. */
  readonly compat: CompatFigures | null;
  /** Steps of the schedule, in their order; absent or empty where it has none. */
  readonly steps?: readonly StepFigures[] | undefined;
  /** How the same requests went when they were recorded; absent or empty where the trace was no recording. */
  readonly recorded?: readonly RecordedClass[] | undefined;
  /** What the user asked of it, in the order given; absent or empty where nothing was asked. */
  readonly thresholds?: readonly ThresholdResult[] | undefined;
};

export type Verdict = {
  readonly word: "RUNNING" | "PASS" | "FAIL" | "INVALID" | "ABORTED";
  readonly why: string | null;
};

/** Why a run did not come to its end. */
export const abortedBy = {
  signal: "interrupted",
  limit: "a limit was reached",
  cut: "ended without a report",
} as const;

/** Nothing came of it: all that was sent failed, or nothing was sent since every record was skipped. */
export function noneSucceeded({
  totals,
  skipped,
}: Pick<RunFigures, "totals" | "skipped">): boolean {
  const { done, failed } = overall(totals);
  return done === 0 && (failed > 0 || Object.values(skipped).some((count) => count > 0));
}

/** Word of the summary's first line. */
export function verdictOf(figures: RunFigures): Verdict {
  const { ending, validity, totals, failsOn, thresholds = [] } = figures;
  if (ending === "running") return { word: "RUNNING", why: "figures so far" };
  if (ending !== "finished") {
    return { word: "ABORTED", why: abortedBy[ending] };
  }
  if (validity.verdict === "INVALID") return { word: "INVALID", why: validity.cause };
  const { done, failed } = overall(totals);
  if (noneSucceeded(figures)) return { word: "FAIL", why: "no operation succeeded" };
  const missed = thresholds.filter(({ passed }) => !passed).length;
  if (missed > 0) {
    return { word: "FAIL", why: missed === 1 ? "1 threshold" : `${missed} thresholds` };
  }
  if (failed === 0) return { word: "PASS", why: null };
  const why = `${failed} of ${done + failed} operations failed`;
  return { word: failsOn === "any" ? "FAIL" : "PASS", why };
}

export const verdictText = ({ word, why }: Verdict): string =>
  why === null ? word : `${word} (${why})`;

/** All classes together. */
export const overall = ({ classes }: Pick<Totals, "classes">): RequestFigures =>
  mergeClasses(classes);

/** Share of the operations with a due time that were sent on time; null where none had one. */
export function onTimeShare({ onTime, lateSlots, lateGenerator }: RequestFigures): number | null {
  const timed = onTime + lateSlots + lateGenerator;
  return timed === 0 ? null : onTime / timed;
}

/** Operations under way at the same time by Little's law: rate x mean service time, failures included. */
export function inFlightByLaw({ totals, seconds }: RunFigures): number | null {
  const { service, failedService } = overall(totals);
  return rateOver(Math.round(service.sum + failedService.sum) / 1e9, seconds);
}

/** Length of a run without its pauses, s: what its average rates are taken over. */
export const activeSeconds = ({
  seconds,
  pausedSeconds = 0,
}: Pick<RunFigures, "seconds" | "pausedSeconds">): number => Math.max(0, seconds - pausedSeconds);

/** `42.1 s`, `42.1 s, 12.0 s of it paused`. */
export const lengthText = ({ seconds, pausedSeconds = 0 }: RunFigures): string =>
  pausedSeconds === 0
    ? formatDuration(seconds)
    : `${formatDuration(seconds)}, ${formatDuration(pausedSeconds)} of it paused`;

/** Events per second; null for a run that took no time. */
export const rateOver = (count: number, seconds: number): number | null =>
  seconds > 0 ? count / seconds : null;
