// What a master tells a node to do: plain data. How many threads and which pacing a node uses is its own affair.
import type { ClientSpec } from "../registry/client-spec.ts";
import type { FeedPlan } from "../workers/feed-plan.ts";
import type { PullPlan } from "../workers/pull-plan.ts";

/** A file that must be the same on the node: `split: local`. */
export type SharedFile = { readonly path: string; readonly sha256: string; readonly bytes: number };

/** The pullers of a node are those whose number leaves its own when divided by the number of nodes. */
export type NodePullPlan = {
  /** Without secrets where others could read along, and without the lists of the pullers of others. */
  readonly pull: PullPlan;
  readonly secretsWithheld: boolean;
  /** Its schedule goes on without a master: another one may come. */
  readonly outlasts: boolean;
  readonly heartbeatMs: number;
  readonly lostAfterMs: number;
};

/** When a node that reads its operations itself tells their rows: along with the run, or after it. */
export type RowsWhen = "along" | "after";

export type NodePlan = {
  /** What the run is called: run, warmup, load. */
  readonly verb: string;
  /** Without secrets where others could read along. */
  readonly client: ClientSpec;
  /** Whether `client` lacks secrets that it needs: the node looks for them in its own environment. */
  readonly secretsWithheld: boolean;
  /** Operations at once on this node, and how many may be loaded where some wait for others. */
  readonly places: number;
  readonly entries: number;
  readonly lanes: "none" | "slot" | "session";
  readonly onTimeNs: number;
  readonly tooLateNs: number;
  /** Operations have due times. */
  readonly paced: boolean;
  /** Largest rate of the whole run, per second; null where it is not known. */
  readonly rate: number | null;
  /** What the node reads and keeps its own share of; null with `split: stream`, where operations come from the master. */
  readonly feed: FeedPlan | null;
  readonly files: readonly SharedFile[];
  readonly rows: RowsWhen;
  /** Registries that must answer before the start, by index; null = any server, which must take a connection. */
  readonly registries: readonly number[] | null;
  readonly heartbeatMs: number;
  readonly lostAfterMs: number;
};
