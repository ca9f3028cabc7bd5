// Everything that crosses the border of a thread of pullers by `postMessage`. What is counted goes through shared memory.
import type { MessagePort } from "node:worker_threads";
import type { PullPlan } from "./pull-plan.ts";

/** Instants are nanoseconds on the clock of `origin`. */
export type PullThreadTask = {
  readonly thread: number;
  readonly origin: bigint;
  readonly tally: SharedArrayBuffer;
  readonly board: SharedArrayBuffer;
  /** A byte per image: whether any puller has pulled it before. */
  readonly pulledBefore: SharedArrayBuffer;
  /** Ring of ring/pull-row-record.ts, where rows are wanted. */
  readonly rows: SharedArrayBuffer | undefined;
  readonly port: MessagePort;
  readonly plan: PullPlan;
};

/** How a puller goes through its list: until it is told to stop, once, or once in the whole run, however often it starts. */
export type Passes = "endless" | "once" | "remainder";

export type ToPullThread =
  | {
      readonly type: "start";
      readonly puller: number;
      readonly passes: Passes;
      readonly prune: boolean;
    }
  | { readonly type: "stop"; readonly puller: number }
  /** A new step begins: what the thread says of its own delays counts from here. */
  | { readonly type: "step" }
  /** Makes the clients of a herd on this thread ready; with `connected`, they connect and authorize. */
  | {
      readonly type: "herd-prepare";
      readonly image: number;
      readonly clients: number;
      readonly connected: boolean;
    }
  | { readonly type: "herd-release"; readonly at: number }
  /** What is under way is cut off and counted as aborted. */
  | { readonly type: "abort" }
  /** The task ends when all pullers have. */
  | { readonly type: "finish" };

/** Something a puller tells. `at`: when, on the clock of the run. */
export type PullEvent = { readonly at: number; readonly puller: number } & (
  | { readonly type: "starting" | "stopping" | "resumed" }
  | { readonly type: "backing-off"; readonly ms: number }
  | {
      readonly type: "probe-failed" | "pull-failed";
      readonly image: number;
      readonly kind: string;
      readonly message: string;
    }
  | { readonly type: "prune-failed"; readonly kind: string; readonly message: string }
  /** So many more error lines of the last second that are not told one by one. */
  | { readonly type: "folded"; readonly count: number }
);

/** What the clients of a herd on one thread did. Nanoseconds; `failed` is the kind of failure or empty. */
export type HerdClient = {
  readonly sentAt: number;
  readonly doneAt: number;
  readonly failed: string;
};

export type FromPullThread =
  | { readonly type: "ready" }
  | { readonly type: "events"; readonly events: readonly PullEvent[] }
  /** `exhausted`: it has gone through its list and was not told to stop. */
  | { readonly type: "ended"; readonly puller: number; readonly exhausted: boolean }
  | { readonly type: "no-prune-endpoint"; readonly status: number }
  | { readonly type: "herd-ready" }
  | { readonly type: "herd-done"; readonly clients: readonly HerdClient[] };

/** Failures of one puller and kind. `firstAt`: nanoseconds on the clock of the run. */
export type ErrorCount = {
  readonly puller: number;
  readonly kind: string;
  count: number;
  readonly firstAt: number;
  readonly sample: string;
};

/** What a thread knows at its end. */
export type PullThreadEnd = {
  readonly errors: readonly ErrorCount[];
  /** Per puller and image that was pulled: successes and failures. */
  readonly images: readonly {
    readonly puller: number;
    readonly image: number;
    readonly pulls: number;
    readonly failures: number;
  }[];
  /** Manifests that `save` wrote, for the index of the layout. */
  readonly saved: readonly SavedManifest[];
  /** What `save` did not write, as the disk failed. */
  readonly unsaved: Unsaved | null;
  readonly connectionsOpened: number;
};

/** How many blobs and manifests, and the sentence about the first of them. */
export type Unsaved = { readonly count: number; readonly why: string };

export type SavedManifest = {
  readonly image: number;
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
};
