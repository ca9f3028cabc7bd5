// Takes messages from a queue and gives each to a sink at its due time. Runs per message, some thousand times a second: reads the
// clock once a message and waits for the pacing thread only where the next one is not due yet. Guarded by
// perf/message-replay.bench.ts.
import { type Micros, micros, type Nanos } from "../../core/units.ts";
import { archiveTimeAt, atSpeed, dueOf, type ReferencePair } from "../../pacing/reference-pair.ts";
import type { WakeSlot, WakeSource } from "../clock/wake-clock.ts";
import { BroadcastStatistics } from "./broadcast-statistics.ts";
import { asError } from "./events.ts";
import { LostMessages, type MessageSink } from "./message-sink.ts";
import type { QueueCore } from "./queue-core.ts";
import type { OutgoingItem } from "./queued-item.ts";
import { borrowClock, returnClock } from "./shared-clock.ts";

/** A queue that was filled by hand and stays empty for so long has come to its end. */
const HAND_FILLED_MS = 100;
const WAIT_MS_MAX = 1000;
/** A reader that is held up tells of its last few items only when it goes on: so often is looked without being told. */
const LOOK_MS = 10;
/** How often is looked whether a queue that is being filled is ready. */
const READY_LOOK_MS = 2;
/** What is overdue is sent for so long at a stretch; then everything else on this thread has its turn. */
const SLICE_NS = 2e6;
const MICROS_PER_SECOND = 1e6;

export type BroadcastOptions = {
  readonly core: QueueCore;
  readonly sink: MessageSink;
  readonly speed: number;
  readonly statistics?: BroadcastStatistics | undefined;
  readonly clock?: WakeSource | undefined;
  onError(error: Error): void;
  onEnd(): void;
};

/** Throws a TypeError for what is no speed. */
export function checkSpeed(speed: unknown): asserts speed is number {
  if (typeof speed === "number" && Number.isFinite(speed) && speed > 0) return;
  throw new TypeError(`speed: must be a finite number above 0, not ${String(speed)}`);
}

export class Broadcast {
  readonly statistics: BroadcastStatistics;
  readonly #options: BroadcastOptions;
  readonly #core: QueueCore;
  #clock: WakeSource | undefined;
  #slot: WakeSlot | undefined;
  #speed: number;
  /** Increased by every start and halt: who waited meanwhile sees that it is out of date. */
  #round = 0;
  #isAlive = false;
  #pair: ReferencePair | undefined;
  /** Where the log stood when sending was halted, and in which pass of the queue. */
  #reached: { readonly at: Micros; readonly pass: number; readonly atEnd: boolean } | undefined;
  /** Largest elapsed time so far: due times never go back. */
  #latest: Micros = micros(0);
  #wake: () => void = () => {};
  /** The sink is being closed, or was. */
  #closing: Promise<void> = Promise.resolve();
  #anchor: NodeJS.Timeout | undefined;

  constructor(options: BroadcastOptions) {
    this.#options = options;
    this.#core = options.core;
    this.#speed = options.speed;
    this.statistics = options.statistics ?? new BroadcastStatistics();
  }

  get speed(): number {
    return this.#speed;
  }

