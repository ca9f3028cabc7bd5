import { ExitCode, strongestExit } from "../../core/exit-code.ts";
import { noneSucceeded, type RunFigures } from "../../report/run-figures.ts";
import type { NodeReport } from "../../workers/node-report.ts";

/** What the user has allowed a run to be. */
export type Tolerance = { readonly allowInvalid: boolean; readonly allowFailures: boolean };

/** What else ended a run, or parts of it. */
export type RunEnding = {
  /** Code of the signal that ended it, if one did. */
  readonly signal: ExitCode | undefined;
  readonly nodes?: readonly NodeReport[] | undefined;
};

/** What ended a run: the user, a threshold with `abort`, or its plan. */
export function endingOf(
  interrupted: boolean,
  { aborted }: { readonly aborted: boolean },
): RunFigures["ending"] {
  if (interrupted) return "signal";
  return aborted ? "limit" : "finished";
}

/** How a run of operations exits. */
export function runExit(
  { allowInvalid, allowFailures }: Tolerance,
  figures: RunFigures,
  { signal, nodes = [] }: RunEnding,
): ExitCode {
  const { validity, ending, thresholds = [] } = figures;
  const codes: ExitCode[] = signal === undefined ? [] : [signal];
  if (nodes.some(({ lost }) => lost !== null)) codes.push(ExitCode.nodeLost);
  if (ending === "limit") codes.push(ExitCode.aborted);
  if (thresholds.some(({ passed }) => !passed)) codes.push(ExitCode.thresholdsFailed);
  if (validity.verdict === "INVALID" && !allowInvalid) codes.push(ExitCode.invalidRun);
  if (noneSucceeded(figures) && !allowFailures) codes.push(ExitCode.operationsFailed);
  return strongestExit(codes);
}
