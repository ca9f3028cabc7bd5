import {
  calendarMs,
  countOf,
  type LineResult,
  type LogTime,
  malformed,
  textOf,
} from "./log-entry.ts";

//   address - user [23/Nov/2026:06:56:40 +0000] "GET /v2/ HTTP/1.1" 200 2 "referer" "agent"
const LINE =
  /^(\S+) \S+ \S+ \[([^\]]+)\] "([A-Z]+) (\S+)[^"]*" (\d{3}) (\d+|-)(?: "(?:[^"\\]|\\.)*" "((?:[^"\\]|\\.)*)")?/;
const TIME = /^(\d\d)\/([A-Z][a-z]{2})\/(\d{4}):(\d\d:\d\d:\d\d) ([+-]\d\d)(\d\d)$/;
const MONTHS: readonly string[] = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

/** A line of the combined format, as distribution, Apache and nginx write it. Of the referer nothing is kept. */
export function readCombinedLine(line: string): LineResult {
  const parts = LINE.exec(line);
  if (parts === null) return malformed("is not in the combined format");
  const [, client, timeText = "", method = "", target = "", status, written, agent] = parts;
  const time = readCombinedTime(timeText);
  if (time === undefined) return malformed("has no readable time");
  const isSized = method === "GET";
  return {
    kind: "entry",
    entry: {
      time,
      durationNs: undefined,
      quality: "second",
      host: undefined,
      method,
      client: textOf(client),
      target,
      agent: agent === undefined ? undefined : textOf(unescaped(agent)),
      status: Number(status),
      responseBytes: isSized ? countOf(written) : undefined,
      requestBytes: undefined,
      bodyBytes: undefined,
      rangeEnd: undefined,
      requestId: undefined,
    },
  };
}

/** `23/Nov/2026:06:56:40 +0000`; `undefined` if it is no such time. */
export function readCombinedTime(text: string): LogTime | undefined {
  const [, day, month = "", year, time, hours, minutes] = TIME.exec(text) ?? [];
  const number = MONTHS.indexOf(month) + 1;
  if (number === 0) return undefined;
  const iso = `${year}-${String(number).padStart(2, "0")}-${day}T${time}${hours}:${minutes}`;
  const ms = calendarMs(iso);
  return Number.isNaN(ms) ? undefined : { us: ms * 1000, ns: 0 };
}

const ESCAPE = /\\(?:x([0-9A-Fa-f]{2})|(.))/g;

/** Text with `\xHH`, `\"` and `\\`. */
export const unescaped = (text: string): string =>
  text.includes("\\")
    ? text.replace(ESCAPE, (_, hex: string | undefined, character: string | undefined) =>
        hex === undefined ? (character ?? "") : String.fromCharCode(Number.parseInt(hex, 16)),
      )
    : text;
