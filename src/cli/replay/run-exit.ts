import { ExitCode, strongestExit } from "../../core/exit-code.ts";
import { overall, type RunFigures } from "../../report/run-figures.ts";

/** What the user has allowed a run to be. */
export type Tolerance = { readonly allowInvalid: boolean; readonly allowFailures: boolean };

/** How a run of operations exits; `signal` is the code of the signal that ended it, if one did. */
export function runExit(
  { allowInvalid, allowFailures }: Tolerance,
  { validity, totals }: RunFigures,
  signal: ExitCode | undefined,
): ExitCode {
  const { done, failed } = overall(totals);
  const codes: ExitCode[] = signal === undefined ? [] : [signal];
  if (validity.verdict === "INVALID" && !allowInvalid) codes.push(ExitCode.invalidRun);
  if (done === 0 && failed > 0 && !allowFailures) codes.push(ExitCode.operationsFailed);
  return strongestExit(codes);
}
