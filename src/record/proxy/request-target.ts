import type { IncomingMessage } from "node:http";
import { unknownCoding } from "./passed-headers.ts";

/** What a request asks for: path and query, or why it is not passed on. */
export type RequestTarget =
  | { readonly kind: "target"; readonly text: string }
  | { readonly kind: "refused"; readonly status: number; readonly why: string };

const CHARACTERS_MAX = 16_384;

export function requestTarget(request: IncomingMessage): RequestTarget {
  if (unknownCoding(request) !== undefined) return refused(501, "its transfer coding is unknown");
  if (asksForOtherProtocol(request)) return refused(501, "it asks for another protocol");
  const text = originForm(request.url ?? "");
  if (text === undefined) return refused(400, "its target is no path");
  if (text.length > CHARACTERS_MAX) return refused(414, "its path is too long");
  return { kind: "target", text };
}

const refused = (status: number, why: string): RequestTarget => ({ kind: "refused", status, why });

/** HTTP/2 is an offer that may be ignored; behind any other protocol follow bytes that are no requests. */
function asksForOtherProtocol({ headers }: IncomingMessage): boolean {
  const { upgrade, connection = "" } = headers;
  return upgrade !== undefined && /\bupgrade\b/i.test(connection) && !/^\s*h2c\s*$/i.test(upgrade);
}

/** A client that takes us for its forward proxy sends a whole address. */
function originForm(target: string): string | undefined {
  if (target.startsWith("/") || target === "*") return target;
  const path = /^https?:\/\/[^/?#]*(.*)$/i.exec(target)?.[1];
  if (path === undefined) return undefined;
  return path.startsWith("/") ? path : `/${path}`;
}
