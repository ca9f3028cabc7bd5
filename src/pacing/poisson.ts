import { invariant } from "../core/errors.ts";
import { random } from "../core/random.ts";
import { type Nanos, nanos, type PerSecond } from "../core/units.ts";
import type { Pacer } from "./pacer.ts";

/**
 * Independent arrivals with a mean rate: the gaps are exponential, drawn from the seed. The sum up to the index asked last is
 * remembered, so asking in order costs one draw each; asking backwards starts again and gives the same answers.
 */
export function poisson({
  rate,
  over,
  seed,
}: {
  rate: PerSecond;
  over: Nanos;
  seed: string;
}): Pacer {
  invariant(rate > 0 && over > 0, "Poisson arrivals need a rate and a length");
  const mean = 1e9 / rate;
  let chance = random(seed);
  let at = -1;
  let due = 0;
  const step = (): void => {
    // 1 - u is never 0, so the logarithm is finite.
    due += -Math.log(1 - chance.next()) * mean;
    at++;
  };
  return {
    name: "poisson",
    dueAt(index) {
      if (index < at) {
        chance = random(seed);
        at = -1;
        due = 0;
      }
      while (at < index && due < over) step();
      return at === index && due < over ? nanos(due) : undefined;
    },
  };
}
