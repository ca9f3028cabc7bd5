import { readGoDuration } from "./go-duration.ts";
import {
  countOf,
  type LineResult,
  malformed,
  otherLine,
  readLogTime,
  textOf,
} from "./log-entry.ts";

const COMPLETED = new Set(["response completed", "response completed with error"]);
/** Methods whose response bodies say nothing about the size of the object. */
const WITHOUT_SIZE = new Set(["PUT", "PATCH", "POST"]);

/** A line of CNCF distribution's log with `formatter: json`. Its time is the end of the request. */
export function readDistributionLine(line: string): LineResult {
  const fields = jsonObject(line);
  if (fields === undefined) return malformed("is no JSON object");
  const status = fields["http.response.status"];
  if (!COMPLETED.has(String(fields.msg)) || status === undefined)
    return otherLine("no completed request");
  return entryOf(fields, Number(status));
}

function entryOf(fields: Readonly<Record<string, unknown>>, status: number): LineResult {
  const time = readLogTime(String(fields.time));
  const durationText = textOf(fields["http.response.duration"]);
  const durationNs = durationText === undefined ? undefined : readGoDuration(durationText);
  const method = textOf(fields["http.request.method"]);
  const target = textOf(fields["http.request.uri"]);
  if (time === undefined) return malformed("has no readable time");
  if (durationText !== undefined && durationNs === undefined)
    return malformed("has an unreadable http.response.duration");
  if (method === undefined || target === undefined) return malformed("has no method or no uri");
  if (!Number.isInteger(status)) return malformed("has an unreadable status");
  const written = WITHOUT_SIZE.has(method) ? undefined : countOf(fields["http.response.written"]);
  return {
    kind: "entry",
    entry: {
      time,
      durationNs,
      quality: durationNs === undefined ? "millisecond" : "exact",
      host: textOf(fields["http.request.host"]),
      method,
      client: textOf(fields["http.request.remoteaddr"]),
      target,
      agent: textOf(fields["http.request.useragent"]),
      status,
      responseBytes: written,
      requestBytes: undefined,
      bodyBytes: undefined,
      rangeEnd: undefined,
      requestId: textOf(fields["http.request.id"]),
    },
  };
}

/** The object that a line holds. */
export function jsonObject(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return isObject ? (value as Readonly<Record<string, unknown>>) : undefined;
  } catch {
    return undefined;
  }
}
