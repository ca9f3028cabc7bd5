// What an exchange of a registry becomes in a trace. Runs once per exchange.
//
//   class                    | record of the run           | left out
//   GET of object, 2xx 3xx   | as it is, with whole size   | 4xx 5xx: the replay has nothing to read
//   HEAD of object           | as it is; found nothing:    |
//                            | of an object that is absent |
//   manifest PUT             | as it is                    |
//   upload PUT, or POST with | one PUT with the bytes of   | its POST and PATCHes: the PUT stands for them
//   the whole blob           | all its parts               |
//   ping, lists              | as they are                 |
//   token, answers 401       |                             | always: the replay authenticates by itself
//   mount, delete, cancel    |                             | always: a trace has no word for them
import type { Micros } from "../../core/units.ts";
import type { HttpExchange } from "../exchange.ts";

export type TracedRequest = {
  readonly arrival: Micros;
  /** Seconds. */
  readonly duration: number;
  readonly method: string;
  readonly uri: string;
  readonly client: string;
  readonly agent: string | null;
  readonly status: number;
  /** Bytes of the object; null where nobody knows. */
  readonly size: number | null;
};

export type Traced =
  | { readonly kind: "request"; readonly request: TracedRequest }
  | { readonly kind: "left-out"; readonly reason: string };

/** Uploads that never end push out the oldest ones. */
const UPLOADS_MAX = 100_000;
/** Makes another address of a URI, one that no warm-up fills: what was asked for was not there. */
const ABSENT = "-absent";

const leftOut = (reason: string): Traced => ({ kind: "left-out", reason });

export class TracedExchanges {
  /** Bytes of the parts of open uploads. */
  readonly #uploads = new Map<string, number>();

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
    const { upload = "", status, req_bytes, method } = exchange;
    const bytes = (this.#uploads.get(upload) ?? 0) + req_bytes;
    if (status === 201) {
      this.#uploads.delete(upload);
      const path = exchange.path.replace(/\/uploads\/.*$/, "/uploads");
      const uri = `${path.slice(1)}/${upload === "" ? exchange.arrival : upload}`;
      return made({ ...exchange, method: "PUT" }, { uri, size: bytes });
    }
    if (method !== "GET" && status === 202 && upload !== "") this.#remember(upload, bytes);
    return leftOut("steps of uploads");
  }

  #remember(upload: string, bytes: number): void {
    this.#uploads.set(upload, bytes);
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
    },
  };
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
