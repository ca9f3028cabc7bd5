import { mergeClasses, type RequestFigures, type Totals } from "../stats/figures.ts";
import type { Validity } from "../stats/validity.ts";
import type { CompatFigures } from "./compat.ts";

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

/** Everything that the outputs of a finished run are made of. Times of day are ms since the epoch. */
export type RunFigures = {
  readonly tool: { readonly name: string; readonly version: string };
  readonly verb: string;
  readonly startedAt: number;
  /** From the start of the run to the end of its last operation. */
  readonly seconds: number;
  readonly totals: Totals;
  readonly validity: Validity;
  /** Null where no rate matters: a warm-up. */
  readonly calibration: CalibrationNote | null;
  /** `running`: it has not ended yet, these are its figures so far. `limit`: a limit of the run ended it; `signal`: the user did. */
  readonly ending: "running" | "finished" | "signal" | "limit";
  /** Operations had due times; otherwise there is neither response time nor lateness. */
  readonly paced: boolean;
  /** Operations that were due; null where nothing was. */
  readonly planned: number | null;
  /** Every operation matters (a warm-up), or only that some succeeded (a run, where failures are findings). */
  readonly failsOn: "any" | "all";
  /** Length of the trace, s; null without a trace. */
  readonly traceSeconds: number | null;
  /** Records that became no operation, by reason. */
  readonly skipped: Readonly<Record<string, number>>;
  /** What became of the trace's records: read, kept, folded, and one entry per reason. */
  readonly records: Readonly<Record<string, number>>;
  /** What was done besides the operations: connections opened, redirects, token requests, … */
  readonly besides: Readonly<Record<string, number>>;
  /** First message of each failure label, for people. */
  readonly examples: Readonly<Record<string, string>>;
  /** The block of the original trace replayer; null where there are no such rows. */
  readonly compat: CompatFigures | null;
};

export type Verdict = {
  readonly word: "RUNNING" | "PASS" | "FAIL" | "INVALID" | "ABORTED";
  readonly why: string | null;
};

/** Word of the summary's first line. */
export function verdictOf({ ending, validity, totals, failsOn }: RunFigures): Verdict {
  if (ending === "running") return { word: "RUNNING", why: "figures so far" };
  if (ending !== "finished") {
    return { word: "ABORTED", why: ending === "signal" ? "interrupted" : "a limit was reached" };
  }
  if (validity.verdict === "INVALID") return { word: "INVALID", why: validity.cause };
  const { done, failed } = overall(totals);
  if (failed === 0) return { word: "PASS", why: null };
  if (done === 0) return { word: "FAIL", why: "no operation succeeded" };
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

/** Events per second; null for a run that took no time. */
export const rateOver = (count: number, seconds: number): number | null =>
  seconds > 0 ? count / seconds : null;
