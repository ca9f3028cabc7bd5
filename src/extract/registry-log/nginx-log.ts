import { UsageError } from "../../core/errors.ts";
import { readCombinedTime, unescaped } from "./combined-log.ts";
import { jsonObject } from "./distribution-log.ts";
import {
  countOf,
  type LineResult,
  type LogTime,
  malformed,
  readLogTime,
  textOf,
} from "./log-entry.ts";

type Variables = Readonly<Record<string, unknown>>;
export type ClientSource = "remote_addr" | "http_x_forwarded_for";

const VARIABLE = /\$(?:\{(\w+)\}|(\w+))/g;
const ESCAPES_MODE = /^\s*escape=(json|default|none)\s+/;

/**
 * A reader of nginx's lines. Without a format a line is a JSON object whose keys are named like nginx's variables, as the
 * documentation recommends; with one, it is the text of a `log_format` directive.
 */
export function nginxReader(
  format: string | undefined,
  clientFrom: ClientSource,
): (line: string) => LineResult {
  const variablesOf = format === undefined ? jsonObject : formatReader(format);
  return (line) => {
    const variables = variablesOf(line);
    return variables === undefined
      ? malformed(format === undefined ? "is no JSON object" : "does not fit --nginx-format")
      : entryOf(variables, clientFrom);
  };
}

/** What stands between two variables of the format separates them. */
function formatReader(given: string): (line: string) => Variables | undefined {
  const mode = ESCAPES_MODE.exec(given)?.[1] ?? "default";
  const format = given.replace(ESCAPES_MODE, "");
  const matches = [...format.matchAll(VARIABLE)];
  const ends = matches.map(({ index, 0: text }) => index + text.length);
  const names = matches.map(([, braced, bare]) => braced ?? bare ?? "");
  const texts = [0, ...ends].map((from, at) => format.slice(from, matches[at]?.index));
  if (names.length === 0)
    throw new UsageError("--nginx-format wants the text of a log_format directive with $variables");
  const decoded =
    mode === "json" ? jsonUnescaped : mode === "default" ? unescaped : (text: string) => text;
  return (line) => {
    const values = valuesBetween(line, texts);
    if (values === undefined) return undefined;
    return Object.fromEntries(names.map((name, number) => [name, decoded(values[number] ?? "")]));
  };
}

/** Each value ends where the text behind it first occurs: one pass, whatever a client has put into the line. */
function valuesBetween(line: string, texts: readonly string[]): string[] | undefined {
  const [first = "", ...others] = texts;
  const last = others.pop() ?? "";
  const to = line.length - last.length;
  if (!line.startsWith(first) || !line.endsWith(last)) return undefined;
  const values: string[] = [];
  let from = first.length;
  for (const text of others) {
    const at = line.indexOf(text, from);
    if (at < 0) return undefined;
    values.push(line.slice(from, at));
    from = at + text.length;
  }
  return from <= to ? [...values, line.slice(from, to)] : undefined;
}

function jsonUnescaped(text: string): string {
  if (!text.includes("\\")) return text;
  try {
    return String(JSON.parse(`"${text}"`));
  } catch {
    return text;
  }
}

function entryOf(variables: Variables, clientFrom: ClientSource): LineResult {
  const time = timeOf(variables);
  const [method, target] = requestOf(variables);
  const status = countOf(variables.status);
  if (time === undefined) return malformed("has neither msec nor time_iso8601 nor time_local");
  if (method === undefined || target === undefined) return malformed("has no request");
  if (status === undefined) return malformed("has no status");
  const durationNs = decimalNs(variables.request_time);
  return {
    kind: "entry",
    entry: {
      time: time.at,
      durationNs,
      quality: durationNs === undefined ? "second" : time.quality,
      host: textOf(variables.host) ?? textOf(variables.http_host),
      method,
      client: clientOf(variables, clientFrom),
      target,
      agent: textOf(variables.http_user_agent),
      status,
      responseBytes: method === "GET" ? countOf(variables.body_bytes_sent) : undefined,
      requestBytes: countOf(variables.content_length) ?? countOf(variables.request_length),
      bodyBytes: countOf(variables.content_length),
      rangeEnd: rangeEndOf(textOf(variables.http_content_range)),
      requestId: textOf(variables.request_id),
    },
  };
}

function requestOf(variables: Variables): readonly [string | undefined, string | undefined] {
  const [method, target] = (textOf(variables.request) ?? "").split(" ");
  return [
    textOf(variables.request_method) ?? textOf(method),
    textOf(variables.request_uri) ?? textOf(target),
  ];
}

/** Of a list of proxies the first one is the client. */
function clientOf(variables: Variables, from: ClientSource): string | undefined {
  const forwarded = textOf(variables.http_x_forwarded_for)?.split(",")[0]?.trim();
  return (from === "http_x_forwarded_for" ? forwarded : undefined) ?? textOf(variables.remote_addr);
}

function timeOf(
  variables: Variables,
): { readonly at: LogTime; readonly quality: "millisecond" | "second" } | undefined {
  const ns = decimalNs(variables.msec);
  if (ns !== undefined) return { at: { us: Math.round(ns / 1000), ns: 0 }, quality: "millisecond" };
  const iso = textOf(variables.time_iso8601);
  const local = textOf(variables.time_local);
  const at = iso === undefined ? readCombinedTime(local ?? "") : readLogTime(iso);
  return at === undefined ? undefined : { at, quality: "second" };
}

const CONTENT_RANGE = /^(?:bytes[ =])?(\d{1,15})-(\d{1,15})(?:\/(?:\d+|\*))?$/;

/** `0-1023` as the OCI distribution specification has it, or `bytes 0-1023/2048` as HTTP has it; the end is inclusive. */
function rangeEndOf(text: string | undefined): number | undefined {
  const [, first, last] = CONTENT_RANGE.exec(text ?? "") ?? [];
  const isRange = first !== undefined && last !== undefined && Number(first) <= Number(last);
  return isRange ? Number(last) + 1 : undefined;
}

/** Seconds with a fraction in nanoseconds. */
function decimalNs(value: unknown): number | undefined {
  const text = typeof value === "number" ? String(value) : value;
  if (typeof text !== "string" || !/^\d{1,11}(?:\.\d{1,9})?$/.test(text)) return undefined;
  return Math.round(Number(text) * 1e9);
}
