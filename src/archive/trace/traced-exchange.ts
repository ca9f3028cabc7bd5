// What an exchange of a registry becomes in a trace. Runs once per exchange.
//
//   class                    | record of the run           | left out
//   GET of object, 2xx 3xx   | as it is, with whole size   | 4xx 5xx: the replay has nothing to read
//   HEAD of object           | as it is; found nothing:    |
//                            | of an object that is absent |
//   manifest PUT             | as it is                    |
//                            | and the range asked for     |
//   upload PUT, or POST with | one PUT with the bytes of   | its POST and PATCHes: the PUT stands for them
//   the whole blob           | all its parts, at the time  |
//                            | of the first request        |
//   ping, lists              | as they are                 |
//   token, answers 401       |                             | always: the replay authenticates by itself
//   mount, delete, cancel    |                             | always: a trace has no word for them
import type { Micros } from "../../core/units.ts";
import type { HttpExchange } from "../exchange.ts";

export type TracedRequest = {
  readonly arrival: Micros;
  /** Seconds; of an upload the sum of its requests' times. */
  readonly duration: number;
  readonly method: string;
  readonly uri: string;
  readonly client: string;
  readonly agent: string | null;
  readonly status: number;
  /** Bytes of the object; null where nobody knows. */
  readonly size: number | null;
  /** As in the Range header, of a read of a part. */
  readonly range: string | null;
};

/** An upload so far: when it began, how long its requests took (µs), and its bytes. */
type OpenUpload = { readonly began: number; readonly took: number; readonly bytes: number };

export type Traced =
  | { readonly kind: "request"; readonly request: TracedRequest }
  | { readonly kind: "left-out"; readonly reason: string };

/** Uploads that never end push out the oldest ones. */
const UPLOADS_MAX = 100_000;
/** Makes another address of a URI, one that no warm-up fills: what was asked for was not there. */
const ABSENT = "-absent";

const leftOut = (reason: string): Traced => ({ kind: "left-out", reason });

export class TracedExchanges {
  readonly #uploads = new Map<string, OpenUpload>();

  take(exchange: HttpExchange): Traced {
    const { status } = exchange;
    if (exchange.class === "token") return leftOut("token requests");
    if (status === 401) return leftOut("challenges");
    if (status === 0) return leftOut("not answered");
    switch (exchange.class) {
      case "upload-start":
      case "upload-patch":
      case "upload-put":
        return this.#upload(exchange);
      case "upload-mount":
        return leftOut("mounts");
      case "upload-cancel":
      case "delete":
        return leftOut("deletions");
      case "manifest-tag":
      case "manifest-digest":
      case "blob":
        return ofObject(exchange);
      case "ping":
      case "catalog":
      case "tags":
      case "referrers":
      case "other":
        return made(exchange, { uri: uriOf(exchange), size: sizeOf(exchange) });
      default:
        return exchange.class satisfies never;
    }
  }

  #upload(exchange: HttpExchange): Traced {
    const { upload = "", status, req_bytes, method, arrival, marks } = exchange;
    const known = this.#uploads.get(upload) ?? { began: arrival, took: 0, bytes: 0 };
    const bytes = known.bytes + req_bytes;
    const took = known.took + marks.end;
    if (status === 201) {
      // Its parts came before what is read: nothing here says how many bytes they had.
      if (bytes === 0 && !this.#uploads.has(upload) && hasContent(exchange))
        return leftOut("uploads that began before");
      this.#uploads.delete(upload);
      const path = exchange.path.replace(/\/uploads\/.*$/, "/uploads");
      const uri = `${path.slice(1)}/${upload === "" ? exchange.arrival : upload}`;
      const whole = { ...exchange, method: "PUT", arrival: known.began, marks: { end: took } };
      return made(whole, { uri, size: bytes });
    }
    if (method !== "GET" && status === 202 && upload !== "")
      this.#remember(upload, { began: known.began, took, bytes });
    return leftOut("steps of uploads");
  }

  #remember(upload: string, open: OpenUpload): void {
    this.#uploads.set(upload, open);
    if (this.#uploads.size <= UPLOADS_MAX) return;
    for (const oldest of this.#uploads.keys()) {
      this.#uploads.delete(oldest);
      return;
    }
  }
}

function ofObject(exchange: HttpExchange): Traced {
  const { method, status } = exchange;
  if (method === "GET" && status >= 400) return leftOut("reads that failed");
  const uri = uriOf(exchange);
  // A recording that came out of a trace may have it at the end already.
  const isAbsent = method === "HEAD" && status === 404 && !uri.endsWith(ABSENT);
  return made(exchange, { uri: isAbsent ? `${uri}${ABSENT}` : uri, size: sizeOf(exchange) });
}

export const uriOf = ({ path }: HttpExchange): string => path.replace(/^\//, "");

function made(
  exchange: HttpExchange,
  { uri, size }: { readonly uri: string; readonly size: number | null },
): Traced {
  const { arrival, method, client, status, marks, req_headers } = exchange;
  return {
    kind: "request",
    request: {
      arrival: arrival as Micros,
      duration: marks.end / 1e6,
      method,
      uri,
      client,
      agent: req_headers["User-Agent"] ?? null,
      status,
      size,
      range: rangeOf(exchange),
    },
  };
}

const EMPTY = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/** By its digest, where that is known. */
const hasContent = ({ digest }: HttpExchange): boolean => digest !== undefined && digest !== EMPTY;

/** Some ten parts; whoever asks for more gets the whole in a replay. */
const RANGE = /^bytes=[\d, -]{1,200}$/;

function rangeOf({ method, status, req_headers }: HttpExchange): string | null {
  const { Range: range } = req_headers;
  return method === "GET" && status === 206 && range !== undefined && RANGE.test(range)
    ? range
    : null;
}

/** Of the whole object, even where only a part of it was read or the reading broke off. */
export function sizeOf(exchange: HttpExchange): number | null {
  const { method, status, req_bytes, res_bytes, res_headers } = exchange;
  if (method === "PUT") return req_bytes;
  if (status === 206) return wholeNumber(/\/(\d+)$/.exec(res_headers["Content-Range"] ?? "")?.[1]);
  return wholeNumber(res_headers["Content-Length"]) ?? (method === "GET" ? res_bytes : null);
}

const wholeNumber = (digits: string | undefined): number | null =>
  digits === undefined || !/^\d{1,15}$/.test(digits) ? null : Number(digits);
