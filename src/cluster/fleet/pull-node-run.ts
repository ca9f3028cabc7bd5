// The pullers of one node, from the plan to the last figures. Steps, passes and herds are the master's: what comes here are orders
// to single pullers, each for an instant.
import { availableParallelism } from "node:os";
import { nanos } from "../../core/units.ts";
import { TallyReader } from "../../stats/tally-reader.ts";
import { BoardWord } from "../../workers/pull-board.ts";
import { PullEngine } from "../../workers/pull-engine.ts";
import type {
  FromPullThread,
  HerdClient,
  PullThreadEnd,
  ToPullThread,
} from "../../workers/pull-messages.ts";
import { allUnsaved } from "../../workers/unsaved.ts";
import type { Conversation } from "../conversation.ts";
import type { HostedRun } from "../node/hosted-run.ts";
import type { NodeClock } from "../node/node-run.ts";
import type {
  Message,
  PullOrders,
  PullPlanMessage,
  PullSchedule,
  Start,
} from "../protocol/message.ts";
import { encodeSnapshot } from "../protocol/snapshot-wire.ts";
import { Instants } from "./instants.ts";
import { shifted, withTimes } from "./message-times.ts";

const SECOND_NS = 1e9;

type Ordered = Omit<PullOrders, "type">;

export class PullNodeRun implements HostedRun {
  readonly #conversation: Conversation;
  readonly #message: PullPlanMessage;
  readonly #host: NodeClock;
  readonly #engine: PullEngine;
  readonly #reader: TallyReader;
  readonly #clock;
  readonly #instants: Instants;
  readonly #start = Promise.withResolvers<Start | undefined>();
  /** The start, ns on the clock of the engine. */
  #startAt = 0;
  /** End of the last figures, ns since the start, and how many were told. */
  #end = 0;
  #snapshots = 0;
  /** Threads that have not answered to what a herd was ordered, and what the others have said. */
  #herdWaiting = 0;
  #herd: HerdClient[] = [];
  #isOver = false;
  #wallAhead = 0;
  /** Beginnings of the schedules that are followed. */
  readonly #followed = new Set<number>();
  /** What was ordered by them so far, and up to where they hold: ns since the start. */
  readonly #started: { readonly atNs: number; readonly puller: number }[] = [];
  #haltedAt = Number.POSITIVE_INFINITY;

  constructor(
    conversation: Conversation,
    message: PullPlanMessage,
    { sharers, ...host }: NodeClock & { readonly sharers: number },
  ) {
    this.#conversation = conversation;
    this.#message = message;
    this.#host = host;
    const { pull } = message.plan;
    const threads = Math.max(
      1,
      Math.min(pull.threads, Math.floor(availableParallelism() / sharers)),
    );
    this.#engine = new PullEngine({ ...pull, threads }, (told) => this.#told(told));
    this.#reader = new TallyReader(this.#engine.tallies);
    // The host's, counted from the engine's origin: both are the system's monotonic clock.
    const ahead = Number(host.origin - this.#engine.origin);
    this.#clock = { now: () => nanos(host.clock.now() + ahead) };
    this.#instants = new Instants(this.#clock);
  }

  get tallies(): readonly SharedArrayBuffer[] {
    return this.#engine.tallies;
  }

  async run(): Promise<string> {
    try {
      await this.#engine.ready;
      this.#conversation.say({ type: "ready" });
      const start = await this.#start.promise;
      if (start === undefined) return "called off";
      this.#wallAhead = this.#wallNow();
      this.#startAt = start.atNs + Number(this.#host.origin - this.#engine.origin);
      this.#eachSecond(1);
      if (this.#message.plan.outlasts) this.#conversation.outlast();
      const ends = await this.#engine.ended;
      // What the threads have told before their end comes on later turns.
      await new Promise((later) => setImmediate(later));
      this.#isOver = true;
      this.#tell(this.#elapsed());
      this.#conversation.say({ type: "pull-end", end: this.#endOf(ends) });
      this.#conversation.say(this.#done());
      return "done";
    } finally {
      this.#isOver = true;
      this.#instants.close();
      await this.#engine.close();
    }
  }

  #elapsed(): number {
    return this.#clock.now() - this.#startAt;
  }

  #wallNow(): number {
    return this.#host.wallUs() * 1000 - this.#host.clock.now();
  }

