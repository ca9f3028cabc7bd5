// The stream of one run: what was dealt out, what came back, and what the master has to remember, until the run is over.
import { DiscardPolicy, RetentionPolicy, StorageType } from "@nats-io/jetstream";
import { nanos } from "@nats-io/transport-node";
import { DrayageError, messageOf } from "../../core/errors.ts";
import { type Hub, STREAMS_MS_MAX } from "./hub.ts";
import { patiently } from "./patiently.ts";

export type StreamBounds = {
  /** Bytes on each server; beyond it the oldest messages go, and the run cannot be resumed any more. */
  readonly bytesMax: number;
  /** What a killed run leaves behind is gone after this, seconds. */
  readonly secondsMax: number;
};

/** Within it a message that was sent again is known for what it is; longer than anybody tries. */
const DUPLICATES_MS = 120_000;
/** Removing is worth so long: what is left is removed by the servers in the end. */
const REMOVE_MS_MAX = 10_000;
/** Of the servers: so many cannot keep a copy each. */
const NO_PEERS = /replicas|peer|resources/i;

/** Throws DrayageError `target-unreachable`. `say`: where there are fewer copies than there might be. */
export async function createRunStream(
  hub: Hub,
  run: string,
  { bytesMax, secondsMax, say }: StreamBounds & { readonly say: (line: string) => void },
): Promise<void> {
  const create = (replicas: number) =>
    hub.manager.streams.add({
      name: hub.names.stream(run),
      subjects: [`${hub.names.run(run)}.>`],
      storage: StorageType.File,
      retention: RetentionPolicy.Limits,
      discard: DiscardPolicy.Old,
      max_bytes: bytesMax,
      max_age: nanos(secondsMax * 1000),
      duplicate_window: nanos(Math.min(DUPLICATES_MS, secondsMax * 1000)),
      num_replicas: replicas,
    });
  try {
    await withReplicas(hub, say, create);
  } catch (error) {
    throw new DrayageError(
      "target-unreachable",
      `the servers make no stream for the run: ${messageOf(error)}`,
    );
  }
}

/** As many copies as the servers can hold, and a word about it where that is one of several servers only. */
export async function withReplicas<T>(
  hub: Hub,
  say: (line: string) => void,
  create: (replicas: number) => Promise<T>,
): Promise<T> {
  const { replicas } = hub;
  try {
    return await patiently(STREAMS_MS_MAX, () => create(replicas), {
      worth: (error) => !NO_PEERS.test(messageOf(error)),
    });
  } catch (error) {
    if (replicas === 1 || !NO_PEERS.test(messageOf(error))) throw error;
    say(
      `warning: the servers keep one copy only (${messageOf(error)}): if that one dies, so does the run`,
    );
    return patiently(STREAMS_MS_MAX, () => create(1));
  }
}

export async function removeRunStream(hub: Hub, run: string): Promise<void> {
  const gone = (error: unknown): boolean => /not found/i.test(messageOf(error));
  await patiently(REMOVE_MS_MAX, () => hub.manager.streams.delete(hub.names.stream(run)), {
    worth: (error) => !gone(error),
  });
}
