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
  readonly #bucket: KV;

  private constructor(bucket: KV) {
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
      return new Membership(bucket);
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

  /** Those of now. */
  async members(): Promise<readonly Member[]> {
    const members: Member[] = [];
    for await (const id of await this.#bucket.keys()) {
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
