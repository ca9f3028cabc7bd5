import { invariant } from "../core/errors.ts";
import { type Nanos, nanos, type PerSecond } from "../core/units.ts";
import type { Pacer } from "./pacer.ts";
import { wholeWhereNear } from "./request-count.ts";

/** One request every 1/rate seconds: request n is due at n/rate. The quotient is taken anew each time, so nothing drifts. */
export function constant({ rate, over }: { rate: PerSecond; over: Nanos }): Pacer {
  invariant(rate > 0 && over > 0, "a constant rate needs a rate and a length");
  // Counted, not found by comparing due times with the end: a gap is rounded, and a million times that is one request more.
  const total = wholeWhereNear(rate * (over / 1e9));
  return {
    name: "constant",
    dueAt: (index) => (index < total ? nanos((index / rate) * 1e9) : undefined),
  };
}
