// What a run tells of its course while it goes on: a live view on a terminal, lines elsewhere, NDJSON for programs, or nothing.

import type { ControlAnswer, RunControl } from "../../pacing/timebase-control.ts";
import type { SeriesPoint } from "../../report/timeseries.ts";
import type { Totals } from "../../stats/figures.ts";
import type { Validity } from "../../stats/validity.ts";
import type { Engine, EngineStart } from "../../workers/engine.ts";
import type { NodeStatus } from "../../workers/node-report.ts";

/** What a person may do to a run while it goes on. */
type Steering = {
  readonly control: (control: RunControl) => ControlAnswer;
  /** As an interrupt: the first lets everything under way end, the second cuts it off. */
  readonly interrupt: () => void;
  /** The first of both, or the second at once. */
  readonly end: (kind: "drain" | "stop") => void;
  /** Writes the results so far; says where. */
  readonly snapshot: () => Promise<string>;
};

export type ViewedRun = {
  readonly verb: string;
  readonly directory: string;
  /** Operations have due times. */
  readonly paced: boolean;
  /** How the generator does so far. */
  readonly judge: (totals: Totals) => Validity;
  readonly steering: Steering;
  /** The machines that send; none where it is this process alone. */
  readonly nodes: () => readonly NodeStatus[];
};

export interface RunView {
  /** A line that stays: what happens next, a warning. */
  say(line: string): void;
  /** Reading a trace, in bytes. */
  reading(bytes: number, total: number): void;
  /** Operations there will be, or the length of the schedule in seconds, as soon as it is known. */
  expect(end: { readonly operations?: number; readonly scheduleSeconds?: number }): void;
  started(start: EngineStart, engine: Pick<Engine, "tallies" | "timebase">): void;
  /** Once a second. */
  interval(point: SeriesPoint): void;
  end(): void;
}
