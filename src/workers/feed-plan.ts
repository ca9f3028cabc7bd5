// What the feeder is to make of a trace: plain data, decided on the main thread, the same on every machine.
import type { HeadStyle } from "../registry/request-head.ts";
import type { OpenTraceOptions } from "../trace/trace-options.ts";

/** How requests to one registry entry begin. */
export type EndpointPlan = {
  readonly style: HeadStyle;
  /** Path before `/v2/`: empty or "/prefix". */
  readonly pathPrefix: string;
  /** Prepended to every repository name: empty or "team/". */
  readonly namePrefix: string;
};

/** Content, names and reading, alike for warm-up and run. */
export type ObjectPlan = {
  readonly trace: Omit<OpenTraceOptions, "onProgress" | "signal">;
  readonly endpoints: readonly EndpointPlan[];
  readonly seed: string;
  /** Bodies are key stream instead of zeros. */
  readonly random: boolean;
  readonly identity: "uri" | "digest";
  readonly repository: "single" | "traced";
  readonly manifests: "blob" | "manifest";
  /** Request worker threads, and so rings. */
  readonly threads: number;
};

export type RunFeedPlan = ObjectPlan & {
  readonly kind: "run";
  /** The trace tells how each request went when it was recorded: sum that up for the report. */
  readonly isRecording?: boolean | undefined;
  readonly map: string;
  readonly unmapped: "put" | "skip" | "error";
  readonly wait: boolean;
  readonly speed: number;
  /** Workers of the configuration (`client_list`), here all in this process; `threads` is a multiple of it. */
  readonly nodes: number;
  readonly route: boolean;
  /** Slots per worker for `assign: slots`; 0 = pool. */
  readonly slots: number;
  readonly sessions: boolean;
  readonly registryChoice: "random" | "round_robin" | "hash";
  readonly verify: boolean;
  /** Makes PUT bodies of this run unlike those of any other. */
  readonly runId: string;
  readonly planFile?: string | undefined;
  readonly skippedFile?: string | undefined;
  /** Nothing is sent: no rings are filled. */
  readonly dryRun: boolean;
  /** Only what belongs to this node is fed: `threads / nodes` rings. Undefined = everything. */
  readonly share?: number | undefined;
};

export type WarmupFeedPlan = ObjectPlan & {
  readonly kind: "warmup";
  /** The registry entries to fill: indices into `endpoints`. */
  readonly registries: readonly number[];
  /** What an earlier, interrupted warm-up has finished. */
  readonly finished: readonly { readonly uri: string; readonly registry?: number }[];
};

/** When the requests of a synthetic load are due. Rates per second, lengths in seconds. */
export type LoadSchedule =
  /** As fast as the connections allow, until the run is told to stop. */
  | { readonly kind: "closed" }
  | { readonly kind: "constant"; readonly rate: number; readonly seconds: number }
  | { readonly kind: "poisson"; readonly rate: number; readonly seconds: number }
  | { readonly kind: "steps"; readonly steps: readonly LoadStep[] };

/** A constant rate, or a ramp where `to` differs from `from`. */
export type LoadStep = { readonly from: number; readonly to: number; readonly seconds: number };

export type LoadFeedPlan = {
  readonly kind: "load";
  readonly schedule: LoadSchedule;
  /** The complete request head, the same for every request. */
  readonly head: string;
  /** Bytes of the body that goes with every request, another one each time; 0 = none. */
  readonly bodyBytes: number;
  /** SHA-256 in hexadecimal that every response body must have. */
  readonly sha256: string | undefined;
  readonly seed: string;
  readonly threads: number;
  /** Only every `count`th request is fed, from the `index`th on; undefined = all of them. */
  readonly share?: { readonly index: number; readonly count: number } | undefined;
};

/** Operations come ready-made from another machine (poured-source.ts). */
type PouredFeedPlan = {
  readonly kind: "poured";
  /** They have due times. */
  readonly paced: boolean;
};

export type FeedPlan = RunFeedPlan | WarmupFeedPlan | LoadFeedPlan | PouredFeedPlan;

export function hasDueTimes(feed: FeedPlan): boolean {
  switch (feed.kind) {
    case "run":
      return feed.wait;
    case "load":
      return feed.schedule.kind !== "closed";
    case "warmup":
      return false;
    case "poured":
      return feed.paced;
    default:
      return feed satisfies never;
  }
}
