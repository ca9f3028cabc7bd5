import { DrayageError, type ErrorCode, messageOf, UsageError } from "../core/errors.ts";
import { ExitCode } from "../core/exit-code.ts";

const exitCodes: Readonly<Record<ErrorCode, ExitCode>> = {
  usage: ExitCode.usage,
  "target-unreachable": ExitCode.unreachable,
  "auth-failed": ExitCode.unreachable,
  "node-refused": ExitCode.unreachable,
  // Its nodes are another master's.
  "taken-over": ExitCode.nodeLost,
  "trace-corrupt": ExitCode.usage,
  "map-corrupt": ExitCode.usage,
  storage: ExitCode.internal,
  "archive-damaged": ExitCode.archiveDamaged,
  "archive-version": ExitCode.usage,
  "record-too-large": ExitCode.internal,
  protocol: ExitCode.internal,
  "check-failed": ExitCode.operationsFailed,
  interrupted: ExitCode.interrupted,
};

/**
 * What to print about an error that ended a command, and how to exit. The user's and the world's errors are sentences
 * without a stack; anything else is a mistake of ours, and its stack is what a bug report needs.
 */
export function errorReport(error: unknown): { text: string; exit: ExitCode } {
  if (error instanceof UsageError)
    return { text: `${error.lines.join("\n")}\n`, exit: ExitCode.usage };
  if (error instanceof DrayageError)
    return { text: `${messageOf(error)}\n`, exit: exitCodes[error.code] };
  const stack = error instanceof Error ? (error.stack ?? "") : "";
  // V8 puts the message in front of the stack, but not the causes.
  return {
    text: `internal error, please report it: ${messageOf(error)}\n${stack}\n`,
    exit: ExitCode.internal,
  };
}
