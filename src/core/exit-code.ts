/** Exit codes common to all commands. If several apply, the first in `exitOrder` wins. */
export const ExitCode = {
  done: 0,
  internal: 1,
  usage: 2,
  regression: 3,
  unreachable: 4,
  invalidRun: 5,
  aborted: 6,
  nodeLost: 7,
  operationsFailed: 8,
  archiveDamaged: 9,
  thresholdsFailed: 99,
  interrupted: 130,
  terminated: 143,
} as const;

export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

const exitOrder: readonly ExitCode[] = [130, 143, 1, 2, 4, 7, 6, 5, 8, 99, 3, 9, 0];

/** The code that a command with several endings reports. No ending at all means done. */
export function strongestExit(codes: readonly ExitCode[]): ExitCode {
  return exitOrder.find((code) => codes.includes(code)) ?? ExitCode.done;
}
