import type { RecordView } from "../../trace/record-view.ts";

/** What a plug-in sees of a request, in JavaScript and in Python: these six keys. Source: trace-replay.md 6.1. */
export type SimulationRequest = {
  /** Seconds since the first kept request. */
  readonly delay: number;
  readonly uri: string;
  /** Bytes. */
  readonly size: number;
  /** GET or PUT, and what else `trace.include` adds. */
  readonly method: string;
  /** Seconds. */
  readonly duration: number;
  readonly client: string | null;
};

/** The kept requests in order. What `view` shows is borrowed until the following `next`. */
export interface RequestCursor {
  /** How many there are if nothing interrupts. */
  readonly total: number;
  readonly view: RecordView;
  /** Microseconds since the first of them. */
  readonly delayUs: number;
  /** Place of the current one, from 0. */
  readonly seq: number;
  /** The user has interrupted: the end is not the end. */
  readonly interrupted: boolean;
  /** False at the end, and as soon as the user has interrupted. */
  next(): boolean;
}

export type SimulationContext = {
  readonly requests: RequestCursor;
  /** A line for the user, in the midst of the simulation. */
  readonly say: (line: string) => void;
  /** Work after the last request, so many of so many steps: false when the user has interrupted. */
  readonly goOn: (done: number, total: number) => boolean;
};

/** Requests in a row as columns. The first has this place among all that are simulated. */
export type RequestBatch = {
  /** What they ask for, as numbers; `length` is how many requests there is room for. */
  readonly objects: Int32Array;
  /** Bytes; -1 where the trace has none. */
  readonly sizes: Float64Array;
  count: number;
  place: number;
};

/** The kept requests in order, of those kinds and methods that a simulation asked for, and only what they ask for. */
export interface RequestColumns {
  /** All numbers of objects are below. */
  readonly objects: number;
  /** Kept requests of other kinds and methods, so far. */
  readonly leftOut: number;
  /** Overwrites the batch with what follows. False at the end, and as soon as the user has interrupted. */
  fill(batch: RequestBatch): boolean;
}

/** As SimulationContext, for a simulation that has no use for texts. */
export type ColumnsContext = {
  readonly requests: RequestColumns;
  readonly goOn: SimulationContext["goOn"];
};

/** The current request as an object of its own. */
export const requestOf = ({ view, delayUs }: RequestCursor): SimulationRequest => ({
  delay: delayUs / 1e6,
  uri: view.uri,
  size: Math.max(0, view.size),
  method: view.methodName,
  duration: view.duration,
  client: view.client,
});
