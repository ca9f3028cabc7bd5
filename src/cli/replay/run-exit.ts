import { ExitCode, strongestExit } from "../../core/exit-code.ts";
import { overall, type RunFigures } from "../../report/run-figures.ts";
import type { NodeReport } from "../../workers/node-report.ts";

/** What the user has allowed a run to be. */
export type Tolerance = { readonly allowInvalid: boolean; readonly allowFailures: boolean };

/** What else ended a run, or parts of it. */
export type RunEnding = {
  /** Code of the signal that ended it, if one did. */
  readonly signal: ExitCode | undefined;
  readonly nodes?: readonly NodeReport[] | undefined;
};

/** How a run of operations exits. */
export function runExit(
  { allowInvalid, allowFailures }: Tolerance,
  { validity, totals }: RunFigures,
  { signal, nodes = [] }: RunEnding,
): ExitCode {
  const { done, failed } = overall(totals);
  const codes: ExitCode[] = signal === undefined ? [] : [signal];
  if (nodes.some(({ lost }) => lost !== null)) codes.push(ExitCode.nodeLost);
  if (validity.verdict === "INVALID" && !allowInvalid) codes.push(ExitCode.invalidRun);
  if (done === 0 && failed > 0 && !allowFailures) codes.push(ExitCode.operationsFailed);
  return strongestExit(codes);
}
