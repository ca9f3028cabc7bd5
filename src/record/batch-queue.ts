import { setImmediate } from "node:timers/promises";
import type { ArchiveEvent, Gap } from "../archive/event.ts";
import { type Micros, micros } from "../core/units.ts";
import type { BatchSink, Loss, OverloadPolicy } from "./batch-sink.ts";

/** What of an archive writer the queue needs. */
export interface BatchStore {
  /** Encodes one batch and gives its stamp; `null` once recording has stopped. Throws for a batch that is too large. */
  append(events: readonly ArchiveEvent[]): Micros | null;
  gap(gap: Omit<Gap, "kind">): void;
  /** Undefined while there is room, else kept when there is some again, or will never be any. */
  room(): Promise<void> | undefined;
}

export type BatchQueueOptions = {
  readonly store: BatchStore;
  /** Batches that may wait for the store. */
  readonly slack: number;
  readonly now: () => Micros;
  /** A batch that the store refuses: it is counted as lost. */
  readonly onRefused: (error: unknown) => void;
};

export type BatchQueueState = {
  readonly queued: number;
  readonly batches: number;
  readonly events: number;
  readonly lostBatches: number;
  readonly lostEvents: number;
};

/** One gap may cover what was dropped with batches in between, but no more time than this. */
const GAP_MICROS_MAX = 1_000_000;

/** The queue between the sources and the archive. It never holds more than `slack` batches and one for each blocked source. */
export class BatchQueue {
  readonly #options: BatchQueueOptions;
  readonly #waiting: (readonly ArchiveEvent[])[] = [];
  /** What was dropped and is not written down yet. */
  #open: { from: Micros; dropped: number } | undefined;
  #room: PromiseWithResolvers<void> | undefined;
  #pumping: Promise<void> | undefined;
  #hasFailed = false;
  #isOver = false;
  #batches = 0;
  #events = 0;
  #lostBatches = 0;
  #lostEvents = 0;

  constructor(options: BatchQueueOptions) {
    this.#options = options;
  }

  /** The entrance for a source. Sources with different policies share the queue. */
  sink(policy: OverloadPolicy): BatchSink {
    const lostBatches = (): number => this.#lostBatches;
    return {
      offer: (events) => this.#offer(events, policy),
      get lostBatches() {
        return lostBatches();
      },
      lost: (loss) => this.#lost(loss),
    };
  }

  state(): BatchQueueState {
    return {
      queued: this.#waiting.length,
      batches: this.#batches,
      events: this.#events,
      lostBatches: this.#lostBatches,
      lostEvents: this.#lostEvents,
    };
  }

  /** Kept when everything offered so far is in the store, and every loss with it. */
  async drain(): Promise<void> {
    await this.#pumping;
    this.#closeGap();
  }

  /** The end, however much still waits: all of it is lost, with what sources hold and what comes later, and a gap says so. */
  async giveUp(): Promise<void> {
    this.#isOver = true;
    for (const events of this.#waiting.splice(0)) this.#drop(events);
    this.#giveRoom();
    // Sources that waited for room offer now what they hold.
    await setImmediate();
    this.#closeGap();
  }

  /** The store has failed: what waits is lost, and so is everything that comes. */
  fail(): void {
    this.#hasFailed = true;
    for (const events of this.#waiting.splice(0)) this.#count(events);
    this.#giveRoom();
  }

  #offer(events: readonly ArchiveEvent[], policy: OverloadPolicy): Promise<void> | undefined {
    if (events.length === 0) return undefined;
    if (this.#hasFailed) {
      this.#count(events);
      return undefined;
    }
    if (this.#isOver) {
      this.#drop(events);
      return undefined;
    }
    if (this.#waiting.length === 0 && this.#options.store.room() === undefined) {
      this.#closeGap();
      this.#append(events);
      return undefined;
    }
    if (policy === "drop" && this.#waiting.length >= this.#options.slack) {
      this.#drop(events);
      return undefined;
    }
    this.#waiting.push(events);
    this.#pumping ??= this.#pump();
    if (policy === "drop" || this.#waiting.length < this.#options.slack) return undefined;
    this.#room ??= Promise.withResolvers();
    return this.#room.promise;
  }

  async #pump(): Promise<void> {
    const { store } = this.#options;
    while (this.#waiting.length > 0) {
      await store.room();
      // The store may have failed meanwhile, and the queue been emptied.
      const events = this.#waiting.shift();
      if (events !== undefined) this.#append(events);
      if (this.#waiting.length < this.#options.slack) this.#giveRoom();
    }
    this.#pumping = undefined;
    this.#closeGap();
  }

  #append(events: readonly ArchiveEvent[]): void {
    this.#closeLongGap();
    try {
      if (this.#options.store.append(events) === null) {
        this.#count(events);
        return;
      }
    } catch (error) {
      this.#drop(events);
      this.#options.onRefused(error);
      return;
    }
    this.#batches++;
    this.#events += events.length;
  }

  #drop(events: readonly ArchiveEvent[]): void {
    this.#count(events);
    this.#open ??= { from: this.#options.now(), dropped: 0 };
    this.#open.dropped += events.length;
  }

  #count(events: readonly ArchiveEvent[]): void {
    this.#lostBatches++;
    this.#lostEvents += events.length;
  }

  #lost({ why, events, from }: Loss): void {
    this.#lostEvents += events;
    if (this.#hasFailed) return;
    const to = this.#options.now();
    this.#options.store.gap({ from: micros(Math.min(from ?? to, to)), to, dropped: events, why });
  }

  /** What waits was offered before most of what was dropped, so the gap goes behind it, unless that takes too long. */
  #closeLongGap(): void {
    if (this.#open === undefined) return;
    if (this.#options.now() - this.#open.from >= GAP_MICROS_MAX) this.#closeGap();
  }

  #closeGap(): void {
    if (this.#open === undefined || this.#hasFailed) return;
    const { from, dropped } = this.#open;
    this.#open = undefined;
    this.#options.store.gap({ from, to: this.#options.now(), dropped, why: "overload" });
  }

  #giveRoom(): void {
    this.#room?.resolve();
    this.#room = undefined;
  }
}
