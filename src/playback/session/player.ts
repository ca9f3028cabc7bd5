// Walks through an archive and hands over each batch when it is due. Knows no controls and no streams.
//
//              +-- still: nothing is due
//   run ------ +-- paced: the next batch is due at mono + (stamp - archive) / speed, whatever was late before
//              +-- free:  the next batch is due now, as long as there is room for it
//
// `hold` stops all of it and `release` goes on where it stopped; due times do not change by that.
import type { ArchiveItem, Batch, Gap, PathFilter } from "../../archive/event.ts";
import { invariant } from "../../core/errors.ts";
import { type Micros, type Nanos, nanos } from "../../core/units.ts";
import { atSpeed, dueOf, type ReferencePair } from "../../pacing/reference-pair.ts";
import type { WakeSlot, WakeSource } from "../clock/wake-clock.ts";
import { NO_END } from "./control-values.ts";
import type { FreeTurns } from "./free-turns.ts";
import type { PlaybackArchive, PlaybackCursor } from "./session-context.ts";

/** What the player asks and tells. None of them throws. */
export type PlayerHooks = {
  /** `lateness` is told afterwards, by `onSent`. */
  onBatch(batch: Batch): void;
  onSent(lateness: Nanos): void;
  onGap(gap: Gap): void;
  /** Everything visible has been handed over. */
  onDry(): void;
  /** The next batch lies behind the end. */
  onEnd(): void;
  /** A file could not be brought, or not be read. */
  onTrouble(error: unknown): void;
  /** Whether a batch that need not be in time had better wait; `release` or `go` is called once there is room. */
  isFull(): boolean;
};

export type PlayerOptions = {
  readonly archive: Pick<PlaybackArchive, "cursor">;
  readonly filter: PathFilter;
  readonly wake: WakeSource;
  readonly turns: FreeTurns;
  readonly hooks: PlayerHooks;
};

export type Run =
  | { readonly kind: "still" }
  | { readonly kind: "paced"; readonly speed: number }
  | { readonly kind: "free" };

const STILL: Run = { kind: "still" };
/** Late batches that are sent in a row before others have their turn. */
const BURST_MAX = 16;

export class Player {
  readonly #options: PlayerOptions;
  readonly #slot: WakeSlot;
  #cursor: PlaybackCursor | undefined;
  /** Of which the next item is waited for. */
  #awaited: PlaybackCursor | undefined;
  #next: Batch | null = null;
  #position: Micros;
  #end: Micros = NO_END;
  #run: Run = STILL;
  #pair: ReferencePair | undefined;
  #hasMoved = false;
  #isHeld = false;
  #isClosed = false;

  constructor(options: PlayerOptions, position: Micros) {
    this.#options = options;
    this.#position = position;
    this.#slot = options.wake.slot(() => this.#onDue());
  }

  /** Goes on behind all batches up to `position`; the next one is due at once. */
  seek(position: Micros): void {
    this.#cursor?.close();
    this.#cursor = undefined;
    this.#next = null;
    this.#position = position;
    this.#hasMoved = false;
    this.#pair = undefined;
  }

  /** Last stamp that is handed over. */
  endAt(end: Micros): void {
    this.#end = end;
  }

  /** Goes on in this way; the next batch is due at once, or by `pair`, where several players keep to one. */
  start(run: Run, pair?: ReferencePair): void {
    this.#run = run;
    this.#pair = pair;
    this.go();
  }

