// What is too large for a message that is not kept: it goes into the object store, and its name goes over the wire.
import { StorageType } from "@nats-io/jetstream";
import { type ObjectStore, Objm } from "@nats-io/obj";
import { nanos } from "@nats-io/transport-node";
import { DrayageError, messageOf } from "../../core/errors.ts";
import { type Hub, STREAMS_MS_MAX } from "./hub.ts";
import { patiently } from "./patiently.ts";
import { withReplicas } from "./run-stream.ts";

/** Plans of some thousand trace files have megabytes; a group has few runs at a time. */
const BUCKET_BYTES_MAX = 512 * 1024 * 1024;
/** What killed runs leave behind is gone after this. */
const KEPT_MS = 24 * 3600 * 1000;
const REMOVE_MS_MAX = 5000;

export class LargeContent {
  readonly #store: ObjectStore;

  private constructor(store: ObjectStore) {
    this.#store = store;
  }

  static async open(hub: Hub, say: (line: string) => void): Promise<LargeContent> {
    try {
      const store = await withReplicas(hub, say, (replicas) =>
        new Objm(hub.connection).create(hub.names.bucket, {
          storage: StorageType.File,
          replicas,
          max_bytes: BUCKET_BYTES_MAX,
          ttl: nanos(KEPT_MS),
        }),
      );
      return new LargeContent(store);
    } catch (error) {
      const sentence = `the servers make no object store: ${messageOf(error)}`;
      throw new DrayageError("target-unreachable", sentence);
    }
  }

  async put(name: string, content: Uint8Array): Promise<void> {
    await patiently(STREAMS_MS_MAX, () => this.#store.putBlob({ name }, content));
  }

  /** Undefined when there is none of that name. */
  async get(name: string): Promise<Uint8Array | undefined> {
    return (await patiently(STREAMS_MS_MAX, () => this.#store.getBlob(name))) ?? undefined;
  }

  /** Everything whose name begins so. What cannot be removed goes when its time is over. */
  async remove(prefix: string): Promise<void> {
    try {
      const names = await patiently(REMOVE_MS_MAX, () => this.#store.list());
      for (const { name } of names)
        if (name.startsWith(prefix)) await patiently(REMOVE_MS_MAX, () => this.#store.delete(name));
    } catch {
      // The bucket forgets by itself.
    }
  }
}
