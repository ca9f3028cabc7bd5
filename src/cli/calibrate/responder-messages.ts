export const SMALL_BODY_BYTES = 600;
export const LARGE_BODY_BYTES: number = 10 * 1024 * 1024;

/** What a responder is told; `connection` comes with one, unless that was closed on the way. */
export type ToResponder = "connection" | "usage";

/** What it says. */
export type ResponderAnswer =
  | { readonly kind: "ready" }
  | { readonly kind: "usage"; readonly cpuSeconds: number };
