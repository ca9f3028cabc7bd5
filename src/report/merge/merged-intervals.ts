// The intervals of several runs as those of one. Each interval is read once; memory holds one of each run.
import { nanos } from "../../core/units.ts";
import type { IntervalSnapshot, NodeFigures } from "../../stats/figures.ts";
import { mergeClasses, mergeFigures } from "../../stats/figures.ts";
import type { PlannedInterval } from "../counts-file.ts";
import type { PlacedGroup } from "./placement.ts";

/** A run to be added. `firstNode`: number that its first node has in the sum; null leaves nodes as they are. */
export type AddedRun = {
  readonly intervals: Iterable<PlannedInterval>;
  readonly firstNode: number | null;
};

const SECOND = 1e9;
/** Timers are late, a millisecond each time: an interval that begins so much behind its second belongs to the next. */
const BEHIND_MAX = 0.75;

/** Intervals of one run, each with the whole second of the group that it counts for. */
class SecondsOf {
  readonly run: AddedRun;
  readonly #intervals: Iterator<PlannedInterval>;
  /** ns behind the start of the group. */
  readonly #shift: number;
  #at: number;
  #next: PlannedInterval | undefined;
  last: IntervalSnapshot | undefined;
  /** Second of the group in which the run began. */
  readonly #before: number;

  constructor(run: AddedRun, shiftMs: number) {
    this.run = run;
    this.#intervals = run.intervals[Symbol.iterator]();
    this.#shift = shiftMs * 1e6;
    // Rounded: seconds of two runs that begin within the same tenth would go now here, now there, as timers have it.
    this.#at = Math.round(shiftMs / 1000) - 1;
    this.#before = this.#at + 1;
    this.#step();
  }

  #step(): void {
    this.#next = this.#intervals.next().value;
    if (this.#next === undefined) return;
    const behind = this.#before + this.#next.snapshot.start / SECOND - (this.#at + 1);
    this.#at += behind > BEHIND_MAX ? 1 + Math.floor(behind + (1 - BEHIND_MAX)) : 1;
  }

  /** When what was taken last ended, ns since the start of the group. */
  get end(): number {
    return this.#shift + (this.last?.end ?? 0);
  }

  /** Second of the next interval; `undefined` when there is none. */
  get second(): number | undefined {
    return this.#next === undefined ? undefined : this.#at;
  }

  /** The interval of that second, if it has one. */
  take(second: number): PlannedInterval | undefined {
    if (this.#next === undefined || this.#at !== second) return undefined;
    const taken = this.#next;
    this.last = taken.snapshot;
    this.#step();
    if (this.#next === undefined) this.last = { ...taken.snapshot, inFlight: 0, waiting: 0 };
    return taken;
  }
}

/** Runs of each group added second by second, groups one behind the other. Nothing is lost, and nothing counts twice. */
export function* mergedIntervals(
  groups: readonly PlacedGroup[],
  runs: readonly AddedRun[],
): Generator<PlannedInterval, void, undefined> {
  let base = 0;
  for (const group of groups) {
    const [only] = group;
    let end = base;
    const merged =
      group.length === 1 && only !== undefined
        ? oneRun(runs[only.run] as AddedRun, base)
        : together(
            group.map(({ run, shiftMs }) => new SecondsOf(runs[run] as AddedRun, shiftMs)),
            base,
          );
    for (const interval of merged) {
      end = interval.snapshot.end;
      yield interval;
    }
    base = end;
  }
}

/** As it is, but later, and with its nodes where they stand in the sum. */
function* oneRun(run: AddedRun, base: number): Generator<PlannedInterval, void, undefined> {
  for (const { snapshot, ...rest } of run.intervals) {
    const start = nanos(snapshot.start + base);
    const end = nanos(snapshot.end + base);
    yield { ...rest, snapshot: { ...snapshot, start, end, nodes: nodesOf(snapshot, run) } };
  }
}

function* together(
  runs: readonly SecondsOf[],
  base: number,
): Generator<PlannedInterval, void, undefined> {
  const next = (): number =>
    Math.min(...runs.map(({ second = Number.POSITIVE_INFINITY }) => second));
  let start = base;
  for (let second = next(); Number.isFinite(second); second = next()) {
    const taken = runs.map((run) => ({ run, interval: run.take(second) }));
    // Where the last of them ends: lengths add up to that of the whole, as late as timers may have been.
    const end = Math.max(
      start,
      ...taken.map(({ run, interval }) => (interval ? base + run.end : 0)),
    );
    yield added(taken, { start, end });
    start = end;
  }
}

type Taken = { readonly run: SecondsOf; readonly interval: PlannedInterval | undefined };

function added(
  taken: readonly Taken[],
  { start, end }: { readonly start: number; readonly end: number },
): PlannedInterval {
  const some = taken.flatMap(({ interval }) => (interval === undefined ? [] : [interval]));
  const sum = (of: (interval: PlannedInterval) => number | null | undefined): number | null =>
    some.every((interval) => (of(interval) ?? null) === null)
      ? null
      : some.reduce((total, interval) => total + (of(interval) ?? 0), 0);
  const gauge = (of: (snapshot: IntervalSnapshot) => number): number =>
    taken.reduce((total, { run: { last } }) => total + (last === undefined ? 0 : of(last)), 0);
  return {
    planned: sum(({ planned }) => planned),
    pausedNs: Math.max(0, ...some.map(({ pausedNs = 0 }) => pausedNs)),
    snapshot: {
      ...mergeFigures(some.map(({ snapshot }) => snapshot)),
      start: nanos(start),
      end: nanos(end),
      inFlight: gauge(({ inFlight }) => inFlight),
      waiting: gauge(({ waiting }) => waiting),
      meanInFlight: sum(({ snapshot }) => snapshot.meanInFlight) ?? undefined,
      health: taken.flatMap(({ run: { last } }) => last?.health ?? []),
      nodes: taken.flatMap(({ run, interval }) =>
        interval === undefined ? [] : (nodesOf(interval.snapshot, run.run) ?? []),
      ),
    },
  };
}

/** Of a run that tells none apart, the run itself is the node. */
function nodesOf(
  { classes, nodes }: IntervalSnapshot,
  { firstNode }: AddedRun,
): readonly NodeFigures[] | undefined {
  if (firstNode === null) return nodes;
  if (nodes !== undefined) return nodes.map((part) => ({ ...part, node: firstNode + part.node }));
  const { done, failed, response, service, ...bytes } = mergeClasses(classes);
  if (done + failed === 0) return [];
  const all = bytes.bytesIn + bytes.bytesOut + bytes.failedBytesIn + bytes.failedBytesOut;
  return [{ node: firstNode, done, failed, bytes: all, response, service }];
}
