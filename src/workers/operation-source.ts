import type { FeederTask, FeedSummary, FromFeeder } from "./messages.ts";

/** What fills the operation rings of an engine: the feeder thread, or records that come from another machine. */
export interface OperationSource {
  /** Rings are full, or everything is in them: the run may start. */
  readonly primed: Promise<void>;
  readonly finished: Promise<FeedSummary>;
  /** Never resolves; rejects with what went wrong. */
  readonly failed: Promise<never>;
  terminate(): Promise<void>;
}

export type MakeSource = (
  task: FeederTask,
  listener: (message: FromFeeder) => void,
) => OperationSource;
