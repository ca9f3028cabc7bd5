// When the requests of a synthetic load are due: the same on every thread and machine that asks.
import { type Nanos, nanos, perSecond } from "../core/units.ts";
import { constant } from "../pacing/constant.ts";
import type { Pacer } from "../pacing/pacer.ts";
import { poisson } from "../pacing/poisson.ts";
import { ramp } from "../pacing/ramp.ts";
import { countOf } from "../pacing/request-count.ts";
import { steps } from "../pacing/steps.ts";
import type { LoadSchedule, LoadStep } from "./feed-plan.ts";

/** Without a schedule nothing has a due time: whatever finds a place goes out. */
const closedLoop: Pacer = { name: "closed", dueAt: () => nanos(Number.NaN) };

const length = (seconds: number): Nanos => nanos(seconds * 1e9);

export function loadPacer(schedule: LoadSchedule, seed: string): Pacer {
  switch (schedule.kind) {
    case "closed":
      return closedLoop;
    case "constant":
      return constant({ rate: perSecond(schedule.rate), over: length(schedule.seconds) });
    case "poisson": {
      const over = length(schedule.seconds);
      return poisson({ rate: perSecond(schedule.rate), over, seed: `${seed}/arrivals` });
    }
    case "steps":
      return steps(
        schedule.steps.map((step) => ({ pacer: stepPacer(step), over: length(step.seconds) })),
      );
    default:
      return schedule satisfies never;
  }
}

/** Arrivals are drawn one after the other, some 20 ns each: more of them are not counted. */
const ARRIVALS_COUNTED_MAX = 20e6;

/** Requests of the whole schedule; null where there is none, or where counting them would take too long. */
export function scheduledRequests(schedule: LoadSchedule, seed: string): number | null {
  if (schedule.kind === "closed") return null;
  const pacer = loadPacer(schedule, seed);
  if (schedule.kind !== "poisson") return countOf(pacer);
  let count = 0;
  while (count <= ARRIVALS_COUNTED_MAX && pacer.dueAt(count) !== undefined) count++;
  return count > ARRIVALS_COUNTED_MAX ? null : count;
}

function stepPacer({ from, to, seconds }: LoadStep): Pacer {
  const over = length(seconds);
  return from === to
    ? constant({ rate: perSecond(from), over })
    : ramp({ from: perSecond(from), to: perSecond(to), over });
}
