// Who is there: each node writes its name into a bucket of the group and writes it again before the servers forget it.
import { StorageType } from "@nats-io/jetstream";
import { type KV, Kvm } from "@nats-io/kv";
import { DrayageError, messageOf } from "../../core/errors.ts";
import type { Hub } from "./hub.ts";
import { withReplicas } from "./run-stream.ts";

/** A node that says nothing for so long is forgotten. */
const FORGOTTEN_MS = 20_000;
export const ANNOUNCE_MS = 5000;
const NAME_LENGTH_MAX = 200;

export type Member = { readonly id: string; readonly name: string };

export class Membership {
  readonly #hub: Hub;
  readonly #bucket: KV;

  private constructor(hub: Hub, bucket: KV) {
    this.#hub = hub;
    this.#bucket = bucket;
  }

  static async open(hub: Hub, say: (line: string) => void): Promise<Membership> {
    try {
      const bucket = await withReplicas(hub, say, (replicas) =>
        new Kvm(hub.connection).create(hub.names.bucket, {
          ttl: FORGOTTEN_MS,
          history: 1,
          replicas,
          storage: StorageType.File,
          // Of any number of nodes: an entry has some hundred bytes.
          max_bytes: 16 * 1024 * 1024,
        }),
      );
      return new Membership(hub, bucket);
    } catch (error) {
      const sentence = `the servers make no bucket for the group: ${messageOf(error)}`;
      throw new DrayageError("target-unreachable", sentence);
    }
  }

  async announce({ id, name }: Member): Promise<void> {
    await this.#bucket.put(id, JSON.stringify({ name }));
  }

  async leave(id: string): Promise<void> {
    await this.#bucket.delete(id);
  }

  /** One question that has an answer or a limit: the library's own list of keys is read by a consumer, and waits for its end without one. */
  async #ids(): Promise<readonly string[]> {
    const { manager, names } = this.#hub;
    const prefix = `$KV.${names.bucket}.`;
    const filter = { subjects_filter: `${prefix}>` };
    const { state } = await manager.streams.info(`KV_${names.bucket}`, filter);
    return Object.keys(state.subjects ?? {}).map((subject) => subject.slice(prefix.length));
  }

  /** Those of now. */
  async members(): Promise<readonly Member[]> {
    const members: Member[] = [];
    for (const id of await this.#ids()) {
      const entry = await this.#bucket.get(id);
      const name = entry === null ? undefined : nameIn(entry.string());
      if (name !== undefined) members.push({ id, name });
    }
    return members.toSorted((a, b) =>
      a.name < b.name || (a.name === b.name && a.id < b.id) ? -1 : 1,
    );
  }
}

function nameIn(text: string): string | undefined {
  try {
    const entry: unknown = JSON.parse(text);
    if (typeof entry !== "object" || entry === null || !("name" in entry)) return undefined;
    const { name } = entry;
    return typeof name === "string" && name.length <= NAME_LENGTH_MAX ? name : undefined;
  } catch {
    // Somebody else's entry.
    return undefined;
  }
}
