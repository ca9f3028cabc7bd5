// What has to be the same for a load to be carried on by another master: everything that its requests and their nodes follow from.
import { UsageError } from "../../core/errors.ts";
import type { LoadSchedule } from "../../workers/feed-plan.ts";
import { type RunDescription, requireSame } from "../cluster/same-run.ts";
import { version } from "../version.ts";
import type { GivenLoad } from "./load-options.ts";
import { scheduleSeconds } from "./load-schedule.ts";
import { type LoadTarget, whatIsSent } from "./load-target.ts";

export const describeLoad = (
  { connections, duration, random, seed }: GivenLoad,
  target: LoadTarget,
  schedule: LoadSchedule,
): RunDescription => ({
  version,
  target: whatIsSent(target),
  schedule,
  // Of what has a schedule it is in there.
  ...(schedule.kind === "closed" ? { seconds: scheduleSeconds(schedule, duration) } : {}),
  ...{ connections, random, seed },
});

/** Throws UsageError that names what is different. */
export function requireSameLoad(begun: unknown, load: RunDescription): void {
  const there = begun as RunDescription;
  if (typeof there.target !== "string")
    throw new UsageError(
      "this is no load: type drayage master --resume with its run directory, or -c warmup|run",
    );
  requireSame(there, load);
}
