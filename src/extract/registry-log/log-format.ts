import { readArchivedRequest } from "./archived-request.ts";
import { readCombinedLine } from "./combined-log.ts";
import { jsonObject, readDistributionLine } from "./distribution-log.ts";
import { type LineResult, otherLine } from "./log-entry.ts";
import { type ClientSource, nginxReader } from "./nginx-log.ts";

export const logFormats = ["auto", "distribution", "combined", "nginx", "archive"] as const;
export type LogFormat = Exclude<(typeof logFormats)[number], "auto">;

export type LogReader = {
  readonly format: LogFormat;
  readonly read: (line: string) => LineResult;
  /** What a line's time is. */
  readonly timeIs: "start" | "end";
};

/** The reader of a format, with the properties that the format has wherever it is written. */
export function logReader(
  format: LogFormat,
  { nginxFormat, clientFrom }: { nginxFormat: string | undefined; clientFrom: ClientSource },
): LogReader {
  switch (format) {
    case "distribution":
      return { format, read: distributionLine, timeIs: "end" };
    case "combined":
      return { format, read: readCombinedLine, timeIs: "start" };
    case "archive":
      return { format, read: readArchivedRequest, timeIs: "start" };
    case "nginx":
      return { format, read: nginxReader(nginxFormat, clientFrom), timeIs: "end" };
    default:
      return format satisfies never;
  }
}

/** Where a registry logs both ways into one file, its access lines tell the same requests again. */
const distributionLine = (line: string): LineResult =>
  line.startsWith("{") ? readDistributionLine(line) : otherLine("no JSON");

/** The format that a line is in; `undefined` if it is in none that is known. */
export function formatOfLine(line: string): LogFormat | undefined {
  const fields = line.startsWith("{") ? jsonObject(line) : undefined;
  if (fields !== undefined) {
    if ("msg" in fields && "time" in fields) return "distribution";
    return "msec" in fields || "time_iso8601" in fields || "time_local" in fields
      ? "nginx"
      : undefined;
  }
  return readCombinedLine(line).kind === "entry" ? "combined" : undefined;
}
