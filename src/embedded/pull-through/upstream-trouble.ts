import { apiError } from "../api-error.ts";
import type { Reply } from "../reply.ts";
import type { UpstreamTrouble } from "./upstream-counters.ts";

/** An upstream that gave no answer, or half of one. The client gets it as a status, or as a body that ends too early. */
export class UpstreamError extends Error {
  readonly kind: UpstreamTrouble;

  constructor(kind: UpstreamTrouble, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}

/** What a client is told instead of the answer: 504 for an upstream that is too slow, 502 for any other trouble. */
export function troubleReply(error: UpstreamError): Reply {
  return apiError("UNKNOWN", error.message, { status: error.kind === "timeout" ? 504 : 502 });
}