  set speed(speed: number) {
    this.#speed = speed;
    if (this.#pair === undefined || this.#clock === undefined) return;
    const now = this.#clock.now();
    const item = this.#core.peek();
    const next = item === null ? micros(Number.MAX_SAFE_INTEGER) : this.#timeOf(item);
    this.#pair = atSpeed(this.#pair, { now, speed, next });
    this.#wake();
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  start(): boolean {
    if (this.#isAlive) return false;
    this.#isAlive = true;
    this.#round++;
    this.#anchor = setInterval(() => {}, WAIT_MS_MAX);
    void this.#run(this.#round);
    return true;
  }

  /** Ends sending after what is being sent. `keepsSink`: it will go on soon. False if there was nothing to end. */
  halt({ keepsSink }: { readonly keepsSink: boolean }): boolean {
    if (!this.#isAlive) return false;
    this.#rest({ atEnd: false });
    if (!keepsSink) this.closeSink();
    return true;
  }

  /** Settles when the sink has delivered everything and is closed. */
  closed(): Promise<void> {
    return this.#closing;
  }

  closeSink(): void {
    this.#closing = this.#closing
      .then(() => this.#options.sink.close())
      .catch((error) => {
        if (error instanceof LostMessages) this.#failed(error);
        else this.#options.onError(asError(error));
      });
  }

  async #run(round: number): Promise<void> {
    const { clock, sink, onError } = this.#options;
    try {
      await this.#closing;
      const paced = clock ?? (await borrowClock());
      try {
        await sink.open();
        if (round === this.#round) await this.#dispatch(round, paced);
      } finally {
        if (clock === undefined) await returnClock();
      }
    } catch (error) {
      onError(asError(error));
    }
    if (round === this.#round) await this.#end(round);
  }

  async #end(round: number): Promise<void> {
    this.#rest({ atEnd: true });
    this.closeSink();
    await this.#closing;
    // A start while the sink was being closed is a replay of its own.
    if (this.#round === round + 1) this.#options.onEnd();
  }

  #rest({ atEnd }: { readonly atEnd: boolean }): void {
    this.#isAlive = false;
    this.#round++;
    clearInterval(this.#anchor);
    if (this.#pair !== undefined && this.#clock !== undefined) {
      const at = atEnd ? this.#latest : this.#logTime(this.#clock.now());
      this.#reached = { at, pass: this.#core.board.pass, atEnd };
    }
    this.#pair = undefined;
    this.#slot?.release();
    this.#slot = undefined;
    this.#clock = undefined;
    this.#wake();
    this.#core.poke();
  }

  /** Where the log stands, but not beyond what is sent next. */
  #logTime(now: Nanos): Micros {
    const pair = this.#pair as ReferencePair;
    const item = this.#core.peek();
    const time = archiveTimeAt(pair, now);
    return item === null ? time : micros(Math.min(time, this.#timeOf(item)));
  }

  async #dispatch(round: number, clock: WakeSource): Promise<void> {
    this.#clock = clock;
    this.#slot = clock.slot(() => this.#wake());
    await this.#untilReady(round);
    let sliceEnd = clock.now() + SLICE_NS;
    while (round === this.#round) {
      const item = this.#core.peek();
      if (item === null) {
        if (await this.#isOver(round)) return;
        continue;
      }
      const now = clock.now();
      const pair = this.#pairFor(item, now);
      const due = dueOf(pair, this.#timeOf(item));
      if (due > now) {
        await this.#until(due);
        sliceEnd = clock.now() + SLICE_NS;
        continue;
      }
      const sending = this.#send(item, due, now);
      if (sending !== undefined) await sending;
      if (now < sliceEnd) continue;
      await new Promise((resolve) => setImmediate(resolve));
      sliceEnd = clock.now() + SLICE_NS;
    }
  }

  async #untilReady(round: number): Promise<void> {
    const { link } = this.#core;
    while (link !== null && round === this.#round && !link.isReady() && !link.isOver()) {
      // Items arrive all the while, so the queue's own signal says nothing here.
      await new Promise((resolve) => setTimeout(resolve, READY_LOOK_MS));
    }
  }

  /** The queue is empty: whether nothing will follow. Otherwise waits for more. */
  async #isOver(round: number): Promise<boolean> {
    const { link } = this.#core;
    if (link !== null) {
      // In this order: what was put in last can be seen before its producer says that it has ended.
      if (link.isOver() && this.#core.peek() === null) return true;
      if (this.#core.peek() === null) await this.#core.untilChanged(LOOK_MS);
      return false;
    }
    const until = performance.now() + HAND_FILLED_MS;
    while (round === this.#round && this.#core.peek() === null) {
      const left = until - performance.now();
      if (left <= 0) return true;
      await this.#core.untilChanged(left);
    }
    return false;
  }

  /** Resolves at the due time, and when something changes what is due. */
  #until(due: Nanos): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = () => {
        this.#wake = () => {};
        this.#slot?.cancel();
        resolve();
      };
      this.#slot?.at(due);
    });
  }

  /** Counts from the beginning of the log, or goes on where it was halted. */
  #pairFor(item: OutgoingItem, now: Nanos): ReferencePair {
    if (this.#pair !== undefined) return this.#pair;
    const archive = this.#isResumed(item) ? this.#reached?.at : this.#begin();
    this.#pair = { archive: archive ?? micros(0), mono: now, speed: this.#speed };
    return this.#pair;
  }

  #isResumed(item: OutgoingItem): boolean {
    const reached = this.#reached;
    if (reached === undefined || reached.pass !== this.#core.board.pass) return false;
    // Behind an end, what lies before it can only be another log.
    return !reached.atEnd || microsOf(item) >= reached.at;
  }

  #begin(): Micros {
    if (this.#options.statistics === undefined) this.statistics.clear();
    this.statistics.beginPass();
    this.#latest = micros(0);
    return micros((this.#core.link?.startTime ?? 0) * MICROS_PER_SECOND);
  }

  #timeOf(item: OutgoingItem): Micros {
    return micros(Math.max(microsOf(item), this.#latest));
  }

  #send(item: OutgoingItem, due: Nanos, now: Nanos): Promise<void> | undefined {
    const time = microsOf(item);
    if (time < this.#latest) this.statistics.addNegativeGap();
    this.#latest = micros(Math.max(time, this.#latest));
    this.#core.take();
    this.statistics.addSent(item, { due, at: now });
    try {
      const sending = this.#options.sink.send(item);
      return sending?.catch((error) => this.#failed(error));
    } catch (error) {
      this.#failed(error);
      return undefined;
    }
  }

  #failed(error: unknown): void {
    this.statistics.addFailed(error instanceof LostMessages ? error.count : 1);
    this.#options.onError(asError(error));
  }
}

const microsOf = (item: OutgoingItem): Micros => micros(item.elapsed_time * MICROS_PER_SECOND);
