// The word for a failure in errors.tsv and in logs. Source: pull-driver.md 10.4.
import { Failure, failureKinds } from "../../../core/failure.ts";
import { ClassOf } from "../../pull-classes.ts";

export function failureKind({
  failure,
  status,
  special,
}: {
  /** Code of core/failure.ts. */
  readonly failure: number;
  readonly status: number;
  /** A kind that has no code. */
  readonly special: string;
}): string {
  if (special !== "") return special;
  switch (failure) {
    case Failure.http:
      return status === 401 || status === 403 ? "auth" : `status-${Math.floor(status / 100)}xx`;
    case Failure.digest_mismatch:
      return "digest";
    case Failure.truncated_body:
      return "truncated";
    case Failure["timeout:connect"]:
    case Failure["timeout:first_byte"]:
    case Failure["timeout:idle"]:
    case Failure["timeout:total"]:
      return "timeout";
    default:
      return failureKinds[failure] ?? "protocol";
  }
}

/** Beginning of the sentence about a failed request of this class. */
export function whatFailed(type: number): string {
  switch (type) {
    case ClassOf.probe:
      return "GET /v2/";
    case ClassOf.config:
      return "config";
    case ClassOf.layer:
      return "layer";
    default:
      return "manifest";
  }
}
