// What a master and its nodes say to each other, whatever carries it. One master and one node have one conversation per
// run; every message belongs to it. Source: cluster.md 3.
//
//   node                                   master
//    | hello ------------------------------> |   who answers
//    | <------------------------------- plan |   what to do
//    | <------------------------ clock (ask) |   8 rounds
//    | clock (answer) ---------------------> |
//    | <-------------------------------- ops |   split: stream, from here on
//    | taken ------------------------------> |
//    | ready | refuse ---------------------> |   connections can be made, rings are full
//    | <------------------------------ start |   one instant
//    | snapshot, results ------------------> |   each second, in batches
//    | <---------------- control, redeal ... |
//    | done -------------------------------> |   numbers of the last of each
//    | <-------------------------------- end |   everything has arrived: the node forgets the run
//
// Pullers (`drayage pull`) have no operations and no rows: instead of plan, ops, control and results there are pull-plan,
// pull-orders, pull-schedule, pull-halt, pull-told and pull-end.
//      heartbeat in both directions, every 2 s
import type { FeedSummary } from "../../workers/messages.ts";
import type { FromPullThread, PullThreadEnd, ToPullThread } from "../../workers/pull-messages.ts";
import type { NodePlan, NodePullPlan } from "../node-plan.ts";
import type { WireSnapshot } from "./snapshot-wire.ts";

export type Hello = {
  readonly type: "hello";
  /** Of drayage. Master and nodes must have the same: plans and records are laid out as the program is. */
  readonly version: string;
  readonly name: string;
  readonly cores: number;
  readonly memoryBytes: number;
  /** Readings of the node's clocks: monotonic, ns from an origin of its own, and wall, µs since the epoch. */
  readonly clockNs: number;
  readonly wallUs: number;
};

export type PlanMessage = {
  readonly type: "plan";
  readonly version: string;
  readonly runId: string;
  /** Number of this node, from 0, and how many there are. */
  readonly index: number;
  readonly count: number;
  readonly plan: NodePlan;
};

export type PullPlanMessage = Omit<PlanMessage, "type" | "plan"> & {
  readonly type: "pull-plan";
  readonly plan: NodePullPlan;
};

/** What the pullers of a node are to do, from one instant on. */
export type PullOrders = {
  readonly type: "pull-orders";
  /** ns since the start; NaN = at once. */
  readonly atNs: number;
  /** Tell the figures of everything before that instant, whether a second is over or not. */
  readonly cut: boolean;
  /** Instants in them are ns since the start. */
  readonly orders: readonly ToPullThread[];
};

/** All orders of a schedule, which the node follows by itself: whoever gave it may be gone. */
export type PullSchedule = {
  readonly type: "pull-schedule";
  /** When it begins, ns since the start. What is said again begins at the same instant. */
  readonly fromNs: number;
  readonly entries: readonly Omit<PullOrders, "type">[];
};

/** Nothing of a schedule holds behind the instant, ns since the start. */
type PullHalt = { readonly type: "pull-halt"; readonly atNs: number };

/** What pullers tell; instants are ns since the start. */
export type PullTold = { readonly type: "pull-told"; readonly message: FromPullThread };

/** What all threads of a node knew at their end. */
export type PullEnd = { readonly type: "pull-end"; readonly end: PullThreadEnd };

/** Why a node does not take part. The code says what kind of thing is wrong, the sentence is for people. */
export type Refuse = {
  readonly type: "refuse";
  readonly reason: (typeof refusalReasons)[number];
  readonly sentence: string;
};

export const refusalReasons = [
  "version",
  "busy",
  "missing-file",
  "different-file",
  "unreachable",
  "credentials",
  "input",
  "failed",
] as const;

/** Times are ns on the monotonic clock of whoever took them; `wallUs` was read by the node between the two of its own. */
type ClockAsk = {
  readonly type: "clock-ask";
  readonly round: number;
  readonly askedNs: number;
};
export type ClockAnswer = {
  readonly type: "clock-answer";
  readonly round: number;
  readonly askedNs: number;
  readonly takenNs: number;
  readonly answeredNs: number;
  readonly wallUs: number;
};

