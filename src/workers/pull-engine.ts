// The main thread's end of a run of pullers: starts the request worker threads, passes on orders, gathers what they tell.
// Puller k lives on thread k mod N.
import { MessageChannel, type MessagePort } from "node:worker_threads";
import { Piscina } from "piscina";
import { takeOrigin } from "../core/clock.ts";
import { allocateRing } from "../ring/record-ring.ts";
import { allocateTally } from "../stats/tally-layout.ts";
import type { NodeStatus } from "./node-report.ts";
import { allocateBoard, PullBoard } from "./pull-board.ts";
import type {
  FromPullThread,
  PullThreadEnd,
  PullThreadTask,
  ToPullThread,
} from "./pull-messages.ts";
import type { PullPlan } from "./pull-plan.ts";
import { threadUrl } from "./thread-url.ts";

/** As for replays: short pauses for many small objects (engine.ts). */
const YOUNG_GENERATION_MB = 2;
/** Some 18,000 rows: a third of a second at 50,000 requests a second of one thread. */
const ROW_RING_BYTES = 4 * 1024 * 1024;

/** Pullers, whether they live in this process or on several machines. Instants are ns on the clock of `origin`. */
export type PullFleet = Pick<
  PullEngine,
  | "origin"
  | "tallies"
  | "boards"
  | "ready"
  | "ended"
  | "threads"
  | "leadNs"
  | "send"
  | "sendAll"
  | "toPuller"
  | "cut"
  | "filledTo"
  | "close"
> & {
  /** How the nodes do, at any time: of pullers on several machines. */
  nodeReports?(): readonly NodeStatus[];
  /** Rings of rows, one per thread, where the plan wants them; closed at the end of the threads. */
  readonly rows?: readonly SharedArrayBuffer[];
  /** Of pullers that keep to their schedule when whoever gave it is gone, so that another one can take its place. */
  readonly outlasting?: OutlastingPullers | undefined;
};

/** What is to be done at an instant of a schedule: ms behind its beginning. */
export type ScheduledOrders = { readonly atMs: number; readonly orders: readonly ToPullThread[] };

/** Why a schedule ends early: somebody ordered it, a threshold was missed, or nobody is left who could pull. */
export type HaltedBy = "order" | "threshold" | "end";
type Halted = { readonly at: number; readonly by: HaltedBy };

/** Instants are ns on the clock. */
export type OutlastingPullers = {
  /** The common start, and the same on the wall clock, ms since the epoch. Known when the fleet is ready. */
  readonly start: { readonly at: number; readonly wallMs: number };
  /** The schedule was halted by somebody who had it before. */
  readonly halted: Halted | undefined;
  /** Gives out a whole schedule. When it begins, or began: it may be followed already. */
  follow(orders: Iterable<ScheduledOrders>): Promise<number>;
  /** Resolves when everything before an instant of the schedule is in tallies and boards; to be asked in order. */
  upTo(at: number): Promise<void>;
  /** Nothing of the schedule holds behind the instant. */
  halt(halted: Halted): Promise<void>;
};

/** `lost`: nobody is left who could pull. */
export type MakePullFleet = (plan: PullPlan, listener: PullListener, lost: () => void) => PullFleet;

export type PullListener = (message: FromPullThread, thread: number) => void;

export class PullEngine {
  readonly origin = takeOrigin();
  /** For a reader on this thread; their classes are those of pull-classes.ts. */
  readonly tallies: readonly SharedArrayBuffer[];
  readonly boards: readonly PullBoard[];
  readonly rows: readonly SharedArrayBuffer[];
  /** Orders for an instant are to be given so long before it; 0 = they hold from when they are given. */
  readonly leadNs: number = 0;
  /** Resolves when all threads are ready for orders. */
  readonly ready: Promise<unknown>;
  /** What the threads knew at their end. Rejects when one of them failed. */
  readonly ended: Promise<readonly PullThreadEnd[]>;
  readonly #pool: Piscina;
  readonly #ports: MessagePort[] = [];

  constructor(plan: PullPlan, listener: PullListener) {
    const threads = Array.from({ length: plan.threads }, (_, thread) => thread);
    this.tallies = threads.map(allocateTally);
    const boards = threads.map(allocateBoard);
    this.boards = boards.map((memory) => new PullBoard(memory));
    this.rows = plan.rows === undefined ? [] : threads.map(() => allocateRing(ROW_RING_BYTES));
    const pulledBefore = new SharedArrayBuffer(Math.max(1, plan.images.length));
    this.#pool = new Piscina({
      filename: threadUrl("thread/puller/main").href,
      name: "servePullers",
      minThreads: plan.threads,
      maxThreads: plan.threads,
      atomics: "disabled",
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
    });
    const ready: Promise<void>[] = [];
    const tasks = threads.map((thread) => {
      const { port1, port2 } = new MessageChannel();
      this.#ports.push(port1);
      const { promise, resolve } = Promise.withResolvers<void>();
      ready.push(promise);
      port1.on("message", (message: FromPullThread) => {
        if (message.type === "ready") resolve();
        else listener(message, thread);
      });
      const task: PullThreadTask = {
        thread,
        origin: this.origin,
        tally: this.tallies[thread] as SharedArrayBuffer,
        board: boards[thread] as SharedArrayBuffer,
        pulledBefore,
        rows: this.rows[thread],
        port: port2,
        plan,
      };
      return this.#pool.run(task, { transferList: [port2] }) as Promise<PullThreadEnd>;
    });
    this.ended = Promise.all(tasks);
    // Raced by whoever waits for something; afterwards nobody may be listening.
    this.ended.catch(() => {});
    this.ready = Promise.race([Promise.all(ready), this.ended]);
  }

  get threads(): number {
    return this.#ports.length;
  }

  /** An order holds at once, whatever instant it is given for. */
  send(thread: number, order: ToPullThread, _at?: number): void {
    this.#ports[thread]?.postMessage(order);
  }

  sendAll(order: ToPullThread, _at?: number): void {
    for (const port of this.#ports) port.postMessage(order);
  }

  /** To the thread that the puller lives on. */
  toPuller(puller: number, order: ToPullThread, _at?: number): void {
    this.send(puller % this.threads, order);
  }

  /** Resolves when everything before the instant, and nothing behind it, is in tallies and boards. */
  async cut(_at: number): Promise<void> {}

  /** Up to where tallies and boards are filled, at the instant `now`. */
  filledTo(now: number): number {
    return now;
  }

  async close(): Promise<void> {
    for (const port of this.#ports) port.close();
    await this.#pool.destroy();
  }
}
