import { invariant } from "../core/errors.ts";
import { type Nanos, nanos } from "../core/units.ts";
import type { Pacer } from "./pacer.ts";
import { countOf } from "./request-count.ts";

/** A part of a schedule: a pacer and how long it has. */
export type Step = { readonly pacer: Pacer; readonly over: Nanos };

/**
 * One pacer after the other.
 *
 *   | step 0: its requests 0..n0-1 | step 1: n0..n0+n1-1 | …      a step starts when its predecessor's time is over
 */
export function steps(parts: readonly Step[]): Pacer {
  invariant(parts.length > 0, "a schedule has at least one step");
  const starts: { pacer: Pacer; first: number; at: number }[] = [];
  let first = 0;
  let at = 0;
  for (const { pacer, over } of parts) {
    starts.push({ pacer, first, at });
    first += countOf(pacer);
    at += over;
  }
  return {
    name: "steps",
    dueAt(index) {
      if (index >= first) return undefined;
      const step = starts.findLast((candidate) => candidate.first <= index);
      const due = step?.pacer.dueAt(index - step.first);
      return step === undefined || due === undefined ? undefined : nanos(step.at + due);
    },
  };
}