  #eachSecond(second: number): void {
    this.#instants.at(this.#startAt + second * SECOND_NS, () => {
      if (second * SECOND_NS > this.#end) this.#tell(second * SECOND_NS);
      this.#eachSecond(second + 1);
    });
  }

  /** Figures up to an instant, ns since the start: the same instants on all nodes. */
  #tell(end: number): void {
    const snapshot = this.#reader.takeInterval(nanos(this.#end), nanos(end));
    this.#end = end;
    this.#conversation.say({
      type: "snapshot",
      number: ++this.#snapshots,
      snapshot: encodeSnapshot(snapshot),
      seconds: [],
      operations: [],
      board: this.#boardAt(this.#startAt + end),
    });
  }

  #boardAt(at: number): number[] {
    const { boards, threads } = this.#engine;
    const words: number[] = [];
    for (const word of Object.values(BoardWord))
      words[word] = boards.reduce((sum, board) => sum + board.get(word), 0);
    words[BoardWord.area] = boards.reduce((sum, board) => sum + board.areaAt(at), 0);
    // A board stands for one core where it is read.
    words[BoardWord.cpuNanos] = (words[BoardWord.cpuNanos] ?? 0) / threads;
    return words;
  }

  #endOf(ends: readonly PullThreadEnd[]): PullThreadEnd {
    return {
      errors: ends.flatMap(({ errors }) =>
        errors.map((error) => ({ ...error, firstAt: error.firstAt - this.#startAt })),
      ),
      images: ends.flatMap(({ images }) => images),
      saved: ends.flatMap(({ saved }) => saved),
      unsaved: allUnsaved(ends),
      connectionsOpened: ends.reduce((sum, end) => sum + end.connectionsOpened, 0),
    };
  }

  #done(): Message {
    const { cuts, longestCutMs, unknown } = this.#conversation;
    const clockStepMs = (this.#wallNow() - this.#wallAhead) / 1e6;
    return {
      type: "done",
      snapshots: this.#snapshots,
      results: 0,
      skipped: 0,
      rows: 0,
      counts: {},
      feed: null,
      health: {
        firstSentNs: Number.NaN,
        cuts,
        longestCutMs,
        clockStepMs,
        held: 0,
        dropped: 0,
        unknown,
      },
    };
  }

  hear(message: Message): void {
    switch (message.type) {
      case "start":
        this.#start.resolve(message);
        return;
      case "pull-orders":
        // Behind the start in any case: it came before.
        void this.#start.promise.then(() => this.#take(message));
        return;
      case "pull-schedule":
        void this.#start.promise.then(() => this.#follow(message));
        return;
      case "pull-halt":
        this.#halt(message.atNs);
        return;
      default:
    }
  }

  #take({ atNs, cut, orders }: Ordered): void {
    if (this.#isOver) return;
    if (Number.isNaN(atNs)) this.#act({ atNs, cut, orders });
    else this.#instants.at(this.#startAt + atNs, () => this.#act({ atNs, cut, orders }));
  }

  #act({ atNs, cut, orders }: Ordered): void {
    if (cut && atNs > this.#end) this.#tell(atNs);
    for (const order of orders) this.#obey(withTimes(order, this.#startAt));
  }

  /** A master that carries the ramp on says again what was to be followed. */
  #follow({ fromNs, entries }: PullSchedule): void {
    if (this.#isOver || this.#followed.has(fromNs)) return;
    this.#followed.add(fromNs);
    for (const entry of entries)
      this.#instants.at(this.#startAt + entry.atNs, () => this.#actOnSchedule(entry));
  }

  #actOnSchedule(entry: Ordered): void {
    const { atNs, orders } = entry;
    if (atNs > this.#haltedAt) return;
    for (const order of orders)
      if (order.type === "start") this.#started.push({ atNs, puller: order.puller });
    this.#act(entry);
  }

  /** Came late, where the node was cut off: who has begun since ends again. */
  #halt(atNs: number): void {
    this.#haltedAt = Math.min(this.#haltedAt, atNs);
    for (const { atNs: begun, puller } of this.#started)
      if (begun > atNs) this.#obey({ type: "stop", puller });
  }

  #obey(order: ToPullThread): void {
    const { threads } = this.#engine;
    switch (order.type) {
      case "start":
      case "stop":
        // Numbers of the pullers of a node are all the same modulo the number of nodes.
        this.#engine.send(Math.floor(order.puller / this.#message.count) % threads, order);
        return;
      case "herd-prepare":
        this.#beginHerd();
        for (let thread = 0; thread < threads; thread++)
          this.#engine.send(thread, { ...order, clients: shareOf(order.clients, thread, threads) });
        return;
      case "herd-release":
        this.#beginHerd();
        this.#engine.sendAll(order);
        return;
      case "step":
      case "abort":
      case "finish":
        this.#engine.sendAll(order);
        return;
      default:
        order satisfies never;
    }
  }

  #beginHerd(): void {
    this.#herdWaiting = this.#engine.threads;
    this.#herd = [];
  }

  #told(message: FromPullThread): void {
    if (message.type !== "herd-ready" && message.type !== "herd-done") {
      this.#say(message);
      return;
    }
    if (message.type === "herd-done") this.#herd.push(...message.clients);
    if (--this.#herdWaiting > 0) return;
    this.#say(message.type === "herd-done" ? { ...message, clients: this.#herd } : message);
  }

  #say(message: FromPullThread): void {
    this.#conversation.say({ type: "pull-told", message: shifted(message, -this.#startAt) });
  }

  /** Nobody is there to say when a step ends: pulls under way are cut off. */
  finishAlone(): void {
    this.stop();
  }

  stop(): void {
    this.#start.resolve(undefined);
    this.#instants.close();
    this.#engine.sendAll({ type: "abort" });
    this.#engine.sendAll({ type: "finish" });
  }
}

const shareOf = (clients: number, thread: number, threads: number): number =>
  Math.floor(clients / threads) + (thread < clients % threads ? 1 : 0);
