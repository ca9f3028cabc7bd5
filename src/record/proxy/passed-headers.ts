// Which header fields go from one connection to the other. Fields that speak of a connection stay where they are; how a body
// is framed is said anew, so that both neighbours of the proxy see the same end of it. Source: RFC 9110, 7.6; RFC 9112, 6.
import type { IncomingMessage } from "node:http";
import type { AddressRewrite } from "./address-rewrite.ts";

/** Names and values in turn, as Node's messages have them: repeated fields and spelling are kept. */
export type RawHeaders = string[];

const hopByHop: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-authentication-info",
  "te",
  "transfer-encoding",
  "upgrade",
]);

/** Fields that no list in Connection takes away: without them the message would be another one. */
const endToEnd: ReadonlySet<string> = new Set(["content-length", "host", "authorization"]);

const none: ReadonlySet<string> = new Set();
const usual = /^\s*(?:keep-alive|close)?\s*$/i;

/** Names that a message's Connection field declares to be its connection's own business. */
function namedByConnection(connection: string | undefined): ReadonlySet<string> {
  if (connection === undefined || usual.test(connection)) return none;
  const names = connection.toLowerCase().split(",");
  return new Set(names.map((name) => name.trim()).filter((name) => !endToEnd.has(name)));
}

const withBody: ReadonlySet<string> = new Set(["POST", "PUT", "PATCH"]);

/** Head of the request to the upstream, whose `authority` goes into Host. */
export function requestHeaders(request: IncomingMessage, authority: string): RawHeaders {
  const { rawHeaders, headers, method = "GET", httpVersion } = request;
  const named = namedByConnection(headers.connection);
  const passed: RawHeaders = ["Host", authority];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] as string;
    const key = name.toLowerCase();
    if (key === "host" || hopByHop.has(key) || named.has(key)) continue;
    passed.push(name, rawHeaders[at + 1] as string);
  }
  if (headers["transfer-encoding"] !== undefined) passed.push("Transfer-Encoding", "chunked");
  else if (headers["content-length"] === undefined && withBody.has(method))
    passed.push("Content-Length", "0");
  if (/(?:^|[\s,])trailers\s*(?:[,;]|$)/i.test(String(headers.te ?? "")))
    passed.push("TE", "trailers");
  passed.push("Via", `${httpVersion} drayage`);
  return passed;
}

/** Head of the answer to the client, whose way to the proxy is `door`: `http://127.0.0.1:5001`. */
export function answerHeaders(
  { rawHeaders, headers }: IncomingMessage,
  rewrite: AddressRewrite,
  door: string,
): RawHeaders {
  const named = namedByConnection(headers.connection);
  const passed: RawHeaders = [];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] as string;
    const key = name.toLowerCase();
    if (hopByHop.has(key) || named.has(key)) continue;
    passed.push(name, rewrite.field(key, rawHeaders[at + 1] as string, door));
  }
  return passed;
}

/** A transfer coding that the proxy does not know, and so could not say where the body ends; `undefined` = all is well. */
export function unknownCoding(request: IncomingMessage): string | undefined {
  const coding = request.headers["transfer-encoding"];
  return coding === undefined || coding.trim().toLowerCase() === "chunked" ? undefined : coding;
}

/** Whether a request has a body at all. */
export const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;

/** Trailers in the form in which Node takes them. */
export function trailerPairs(rawTrailers: readonly string[]): [string, string][] {
  const pairs: [string, string][] = [];
  for (let at = 0; at < rawTrailers.length; at += 2)
    pairs.push([rawTrailers[at] as string, rawTrailers[at + 1] as string]);
  return pairs;
}
