import type { IntervalSnapshot, Totals } from "../../stats/figures.ts";
import type { EngineEnd, EngineStart } from "../../workers/engine.ts";
import type { PlanMessage } from "../protocol/message.ts";

/** Everything that a node did in a run whose master was lost. */
export type RunAlone = {
  readonly plan: PlanMessage;
  readonly start: EngineStart;
  readonly end: EngineEnd;
  readonly totals: Totals;
  /** The same, second by second. */
  readonly intervals: readonly IntervalSnapshot[];
  /** From the start to the end of the last operation. */
  readonly seconds: number;
  /** Why the master was given up. */
  readonly reason: string;
};

/** Keeps what a node can tell nobody any more. Made when the master is lost in mid-run. */
export interface AloneKeeper {
  /** Outcome records, one behind the other and borrowed until return: those that the master does not have. */
  keep(records: Buffer): void;
  /** Says where it is, for people. */
  finish(run: RunAlone): Promise<string>;
}

export type MakeAloneKeeper = (run: Pick<RunAlone, "plan" | "start">) => AloneKeeper;
