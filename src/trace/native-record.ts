/**
 * A record with the ten fields of the published registry trace, `null` where one is absent. `end` is when the request was
 * done, in whole milliseconds since the Unix epoch; `duration` is in seconds, `written` in bytes.
 * Source: trace-replay.md 1.2 and 1.4.
 */
export type NativeRecord = {
  readonly host: string | null;
  readonly duration: number;
  readonly method: string;
  readonly client: string | null;
  readonly uri: string;
  readonly userAgent: string | null;
  readonly status: number;
  readonly written: number | null;
  readonly id: string | null;
  readonly end: number;
};

const text = (key: string, value: string | null): string =>
  value === null ? "" : `"${key}":${JSON.stringify(value)},`;

/** The record as one line of JSON with the keys of the native format in their usual order; ASCII if its texts are. */
export function nativeLine(record: NativeRecord): string {
  const { host, duration, method, client, uri, userAgent, status, written, id, end } = record;
  return `{${text("host", host)}"http.request.duration":${duration},${text(
    "http.request.method",
    method,
  )}${text("http.request.remoteaddr", client)}${text("http.request.uri", uri)}${text(
    "http.request.useragent",
    userAgent,
  )}"http.response.status":${status},${
    written === null ? "" : `"http.response.written":${written},`
  }${text("id", id)}"timestamp":"${new Date(end).toISOString()}"}`;
}
