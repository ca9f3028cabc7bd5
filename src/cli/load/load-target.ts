import { UsageError } from "../../core/errors.ts";
import { parseSize } from "../../embedded/quantity.ts";
import { type HeadFields, type HeadStyle, requestHead } from "../../registry/request-head.ts";

/** What a synthetic load sends, and where to. */
export type LoadTarget = {
  readonly method: string;
  readonly origin: string;
  /** As it goes into the request line, query included. */
  readonly path: string;
  readonly style: HeadStyle;
  /** The complete request head. */
  readonly head: string;
  /** Bytes of the body that goes with every request; 0 = none. */
  readonly bodyBytes: number;
  /** SHA-256 in hexadecimal that every response body must have. */
  readonly sha256: string | undefined;
};

export type TargetFlags = {
  readonly method: string;
  /** Size of the body as it was typed. */
  readonly body?: string | undefined;
  readonly verify?: boolean;
  readonly random?: boolean;
  readonly userAgent: string;
};

const sendingMethods: readonly string[] = ["PUT", "POST", "PATCH"];
const methods: readonly string[] = ["GET", "HEAD", "DELETE", "OPTIONS", ...sendingMethods];
/** One body; no registry takes a larger one. */
const BODY_BYTES_MAX = 2 ** 40;
/** What an operation on the ring may have of a target; servers take far less. */
const HEAD_BYTES_MAX = 60_000;
const digestAtEnd = /\/sha256:([0-9a-f]{64})$/;

/** A URL, or `host:port`. A registry's address alone means its `/v2/`. Throws UsageError. */
export function loadTarget(text: string, flags: TargetFlags): LoadTarget {
  const { userAgent, verify = false } = flags;
  const method = flags.method.toUpperCase();
  if (!methods.includes(method))
    throw new UsageError(`--method must be one of ${methods.join(", ")}, not "${method}"`);
  const url = urlOf(text);
  const path = url.pathname === "/" && url.search === "" ? "/v2/" : `${url.pathname}${url.search}`;
  const style = { hostHeader: url.host, userAgent, keepAlive: true };
  const bodyBytes = bodyBytesOf(method, flags.body);
  if (flags.random === true && flags.body === undefined)
    throw new UsageError("--random is about bodies: add --body SIZE, or leave it out");
  const fields: HeadFields = sendingMethods.includes(method)
    ? [
        ["Content-Type", "application/octet-stream"],
        ["Content-Length", String(bodyBytes)],
      ]
    : [];
  const head = requestHead(method, path, style, fields).toString("latin1");
  if (head.length > HEAD_BYTES_MAX)
    throw new UsageError(`the URL is too long: its request has a head of ${head.length} bytes`);
  return {
    method,
    origin: url.origin,
    path,
    style,
    head,
    bodyBytes,
    sha256: verify ? digestOf(method, url.pathname) : undefined,
  };
}

function urlOf(text: string): URL {
  const url = URL.parse(text.includes("://") ? text : `http://${text}`);
  if (url === null || !/^https?:$/.test(url.protocol))
    throw new UsageError(`"${text}" is no address: write host:port or http(s)://host[:port]/path`);
  if (url.username !== "" || url.password !== "")
    throw new UsageError("the URL holds credentials: leave them out, load sends none");
  return url;
}

function bodyBytesOf(method: string, body: string | undefined): number {
  if (body === undefined) return 0;
  if (!sendingMethods.includes(method))
    throw new UsageError(`--body goes with --method ${sendingMethods.join(", ")}, not ${method}`);
  const size = parseSize(body, "--body");
  if (size > BODY_BYTES_MAX) throw new UsageError(`--body must be at most 1TiB, not ${body}`);
  return size;
}

function digestOf(method: string, path: string): string {
  if (method !== "GET") throw new UsageError(`--verify goes with --method GET, not ${method}`);
  const digest = digestAtEnd.exec(path)?.[1];
  if (digest !== undefined) return digest;
  throw new UsageError(
    "--verify needs a URL that ends with the digest, such as /v2/NAME/blobs/sha256:<64 hexadecimal digits>",
  );
}

/** The request in words. */
export const whatIsSent = ({ method, origin, path, bodyBytes, sha256 }: LoadTarget): string =>
  [
    `${method} ${origin}${path}`,
    ...(bodyBytes === 0 ? [] : [`bodies of ${bodyBytes} bytes`]),
    ...(sha256 === undefined ? [] : ["digests verified"]),
  ].join(", ");
