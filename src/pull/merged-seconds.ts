// Several ramps of one schedule as one ramp, second by second.
//
//   together   A |1....|2....|1....|      machines that pulled at the same time: a step has the pullers of all of them,
//              B |1....|2....|1....|      and each of its seconds what all of them did in that second of the step
//
//   in turn    A |1....|2....|1....|      a ramp that was repeated: |1 of A|1 of B|2 of A|2 of B|1 of A|1 of B|
//              B       |1....|2....|1....|      a step lasts as long as in all of them together
//
// Either way a step has the counts and histograms of that step in every ramp, and nothing else.
import { nanos } from "../core/units.ts";
import { type IntervalSnapshot, mergeFigures } from "../stats/figures.ts";
import type { PullSecond } from "./second-reader.ts";

export type RampPlacement = "together" | "in-turn";

/** Seconds that follow each other in one step, or in one stretch outside of steps. */
export type RampSegment = Pick<PullSecond, "phase" | "step" | "level" | "measured"> & {
  /** The same in every ramp of the schedule. */
  readonly key: string;
  readonly seconds: PullSecond[];
};

export function segmentsOf(seconds: Iterable<PullSecond>): RampSegment[] {
  const segments: RampSegment[] = [];
  for (const second of seconds) {
    const { phase, step, level, measured } = second;
    const last = segments.at(-1);
    if (last !== undefined && last.phase === phase && last.step === step) {
      last.seconds.push(second);
      continue;
    }
    const nth = segments.filter((one) => one.phase === phase && one.step === step).length;
    const key = `${phase} ${step} ${nth}`;
    segments.push({ phase, step, level, measured, key, seconds: [second] });
  }
  return segments;
}

/** Segments of each ramp, merged. Counts of boards, which are told as running sums, are told so again. */
export function* mergedSeconds(
  ramps: readonly (readonly RampSegment[])[],
  placement: RampPlacement,
): Generator<PullSecond, void, undefined> {
  const [longest = []] = ramps.toSorted((a, b) => b.length - a.length);
  const state = new MergeState(ramps.length);
  for (const { key } of longest) {
    const parts = ramps.map((segments) => segments.find((segment) => segment.key === key));
    if (placement === "together") yield* together(parts, state);
    else yield* inTurn(parts, state);
  }
}

type Parts = readonly (RampSegment | undefined)[];

/** What goes on from second to second. Times in ns since the beginning of the sum. */
class MergeState {
  at = 0;
  readonly counts: Partial<Record<string, number>> = {};
  readonly #counted: Partial<Record<string, number>>[];
  readonly #health: IntervalSnapshot["health"][];

  constructor(ramps: number) {
    this.#counted = Array.from({ length: ramps }, () => ({}));
    this.#health = Array.from({ length: ramps }, () => []);
  }

  seen(ramp: number, { counts, snapshot }: PullSecond): void {
    const before = this.#counted[ramp] ?? {};
    for (const [name, count] of Object.entries(counts))
      this.counts[name] = (this.counts[name] ?? 0) + (count ?? 0) - (before[name] ?? 0);
    this.#counted[ramp] = counts;
    this.#health[ramp] = snapshot.health;
  }

  /** Of the threads of all ramps, as they were seen last. */
  get health(): IntervalSnapshot["health"] {
    return this.#health.flat();
  }

  /** The next stretch, until `to`. */
  until(to: number): Pick<IntervalSnapshot, "start" | "end"> {
    const start = nanos(this.at);
    this.at = Math.max(this.at, to);
    return { start, end: nanos(this.at) };
  }
}

function* inTurn(parts: Parts, state: MergeState): Generator<PullSecond, void, undefined> {
  for (const [ramp, part] of parts.entries()) {
    for (const second of part?.seconds ?? []) {
      state.seen(ramp, second);
      const { snapshot } = second;
      const span = state.until(state.at + snapshot.end - snapshot.start);
      yield {
        ...second,
        counts: { ...state.counts },
        snapshot: { ...snapshot, ...span, health: state.health },
      };
    }
  }
}

type Taken = { readonly ramp: number; readonly second: PullSecond };

/** Seconds of the same number in the segment, and where the last of them ends, in ns since its beginning. */
type Group = { readonly taken: Taken[]; readonly end: number };

function groupsOf(parts: Parts): Group[] {
  const groups: Group[] = [];
  const length = Math.max(...parts.map((part) => part?.seconds.length ?? 0));
  for (let index = 0; index < length; index++) {
    const taken = parts.flatMap((part, ramp): Taken[] => {
      const second = part?.seconds[index];
      return second === undefined ? [] : [{ ramp, second }];
    });
    const ends = taken.map(({ ramp, second }) => {
      const first = parts[ramp]?.seconds[0] ?? second;
      return second.snapshot.end - first.snapshot.start;
    });
    const last = groups.at(-1);
    const end = Math.max(...ends);
    // Cut at a border a little before that of another: it belongs to what reached so far already.
    if (last !== undefined && end <= last.end) last.taken.push(...taken);
    else groups.push({ taken, end });
  }
  return groups;
}

function* together(parts: Parts, state: MergeState): Generator<PullSecond, void, undefined> {
  const from = state.at;
  const level = parts.reduce((sum, part) => sum + (part?.level ?? 0), 0);
  for (const { taken, end } of groupsOf(parts)) {
    for (const { ramp, second } of taken) state.seen(ramp, second);
    yield added(taken, { level, span: state.until(from + end), state });
  }
}

function added(
  taken: readonly Taken[],
  {
    level,
    span,
    state,
  }: { level: number; span: Pick<IntervalSnapshot, "start" | "end">; state: MergeState },
): PullSecond {
  const seconds = taken.map(({ second }) => second);
  const { phase, step, measured } = seconds[0] as PullSecond;
  const latest = [...new Map(taken.map(({ ramp, second }) => [ramp, second])).values()];
  // Means as areas: seconds of different lengths are added, not their means.
  const mean = (of: (second: PullSecond) => number): number =>
    seconds.reduce(
      (area, second) => area + of(second) * (second.snapshot.end - second.snapshot.start),
      0,
    ) /
    (span.end - span.start);
  return {
    ...{ phase, step, level, measured },
    meanActive: mean(({ meanActive }) => meanActive),
    // A ramp is as much limited by its clients as the worst of them.
    cpuShare: Math.max(...seconds.map(({ cpuShare }) => cpuShare)),
    counts: { ...state.counts },
    snapshot: {
      ...mergeFigures(seconds.map(({ snapshot }) => snapshot)),
      ...span,
      inFlight: latest.reduce((sum, { snapshot }) => sum + snapshot.inFlight, 0),
      waiting: 0,
      meanInFlight: mean(({ snapshot }) => snapshot.meanInFlight ?? 0),
      health: state.health,
    },
  };
}
