// What the driver is given, where it writes, and what it gives back.
import type { Clock } from "../core/clock.ts";
import type { NodeReport } from "../workers/node-report.ts";
import type { PullBoard } from "../workers/pull-board.ts";
import type { HaltedBy, MakePullFleet } from "../workers/pull-engine.ts";
import type { Passes, PullThreadEnd } from "../workers/pull-messages.ts";
import type { PullPlan } from "../workers/pull-plan.ts";
import type { HerdFigures, HerdRequest } from "./herd-run.ts";
import type { PullInterval } from "./pull-interval.ts";
import type { TallyPoint } from "./pull-recorder.ts";
import type { PullSum } from "./pull-sum.ts";
import type { Schedule } from "./schedule.ts";
import type { PullSecond } from "./second-reader.ts";
import type { Scrape, ServerWatch } from "./server-watch.ts";

/** A stretch of the run. A pass goes through every list once and is not measured. */
export type Phase =
  | {
      readonly kind: "schedule";
      readonly name: string;
      readonly schedule: Schedule;
      readonly prune: boolean;
      readonly passes: Passes;
    }
  | { readonly kind: "pass"; readonly name: string; readonly pullers: number }
  /** Nobody pulls; not measured. */
  | { readonly kind: "between"; readonly name: string; readonly act: () => Promise<unknown> };

export type SchedulePhase = Extract<Phase, { kind: "schedule" }>;

export type DriverRequest = {
  readonly plan: PullPlan;
  /** Makes the pullers; those of this process if absent. */
  readonly makeFleet?: MakePullFleet | undefined;
  readonly phases: readonly Phase[];
  readonly herd: HerdRequest | undefined;
  readonly tallyMs: number;
  readonly settleMs: number;
  readonly drainMs: number;
  readonly watch: ServerWatch;
  readonly reference: (image: number) => string;
  readonly pattern: (puller: number) => string;
};

/** What is needed to look at a run while it goes on. */
export type PullBegun = {
  /** On the wall clock, ms since the epoch; on `clock`, ns. */
  readonly wallMs: number;
  readonly at: number;
  readonly clock: Clock;
  readonly origin: bigint;
  /** Of the request worker threads; their classes are those of pull-classes.ts. */
  readonly tallies: readonly SharedArrayBuffer[];
  readonly boards: readonly PullBoard[];
  /** Rings of rows (ring/pull-row-record.ts), where rows are wanted. */
  readonly rows: readonly SharedArrayBuffer[];
};

/** Where the driver writes while it runs. Times are ms since the epoch. */
export type DriverSinks = {
  log(at: number, text: string): void;
  metric(at: number, point: TallyPoint): void;
  /** Rows of tally.tsv: those of the metrics, and the last, partial interval. */
  tally(at: number, point: TallyPoint): void;
  /** The common beginning: before anything is pulled. */
  started(begun: PullBegun): void;
  /** Each second, cut at the borders of steps; warm-up passes included. */
  second(second: PullSecond): void;
  scraped(scrape: Scrape): void;
  /** The run was told to end before, when somebody else had it. */
  haltRecalled?(by: HaltedBy): void;
};

export type DriverEnd = {
  readonly sum: PullSum;
  readonly threads: readonly PullThreadEnd[];
  readonly herds: readonly HerdFigures[];
  /** ms since the epoch, and ns on the clock of the run. */
  readonly beganAt: number;
  readonly beganAtNs: number;
  readonly seconds: number;
  readonly exhausted: boolean;
  /** Status of a prune that found no endpoint; the run ended there. */
  readonly noPruneEndpoint: number | undefined;
  /** The machines that pulled; empty where it was this process. */
  readonly nodes: readonly NodeReport[];
  readonly warmUp: { readonly interval: PullInterval; readonly seconds: number } | undefined;
};
