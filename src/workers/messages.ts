// Everything that crosses the thread border by `postMessage`. Bulk data goes through rings instead.
import type { MessagePort } from "node:worker_threads";
import type { ErrorCode } from "../core/errors.ts";
import type { PacingMode } from "../pacing/wake-plan.ts";
import type { ClientSpec } from "../registry/client-spec.ts";
import type { RecordedClass } from "../stats/recorded-tally.ts";
import type { TraceAccount } from "../trace/account.ts";
import type { FeedPlan } from "./feed-plan.ts";
import type { DispatcherLimits } from "./thread/dispatcher.ts";

/** What a request worker thread is started with. Instants are nanoseconds on the clock of `origin`. */
export type RequestThreadTask = {
  readonly thread: number;
  readonly origin: bigint;
  readonly operations: SharedArrayBuffer;
  readonly outcomes: SharedArrayBuffer;
  readonly tally: SharedArrayBuffer;
  readonly orders: SharedArrayBuffer;
  /** Board of the alarm clock. */
  readonly alarms: SharedArrayBuffer;
  readonly timebase: SharedArrayBuffer;
  readonly port: MessagePort;
  readonly client: ClientSpec;
  readonly limits: DispatcherLimits;
  /** Registry entries, by index, that connections are opened to before the start. */
  readonly opening: readonly number[];
  readonly pacing: PacingMode;
  /** Largest lateness that is on time, and the one above which lateness spoils the run, nanoseconds. */
  readonly onTimeNs: number;
  readonly tooLateNs: number;
};

export type ToRequestThread =
  | { readonly type: "start"; readonly at: number }
  /** The timebase has changed: what was waited for may be due earlier or later. */
  | { readonly type: "look" }
  | { readonly type: "drain" }
  | { readonly type: "stop" };

/** `unopened`: why a registry entry has no connection. */
export type FromRequestThread = {
  readonly type: "ready";
  readonly unopened: string | undefined;
};

/** What the feeder thread is started with. */
export type FeederTask = {
  readonly rings: readonly SharedArrayBuffer[];
  readonly orders: SharedArrayBuffer;
  readonly plan: FeedPlan;
};

/** What became of the source, when it has been fed to its end or the run was stopped. */
export type FeedSummary = {
  readonly account: TraceAccount;
  readonly emitted: number;
  /** Kept records that became no operation, by reason. */
  readonly skipped: Readonly<Record<string, number>>;
  /** False when the run was stopped before the source was used up. */
  readonly complete: boolean;
  /** Seconds between the first and the last kept record, in trace time. */
  readonly traceSeconds: number;
  /** Distinct objects and bytes, and what was odd about them: warm-up only. */
  readonly objects: Readonly<Record<string, number>>;
  /** What the recording says of the operations that were fed; only where the plan asks for it. */
  readonly recorded?: readonly RecordedClass[] | undefined;
};

export type FromFeeder =
  | { readonly type: "reading"; readonly bytes: number; readonly bytesTotal: number }
  /** The trace was read: the first of its broken records, a line each, and what became of all records, in words. */
  | {
      readonly type: "opened";
      readonly broken: readonly string[];
      readonly records: number;
      readonly account: string;
    }
  /** Distinct objects that a warm-up has to make sure of. */
  | { readonly type: "counted"; readonly objects: number }
  /** Rings are full, or everything is in them: the run may start. */
  | { readonly type: "primed" }
  /** Operations due in one second of the run, sent before that second begins as a rule. */
  | { readonly type: "planned"; readonly second: number; readonly operations: number }
  | { readonly type: "finished"; readonly summary: FeedSummary }
  | { readonly type: "failed"; readonly code: ErrorCode | "internal"; readonly lines: string[] };
