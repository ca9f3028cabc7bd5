/** The part of a message log that cannot be read: where it stands and what is there. */
export type LogPlace = {
  readonly file: string;
  /** From 1, in that file. */
  readonly line?: number;
  /** The line as it stands there, cut at `LINE_TEXT_MAX` characters. */
  readonly text?: string;
};

/** How much of an unreadable line an error repeats. */
export const LINE_TEXT_MAX = 120;

/**
 * A message log that cannot be read or written. `code`: `ENOENT` (missing), `EFORMAT` (not in the format, with file, line
 * and text), `EEXIST` (would be overwritten), else the operating system's.
 */
export class LogIOError extends Error {
  override readonly name = "LogIOError";
  readonly code: string;
  readonly file: string;
  readonly line: number | undefined;
  readonly text: string | undefined;

  constructor(
    code: string,
    message: string,
    { file, line, text, ...options }: LogPlace & ErrorOptions,
  ) {
    super(message, options);
    this.code = code;
    this.file = file;
    this.line = line;
    this.text = text;
  }
}

/** A line that is not what the format says. */
export function malformed(why: string, place: LogPlace): LogIOError {
  const at = place.line === undefined ? place.file : `${place.file}:${place.line}`;
  const shown = place.text === undefined ? "" : `: ${JSON.stringify(place.text)}`;
  return new LogIOError("EFORMAT", `${at}: ${why}${shown}`, place);
}

/** What the operating system refused, as an error of this format. */
export function systemError(error: unknown, file: string): LogIOError {
  const { code = "EIO" } = error as NodeJS.ErrnoException;
  const what = code === "ENOENT" ? "no such file or directory" : (error as Error).message;
  return new LogIOError(code, `${file}: ${what}`, { file, cause: error });
}
