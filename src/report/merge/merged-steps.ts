// Steps of several runs as those of their sum.
//
//   in turn    A |100/s|200/s~|   B |100/s|200/s~|      ->  |100/s|200/s~|100/s|200/s~|     ~ what ended after the schedule
//   together   A |100/s|200/s~|
//              B |100/s|200/s~|                         ->  |2 x 100/s|2 x 200/s~|
import type { NamedStep } from "../step-sums.ts";
import type { PlacedGroup } from "./placement.ts";

/** A run as far as its steps go; none where it had none, or did not keep its speed. */
export type SteppedRun = {
  readonly steps: readonly NamedStep[];
  /** From its start to its end, s, and for how long of it time stood still. */
  readonly seconds: number;
  readonly pausedSeconds: number;
};

/** Runs that begin further apart are in different steps at the same second of the sum: seconds are rounded. */
const APART_MS_MAX = 500;

/** None where the steps of a run would lie in those of another. */
export function mergedSteps(
  groups: readonly PlacedGroup[],
  runs: readonly SteppedRun[],
): readonly NamedStep[] {
  const steps = groups.map((group) => stepsOfGroup(group, runs));
  return steps.some(({ length }) => length === 0) ? [] : steps.flat();
}

function stepsOfGroup(group: PlacedGroup, runs: readonly SteppedRun[]): readonly NamedStep[] {
  const members = group.map(({ run }) => runs[run] as SteppedRun);
  const [first] = members as [SteppedRun];
  const alone = members.length === 1;
  const fits = ({ steps, pausedSeconds }: SteppedRun): boolean =>
    pausedSeconds === 0 && JSON.stringify(steps) === JSON.stringify(first.steps);
  if (!alone && (group.some(({ shiftMs }) => shiftMs >= APART_MS_MAX) || !members.every(fits)))
    return [];
  const ends = group.map(({ shiftMs }, at) => {
    const { seconds, pausedSeconds } = members[at] as SteppedRun;
    return shiftMs / 1000 + seconds - pausedSeconds;
  });
  return untilTheEnd(first.steps, Math.max(...ends)).map(({ name, seconds }) => ({
    name: alone ? name : `${members.length} x ${name}`,
    seconds,
  }));
}

/** Those that the runs came to. The last one takes what is left, so that the next group begins with its own first. */
function untilTheEnd(steps: readonly NamedStep[], end: number): NamedStep[] {
  let left = end;
  return steps.flatMap(({ name, seconds }, at) => {
    const taken = at === steps.length - 1 ? left : Math.min(seconds, left);
    left -= taken;
    return taken > 0 ? [{ name, seconds: taken }] : [];
  });
}
