// Which shards are there, by what they announce. Knows no network and no clock.
//
//   absent --- announced ---> present --- silent for 5 s ---> absent
//
// An index that two instances claim is of the one that began earlier. Who counts the shards otherwise is in the way of playback
// for as long as it announces that.
import type { Micros } from "../../core/units.ts";
import type { MachineClock } from "./clock-offset.ts";

/** What a shard says of itself every second. Times in microseconds since the epoch. */
export type Announcement = {
  readonly cluster: string;
  readonly shard: number;
  readonly shards: number;
  /** Random, of this process. */
  readonly instance: string;
  /** Of its archive; null while it has no file. */
  readonly archive: string | null;
  readonly began: Micros;
  readonly first: Micros | null;
  readonly last: Micros | null;
  readonly machine: MachineClock | null;
};

/** A shard that says nothing for so long is lost. */
const SILENCE_MS_MAX = 5000;
/** Looks come every second. Between two that are further apart nobody listened here, so nobody else was silent. */
const LOOKS_APART_MS_MAX = 3000;

type Seen = { readonly announcement: Announcement; atMs: number };

export type BoardChange =
  | { readonly kind: "appeared"; readonly shard: number }
  | { readonly kind: "lost"; readonly shard: number }
  /** Another instance has this process's index, and was there before. */
  | { readonly kind: "taken"; readonly by: Announcement }
  | { readonly kind: "disagrees"; readonly with: Announcement };

export class ShardBoard {
  readonly #own: () => Announcement;
  readonly #present = new Map<number, Seen>();
  #contrary: Seen | undefined;
  #hasBeenComplete = false;
  #lookedAt: number | undefined;

  constructor(own: () => Announcement) {
    this.#own = own;
  }

  /** Takes in what was announced; what that changes, if anything. */
  hear(announcement: Announcement, nowMs: number): BoardChange | undefined {
    const own = this.#own();
    const { cluster, shard, shards, instance } = announcement;
    if (cluster !== own.cluster || instance === own.instance) return undefined;
    if (shards !== own.shards) {
      const isNew = this.#contrary?.announcement.instance !== instance;
      this.#contrary = { announcement, atMs: nowMs };
      return isNew ? { kind: "disagrees", with: announcement } : undefined;
    }
    if (shard === own.shard)
      return isEarlier(announcement, own) ? { kind: "taken", by: announcement } : undefined;
    const before = this.#present.get(shard);
    if (before !== undefined && before.announcement.instance !== instance)
      if (isEarlier(before.announcement, announcement) && !isSilent(before, nowMs))
        return undefined;
    this.#present.set(shard, { announcement, atMs: nowMs });
    this.#hasBeenComplete ||= this.isComplete;
    return before?.announcement.instance === instance ? undefined : { kind: "appeared", shard };
  }

  /** Takes away who has been silent for too long. */
  look(nowMs: number): BoardChange[] {
    const apart = nowMs - (this.#lookedAt ?? nowMs);
    this.#lookedAt = nowMs;
    if (apart > LOOKS_APART_MS_MAX) for (const seen of this.#all) seen.atMs += apart;
    if (this.#contrary !== undefined && isSilent(this.#contrary, nowMs)) this.#contrary = undefined;
    const lost = [...this.#present].filter(([, seen]) => isSilent(seen, nowMs));
    return lost.map(([shard]) => {
      this.#present.delete(shard);
      return { kind: "lost", shard };
    });
  }

  get #all(): Seen[] {
    return [...this.#present.values(), ...(this.#contrary === undefined ? [] : [this.#contrary])];
  }

  /** A shard that says it ends is not waited for. */
  leave(shard: number): BoardChange | undefined {
    return this.#present.delete(shard) ? { kind: "lost", shard } : undefined;
  }

  /** Indexes of the shards that are there, this one among them, ascending. */
  get present(): number[] {
    return [this.#own().shard, ...this.#present.keys()].sort((a, b) => a - b);
  }

  get others(): Announcement[] {
    return [...this.#present.values()].map(({ announcement }) => announcement);
  }

  get isComplete(): boolean {
    return this.#present.size + 1 === this.#own().shards;
  }

  /** Why nothing can be played now; undefined = it can. */
  get trouble(): string | undefined {
    const { shards } = this.#own();
    if (this.#contrary !== undefined) {
      const { announcement } = this.#contrary;
      return `shards disagree: shard ${announcement.shard} counts ${announcement.shards} of them, this one ${shards}`;
    }
    if (this.isComplete) return undefined;
    return `waiting for shards: ${this.#present.size + 1} of ${shards}`;
  }

  /** The same until all of them were there once: later losses leave sessions as they are. */
  get notReady(): string | undefined {
    return this.#hasBeenComplete && this.#contrary === undefined ? undefined : this.trouble;
  }
}

const isSilent = ({ atMs }: Seen, nowMs: number): boolean => nowMs - atMs > SILENCE_MS_MAX;

/** One of two always is. */
const isEarlier = (one: Announcement, other: Announcement): boolean =>
  one.began === other.began ? one.instance < other.instance : one.began < other.began;
