// A run on several machines, for whoever runs it the same as one on this machine: the feeder fills a ring per node instead of
// one per thread, a pump sends what is due soon, outcomes and figures come back.
//
//   feeder thread --ring--> pump --ops--> node: rings of its threads … outcomes --results--> desk --> rows, journal
//                                         node: tallies            … each second --snapshot--> tallies of the master
import { setTimeout as delay } from "node:timers/promises";
import { type Clock, takeOrigin, threadClock } from "../../core/clock.ts";
import { DrayageError } from "../../core/errors.ts";
import { nanos } from "../../core/units.ts";
import type { Timebase } from "../../pacing/timebase.ts";
import type { ControlAnswer, EndedBy, RunControl } from "../../pacing/timebase-control.ts";
import type { EngineEnd, EngineListeners, EnginePlan, RunEngine } from "../../workers/engine.ts";
import { hasDueTimes } from "../../workers/feed-plan.ts";
import { Feeder } from "../../workers/feeder.ts";
import type { NodeStatus } from "../../workers/node-report.ts";
import { allocateOrders, RunOrders } from "../../workers/run-orders.ts";
import { sumOfCounts } from "../../workers/target-counts.ts";
import type { BegunRun, RunMemory } from "../link.ts";
import type { Control } from "../protocol/message.ts";
import { type ClockLimits, checkClocks } from "./clock-check.ts";
import { ClusterControl, CONTROL_AHEAD_NS } from "./cluster-control.ts";
import { announceStart } from "./common-start.ts";
import { Dealing } from "./dealing.ts";
import { EarlyEnd } from "./early-end.ts";
import { FiguresMerge } from "./figures-merge.ts";
import { GivenOperations } from "./given-operations.ts";
import { sayGoodbye } from "./goodbye.ts";
import { rowsComing } from "./handing-over.ts";
import { LostOperations, type OnLost } from "./lost-operations.ts";
import { LostShares } from "./lost-shares.ts";
import type { NodeHandle } from "./node-handle.ts";
import { NodesFeed } from "./nodes-feed.ts";
import { OutcomeDesk } from "./outcome-desk.ts";
import { type NodePlanning, sayPlans } from "./plan-messages.ts";
import { Refusals } from "./refusals.ts";
import { rehearseHearing } from "./rehearsal.ts";
import { Retelling } from "./retelling.ts";
import { SkippedLines } from "./skipped-lines.ts";

const PUMP_MS = 10;
/** Between "everybody is ready" and the start: by then nodes have what is due first. */
const PRIMING_PASSES = 3;

export type ClusterOptions = NodePlanning &
  ClockLimits & {
    readonly nodes: readonly NodeHandle[];
    readonly onLost: OnLost;
    /** What is kept of the run for another master. */
    readonly memory?: RunMemory | undefined;
    /** The run was begun by another master. */
    readonly begun?: BegunRun | undefined;
    /** All nodes are done, or lost. */
    readonly close: () => Promise<void>;
  };

export class ClusterEngine implements RunEngine {
  readonly #plan: EnginePlan;
  readonly #listeners: EngineListeners;
  readonly #options: ClusterOptions;
  readonly #nodes: readonly NodeHandle[];
  readonly #origin = takeOrigin();
  readonly #clock: Clock = threadClock(this.#origin);
  readonly #ordersMemory: SharedArrayBuffer;
  readonly #orders: RunOrders;
  readonly #dealing: Dealing;
  readonly #figures: FiguresMerge;
  readonly #lost: LostOperations;
  readonly #shares: LostShares;
  readonly #skipped: SkippedLines;
  readonly #control: ClusterControl;
  readonly #end: EarlyEnd;
  readonly timebase: Timebase;
  readonly drainAheadNs = CONTROL_AHEAD_NS;
  readonly tallies: readonly SharedArrayBuffer[];
  /** `split: local`: nodes have feeders of their own. */
  readonly #nodesFeed: NodesFeed | undefined;
  readonly #failed = Promise.withResolvers<never>();
  readonly #refusals: Refusals;
  readonly #ended = Promise.withResolvers<void>();
  #changed: () => void = () => {};
  #startedAt: number | undefined;
  /** What an earlier master of the run gave to nodes. */
  readonly #before = new GivenOperations();
  /** What an earlier master ordered is not known yet, nor where the schedule stands. */
  isTakingOver = false;

