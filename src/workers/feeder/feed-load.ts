// Feeds a synthetic load: the same request again and again, each with the due time that a pacer gives it, dealt to the
// threads in turn. Runs once per request; budget 200 ns, no allocation. Guarded by perf/peers.bench.ts.
import { Kind, Op } from "../../core/operation.ts";
import { type Nanos, nanos, perSecond } from "../../core/units.ts";
import { constant } from "../../pacing/constant.ts";
import type { Pacer } from "../../pacing/pacer.ts";
import { poisson } from "../../pacing/poisson.ts";
import { ramp } from "../../pacing/ramp.ts";
import { steps } from "../../pacing/steps.ts";
import { operationFields } from "../../ring/operation-record.ts";
import type { LoadFeedPlan, LoadSchedule, LoadStep } from "../feed-plan.ts";
import type { FeedSummary } from "../messages.ts";
import type { FeederTools } from "./main.ts";
import { nothingFed } from "./nothing-fed.ts";
import { operationBytes } from "./operation-feed.ts";
import { PlannedSeconds } from "./planned-seconds.ts";

export function feedLoad(plan: LoadFeedPlan, { feed, tell }: FeederTools): FeedSummary {
  const pacer = pacerOf(plan.schedule, plan.seed);
  const fields = operationFields({ op: Op.REQUEST, kind: Kind.other });
  const target = Buffer.from(plan.head, "latin1");
  const bytes = operationBytes({ target, targetBytes: target.length });
  const planned = new PlannedSeconds((second, operations) =>
    tell({ type: "planned", second, operations }),
  );
  let index = 0;
  let complete = true;
  for (let due = pacer.dueAt(0); due !== undefined; due = pacer.dueAt(++index)) {
    fields.seq = index;
    fields.due = due;
    if (!feed.emit(index % plan.threads, fields, bytes)) {
      complete = false;
      break;
    }
    if (!Number.isNaN(due)) planned.count(due);
  }
  planned.end();
  return { ...nothingFed(), emitted: index, complete };
}

/** Without a schedule nothing has a due time: whatever finds a place goes out. */
const closedLoop: Pacer = { name: "closed", dueAt: () => nanos(Number.NaN) };

const length = (seconds: number): Nanos => nanos(seconds * 1e9);

function pacerOf(schedule: LoadSchedule, seed: string): Pacer {
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

function stepPacer({ from, to, seconds }: LoadStep): Pacer {
  const over = length(seconds);
  return from === to
    ? constant({ rate: perSecond(from), over })
    : ramp({ from: perSecond(from), to: perSecond(to), over });
}
