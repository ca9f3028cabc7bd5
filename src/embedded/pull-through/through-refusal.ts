import { apiError } from "../api-error.ts";
import type { Registry } from "../registry.ts";
import { emptyReply, type Reply } from "../reply.ts";
import type { PullThrough } from "./pull-through.ts";

/** What the upstream said, or the empty 500 of the registry that says nothing else. */
export const failure = ({ behaviour }: Registry, reply: Reply): Reply =>
  behaviour.missingManifest === "empty 500" ? emptyReply(500) : reply;

/** Counted, and answered as Ociregistry does. */
export function parkedTooLong(registry: Registry, { counters, parkTimeoutMs }: PullThrough): Reply {
  counters.parkTimeouts++;
  const message = `another client's fetch did not end within ${parkTimeoutMs / 1000} s`;
  return failure(registry, apiError("UNKNOWN", message));
}

/** Nothing that could be said to an upstream. */
export function badReference(reference: string): Reply {
  return reference.includes(":")
    ? apiError("DIGEST_INVALID", "this is not a sha256 or sha512 digest", { detail: { reference } })
    : apiError("TAG_INVALID", "this is not a tag", { detail: { reference } });
}