  /** Hands over what lies up to `stamp`, whenever it is due, also while it is held. */
  async drainTo(stamp: Micros): Promise<void> {
    const { archive, filter, hooks } = this.#options;
    const last = Math.min(stamp, this.#end);
    while (!this.#isClosed) {
      this.#cursor ??= archive.cursor(this.#position, filter);
      const item = this.#next ?? (await this.#cursor.next());
      if (item === null) return;
      if (item.kind === "gap") {
        if (item.from <= last) hooks.onGap(item);
        continue;
      }
      this.#next = item;
      if (item.stamp > last) return;
      this.#deliver();
    }
  }

  /** Stamp of the last batch that was handed over, or where it was sent to. */
  get position(): Micros {
    return this.#position;
  }

  /** What due times are counted from; undefined while nothing has been due. */
  get pair(): ReferencePair | undefined {
    return this.#pair;
  }

  /** Goes on at another speed: what has passed of the gap to the next batch has passed, the rest runs at the new speed. */
  change(run: Run): void {
    const pair = this.#pair ?? this.#pairBehindLast();
    this.#run = run;
    this.#pair =
      run.kind === "paced" && pair !== undefined
        ? atSpeed(pair, {
            now: this.#options.wake.now(),
            speed: run.speed,
            next: this.#next?.stamp ?? NO_END,
          })
        : undefined;
    this.go();
  }

  /** Of a free run the archive time reached is that of the last batch. */
  #pairBehindLast(): ReferencePair | undefined {
    if (!this.#hasMoved || this.#run.kind !== "free") return undefined;
    return { archive: this.#position, mono: this.#options.wake.now(), speed: 1 };
  }

  hold(): void {
    this.#isHeld = true;
    this.#slot.cancel();
    this.#options.turns.remove(this);
  }

  release(): void {
    this.#isHeld = false;
    this.go();
  }

  /** Looks again what is to be done: there may be more data, or room. */
  go(): void {
    if (this.#isHeld || this.#isClosed || this.#run.kind === "still") return;
    if (!this.#load()) return;
    if (this.#run.kind === "free") this.#options.turns.add(this);
    else this.#slot.at(this.#due());
  }

  close(): void {
    this.#isClosed = true;
    this.#slot.release();
    this.#options.turns.remove(this);
    this.#cursor?.close();
  }

  #due(): Nanos {
    const { next, speed } = this.#paced();
    this.#pair ??= { archive: next.stamp, mono: this.#options.wake.now(), speed };
    return dueOf(this.#pair, next.stamp);
  }

  #paced(): { next: Batch; speed: number } {
    invariant(this.#next !== null && this.#run.kind === "paced", "a paced batch is loaded");
    return { next: this.#next, speed: this.#run.speed };
  }

  /** Whether there is a batch to hand over; if not, it has been said why. */
  #load(): boolean {
    const { archive, filter, hooks } = this.#options;
    this.#cursor ??= archive.cursor(this.#position, filter);
    while (this.#next === null) {
      const item = this.#taken(this.#cursor);
      if (item === undefined) return false;
      if (item.kind === "batch") this.#next = item;
      else if (item.from <= this.#end) hooks.onGap(item);
    }
    if (this.#next.stamp <= this.#end) return true;
    hooks.onEnd();
    return false;
  }

  /** undefined: nothing can be read for now, and it has been said why. */
  #taken(cursor: PlaybackCursor): ArchiveItem | undefined {
    if (this.#awaited === cursor) return undefined;
    let item: ArchiveItem | null;
    try {
      item = cursor.take();
    } catch (error) {
      // A disk that fails, a record of a newer version: of this session, and not of the process that records beside it.
      this.#options.hooks.onTrouble(error);
      return undefined;
    }
    if (item !== null) return item;
    this.#outOfItems(cursor);
    return undefined;
  }

  #outOfItems(cursor: PlaybackCursor): void {
    if (!cursor.isWaiting) {
      this.#options.hooks.onDry();
      return;
    }
    this.#awaited = cursor;
    const isCurrent = (): boolean => {
      if (this.#awaited === cursor) this.#awaited = undefined;
      return this.#cursor === cursor && !this.#isClosed;
    };
    cursor.ready().then(
      () => {
        if (isCurrent()) this.go();
      },
      (error: unknown) => {
        if (isCurrent()) this.#options.hooks.onTrouble(error);
      },
    );
  }

  #onDue(): void {
    for (let sent = 0; sent < BURST_MAX && this.#isDue(); sent++) {
      const due = this.#due();
      this.#deliver();
      this.#options.hooks.onSent(nanos(this.#options.wake.now() - due));
    }
    this.go();
  }

  #isDue(): boolean {
    if (this.#isHeld || this.#isClosed || this.#run.kind !== "paced") return false;
    return this.#load() && this.#due() <= this.#options.wake.now();
  }

  #deliver(): void {
    const batch = this.#next;
    invariant(batch !== null, "a batch is loaded");
    this.#next = null;
    this.#position = batch.stamp;
    this.#hasMoved = true;
    this.#options.hooks.onBatch(batch);
  }

  /** One batch of a free run. */
  step(): boolean {
    if (this.#isHeld || this.#isClosed || this.#run.kind !== "free") return false;
    if (this.#options.hooks.isFull() || !this.#load()) return false;
    this.#deliver();
    return true;
  }
}
