// Pullers on several machines, for a driver that takes them for threads of its own: puller i lives on node i mod N.
//
// The driver gives orders for an instant a little ahead, and every node acts at that instant of its own clock; figures are cut at
// the same instants (fleet-figures.ts), so that the steps of a ramp begin everywhere at once, and are tallied as one.
import { type Clock, takeOrigin, threadClock } from "../../core/clock.ts";
import { DrayageError } from "../../core/errors.ts";
import type { NodeStatus } from "../../workers/node-report.ts";
import { pullClassOf } from "../../workers/pull-classes.ts";
import type { PullFleet, PullListener } from "../../workers/pull-engine.ts";
import type { FromPullThread, PullThreadEnd, ToPullThread } from "../../workers/pull-messages.ts";
import type { PullPlan } from "../../workers/pull-plan.ts";
import { type Patience, whilePreparing } from "../conversation.ts";
import type { BegunRun, RunMemory } from "../link.ts";
import { type ClockLimits, checkClocks } from "../master/clock-check.ts";
import type { NodeHandle } from "../master/node-handle.ts";
import { Refusals } from "../master/refusals.ts";
import type { PullEnd, PullTold } from "../protocol/message.ts";
import { FleetFigures } from "./fleet-figures.ts";
import { atOf, shifted, withoutTimes } from "./message-times.ts";
import { OutlastingFleet } from "./outlasting-fleet.ts";
import { pullPlanMessages } from "./pull-plan-messages.ts";
import { RunningPullers } from "./running-pullers.ts";

/** Orders have reached every node by then. */
const LEAD_NS = 300e6;
const PULLS: ReadonlySet<string> = new Set(["pull-first", "pull-repeat"]);

export type FleetOptions = ClockLimits & {
  /** Of drayage. */
  readonly version: string;
  readonly runId: string;
  readonly nodes: readonly NodeHandle[];
  readonly patience: Patience;
  /** What is kept of the ramp for another master; none where it ends with this one. */
  readonly memory?: RunMemory | undefined;
  /** The ramp was begun by another master. */
  readonly begun?: BegunRun | undefined;
  readonly close: () => Promise<void>;
};

const nothing: PullThreadEnd = {
  errors: [],
  images: [],
  saved: [],
  unsaved: null,
  connectionsOpened: 0,
};

export class FleetEngine implements PullFleet {
  readonly origin = takeOrigin();
  readonly leadNs = LEAD_NS;
  readonly ready: Promise<unknown>;
  readonly ended: Promise<readonly PullThreadEnd[]>;
  readonly outlasting: OutlastingFleet | undefined;
  readonly #clock: Clock = threadClock(this.origin);
  readonly #nodes: readonly NodeHandle[];
  readonly #options: FleetOptions;
  readonly #listener: PullListener;
  readonly #lost: () => void;
  readonly #figures: FleetFigures;
  readonly #running: RunningPullers;
  readonly #refusals: Refusals;
  readonly #failed = Promise.withResolvers<never>();
  readonly #allReady = Promise.withResolvers<void>();
  readonly #ends: PullThreadEnd[];
  readonly #allEnded = Promise.withResolvers<readonly PullThreadEnd[]>();

  constructor(
    plan: PullPlan,
    { listener, lost }: { readonly listener: PullListener; readonly lost: () => void },
    options: FleetOptions,
  ) {
    this.#options = options;
    this.#listener = listener;
    this.#lost = lost;
    this.#nodes = options.nodes;
    this.#figures = new FleetFigures(this.#nodes.length);
    this.#running = new RunningPullers(this.#nodes.length);
    this.#ends = this.#nodes.map(() => nothing);
    this.#refusals = new Refusals(this.#nodes, this.#failed.reject);
    this.#failed.promise.catch(() => {});
    this.#listen();
    this.ended = this.#allEnded.promise;
    this.ended.catch(() => {});
    this.outlasting = this.#outlasting();
    this.ready = this.#begin(plan);
    // Raced by whoever waits for something; afterwards nobody may be listening.
    this.ready.catch(() => {});
  }

  #outlasting(): OutlastingFleet | undefined {
    const { memory, begun, patience } = this.#options;
    if (memory === undefined) return undefined;
    const failed = (error: unknown): void => {
      this.#failed.reject(error);
      this.#allEnded.reject(error);
    };
    void memory.takenOver.then((sentence) => failed(new DrayageError("taken-over", sentence)));
    return new OutlastingFleet({
      ...{ nodes: this.#nodes, clock: this.#clock, figures: this.#figures },
      ...{ memory, begun, patience, failed },
    });
  }

  get tallies(): readonly SharedArrayBuffer[] {
    return this.#figures.tallies;
  }

  get boards() {
    return this.#figures.boards;
  }

  get threads(): number {
    return this.#nodes.length;
  }

