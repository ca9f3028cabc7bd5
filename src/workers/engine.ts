// One run on one machine: starts the feeder and the request worker threads, gives them their common start, collects, ends.
import { setFlagsFromString } from "node:v8";
import { MessageChannel, type MessagePort, type Worker } from "node:worker_threads";
import type { Piscina } from "piscina";
import type { Clock } from "../core/clock.ts";
import { takeOrigin, threadClock } from "../core/clock.ts";
import { type Nanos, nanos } from "../core/units.ts";
import { allocateTimebase, Timebase } from "../pacing/timebase.ts";
import {
  type AppliedControl,
  type ControlAnswer,
  type EndedBy,
  type EndKind,
  type RunControl,
  TimebaseControl,
} from "../pacing/timebase-control.ts";
import type { PacingMode } from "../pacing/wake-plan.ts";
import type { TargetCounts } from "../plugins/plugin.ts";
import type { ClientSpec } from "../registry/client-spec.ts";
import { allocateAlarmBoard } from "../ring/alarm-board.ts";
import { startAlarmClock } from "../ring/alarm-clock.ts";
import { allocateRing } from "../ring/record-ring.ts";
import { allocateTally } from "../stats/tally-layout.ts";
import { OutcomeDrain, type OutcomeKeeper } from "./collector/outcome-drain.ts";
import { type FeedPlan, hasDueTimes } from "./feed-plan.ts";
import { Feeder } from "./feeder.ts";
import type { FeedSummary, FromFeeder, FromRequestThread, RequestThreadTask } from "./messages.ts";
import type { NodeReport, NodeStatus } from "./node-report.ts";
import type { MakeSource, OperationSource } from "./operation-source.ts";
import { type ReadyThreads, soon } from "./ready-threads.ts";
import { requestPool } from "./request-pool.ts";
import { allocateOrders, RunOrders } from "./run-orders.ts";
import { sumOfCounts } from "./target-counts.ts";
import type { DispatcherLimits } from "./thread/dispatcher.ts";

/** Per worker: performance.md section 5 asks for at least 1 MiB, some 2,000 to 4,000 operations ahead. */
const OPERATION_RING_BYTES = 1024 * 1024;
/** Some 10,000 outcomes, a tenth of a second at full rate, while the main thread is busy elsewhere. */
const OUTCOME_RING_BYTES = 4 * 1024 * 1024;
/** Between a control and its effect: a message to a thread arrives well within it. */
const CONTROL_AHEAD_NS = 20e6;
/** The system wakes a sleeper late by some 60 us. performance.md section 3. */
const ALARM_EARLY = nanos(70e3);
/**
 * What survives in a worker's young generation is copied in 0.2 ms, and a pause lasts until the last helper thread of V8 has had
 * a core. Without helpers the p99 of pauses is 0.8 instead of 1.1 ms where the load goes before all other work; on a crowded
 * machine the median stays at 0.2 ms, where with helpers it went up to 1 ms, and no difference of p99 could be told from noise.
 * Holds for all threads of the process, and is looked up at every collection.
 */
const NO_HELPERS = "--no-parallel-scavenge";

export type EnginePlan = {
  readonly threads: number;
  readonly feed: FeedPlan;
  readonly client: ClientSpec;
  readonly limits: DispatcherLimits;
  /** Registry entries, by index, that connections are opened to before the start; none if absent. */
  readonly opening?: readonly number[];
  readonly pacing: PacingMode;
  readonly onTimeNs: number;
  readonly tooLateNs: number;
};

/** `listener` is called whenever the clock has moved: after an interruption that is many times in a moment. */
export type FilledClock = Clock & { whenFilled(listener: () => void): void };

/** The common start of all threads. */
export type EngineStart = {
  /** On the wall clock, microseconds since the epoch: for display. */
  readonly wallUs: number;
  /** Where the monotonic clock counts from, and the instant of the start on it, nanoseconds. */
  readonly origin: bigint;
  readonly clock: Clock;
  readonly at: number;
  /** How far tallies are filled, as a clock, where that is behind: those of other machines come when a second is over. */
  readonly filled?: FilledClock;
};

export type EngineListeners = {
  readonly keeper: OutcomeKeeper;
  started(start: EngineStart): void;
  feeding(message: FromFeeder): void;
  /** The run was begun by another master, which had been told to end it. */
  endRecalled?(kind: EndKind, by: EndedBy): void;
};

