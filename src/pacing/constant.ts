import { invariant } from "../core/errors.ts";
import { type Nanos, nanos, type PerSecond } from "../core/units.ts";
import type { Pacer } from "./pacer.ts";

/** One request every 1/rate seconds: request n is due at n/rate. The product is taken anew each time, so nothing drifts. */
export function constant({ rate, over }: { rate: PerSecond; over: Nanos }): Pacer {
  invariant(rate > 0 && over > 0, "a constant rate needs a rate and a length");
  const gap = 1e9 / rate;
  return {
    name: "constant",
    dueAt(index) {
      const due = index * gap;
      return due < over ? nanos(due) : undefined;
    },
  };
}
