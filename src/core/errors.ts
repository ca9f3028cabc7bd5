// Three kinds of trouble. The user's: a UsageError, one line that says what to type, exit 2. The world's: a DrayageError
// with a code that scripts may rely on. Ours: `invariant`, never caught below main.
// A failed request is none of these: it is data (see core/failure.ts).

/** The contract of an error: scripts and tests rely on the code, people read the message. */
export type ErrorCode =
  | "usage"
  | "target-unreachable"
  | "auth-failed"
  | "node-refused"
  | "taken-over"
  | "trace-corrupt"
  | "map-corrupt"
  | "storage"
  | "archive-damaged"
  | "archive-version"
  | "record-too-large"
  | "protocol"
  | "check-failed"
  | "interrupted";

export class DrayageError extends Error {
  override readonly name: string = "DrayageError";
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Wrong input by the user. `lines` holds one sentence per mistake: all of them are reported, not only the first. */
export class UsageError extends DrayageError {
  override readonly name = "UsageError";
  readonly lines: readonly string[];

  constructor(message: string | readonly string[], options?: ErrorOptions) {
    const lines = typeof message === "string" ? [message] : message;
    super("usage", lines.join("\n"), options);
    this.lines = lines;
  }
}

/** A broken promise inside our own code. Never caught, never retried: the process stops. */
export function invariant(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(`invariant broken: ${message}`);
}

/** The one sentence of anything thrown, with its causes. A cause that the sentence already ends with is not repeated. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.cause === undefined) return error.message;
  const cause = messageOf(error.cause);
  return error.message.endsWith(cause) ? error.message : `${error.message}: ${cause}`;
}