/** What a run on several machines has otherwise than a run on one. */
export type EngineParts = {
  /** Makes what fills the rings; the feeder thread if absent. */
  readonly source?: MakeSource;
  /** Finds the start when everybody here is ready: an instant on the given clock, nanoseconds. Soon, if absent. */
  readonly agree?: (here: ReadyThreads) => Promise<number>;
};

const feederThread: MakeSource = (task, listener) => new Feeder(task, listener);

export type EngineEnd = {
  readonly feed: FeedSummary;
  readonly counts: TargetCounts;
  /** Of a run on several machines. */
  readonly nodes?: readonly NodeReport[];
};

/** What the outputs of a run need of an engine, whether it runs here or on several machines. */
export type RunEngine = Pick<
  Engine,
  "run" | "control" | "controls" | "drain" | "drainAheadNs" | "stop" | "tallies" | "timebase"
> & {
  /** How the nodes do, at any time: of a run on several machines. */
  nodeReports?(): readonly NodeStatus[];
  /** Of a run that was begun by another master: its orders are not known yet, nor where the schedule stands. */
  readonly isTakingOver?: boolean;
};

/** Makes the engine of a run. */
export type MakeEngine = (plan: EnginePlan, listeners: EngineListeners) => RunEngine;

/** One that sends from this process. */
export const engineHere: MakeEngine = (plan, listeners) => new Engine(plan, listeners);

