import { jsonObject } from "./distribution-log.ts";
import { countOf, type LineResult, malformed, readLogTime, textOf } from "./log-entry.ts";

const NS_PER_SECOND = 1e9;

/** A request of a recorder's archive: a line of the native format, whose time is the arrival. */
export function readArchivedRequest(line: string): LineResult {
  const fields = jsonObject(line);
  if (fields === undefined) return malformed("is no JSON object");
  const time = readLogTime(textOf(fields.timestamp) ?? "");
  const method = textOf(fields["http.request.method"]);
  const uri = textOf(fields["http.request.uri"]);
  const status = countOf(fields["http.response.status"]);
  if (time === undefined || method === undefined || uri === undefined || status === undefined)
    return malformed("lacks time, method, address or status");
  const size = countOf(fields["http.response.written"]);
  const seconds = fields["http.request.duration"];
  const isSent = method === "PUT";
  return {
    kind: "entry",
    entry: {
      time,
      durationNs: typeof seconds === "number" ? Math.round(seconds * NS_PER_SECOND) : undefined,
      quality: "exact",
      host: undefined,
      method,
      client: textOf(fields["http.request.remoteaddr"]),
      target: `/${uri}`,
      agent: textOf(fields["http.request.useragent"]),
      status,
      responseBytes: method === "GET" ? size : undefined,
      requestBytes: isSent ? size : undefined,
      bodyBytes: isSent ? size : undefined,
      rangeEnd: undefined,
      requestId: undefined,
    },
  };
}
