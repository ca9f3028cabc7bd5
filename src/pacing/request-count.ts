import type { Pacer } from "./pacer.ts";

/** Requests of a phase, from a rate times a length: 0.1 s at 70/s are seven, not 7.000000000000001. */
export function wholeWhereNear(count: number): number {
  const whole = Math.round(count);
  return Math.abs(count - whole) < 1e-9 + count * 1e-12 ? whole : count;
}

/** How many requests a pacer has that may be asked in any order: the first index that is over, by doubling and halving. */
export function countOf(pacer: Pacer): number {
  if (pacer.dueAt(0) === undefined) return 0;
  let known = 0;
  let over = 1;
  while (pacer.dueAt(over) !== undefined) {
    known = over;
    over *= 2;
  }
  while (over - known > 1) {
    const middle = Math.floor((known + over) / 2);
    if (pacer.dueAt(middle) === undefined) over = middle;
    else known = middle;
  }
  return over;
}
