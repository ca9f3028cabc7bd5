// The header of a message log, MCL_LOG 1.0. Lines begin with `#`, the number of blanks between words is free:
//
//   #-----…                                  block line
//   # MCL_LOG
//   #     -- version     1.0                 other major versions are refused
//   #     -- revision    TEXT                of the writing program; may be empty
//   #     -- created     YYYY-MM-DD HH:MM:SS[.ffffff]      time origin, UTC
//   # …                                      prose, not read
//   #      >>> NAME                          message type; None = raw
//   # …                                      column titles, not read
//   #-----…                                  block line
import { type Micros, micros } from "../../core/units.ts";

/** What a message log says about itself. */
export type LogHeader = {
  readonly version: string;
  readonly revision: string;
  /** The instant that elapsed times count from, µs since the Unix epoch. */
  readonly timeOrigin: Micros;
  /** Message type of all entries; null: the payloads are plain bytes. */
  readonly type: string | null;
};

/** Why lines are no header; the words go behind the file's name. */
export class HeaderProblem extends Error {
  /** Index of the offending line among those that were given. */
  readonly line: number;

  constructor(message: string, line: number) {
    super(message);
    this.line = line;
  }
}

/** A header has eleven lines and its prose; a file with more before its second block line is something else. */
export const HEADER_LINES_MAX = 200;

const BLOCK_LINE = `#${"-".repeat(65)}`;
const RAW = "None";
const MAJOR_VERSION = "1";

export const isBlockLine = (line: string): boolean => /^#\s*-{8,}\s*$/.test(line);

/** Reads the lines of a header, both block lines included. Throws a HeaderProblem. */
export function parseHeader(lines: readonly string[]): LogHeader {
  if (!lines.some((line) => /^#\s*MCL_LOG\s*$/.test(line))) {
    throw new HeaderProblem("the header does not say MCL_LOG", 0);
  }
  const version = field(lines, /^#\s*--\s*version\b\s*(.*?)\s*$/, "version");
  if (version.text.split(".", 1)[0] !== MAJOR_VERSION) {
    throw new HeaderProblem(
      `version ${version.text || "(none)"} of the format; 1.0 can be read`,
      version.line,
    );
  }
  const revision = field(lines, /^#\s*--\s*revision\b\s*(.*?)\s*$/, "revision");
  const created = field(lines, /^#\s*--\s*created\b\s*(.*?)\s*$/, "created");
  const timeOrigin = parseTime(created.text);
  if (timeOrigin === undefined) {
    throw new HeaderProblem("created is no YYYY-MM-DD HH:MM:SS[.ffffff]", created.line);
  }
  const type = field(lines, /^#\s*>>>\s*(.*?)\s*$/, ">>> (message type)");
  if (type.text === "") throw new HeaderProblem(">>> without a message type", type.line);
  return {
    version: version.text,
    revision: revision.text,
    timeOrigin,
    type: type.text === RAW ? null : type.text,
  };
}

type Field = { readonly text: string; readonly line: number };

function field(lines: readonly string[], expression: RegExp, name: string): Field {
  const line = lines.findIndex((text) => expression.test(text));
  if (line === -1) throw new HeaderProblem(`the header has no line ${name}`, 0);
  return { text: expression.exec(lines[line] as string)?.[1] ?? "", line };
}

export function formatHeader({ version, revision, timeOrigin, type }: LogHeader): string {
  return `${[
    BLOCK_LINE,
    "# MCL_LOG",
    `#     -- version     ${version}`,
    `#     -- revision    ${revision}`,
    `#     -- created     ${formatTime(timeOrigin)}`,
    "#",
    "# Each line holds one message: the seconds between the time origin",
    "# (created, UTC) and its reception, its topic, and its payload as",
    type === null
      ? "# hexadecimal text. The payloads are plain bytes:"
      : "# hexadecimal text. The payloads are MessagePack values of the type:",
    "#",
    `#      >>> ${type ?? RAW}`,
    "#",
    "#   <Time>    <Topic>     <Payload>",
    BLOCK_LINE,
  ].join("\n")}\n`;
}

/** A name that survives between `>>>` and the line's end, and does not mean "raw". */
export const isTypeName = (name: string): boolean =>
  name !== "" && name !== RAW && name === name.trim() && isOneLine(name);

/** Can stand in a line of the log and be read back. */
export const isOneLine = (text: string): boolean => text.isWellFormed() && !/[\n\r]/.test(text);

const TIME = /^(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?$/;

function parseTime(text: string): Micros | undefined {
  const match = TIME.exec(text);
  if (match === null) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match
    .slice(1, 7)
    .map(Number);
  const wholeMs = Date.UTC(year, month - 1, day, hour, minute, second);
  const time = micros(wholeMs * 1000 + Number((match[7] ?? "").padEnd(6, "0")));
  // The 31st of February becomes a day in March, which is not what was written.
  return formatTime(time).slice(0, 19) === text.slice(0, 19) ? time : undefined;
}

/** `YYYY-MM-DD HH:MM:SS.ffffff`, UTC. */
export function formatTime(time: Micros): string {
  const wholeMs = Math.floor(time / 1000);
  const rest = String(time - wholeMs * 1000).padStart(3, "0");
  return `${new Date(wholeMs).toISOString().replace("T", " ").slice(0, 23)}${rest}`;
}
