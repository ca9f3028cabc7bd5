import type { ArchiveEvent } from "../archive/event.ts";
import type { Micros } from "../core/units.ts";

/** What a source does while the archive cannot keep up: hold back what it reads, or lose it, counted. */
export type OverloadPolicy = "block" | "drop";

/** Why something is not in the archive. */
type LossReason = "overload" | "disconnect";

/** Something a source lost before it could offer it. `events` is 0 where nobody can know the number. */
export type Loss = {
  readonly why: LossReason;
  readonly events: number;
  /** When it began to be lost, µs since the epoch; without it: now. */
  readonly from?: Micros;
};

/**
 * Where sources put what they saw: one call, one batch. Between a source and the archive stands a queue of
 * `record.slack` batches.
 */
export type BatchSink = {
  /**
   * Takes one batch, whose events belong to the sink from now on. An empty one is nothing.
   *
   * `undefined`: go on. Where the policy is `drop`, it is always so, and a batch without room is counted and becomes part
   * of a gap. A promise: the batch was taken and the queue is full now; a source that blocks offers nothing more until it
   * is kept. It never fails: after a storage error everything is counted as lost.
   */
  offer(events: readonly ArchiveEvent[]): Promise<void> | undefined;
  /** Batches that were offered and lost so far; a source sees by it whether the one it just offered was. */
  readonly lostBatches: number;
  /** Writes down that a source lost something by itself, as a gap that ends now. */
  lost(loss: Loss): void;
};
