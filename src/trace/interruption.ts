import { DrayageError } from "../core/errors.ts";

/** Ends the reading of a trace at the user's wish. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) {
    throw new DrayageError("interrupted", "reading the trace was interrupted", {
      cause: signal.reason,
    });
  }
}
