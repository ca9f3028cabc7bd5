// Heads between the two versions: requests are made as HTTP/1.1 writes them, responses read as its parser gives them.
import type {
  IncomingHttpHeaders,
  IncomingHttpStatusHeader,
  OutgoingHttpHeaders,
} from "node:http2";
import type { ResponseHead } from "./exchange.ts";

/** Heads of images are made once and sent in every pass. */
const known = new WeakMap<Buffer, OutgoingHttpHeaders>();

/** Fields of HTTP/2 for a complete head of HTTP/1.1 without a body. A field that stands there twice is sent twice. */
export function http2Fields(head: Buffer): OutgoingHttpHeaders {
  let fields = known.get(head);
  if (fields === undefined) {
    fields = translated(head.toString("latin1"));
    known.set(head, fields);
  }
  return fields;
}

function translated(text: string): OutgoingHttpHeaders {
  const [first = "", ...lines] = text.split("\r\n");
  const [method = "", path = ""] = first.split(" ");
  const fields: OutgoingHttpHeaders = { ":method": method, ":path": path, ":scheme": "https" };
  for (const line of lines) {
    const colon = line.indexOf(":");
    if (colon < 0) continue;
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    if (name === "host") fields[":authority"] = value;
    // It speaks of the connection, which HTTP/2 rules itself.
    else if (name !== "connection") fields[name] = joined(fields[name], value);
  }
  return fields;
}

function joined(before: OutgoingHttpHeaders[string], value: string): string | string[] {
  if (before === undefined) return value;
  return Array.isArray(before) ? [...before, value] : [String(before), value];
}

type Fields = IncomingHttpHeaders & IncomingHttpStatusHeader;

export class Http2Head implements ResponseHead {
  status = 0;
  contentLength = -1;
  #fields: Fields = {};

  take(fields: Fields): void {
    this.#fields = fields;
    this.status = fields[":status"] ?? 0;
    const length = fields["content-length"];
    this.contentLength = length !== undefined && /^\d{1,15}$/.test(length) ? Number(length) : -1;
  }

  value(name: string): string | undefined {
    const value = this.#fields[name];
    return Array.isArray(value) ? value.join(", ") : value;
  }

  /** Node joins fields that stand there twice, but for those that must not be. */
  values(name: string): string[] {
    const value = this.#fields[name];
    if (value === undefined) return [];
    return Array.isArray(value) ? value : [value];
  }
}
