import type { Message } from "../protocol/message.ts";
import type { MakeAloneKeeper } from "./alone.ts";

/** A run on a node, for whoever hosts it. */
export interface HostedRun {
  /** Of its request worker threads. */
  readonly tallies: readonly SharedArrayBuffer[];
  /** Runs to the end and tells the master. Returns what to say. Rejects with what went wrong here. */
  run(): Promise<string>;
  hear(message: Message): void;
  /** The master is gone. */
  finishAlone(reason: string, makeKeeper: MakeAloneKeeper): void;
  /** The master is silent, and another one may come. Whether this ends what nobody else could end; once. */
  forsaken?(): boolean;
  /** Nothing starts any more, and what is under way is cut off. */
  stop(): void;
}
