/** What the end of a run on several machines says of one of them. Times are ms. */
export type NodeReport = {
  /** Number of the node, from 0, its own name and where it was found. */
  readonly node: number;
  readonly name: string;
  readonly address: string;
  readonly cores: number;
  /** Rows that came from it, or pulls. */
  readonly rows: number;
  /** Operations that it has told of: sent, and how they ended. */
  readonly sent: number;
  readonly done: number;
  readonly failed: number;
  /** Failures by label. */
  readonly errors: Readonly<Record<string, number>>;
  /** 99th percentile; null where too few had a due time. */
  readonly latenessP99Ms: number | null;
  /** Of its request worker threads, the worst: event-loop delays, pauses of the garbage collector, share of time at work. */
  readonly loopDelayP99Ms: number;
  readonly gcP99Ms: number;
  readonly busyShare: number;
  /** Its monotonic clock as it was measured: an error of at most so much lies in every instant that was agreed with it. */
  readonly clockBoundMs: number;
  /** Its wall clock minus the master's before the start, and how far it moved against its monotonic clock meanwhile. */
  readonly wallAheadMs: number;
  readonly clockStepMs: number;
  /** Between the start and its first sending; null if it sent nothing. */
  readonly firstSentMs: number | null;
  /** Times without a connection, and the longest. */
  readonly cuts: number;
  readonly longestCutMs: number;
  /** Times that it held rows back since too many were on their way. */
  readonly held: number;
  /** Operations without a row, which it could not keep: their figures are there. */
  readonly dropped: number;
  /** Why it was given up; null if it was not. */
  readonly lost: string | null;
  /** Operations that went down with it, and those of them that others took over. */
  readonly lostOperations: number;
  readonly dealtAgain: number;
};

/** The same while the run goes on. */
export type NodeStatus = NodeReport & {
  readonly state: "met" | "planned" | "ready" | "running" | "done" | "refused" | "lost";
};
