// What a NATS source does while the archive has no room. The server has no flow control for subscribers: who does not
// read is cut off, after 10 seconds or 64 MiB unless it was told otherwise. So:
//
//   held             until HELD_BYTES_MAX of messages wait in memory
//   socket paused    then once, for half the time that it took to get there: the server fills its own buffer no sooner
//   dropped          then, counted, until the archive has room again; the connection is read on
import type { Micros } from "../../core/units.ts";
import type { BatchSink } from "../batch-sink.ts";
import type { FinishedBatch } from "./batch-groups.ts";

const HELD_BYTES_MAX = 64 << 20;
/** Half of the server's write deadline. */
const PAUSE_MS_MAX = 5_000;
/** What a message costs in memory beside its bytes. */
const MESSAGE_OVERHEAD_BYTES = 200;

export type HeldBatchesOptions = {
  readonly sink: BatchSink;
  /** Stops or starts reading the socket; reading that is stopped may still deliver what was read before. */
  readonly setReading: (isOn: boolean) => void;
  /** Stamps of the archive. */
  readonly now: () => Micros;
  readonly heldBytesMax?: number;
};

type Blocked = { readonly since: Micros; readonly end: Promise<void> };

export class HeldBatches {
  readonly #options: HeldBatchesOptions;
  readonly #heldBytesMax: number;
  readonly #held: FinishedBatch[] = [];
  #heldBytes = 0;
  #blocked: Blocked | undefined;
  #pause: "unused" | "on" | "over" = "unused";
  #timer: NodeJS.Timeout | undefined;
  #dropped: { from: Micros; events: number } | undefined;
  #pauses = 0;

  constructor(options: HeldBatchesOptions) {
    this.#options = options;
    this.#heldBytesMax = options.heldBytesMax ?? HELD_BYTES_MAX;
  }

  get pauses(): number {
    return this.#pauses;
  }

  put(batch: FinishedBatch): void {
    if (this.#blocked === undefined) {
      const room = this.#options.sink.offer(batch.events);
      if (room !== undefined) this.#block(room);
      return;
    }
    if (this.#heldBytes >= this.#heldBytesMax) {
      if (this.#pause === "over") {
        this.#dropped ??= { from: this.#options.now(), events: 0 };
        this.#dropped.events += batch.events.length;
        return;
      }
      if (this.#pause === "unused") this.#pauseReading(this.#blocked.since);
    }
    this.#held.push(batch);
    this.#heldBytes += sizeOf(batch);
  }

  /** Kept when nothing is held any more. */
  async empty(): Promise<void> {
    while (this.#blocked !== undefined) await this.#blocked.end;
  }

  #block(room: Promise<void>): void {
    const end = this.#release(room);
    this.#blocked ??= { since: this.#options.now(), end };
  }

  async #release(room: Promise<void>): Promise<void> {
    let next: Promise<void> | undefined = room;
    while (next !== undefined) {
      await next;
      next = this.#offerHeld();
    }
    this.#blocked = undefined;
    this.#endPause("unused");
    if (this.#dropped === undefined) return;
    const { from, events } = this.#dropped;
    this.#dropped = undefined;
    this.#options.sink.lost({ why: "overload", events, from });
  }

  #offerHeld(): Promise<void> | undefined {
    for (;;) {
      const batch = this.#held.shift();
      if (batch === undefined) return undefined;
      this.#heldBytes -= sizeOf(batch);
      const room = this.#options.sink.offer(batch.events);
      if (room !== undefined) return room;
    }
  }

  #pauseReading(blockedSince: Micros): void {
    const filledInMs = (this.#options.now() - blockedSince) / 1_000;
    this.#pause = "on";
    this.#pauses++;
    this.#options.setReading(false);
    this.#timer = setTimeout(() => this.#endPause("over"), Math.min(PAUSE_MS_MAX, filledInMs / 2));
  }

  #endPause(next: "unused" | "over"): void {
    clearTimeout(this.#timer);
    if (this.#pause === "on") this.#options.setReading(true);
    this.#pause = next;
  }
}

const sizeOf = ({ events, bytes }: FinishedBatch): number =>
  bytes + events.length * MESSAGE_OVERHEAD_BYTES;
