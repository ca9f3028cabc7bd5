// Messages with the same Replay-Batch header become one batch, whichever read turns they came with.
//
//   Replay-Batch: 7f3a/1/3      batch 7f3a, first message of three: over when three were seen, or its last one
//   Replay-Batch: anything      over when nothing more came with it for a moment
//
// A group may never be complete here: some of its paths may not be recorded. So the moment ends every group.
import type { ArchiveEvent } from "../../archive/event.ts";
import type { NatsMessage } from "./nats-message.ts";

/** How long after its last message a group is waited for. */
const IDLE_MS = 100;
/** Groups open at a time, and messages of one group: what is beyond goes into the archive in parts, counted. */
const OPEN_MAX = 1_024;
const GROUP_MESSAGES_MAX = 100_000;

type Group = { readonly events: ArchiveEvent[]; bytes: number; touched: number };

export type FinishedBatch = { readonly events: readonly ArchiveEvent[]; readonly bytes: number };

export type BatchGroupsOptions = {
  readonly onBatch: (batch: FinishedBatch) => void;
  /** Milliseconds that never go back. */
  readonly now: () => number;
};

export class BatchGroups {
  readonly #options: BatchGroupsOptions;
  /** In the order of their last message. */
  readonly #open = new Map<string, Group>();
  #timer: NodeJS.Timeout | undefined;
  #parted = 0;

  constructor(options: BatchGroupsOptions) {
    this.#options = options;
  }

  /** Groups that went into the archive in parts. */
  get parted(): number {
    return this.#parted;
  }

  add({ event, bytes }: NatsMessage, header: string): void {
    const { id, isLast, count } = groupOf(header);
    const group = this.#open.get(id) ?? { events: [], bytes: 0, touched: 0 };
    this.#open.delete(id);
    this.#open.set(id, group);
    group.events.push(event);
    group.bytes += bytes;
    group.touched = this.#options.now();
    if (isLast || group.events.length === count) this.#finish(id, group);
    else if (group.events.length >= GROUP_MESSAGES_MAX) this.#part(id, group);
    else if (this.#open.size > OPEN_MAX) this.#partOldest();
    this.#timer ??= setTimeout(() => this.#sweep(), IDLE_MS);
  }

  /** Everything that is open, as it is: the end of the recording, or of the connection. */
  finishAll(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const [id, group] of this.#open) this.#finish(id, group);
  }

  #sweep(): void {
    this.#timer = undefined;
    const now = this.#options.now();
    for (const [id, group] of this.#open) {
      const restMs = group.touched + IDLE_MS - now;
      if (restMs > 0) {
        this.#timer = setTimeout(() => this.#sweep(), restMs);
        return;
      }
      this.#finish(id, group);
    }
  }

  #partOldest(): void {
    for (const [id, group] of this.#open) {
      this.#part(id, group);
      return;
    }
  }

  #part(id: string, group: Group): void {
    this.#parted++;
    this.#finish(id, group);
  }

  #finish(id: string, { events, bytes }: Group): void {
    this.#open.delete(id);
    this.#options.onBatch({ events, bytes });
  }
}

function groupOf(header: string): { id: string; isLast: boolean; count: number | undefined } {
  const match = /^(.+)\/(\d{1,9})\/(\d{1,9})$/.exec(header);
  if (match === null) return { id: header, isLast: false, count: undefined };
  const [, id = "", index, count] = match;
  return { id, isLast: Number(index) === Number(count), count: Number(count) };
}
