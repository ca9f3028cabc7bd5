import type { Random } from "../../core/random.ts";
import { type Labels, userAgentOf } from "./labels.ts";
import type { SynthProfile } from "./profile.ts";

/** Blobs that a client remembers to have; older ones count as cleaned up. */
const HELD_BLOBS_MAX = 256;
/** Clients that are asked whether they lack the layers of a pull, before one is taken that cleans up. */
const LACKING_TRIES_MAX = 6;
/** Share of the clients that poll. */
const POLLERS = 0.3;

/** The trace clients: who they are, and which blobs each already has. Low numbers are the busy ones. */
export class Clients {
  readonly addresses: readonly string[];
  readonly userAgents: readonly (string | null)[];
  /** Clients that fetch all layers of an image at once. */
  readonly unlimited: readonly boolean[];
  // A ring of blobs per client, 0 = empty, else blob + 1.
  readonly #held: Uint32Array;
  readonly #next: Uint16Array;
  readonly #chance: Random;

  constructor(profile: SynthProfile, labels: Labels, chance: Random) {
    const each = Array.from({ length: profile.clients }, (_, client) => client);
    this.addresses = each.map((client) => labels.word("client", client));
    this.userAgents = each.map(() =>
      chance.next() < profile.agentless ? null : userAgentOf(chance),
    );
    this.unlimited = each.map(() => chance.next() < profile.unlimitedClients);
    this.#held = new Uint32Array(profile.clients * HELD_BLOBS_MAX);
    this.#next = new Uint16Array(profile.clients);
    this.#chance = chance;
  }

  any(): number {
    return this.#busy(this.addresses.length);
  }

  poller(): number {
    return this.#busy(Math.ceil(this.addresses.length * POLLERS));
  }

  /** A client that has none of the blobs, and is not `other` unless there is nobody else. */
  lacking(blobs: readonly number[], other: number): number {
    let client = this.#otherThan(other);
    for (let tries = 1; tries < LACKING_TRIES_MAX && this.#hasOne(client, blobs); tries++) {
      client = this.#otherThan(other);
    }
    return client;
  }

  receives(client: number, blobs: readonly number[]): void {
    const from = client * HELD_BLOBS_MAX;
    for (const blob of blobs) {
      const next = this.#next[client] ?? 0;
      this.#held[from + next] = blob + 1;
      this.#next[client] = (next + 1) % HELD_BLOBS_MAX;
    }
  }

  #otherThan(other: number): number {
    const client = this.any();
    return client === other ? (client + 1) % this.addresses.length : client;
  }

  #hasOne(client: number, blobs: readonly number[]): boolean {
    const from = client * HELD_BLOBS_MAX;
    const held = this.#held.subarray(from, from + HELD_BLOBS_MAX);
    return blobs.some((blob) => held.includes(blob + 1));
  }

  #busy(clients: number): number {
    const u = this.#chance.next();
    return Math.floor(u * u * clients);
  }
}
