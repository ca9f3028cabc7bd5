// What a run tells of its course while it goes on: a live view on a terminal, lines elsewhere, NDJSON for programs, or nothing.

import type { Timebase } from "../../pacing/timebase.ts";
import type {
  AppliedControl,
  ControlAnswer,
  EndKind,
  RunControl,
} from "../../pacing/timebase-control.ts";
import type { MeterInterval } from "../../report/live/live-meter.ts";
import type { LiveState } from "../../report/live/live-state.ts";
import type { SeriesPoint } from "../../report/timeseries.ts";
import type { IntervalSnapshot, Totals } from "../../stats/figures.ts";
import type { Validity } from "../../stats/validity.ts";
import type { Engine, EngineStart } from "../../workers/engine.ts";
import type { NodeStatus } from "../../workers/node-report.ts";

/** What a person may do to a run while it goes on. */
type Steering = {
  readonly control: (control: RunControl) => ControlAnswer;
  /** As an interrupt: the first lets everything under way end, the second cuts it off. */
  readonly interrupt: () => void;
  /** The first of both, or the second at once. From when it holds, if that is known. */
  readonly end: (kind: EndKind) => AppliedControl | undefined;
  /** Writes the results so far; says where. */
  readonly snapshot: () => Promise<string>;
};

/** What a ramp of pullers has otherwise than a run of operations. */
export type ViewedRamp = {
  /** What the rows show of an interval. */
  readonly rows: (snapshot: IntervalSnapshot) => MeterInterval;
  /** The row that stands for the run: the others are parts of it. */
  readonly whole: string;
  readonly inFlight: () => number;
  readonly pullers: () => NonNullable<LiveState["pullers"]>;
};

export type ViewedRun = {
  readonly verb: string;
  /** Null where nothing is kept. */
  readonly directory: string | null;
  /** Operations have due times. */
  readonly paced: boolean;
  /** How the generator does so far. */
  readonly judge: (totals: Totals) => Validity;
  readonly steering: Steering;
  /** The machines that send; none where it is this process alone. */
  readonly nodes: () => readonly NodeStatus[];
  readonly ramp?: ViewedRamp;
};

/** Where a view looks while the run goes on; without a timebase the schedule is the clock's. */
export type ViewedEngine = Pick<Engine, "tallies"> & { readonly timebase?: Timebase };

export interface RunView {
  /** A line that stays: what happens next, a warning. */
  say(line: string): void;
  /** Text for another stream, which may be the same terminal. */
  above(write: () => void): void;
  /** Reading a trace, in bytes. */
  reading(bytes: number, total: number): void;
  /** Operations there will be, or the length of the schedule in seconds, as soon as it is known. */
  expect(end: { readonly operations?: number; readonly scheduleSeconds?: number }): void;
  started(start: EngineStart, engine: ViewedEngine): void;
  /** Once a second. */
  interval(point: SeriesPoint): void;
  end(): void;
}
