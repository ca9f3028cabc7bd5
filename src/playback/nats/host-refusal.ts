import type { Msg } from "@nats-io/nats-core";
import { DrayageError } from "../../core/errors.ts";

/** A host says no to what was asked for: the sentence is what HTTP would have answered with. */
export class HostRefusal extends Error {}

/** Names the kind of a refusal in an answer. */
export const REFUSAL_HEADER = "Replay-Refusal";
/** What nobody could have typed otherwise: the host is not ready, or has failed. */
const ofHost: readonly string[] = ["not-ready", "failed"];

/** The error that an answer's refusal is. */
export function refusalOf(reason: string, { headers }: Msg): Error {
  const isOfHost = ofHost.includes(headers?.get(REFUSAL_HEADER) ?? "");
  return isOfHost ? new DrayageError("target-unreachable", reason) : new HostRefusal(reason);
}

export const missing = (): HostRefusal => new HostRefusal("no such session");

const NO_RESPONDERS = 503;

/** What the server itself answers with where nobody listens. */
export const isUnanswered = ({ headers, data }: Msg): boolean =>
  data.length === 0 && headers?.code === NO_RESPONDERS;