export class Engine {
  readonly #plan: EnginePlan;
  readonly #listeners: EngineListeners;
  readonly #parts: Required<EngineParts>;
  readonly #origin = takeOrigin();
  readonly #orders: RunOrders;
  readonly #ordersMemory: SharedArrayBuffer;
  readonly #alarms: SharedArrayBuffer;
  readonly #operations: SharedArrayBuffer[];
  readonly #outcomes: SharedArrayBuffer[];
  /** Tallies of the threads, for a reader on this thread. */
  readonly tallies: readonly SharedArrayBuffer[];
  readonly #timebaseMemory = allocateTimebase();
  readonly #control = new TimebaseControl(this.#timebaseMemory);
  /** Where the schedule stands on the clock. */
  readonly timebase = new Timebase(this.#timebaseMemory);
  /** Between an order to drain and its effect: none within a process. */
  readonly drainAheadNs: number = 0;
  #started: EngineStart | undefined;
  #ports: MessagePort[] = [];
  /** Ordered before there were threads, perhaps. */
  #ending: EndKind | undefined;

  constructor(plan: EnginePlan, listeners: EngineListeners, parts: EngineParts = {}) {
    this.#plan = plan;
    this.#listeners = listeners;
    this.#parts = { source: feederThread, agree: soon, ...parts };
    const each = <T>(make: () => T): T[] => Array.from({ length: plan.threads }, make);
    this.#operations = each(() => allocateRing(OPERATION_RING_BYTES));
    this.#outcomes = each(() => allocateRing(OUTCOME_RING_BYTES));
    this.tallies = each(allocateTally);
    this.#ordersMemory = allocateOrders(plan.threads);
    this.#alarms = allocateAlarmBoard(plan.threads);
    this.#orders = new RunOrders(this.#ordersMemory);
  }

  /** Runs to the end. Throws what the feeder threw: wrong input is found while it reads. */
  async run(): Promise<EngineEnd> {
    setFlagsFromString(NO_HELPERS);
    const pool = requestPool(this.#plan.threads);
    const alarmClock = this.#startAlarmClock();
    const drain = new OutcomeDrain(this.#outcomes, this.#listeners.keeper);
    const { feeder, tasks } = this.#launch(pool);
    try {
      const collected = drain.run();
      const failed = Promise.race([
        feeder.failed,
        ...[collected, ...tasks].map((part) => part.then(forever)),
      ]);
      await Promise.race([failed, this.#startTogether(feeder)]);
      const feed = await Promise.race([failed, feeder.finished]);
      const counts = await Promise.race([failed, Promise.all(tasks)]);
      drain.hasten();
      await Promise.race([failed, collected]);
      return { feed, counts: sumOfCounts(counts) };
    } finally {
      this.#over = true;
      drain.cancel();
      await feeder.terminate();
      await alarmClock?.terminate();
      await pool.destroy();
    }
  }

  #launch(pool: Piscina): { feeder: OperationSource; tasks: Promise<TargetCounts>[] } {
    const ready: Promise<FromRequestThread>[] = [];
    const tasks = this.#operations.map((_, thread) => {
      const { port1, port2 } = new MessageChannel();
      this.#ports.push(port1);
      if (this.#ending !== undefined) port1.postMessage({ type: this.#ending });
      const transferred = { transferList: [port2] };
      const task = pool.run(this.#taskOf(thread, port2), transferred) as Promise<TargetCounts>;
      // The one thing that a thread says. One that is told to end before is ready for that.
      const said = new Promise<FromRequestThread>((resolve) => port1.once("message", resolve));
      ready.push(Promise.race([said, task.then(() => ended)]));
      return task;
    });
    this.#ready = Promise.all(ready);
    const feeder = this.#parts.source(
      { rings: this.#operations, orders: this.#ordersMemory, plan: this.#plan.feed },
      (message) => this.#listeners.feeding(message),
    );
    return { feeder, tasks };
  }

  #ready: Promise<readonly FromRequestThread[]> = Promise.resolve([]);
  /** Ended, well or not: nothing is started any more. */
  #over = false;

  #startAlarmClock(): Worker | undefined {
    if (this.#plan.pacing !== "balanced") return undefined;
    return startAlarmClock({ board: this.#alarms, origin: this.#origin, early: ALARM_EARLY });
  }

  #taskOf(thread: number, port: MessagePort): RequestThreadTask {
    const { client, limits, opening = [], pacing, onTimeNs, tooLateNs } = this.#plan;
    return {
      thread,
      origin: this.#origin,
      operations: this.#operations[thread] as SharedArrayBuffer,
      outcomes: this.#outcomes[thread] as SharedArrayBuffer,
      tally: this.tallies[thread] as SharedArrayBuffer,
      orders: this.#ordersMemory,
      alarms: this.#alarms,
      timebase: this.#timebaseMemory,
      port,
      client,
      limits,
      opening,
      pacing,
      onTimeNs,
      tooLateNs,
    };
  }

  async #startTogether(feeder: OperationSource): Promise<void> {
    const [ready] = await Promise.all([this.#ready, feeder.primed]);
    if (this.#over) return;
    const clock = threadClock(this.#origin);
    const unopened = ready.find((thread) => thread.unopened !== undefined)?.unopened;
    const at = await this.#parts.agree({ clock, origin: this.#origin, unopened });
    if (this.#over) return;
    const wallUs = Date.now() * 1000 + (at - clock.now()) / 1000;
    for (const port of this.#ports) port.postMessage({ type: "start", at });
    this.#started = { wallUs, origin: this.#origin, clock, at };
    this.#listeners.started(this.#started);
  }

  /**
   * Pauses, resumes or changes the speed, on all threads at the same instant, which lies a little in the future. Before the
   * start it holds from the start on. In a pause nothing comes due; where nothing has a due time, nothing new starts. What
   * was due before goes out all the same, and what is under way ends. `soonest`: for an instant that was agreed on elsewhere.
   */
  control(
    control: RunControl,
    soonest: Nanos = nanos(this.#elapsed() + CONTROL_AHEAD_NS),
  ): ControlAnswer {
    if (control.kind === "speed" && !hasDueTimes(this.#plan.feed))
      return { applied: false, reason: "nothing has a due time here: there is no speed to change" };
    const answer = this.#control.control(control, soonest);
    // Threads that have not been started look by themselves when they are.
    if (answer.applied && this.#started !== undefined)
      for (const port of this.#ports) port.postMessage({ type: "look" });
    return answer;
  }

  /** What was applied so far, for the record of the run. */
  get controls(): readonly AppliedControl[] {
    return this.#control.applied;
  }

  /** Nanoseconds since the start; before it, such that a control holds from the start on. */
  #elapsed(): number {
    if (this.#started === undefined) return -CONTROL_AHEAD_NS;
    return this.#started.clock.now() - this.#started.at;
  }

  /** First interrupt: nothing new starts, what is under way ends. */
  drain(by: EndedBy = "order"): void {
    this.#orders.stop();
    this.#end("drain", by);
  }

  /** Second interrupt: what is under way is cut off and reported as such. */
  stop(): void {
    this.#orders.cut();
    this.#end("stop", "order");
  }

  #end(kind: EndKind, by: EndedBy): void {
    if (by !== "plan") this.#control.end(kind, nanos(Math.max(0, this.#elapsed())));
    this.#ending = kind;
    for (const port of this.#ports) port.postMessage({ type: kind });
  }
}

const ended: FromRequestThread = { type: "ready", unopened: undefined };

/** A task that ends well ends nothing: only its failure wins a race. */
const forever = (): Promise<never> => new Promise<never>(() => {});
