// What a frame of the live view shows: plain data, so that frames can be drawn in tests without a run.

/** Times in ns; null where too few values were counted to tell. */
export type LiveRow = {
  readonly operation: string;
  readonly done: number;
  readonly failed: number;
  /** Successes per second, of about the last second. */
  readonly perSecond: number;
  readonly p50: number | null;
  readonly p90: number | null;
  readonly p99: number | null;
  readonly p999: number | null;
  readonly max: number | null;
  /** The 99th percentile in the course of the run: each value of as many whole seconds as it needs. */
  readonly course: readonly number[];
};

export type LiveState = {
  readonly verb: string;
  readonly directory: string | null;
  readonly mood: "running" | "paused" | "draining" | "stopping";
  /** Schedule seconds per second; 1 = as planned. */
  readonly speed: number;
  /** How much of the trace or of the time is done, 0..1; null where no end is known. */
  readonly share: number | null;
  /** Seconds since the start, and to the end as far as can be told. */
  readonly elapsed: number;
  readonly left: number | null;
  /** Per second; `target` is null where nothing has a due time. */
  readonly rates: { readonly target: number | null; readonly sent: number; readonly done: number };
  readonly bytesPerSecond: number;
  readonly inFlight: number;
  /** Due, and waiting for a free place. */
  readonly waiting: number;
  readonly latenessP99: number | null;
  /** Null where nothing judges the generator. */
  readonly health: {
    readonly word: "ok" | "strained" | "INVALID";
    readonly why: string | null;
  } | null;
  /** What the rows time: from the due time, or from the sending. */
  readonly measured: "response" | "service";
  readonly rows: readonly LiveRow[];
  /** Of a ramp. */
  readonly pullers: {
    readonly active: number;
    readonly most: number;
    readonly phase: string;
  } | null;
  /** What was said last. */
  readonly notes: readonly string[];
  readonly keys: readonly (readonly [key: string, does: string])[];
};
