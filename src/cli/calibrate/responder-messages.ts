export const SMALL_BODY_BYTES = 600;
export const LARGE_BODY_BYTES: number = 10 * 1024 * 1024;

/** What a responder says to its parent. It is asked for its usage by any message without a connection. */
export type ResponderAnswer =
  | { readonly kind: "ready" }
  | { readonly kind: "usage"; readonly cpuSeconds: number };
