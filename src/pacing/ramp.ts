import { invariant } from "../core/errors.ts";
import { type Nanos, nanos, type PerSecond } from "../core/units.ts";
import type { Pacer } from "./pacer.ts";
import { wholeWhereNear } from "./request-count.ts";

/**
 * Changes the rate in a straight line.
 *
 *   rate
 *    to |        ,.-'
 *       |    ,.-'          requests due by time t = area under the line
 *  from |,.-'                n(t) = from t + a t^2     with a = (to - from) / (2 over)
 *       +-----------> t    so request n is due at the positive root of n(t) = n
 *       0        over
 *
 * The root is taken as 2n / (from + sqrt(from^2 + 4an)): without a subtraction of near equals, a flat ramp (a = 0) and a
 * falling one keep their digits.
 */
export function ramp({ from, to, over }: { from: PerSecond; to: PerSecond; over: Nanos }): Pacer {
  invariant(from >= 0 && to >= 0 && from + to > 0 && over > 0, "a ramp needs rates and a length");
  const seconds = over / 1e9;
  const a = (to - from) / (2 * seconds);
  const total = wholeWhereNear(((from + to) / 2) * seconds);
  return {
    name: "ramp",
    dueAt(index) {
      if (index >= total) return undefined;
      if (index === 0) return nanos(0);
      const root = Math.sqrt(Math.max(0, from * from + 4 * a * index));
      return nanos(((2 * index) / (from + root)) * 1e9);
    },
  };
}
