// The HTTP exchange that a recording proxy writes, one JSON text each. Bodies of blobs and secrets are never part of it.

const exchangeClasses = [
  "ping",
  "catalog",
  "tags",
  "manifest-tag",
  "manifest-digest",
  "blob",
  "upload-start",
  "upload-patch",
  "upload-put",
  "upload-mount",
  "upload-cancel",
  "token",
  "referrers",
  "delete",
  "other",
] as const;
export type ExchangeClass = (typeof exchangeClasses)[number];

/** Header names are written as they came from the wire; only the few that matter to a replay are kept. */
export type ExchangeHeaders = Readonly<Record<string, string>>;

/** Instants in microseconds after the arrival; one that was not reached is absent. */
export type ExchangeMarks = {
  readonly req_end?: number;
  readonly connected?: number;
  readonly first_byte?: number;
  readonly end: number;
};

export type HttpExchange = {
  /** Microseconds since the Unix epoch: the start of the request line. */
  readonly arrival: number;
  /** Address without port, or its keyed hash. */
  readonly client: string;
  readonly method: string;
  /** The path of the request; the identifier of an upload stands as `{session}`. */
  readonly path: string;
  /** What followed `?`, without secrets; absent if there was none. */
  readonly query?: string;
  readonly class: ExchangeClass;
  /** Hash of the upload's identifier. */
  readonly upload?: string;
  readonly req_headers: ExchangeHeaders;
  readonly res_headers: ExchangeHeaders;
  /** Bytes of the bodies on the wire. */
  readonly req_bytes: number;
  readonly res_bytes: number;
  /** 0 when no response came. */
  readonly status: number;
  /** Computed or stated: `sha256:…`. */
  readonly digest?: string;
  readonly marks: ExchangeMarks;
  readonly aborted?: "client" | "upstream";
  /** Bytes of a manifest in base64, when they were kept. */
  readonly manifest?: string;
};

export const encodeExchange = (exchange: HttpExchange): Uint8Array =>
  Buffer.from(JSON.stringify(exchange));

/**
 * Reads what `encodeExchange` or a newer writer wrote: fields that are not known are left out, ones that are missing or of
 * another type take their empty value, an unknown class is `other`. `undefined` where it is no exchange at all: no JSON
 * object, or one without an arrival and a path.
 */
export function decodeExchange(json: Uint8Array): HttpExchange | undefined {
  const found = objectOf(parsed(json));
  if (found === undefined) return undefined;
  const { arrival, path } = found;
  if (typeof arrival !== "number" || typeof path !== "string") return undefined;
  return {
    arrival,
    client: textOf(found.client) ?? "",
    method: textOf(found.method) ?? "GET",
    path,
    class: exchangeClasses.find((name) => name === found.class) ?? "other",
    req_headers: headersOf(found.req_headers),
    res_headers: headersOf(found.res_headers),
    req_bytes: numberOf(found.req_bytes) ?? 0,
    res_bytes: numberOf(found.res_bytes) ?? 0,
    status: numberOf(found.status) ?? 0,
    marks: marksOf(found.marks),
    ...present("query", textOf(found.query)),
    ...present("upload", textOf(found.upload)),
    ...present("digest", textOf(found.digest)),
    ...present("aborted", abortedOf(found.aborted)),
    ...present("manifest", textOf(found.manifest)),
  };
}

type Found = Readonly<Record<string, unknown>>;

function parsed(json: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(json.buffer, json.byteOffset, json.byteLength).toString());
  } catch {
    return undefined;
  }
}

const objectOf = (value: unknown): Found | undefined =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Found)
    : undefined;

const textOf = (value: unknown): string | undefined =>
  typeof value === "string" ? value : undefined;

const numberOf = (value: unknown): number | undefined =>
  typeof value === "number" ? value : undefined;

const abortedOf = (value: unknown): "client" | "upstream" | undefined =>
  value === "client" || value === "upstream" ? value : undefined;

const headersOf = (value: unknown): ExchangeHeaders =>
  Object.fromEntries(
    Object.entries(objectOf(value) ?? {}).flatMap(([name, text]) =>
      typeof text === "string" ? [[name, text] as const] : [],
    ),
  );

function marksOf(value: unknown): ExchangeMarks {
  const found = objectOf(value) ?? {};
  return {
    end: numberOf(found.end) ?? 0,
    ...present("req_end", numberOf(found.req_end)),
    ...present("connected", numberOf(found.connected)),
    ...present("first_byte", numberOf(found.first_byte)),
  };
}

const present = <Key extends string, Value>(
  key: Key,
  value: Value | undefined,
): { [K in Key]?: Value } =>
  value === undefined ? {} : ({ [key]: value } as { [K in Key]: Value });
