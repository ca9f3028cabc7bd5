import { invariant } from "../../core/errors.ts";
import type { WakeSource } from "../clock/wake-clock.ts";
import { Broadcast, checkSpeed } from "./broadcast.ts";
import type { BroadcastFigures, BroadcastStatistics } from "./broadcast-statistics.ts";
import { BufferData } from "./buffer-data.ts";
import { Events } from "./events.ts";
import { LogIOError } from "./log-io-error.ts";
import type { LogReader } from "./log-item.ts";
import { coreOf, type MessageQueue, QUEUE_LENGTH_DEFAULT } from "./message-queue.ts";
import type { ModuleSpec } from "./module-export.ts";
import { type Outlet, outletOf } from "./outlet.ts";
import { ReadDirectory } from "./read-directory.ts";

// What the documentation says of each call in each state, and the state behind it:
//
//             start()            pause()         stop()
//   new       running, true      false           false
//   running   false              paused, true    stopped, true
//   paused    running, true      false           stopped, false   position and queue go back to the beginning
//   finished  running, true      false           false            start: from the beginning
//   stopped   running, true      false           false            start: from the beginning
type ReplayState = "new" | "running" | "paused" | "finished" | "stopped";

type ReplayEvents = { readonly error: readonly [error: Error]; readonly end: readonly [] };

export type ReplayOptions = Outlet & {
  /** Upper bound of messages that are read ahead. Default 5000. */
  readonly length?: number;
  /** Counts several replays together; without it every pass from the beginning counts from nothing. */
  readonly statistics?: BroadcastStatistics;
  /** For tests; without it the pacing thread. */
  readonly clock?: WakeSource;
};

/** A directory of logs, by its path. */
export type ReplaySource = { readonly source: string };

/** Replays message logs: `BufferData` and `ScheduleBroadcasts` together. No call waits and no question blocks. */
export class Replay {
  readonly #buffer: BufferData;
  readonly #broadcast: Broadcast;
  readonly #events = new Events<ReplayEvents>();
  readonly #isResettable: boolean;
  #state: ReplayState = "new";
  #settling: { readonly promise: Promise<void>; readonly resolve: () => void };

  /** Throws a TypeError for wrong arguments, a LogIOError where `source` names no directory of logs. */
  constructor(
    reader: LogReader | ModuleSpec | ReplaySource,
    speed = 1,
    { length = QUEUE_LENGTH_DEFAULT, statistics, clock, ...outlet }: ReplayOptions = {},
  ) {
    checkSpeed(speed);
    const source = isSource(reader) ? new ReadDirectory(reader.source) : reader;
    this.#isResettable = "module" in source || typeof source.reset === "function";
    this.#buffer = new BufferData(source, length);
    this.#buffer.on("error", (error) => this.#onReadError(error));
    const core = coreOf(this.#buffer.queue);
    invariant(core !== undefined, "every queue has a core");
    const onError = (error: Error): void => this.#events.emit("error", error);
    this.#broadcast = new Broadcast({
      core,
      speed,
      statistics,
      clock,
      sink: outletOf(outlet, onError),
      onError,
      onEnd: () => this.#onEnd(),
    });
    this.#settling = Promise.withResolvers();
  }

  /** May be set at any time; acts within 5 ms. TypeError for what is no speed, which changes nothing. */
  get speed(): number {
    return this.#broadcast.speed;
  }

  set speed(speed: number) {
    checkSpeed(speed);
    this.#broadcast.speed = speed;
  }

  /** One object, from first to last. */
  get queue(): MessageQueue {
    return this.#buffer.queue;
  }

  get length(): number {
    return this.#buffer.length;
  }

  /** From `start` until the last message was sent, `pause` or `stop`. */
  isAlive(): boolean {
    return this.#state === "running" && this.#broadcast.isAlive;
  }

  /** True while there are messages that are not in the queue. */
  isDataPending(): boolean {
    return this.#buffer.isDataPending();
  }

  /** Begins, goes on after a pause, or begins anew. False while running, and where the reader cannot go back. */
  start(): boolean {
    if (this.isAlive()) return false;
    if (this.#state === "finished" || this.#state === "running") {
      if (!this.#isResettable) return false;
      this.#buffer.reset();
    }
    if (this.#state === "stopped" && !this.#isResettable) return false;
    if (this.#state !== "paused" && this.#state !== "new") this.#settleAnew();
    this.#state = "running";
    this.#buffer.start();
    return this.#broadcast.start();
  }

  /** Keeps the position; what is queued stays. False unless running. */
  pause(): boolean {
    if (!this.isAlive()) return false;
    this.#state = "paused";
    return this.#broadcast.halt({ keepsSink: true });
  }

  /** Back to the beginning, the queue empty. False unless running; a paused replay goes back all the same. */
  stop(): boolean {
    const wasAlive = this.isAlive();
    if (!wasAlive && this.#state !== "paused") return false;
    this.#goBack();
    return wasAlive;
  }

  /** As `stop`, also where nothing runs. TypeError where the reader cannot go back. */
  reset(): void {
    if (this.isAlive() || this.#state === "paused") this.#goBack();
    else if (this.#state !== "new") {
      this.#buffer.reset();
      this.#state = "stopped";
    }
  }

  /** Resolves when the replay has ended or was stopped, and everything is delivered. */
  async done(): Promise<BroadcastFigures> {
    await this.#settling.promise;
    return this.stats();
  }

  stats(): BroadcastFigures {
    return this.#broadcast.statistics.figures();
  }

  /** `end`: the last message was sent and delivered. `error`: of reader, sink or hook; the replay goes on if it can. */
  on<Name extends keyof ReplayEvents>(
    event: Name,
    listener: (...values: ReplayEvents[Name]) => void,
  ): this {
    this.#events.on(event, listener);
    return this;
  }

  /** Stops, and ends the reader's thread. Leaving the program does the same. */
  async close(): Promise<void> {
    this.stop();
    await this.#broadcast.closed();
    await this.#buffer.close();
  }

  /** Whoever waits for the pass before is told at once: it has ended. */
  #settleAnew(): void {
    const { resolve } = this.#settling;
    this.#settling = Promise.withResolvers();
    void this.#broadcast.closed().then(resolve);
  }

  #goBack(): void {
    this.#broadcast.halt({ keepsSink: true });
    this.#broadcast.closeSink();
    this.#state = "stopped";
    if (this.#isResettable) this.#buffer.reset();
    else this.#buffer.stop();
    void this.#broadcast.closed().then(this.#settling.resolve);
  }

  #onEnd(): void {
    if (this.#state !== "running") return;
    this.#state = "finished";
    this.#settling.resolve();
    this.#events.emit("end");
  }

  /** A line that is none ends neither the log nor the replay: reading goes on behind it. */
  #onReadError(error: Error): void {
    const goesOn = error instanceof LogIOError && error.code === "EFORMAT";
    if (goesOn && (this.#state === "running" || this.#state === "paused")) this.#buffer.start();
    this.#events.emit("error", error);
  }
}

const isSource = (reader: unknown): reader is ReplaySource =>
  typeof reader === "object" &&
  reader !== null &&
  typeof (reader as { source?: unknown }).source === "string";
