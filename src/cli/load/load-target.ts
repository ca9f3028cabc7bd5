import { UsageError } from "../../core/errors.ts";
import { type HeadStyle, requestHead } from "../../registry/request-head.ts";

/** Where a synthetic load goes. */
export type LoadTarget = {
  readonly origin: string;
  /** As it goes into the request line, query included. */
  readonly path: string;
  readonly style: HeadStyle;
  /** The complete request head. */
  readonly head: string;
};

const methods: readonly string[] = ["GET", "HEAD", "DELETE", "OPTIONS"];

/** A URL, or `host:port`. A registry's address alone means its `/v2/`. Throws UsageError. */
export function loadTarget(
  text: string,
  { method, userAgent }: { method: string; userAgent: string },
): LoadTarget {
  if (!methods.includes(method))
    throw new UsageError(`--method must be one of ${methods.join(", ")}, not "${method}"`);
  const url = URL.parse(text.includes("://") ? text : `http://${text}`);
  if (url === null || !/^https?:$/.test(url.protocol))
    throw new UsageError(`"${text}" is no address: write host:port or http(s)://host[:port]/path`);
  if (url.username !== "" || url.password !== "")
    throw new UsageError("the URL holds credentials: leave them out, load sends none");
  const path = url.pathname === "/" && url.search === "" ? "/v2/" : `${url.pathname}${url.search}`;
  const style = { hostHeader: url.host, userAgent, keepAlive: true };
  return {
    origin: url.origin,
    path,
    style,
    head: requestHead(method, path, style).toString("latin1"),
  };
}
