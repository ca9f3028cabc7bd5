import { invariant } from "../../core/errors.ts";
import { asError, Events } from "./events.ts";
import { notResettable } from "./fill-sources.ts";
import { LocalPump } from "./local-pump.ts";
import { checkReader, type LogReader } from "./log-item.ts";
import { coreOf, MessageQueue, QUEUE_LENGTH_DEFAULT } from "./message-queue.ts";
import { isModuleSpec, type ModuleSpec, moduleAddress } from "./module-export.ts";
import type { FillState, QueueBoard } from "./queue-board.ts";
import type { QueueCore } from "./queue-core.ts";
import { openReaderOf } from "./reader-plan.ts";
import { ReaderThread, type ThreadPlan } from "./reader-thread.ts";

type BufferEvents = { readonly error: readonly [error: Error] };

/**
 * Fills a bounded queue ahead of time, since its reader is slow.
 *
 *   event                     isAlive  isReady    isDataPending  queue   read position
 *   new                       F        F          T (F: empty)   empty   start
 *   start()                   T        unchanged  T              kept    goes on
 *   queue full                T        T          T              full    waits
 *   source exhausted          F        T          F              kept    end
 *   stop()                    F        unchanged  unchanged      kept    kept
 *   start() after exhaustion  F        T          F              kept    end
 *   reset()                   F        F          T              empty   start
 *
 * `ReadFile` and `ReadDirectory` are read in a thread of their own, a module too; the reader that was given is then not moved.
 * Any other reader is read on this thread, a slice at a time. Every method answers at once.
 */
export class BufferData {
  /** One object, from first to last. */
  readonly queue: MessageQueue;
  /** Upper bound of items in the queue. */
  readonly length: number;
  readonly #core: QueueCore;
  readonly #board: QueueBoard;
  readonly #events = new Events<BufferEvents>();
  readonly #feed: Feed;
  #wasStarted = false;

  /**
   * Throws a TypeError that names the missing member of the reader, or for a length that is no whole number above 0.
   */
  constructor(reader: LogReader | ModuleSpec, length: number = QUEUE_LENGTH_DEFAULT) {
    if (!isModuleSpec(reader)) checkReader(reader);
    this.queue = new MessageQueue(length);
    this.length = length;
    const core = coreOf(this.queue);
    invariant(core !== undefined, "every queue has a core");
    this.#core = core;
    this.#board = core.board;
    this.#feed = feedOf(reader, core, (error, pass) => this.#onFailure(error, pass));
    core.link = {
      isReady: () => this.isReady(),
      isOver: () => this.#state().ended || (this.#wasStarted && !this.#board.isRunning),
      startTime: startTimeOf(reader),
    };
  }

  /** True while buffering. */
  isAlive(): boolean {
    return this.#board.isRunning && !this.#board.isHalted && !this.#state().ended;
  }

  /** True while the source has items that are not in the queue. */
  isDataPending(): boolean {
    return this.#state().pending;
  }

  /** Whether playing may begin: the queue has been full once, or holds all there is. Until `reset`. */
  isReady(): boolean {
    return this.#state().ready;
  }

  /** Begins, or goes on where it stopped; false if already at it. */
  start(): boolean {
    if (this.isAlive()) return false;
    this.#wasStarted = true;
    if (this.#state().ended) return true;
    this.#board.run();
    this.#feed.start();
    return true;
  }

  /** Keeps queue and read position; false if not running. */
  stop(): boolean {
    const wasAlive = this.isAlive();
    this.#board.stop();
    this.#core.poke();
    return wasAlive;
  }

  /** Stops and forgets what is queued; the next start begins with the first item. TypeError for a reader without `reset`. */
  reset(): void {
    this.#feed.checkResettable();
    this.#board.stop();
    this.#core.nextPass();
    this.#feed.rewind();
  }

  /** Errors of the reader; buffering has stopped, and what is queued stays. */
  on(event: "error", listener: (error: Error) => void): this {
    this.#events.on(event, listener);
    return this;
  }

  /** Ends the reader's thread. Leaving the program does the same. */
  async close(): Promise<void> {
    this.stop();
    await this.#feed.close();
  }

  #state(): FillState {
    return (
      this.#board.state() ?? { pending: this.#feed.isPendingAtStart(), ready: false, ended: false }
    );
  }

  #onFailure(error: unknown, pass: number): void {
    if (pass !== this.#board.pass) return;
    this.#board.stop();
    this.#events.emit("error", asError(error));
    this.#core.poke();
  }
}

/** The two ways of reading, by what a buffer asks of them. */
type Feed = {
  start(): void;
  rewind(): void;
  checkResettable(): void;
  /** While the reading end has said nothing of this pass. */
  isPendingAtStart(): boolean;
  close(): Promise<void>;
};

type OnFailure = (error: unknown, pass: number) => void;

function feedOf(reader: LogReader | ModuleSpec, core: QueueCore, onFailure: OnFailure): Feed {
  if (isModuleSpec(reader)) {
    return moduleFeed(new ReaderThread(core, modulePlan(reader), onFailure));
  }
  const open = openReaderOf(reader);
  if (open === undefined) return localFeed(reader, core, onFailure);
  const thread = new ReaderThread(core, open.plan, onFailure);
  let isPending = reader.isDataPending();
  return {
    start: () => thread.start(open.taken),
    rewind: () => {
      if (open.taken > 0) {
        reader.reset?.();
        isPending = reader.isDataPending();
      }
    },
    checkResettable: () => {},
    isPendingAtStart: () => isPending,
    close: () => thread.close(),
  };
}

const modulePlan = (spec: ModuleSpec): ThreadPlan => ({
  kind: "module",
  address: moduleAddress(spec),
});

/** Nobody knows what the module's reader has before the thread has loaded it. */
const moduleFeed = (thread: ReaderThread): Feed => ({
  start: () => thread.start(0),
  rewind: () => {},
  checkResettable: () => {},
  isPendingAtStart: () => true,
  close: () => thread.close(),
});

function localFeed(reader: LogReader, core: QueueCore, onFailure: OnFailure): Feed {
  const pump = new LocalPump(core, reader, onFailure);
  return {
    start: () => pump.start(),
    rewind: () => pump.rewind(),
    checkResettable: () => {
      if (typeof reader.reset !== "function") throw notResettable();
    },
    isPendingAtStart: () => reader.isDataPending(),
    close: async () => pump.close(),
  };
}

/** A window that begins late is no reason to wait. */
function startTimeOf(reader: LogReader | ModuleSpec): number {
  const minTime = "minTime" in reader ? reader.minTime : null;
  return typeof minTime === "number" && Number.isFinite(minTime) && minTime > 0 ? minTime : 0;
}