  #listen(): void {
    const desk = { hasRoom: true, keep: () => ({ ended: 0, rows: 0 }) };
    for (const node of this.#nodes) {
      node.totals.counts = (operation) => PULLS.has(pullClassOf(operation));
      node.listen({
        desk,
        figures: this.#figures,
        given: false,
        landed() {},
        planned() {},
        skipped() {},
        changed: (one) => this.#see(one),
        pulling: (one, message) => this.#hear(one, message),
      });
    }
  }

  /** Throws DrayageError `node-refused` for nodes that do not take part. */
  async #begin(plan: PullPlan): Promise<void> {
    const failed = this.#failed.promise;
    const { outlasting } = this;
    if (this.#options.begun === undefined) {
      await checkClocks(this.#nodes, this.#clock, this.#options);
      this.#refusals.throwAny();
      await Promise.race([failed, this.#prepare(plan)]);
    }
    if (outlasting === undefined) this.#startNow();
    else await Promise.race([failed, outlasting.begin()]);
  }

  #prepare(plan: PullPlan): Promise<void> {
    const planning = { ...this.#options, outlasts: this.outlasting !== undefined };
    for (const { node, message } of pullPlanMessages(plan, this.#nodes, planning)) {
      node.conversation.bePatient(whilePreparing(this.#options.patience));
      node.conversation.say(message);
      node.state = "planned";
    }
    return this.#allReady.promise;
  }

  #startNow(): void {
    const at = this.#clock.now();
    this.#figures.startAt = at;
    for (const node of this.#nodes) {
      const atNs = at + (node.clocks?.offset ?? 0);
      node.conversation.bePatient(this.#options.patience);
      node.conversation.say({ type: "start", atNs, wallUs: Date.now() * 1000 });
      node.state = "running";
    }
  }

  #see(node: NodeHandle): void {
    switch (node.state) {
      case "lost":
        this.#options.say(`node ${node.title} is lost: ${node.reason}`);
        this.#figures.end(node.index);
        for (const message of this.#running.lose(node.index)) this.#listener(message, node.index);
        this.#lookForEnd();
        if (this.#nodes.every(({ hasEnded }) => hasEnded)) this.#lost();
        return;
      case "done":
        this.#figures.end(node.index);
        this.#lookForEnd();
        return;
      default:
        this.#refusals.await();
        if (this.#nodes.every(({ state }) => state === "ready")) this.#allReady.resolve();
    }
  }

  #lookForEnd(): void {
    if (this.#nodes.every(({ hasEnded }) => hasEnded)) this.#allEnded.resolve(this.#ends);
  }

  #hear(node: NodeHandle, message: PullTold | PullEnd): void {
    if (message.type === "pull-end") {
      this.#ends[node.index] = endOf(message.end, this.#figures.startAt);
      return;
    }
    const told: FromPullThread = shifted(message.message, this.#figures.startAt);
    this.#running.hear(node.index, told);
    this.#listener(told, node.index);
  }

  /** `thread` is a node. */
  send(thread: number, order: ToPullThread, at?: number): void {
    const node = this.#nodes[thread];
    if (node === undefined) return;
    const lost = this.#running.order(thread, order);
    // On a later turn, as the answer of a node would be.
    if (lost !== undefined) setImmediate(() => this.#listener(lost, thread));
    // What is for an instant of a schedule that the nodes have is with them.
    if (at !== undefined && this.outlasting !== undefined) return;
    const { startAt } = this.#figures;
    this.#say(node, { orders: [withoutTimes(order, startAt)], cut: false }, at);
  }

  sendAll(order: ToPullThread, at?: number): void {
    for (let node = 0; node < this.threads; node++) this.send(node, order, at);
  }

  toPuller(puller: number, order: ToPullThread, at?: number): void {
    this.send(puller % this.threads, order, at);
  }

  #say(
    node: NodeHandle,
    said: { readonly orders: readonly ToPullThread[]; readonly cut: boolean },
    at: number | undefined,
  ): void {
    const atNs = at === undefined ? Number.NaN : at - this.#figures.startAt;
    if (node.isAlive) node.conversation.say({ type: "pull-orders", atNs, ...said });
  }

  async cut(at: number): Promise<void> {
    for (const node of this.#nodes) this.#say(node, { orders: [], cut: true }, at);
    await this.#figures.upTo(at - this.#figures.startAt);
  }

  filledTo(now: number): number {
    return Math.min(now, this.#figures.startAt + this.#figures.mergedTo);
  }

  nodeReports(): readonly NodeStatus[] {
    return this.#nodes.map((node) => {
      const report = node.report();
      return { ...report, rows: report.done + report.failed, state: node.state };
    });
  }

  async close(): Promise<void> {
    this.#refusals.close();
    for (const node of this.#nodes) {
      const sentence = node.hasEnded ? "" : "the run was called off";
      node.conversation.say({ type: "end", sentence });
      node.conversation.close();
    }
    await this.#options.close();
  }
}

const endOf = (end: PullThreadEnd, startAt: number): PullThreadEnd => ({
  ...end,
  errors: end.errors.map((error) => ({ ...error, firstAt: atOf(error.firstAt, startAt) })),
});