/** Operation records (ring/operation-record.ts), one behind the other, each a multiple of 8 bytes. */
export type Ops = {
  readonly type: "ops";
  /** Layout of the records: the reader refuses any but its own. */
  readonly layout: number;
  /** Counts from 1 without holes. */
  readonly batch: number;
  readonly count: number;
  readonly records: Uint8Array;
  /** Nothing follows. */
  readonly last: boolean;
};

/** All operations up to this batch are in the rings of the request worker threads. */
type Taken = { readonly type: "taken"; readonly batch: number };

export type Start = {
  readonly type: "start";
  /** On the node's monotonic clock. */
  readonly atNs: number;
  /** The same instant on the master's wall clock, for display. */
  readonly wallUs: number;
};

export type SnapshotMessage = {
  readonly type: "snapshot";
  /** Counts from 1 without holes. */
  readonly number: number;
  readonly snapshot: WireSnapshot;
  /** Operations that are due in seconds of the schedule, in pairs, as the node's own feeder tells: with `split: local`. */
  readonly seconds: readonly number[];
  readonly operations: readonly number[];
  /** Words of a board of pullers (workers/pull-board.ts), summed over threads; empty where there are none. */
  readonly board: readonly number[];
};

/** Outcome records (ring/outcome-record.ts), one behind the other. */
export type Results = {
  readonly type: "results";
  readonly layout: number;
  /** Counts from 1 without holes. */
  readonly batch: number;
  readonly count: number;
  readonly records: Uint8Array;
};

/** Records of the trace that became no operation, as lines of the skipped file: only with `split: local`, from node 0. */
export type Skipped = {
  readonly type: "skipped";
  readonly batch: number;
  readonly lines: Uint8Array;
};

export const controlOrders = ["pause", "resume", "speed", "drain", "stop"] as const;

/** Applied by every node at the same instant: ns since the start of the run, and at once where that has not begun. */
export type Control = {
  readonly type: "control";
  /** Of this order and no other: what is said again is the same. */
  readonly id: string;
  readonly order: (typeof controlOrders)[number];
  readonly atNs: number;
  /** Of `speed`; 1 otherwise. */
  readonly factor: number;
};

export type Done = {
  readonly type: "done";
  /** Numbers of the last snapshot, results and skipped batch: the master knows then that nothing is missing. */
  readonly snapshots: number;
  readonly results: number;
  readonly skipped: number;
  /** Rows in all result batches. */
  readonly rows: number;
  readonly counts: Readonly<Record<string, number>>;
  /** What became of the source: with `split: local`. */
  readonly feed: FeedSummary | null;
  readonly health: NodeHealth;
};

/** What a node has to say of itself at the end. */
type NodeHealth = {
  /** Between the first sending and the start, ns; NaN if nothing was sent. */
  readonly firstSentNs: number;
  /** Longest stretch without a connection to the master, and how many there were. */
  readonly cuts: number;
  readonly longestCutMs: number;
  /** How far the wall clock moved against the monotonic one in the course of the run, ms. */
  readonly clockStepMs: number;
  /** Times that rows were held back because so many were unacknowledged, and rows that were dropped for that. */
  readonly held: number;
  readonly dropped: number;
  /** Messages of unknown types that were ignored. */
  readonly unknown: number;
};

/** The node could not go on. */
type Failed = { readonly type: "failed"; readonly code: string; readonly sentence: string };
type Heartbeat = { readonly type: "heartbeat"; readonly clockNs: number };
/** The conversation is over: everything has arrived, or the run does not take place. */
type End = { readonly type: "end"; readonly sentence: string };

type FromNode =
  | Hello
  | { readonly type: "ready" }
  | Refuse
  | ClockAnswer
  | Taken
  | SnapshotMessage
  | PullTold
  | PullEnd
  | Results
  | Skipped
  | Done
  | Failed
  | Heartbeat;

type FromMaster =
  | PlanMessage
  | PullPlanMessage
  | PullOrders
  | PullSchedule
  | PullHalt
  | ClockAsk
  | Ops
  | Start
  | Control
  | Heartbeat
  | End;

export type Message = FromNode | FromMaster;
