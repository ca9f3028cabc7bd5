// Request heads as bytes. The feeder writes those of plain requests in bulk; a request thread makes the others (uploads,
// redirects) one at a time, as strings: they are not the hot path.
import { acceptManifests } from "./media-type.ts";

const CRLF = "\r\n";

/** What every request to one endpoint says. */
export type HeadStyle = {
  /** `host[:port]` as it stands in the Host header. */
  readonly hostHeader: string;
  readonly userAgent: string;
  /** False asks the server to close the connection after the response. */
  readonly keepAlive: boolean;
};

/** Extra header lines by name, in order. */
export type HeadFields = readonly (readonly [name: string, value: string])[];

/** A complete request head. `path` starts with "/" and is sent byte for byte. */
export function requestHead(
  method: string,
  path: string,
  style: HeadStyle,
  fields: HeadFields = [],
): Buffer {
  const lines = [
    `${method} ${path} HTTP/1.1`,
    `Host: ${style.hostHeader}`,
    `User-Agent: ${style.userAgent}`,
    ...fields.map(([name, value]) => `${name}: ${value}`),
    ...(style.keepAlive ? [] : ["Connection: close"]),
  ];
  return Buffer.from(`${lines.join(CRLF)}${CRLF}${CRLF}`, "latin1");
}

/** The lines of a head after `METHOD path`, for writers that put many paths before the same tail. */
export function headTail(style: HeadStyle, manifest: boolean): Buffer {
  const fields: HeadFields = manifest ? [["Accept", acceptManifests]] : [];
  const head = requestHead("GET", "/", style, fields).toString("latin1");
  return Buffer.from(head.slice("GET /".length), "latin1");
}

/** `head` with one more line before its end; written into `scratch` if it fits. Returns the view that was filled. */
export function withLine(head: Buffer, line: Buffer, scratch: Buffer): Buffer {
  const length = head.length + line.length;
  const into = length <= scratch.length ? scratch.subarray(0, length) : Buffer.allocUnsafe(length);
  head.copy(into, 0, 0, head.length - CRLF.length);
  line.copy(into, head.length - CRLF.length);
  into.write(CRLF, length - CRLF.length, "latin1");
  return into;
}

/**
 * The same request somewhere else: all fields stay but Host, and, where the method becomes GET, those of the body.
 * The head is one made here: Host is its second line.
 */
export function movedHead(
  head: Buffer,
  { method, target, hostHeader }: { method: string; target: string; hostHeader: string },
): Buffer {
  const [, , ...fields] = head.toString("latin1").split(CRLF);
  const kept = method === "GET" ? fields.filter((line) => !/^content-/i.test(line)) : fields;
  const lines = [`${method} ${target} HTTP/1.1`, `Host: ${hostHeader}`, ...kept];
  return Buffer.from(lines.join(CRLF), "latin1");
}

/** The path of a complete request head. */
export function pathOfHead(head: Buffer): string {
  const from = head.indexOf(" ") + 1;
  return head.toString("latin1", from, head.indexOf(" ", from));
}

/** The method of a complete request head. */
export const methodOfHead = (head: Buffer): string => head.toString("latin1", 0, head.indexOf(" "));