  constructor(plan: EnginePlan, listeners: EngineListeners, options: ClusterOptions) {
    this.#plan = plan;
    this.#listeners = listeners;
    this.#options = options;
    this.#nodes = options.nodes;
    this.#control = new ClusterControl({ nodes: options.nodes, memory: options.memory });
    this.timebase = this.#control.timebase;
    this.#refusals = new Refusals(this.#nodes, this.#failed.reject);
    this.#ordersMemory = allocateOrders(this.#nodes.length);
    this.#orders = new RunOrders(this.#ordersMemory);
    const given = options.feedOf === undefined;
    this.#figures = new FiguresMerge(this.#nodes.length);
    this.tallies = this.#figures.tallies;
    this.#nodesFeed = given ? undefined : new NodesFeed();
    const desk = new OutcomeDesk(listeners.keeper, this.#failed.reject);
    const landed = (node: number, operations: number): void =>
      this.#orders.countLanded(node, operations);
    this.#lost = new LostOperations(options.nodes, options.onLost, { desk, landed });
    const before = options.begun === undefined ? undefined : this.#before;
    this.#dealing = new Dealing({ ...options, given, before, lost: this.#lost });
    this.#shares = new LostShares(plan.feed, options, {
      lost: this.#lost,
      desk,
      planned: (second, operations) => listeners.feeding({ type: "planned", second, operations }),
      listed: () => this.#lookForEnd(),
      failed: this.#failed.reject,
    });
    this.#end = new EarlyEnd({
      ...{ orders: this.#orders, dealing: this.#dealing },
      say: (kind, by) => this.#control.end(kind, this.#sinceStart(), by),
      endsAt: (schedule) => {
        this.#shares.endsAt = schedule;
      },
    });
    const thresholds = { onTime: nanos(plan.onTimeNs), tooLate: nanos(plan.tooLateNs) };
    const file = plan.feed.kind === "run" && !given ? plan.feed.skippedFile : undefined;
    this.#skipped = new SkippedLines(file);
    const coming = rowsComing(options, { landed, thresholds });
    for (const node of this.#nodes)
      node.listen({
        desk,
        figures: this.#figures,
        given,
        ...coming,
        told: (index, seq) => this.#shares.hear(index, seq),
        planned: (second, operations) => this.#shares.hearPlanned(node.index, second, operations),
        skipped: (lines) => this.#skipped.add(lines),
        changed: (one) => this.#see(one),
      });
    this.#failed.promise.catch(() => {});
    void options.memory?.takenOver.then((sentence) =>
      this.#failed.reject(new DrayageError("taken-over", sentence)),
    );
  }

  /** Runs to the end. Throws what the feeder threw, and DrayageError `node-refused` for a node that does not take part. */
  async run(): Promise<EngineEnd> {
    try {
      if (this.#options.begun === undefined) {
        await checkClocks(this.#nodes, this.#clock, this.#options);
        this.#refusals.throwAny();
      }
      return await this.#feed();
    } finally {
      sayGoodbye(this.#nodes);
      this.#skipped.close();
      await this.#options.close();
    }
  }

  async #feed(): Promise<EngineEnd> {
    const task = { rings: this.#dealing.rings, orders: this.#ordersMemory, plan: this.#plan.feed };
    const feeder =
      this.#nodesFeed ?? new Feeder(task, (message) => this.#listeners.feeding(message));
    const failed = Promise.race([feeder.failed, this.#failed.promise]);
    const { begun } = this.#options;
    let pumping: NodeJS.Timeout | undefined;
    try {
      const taken = begun && feeder.primed.then(() => this.#takeOver(begun));
      if (taken !== undefined) await Promise.race([failed, taken]);
      pumping = setInterval(() => this.#pump(), PUMP_MS);
      if (begun === undefined) {
        sayPlans(this.#plan, this.#nodes, this.#options);
        rehearseHearing();
        this.#control.repeat();
        await Promise.race([failed, Promise.all([this.#until("ready"), feeder.primed])]);
        await Promise.race([failed, this.#startTogether()]);
      }
      const feed = await Promise.race([failed, feeder.finished]);
      await Promise.race([failed, this.#ended.promise]);
      await this.#shares.countLoad();
      const nodes = this.#nodes.map((node) => node.report());
      const counts = sumOfCounts(this.#nodes.map(({ done }) => done?.counts ?? {}));
      return { feed, counts, nodes };
    } finally {
      clearInterval(pumping);
      this.#refusals.close();
      await feeder.terminate();
    }
  }

  #until(state: "ready"): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#changed = () => {
      if (this.#nodes.every((node) => node.state === state)) resolve();
    };
    this.#changed();
    return promise;
  }

  #see(node: NodeHandle): void {
    switch (node.state) {
      case "refused":
        this.#refusals.await();
        return;
      case "lost":
        this.#options.say(`node ${node.title} is lost: ${node.reason}`);
        this.#lost.add(node);
        this.#shares.list(node);
        this.#figures.end(node.index);
        this.#pump();
        return;
      case "done":
        this.#shares.listDropped(node);
        this.#figures.end(node.index);
        this.#lookForEnd();
        return;
      default:
        this.#refusals.await();
        this.#changed();
    }
  }

  async #startTogether(): Promise<void> {
    await delay(PRIMING_PASSES * PUMP_MS);
    const { at, wallUs } = await announceStart(this.#nodes, this.#clock, this.#options);
    this.#begin(at, wallUs);
  }

  async #takeOver(begun: BegunRun): Promise<void> {
    const clock = this.#clock;
    this.isTakingOver = true;
    this.#end.hold();
    const retelling = new Retelling(begun, this.#nodes, { given: this.#before, clock });
    await retelling.run({
      begin: (at, wallUs) => this.#begin(at, wallUs),
      order: (control, by) => this.#recallOrder(control, by),
      hasRoom: () => this.#listeners.keeper.hasRoom && this.#dealing.keepsUp(),
    });
    for (const { conversation } of this.#nodes) conversation.bePatient(this.#options.patience);
    this.#control.repeat();
    this.isTakingOver = false;
    this.#end.letGo();
  }

  #recallOrder(control: Control, by: EndedBy): void {
    this.#control.recall(control, by);
    const { order, atNs } = control;
    if (order !== "drain" && order !== "stop") return;
    this.#end.recall(order, this.timebase.scheduleAt(atNs));
    if (by !== "plan") this.#listeners.endRecalled?.(order, by);
  }

  #begin(at: number, wallUs: number): void {
    this.#startedAt = at;
    const told = { wallUs, at, filled: this.#figures.clockFrom(at) };
    this.#listeners.started({ origin: this.#origin, clock: this.#clock, ...told });
  }

  /** ns since the start, below 0 while it is only announced; undefined before that. */
  #sinceStart(): number | undefined {
    return this.#startedAt === undefined ? undefined : this.#clock.now() - this.#startedAt;
  }

  #pump(): void {
    const now = this.#end.isBegun
      ? Number.POSITIVE_INFINITY
      : this.timebase.scheduleAt(Math.max(0, this.#sinceStart() ?? 0));
    this.#dealing.deal(now);
    this.#lookForEnd();
  }

  #lookForEnd(): void {
    if (!this.#nodes.every((node) => node.hasEnded)) return;
    if (!this.#dealing.ended || this.#shares.isListing) return;
    this.#nodesFeed?.end(this.#nodes);
    this.#ended.resolve();
  }

  /** Applied by all nodes at the same instant. */
  control(control: RunControl): ControlAnswer {
    if (control.kind === "speed" && !hasDueTimes(this.#plan.feed))
      return { applied: false, reason: "nothing has a due time here: there is no speed to change" };
    return this.#control.apply(control, this.#sinceStart());
  }

  /** How the nodes do, at any time. */
  nodeReports(): readonly NodeStatus[] {
    return this.#nodes.map((node) => ({ ...node.report(), state: node.state }));
  }

  get controls(): RunEngine["controls"] {
    return this.#control.applied;
  }

  drain(by: EndedBy = "order"): void {
    this.#end.order("drain", by);
  }

  stop(): void {
    this.#end.order("stop", "order");
  }
}
