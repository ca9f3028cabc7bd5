// What drayage does to a registry, as codes that fit a byte in a ring and as the words that files print.

export const operations = ["GET", "PUT", "HEAD", "PING", "PUSH", "REQUEST"] as const;
/** Code of an operation in rings: its index above. PUSH is warm-up's "make sure it is there", REQUEST any HTTP request. */
export const Op = { GET: 0, PUT: 1, HEAD: 2, PING: 3, PUSH: 4, REQUEST: 5 } as const;

export const objectKinds = ["blob", "manifest", "upload", "ping", "other"] as const;
export const Kind = { blob: 0, manifest: 1, upload: 2, ping: 3, other: 4 } as const;

/**
 * A class of requests that share their counters and histograms: operation x kind.
 * The name is the `operation` part of the tags in histograms.hlog, e.g. `get-blob`.
 */
export const operationClasses = [
  "get-blob",
  "get-manifest",
  "put-blob",
  "put-manifest",
  "head-blob",
  "head-manifest",
  "ping",
  "push-blob",
  "push-manifest",
  "request",
] as const;
export type OperationClass = (typeof operationClasses)[number];

/** Index into `operationClasses`. An upload counts as a blob; `request` is plain HTTP load. */
export function operationClassOf(op: number, kind: number): number {
  const manifest = kind === Kind.manifest ? 1 : 0;
  switch (op) {
    case Op.GET:
      return manifest;
    case Op.PUT:
      return 2 + manifest;
    case Op.HEAD:
      return 4 + manifest;
    case Op.PING:
      return 6;
    case Op.PUSH:
      return 7 + manifest;
    default:
      return 9;
  }
}
