import { createHmac } from "node:crypto";
import { invariant, UsageError } from "../../core/errors.ts";
import type { TimePolicy } from "../trace-plan.ts";
import type { MaskPolicy } from "./mask-policy.ts";
import { derivedKey } from "./pseudonym.ts";

const US_PER_SECOND = 1_000_000;
const SECONDS_PER_WEEK = 604_800;
/** Shifts drawn from a key go up to five years either way. */
const WEEKS_MAX = 260;

/**
 * The constant that is added to all times, in microseconds. Drawn from the key it is the same for all traces under that
 * key, never 0, and a whole number of weeks with `key-weeks`, so that days of the week survive.
 */
export function shiftUs(shift: TimePolicy["shift"], policy: MaskPolicy): number {
  switch (shift.kind) {
    case "none":
      return 0;
    case "seconds":
      return Math.round(shift.seconds * US_PER_SECOND);
    case "key":
      return drawn(policy, WEEKS_MAX * SECONDS_PER_WEEK) * US_PER_SECOND;
    case "key-weeks":
      return drawn(policy, WEEKS_MAX) * SECONDS_PER_WEEK * US_PER_SECOND;
    default:
      return shift satisfies never;
  }
}

/** A whole number from -max to max without 0. */
function drawn(policy: MaskPolicy, max: number): number {
  if (policy.method !== "hmac-sha256")
    throw new UsageError("--time-shift key needs a key: mask with hmac-sha256 and --key-file");
  const digest = createHmac("sha256", derivedKey(policy.key, "time-shift")).update("v1").digest();
  const choice = digest.readUIntBE(0, 6) % (2 * max);
  invariant(Number.isSafeInteger(choice), "48 bits are a safe integer");
  return choice < max ? choice - max : choice - max + 1;
}
