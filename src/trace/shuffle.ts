import type { Random } from "../core/random.ts";

/** Puts the values into random order in place: every order is equally likely (Fisher and Yates). */
export function shuffle(values: Uint32Array, chance: Random): void {
  for (let last = values.length - 1; last > 0; last--) {
    const other = chance.integer(last + 1);
    const value = values[last] ?? 0;
    values[last] = values[other] ?? 0;
    values[other] = value;
  }
}
