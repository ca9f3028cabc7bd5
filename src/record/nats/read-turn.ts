import type { ArchiveEvent } from "../../archive/event.ts";
import type { FinishedBatch } from "./batch-groups.ts";

/** Messages of one batch that no publisher marked as one. */
const MESSAGES_MAX = 10_000;

/**
 * Collects what the client library hands over while it takes apart one piece read from the socket. It does so without
 * returning to the event loop, so the first microtask after it is the end of the turn.
 */
export class ReadTurn {
  readonly #onBatch: (batch: FinishedBatch) => void;
  #events: ArchiveEvent[] = [];
  #bytes = 0;

  constructor(onBatch: (batch: FinishedBatch) => void) {
    this.#onBatch = onBatch;
  }

  add(event: ArchiveEvent, bytes: number): void {
    if (this.#events.length === 0) queueMicrotask(() => this.end());
    this.#events.push(event);
    this.#bytes += bytes;
    if (this.#events.length >= MESSAGES_MAX) this.end();
  }

  end(): void {
    if (this.#events.length === 0) return;
    const batch = { events: this.#events, bytes: this.#bytes };
    this.#events = [];
    this.#bytes = 0;
    this.#onBatch(batch);
  }
}
