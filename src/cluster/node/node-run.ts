// One run on one node: from the plan to the last row. Holds no schedule of its own: the start and everything that happens to
// the schedule come from the master, as instants of this machine's monotonic clock.
import { randomUUID } from "node:crypto";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Clock } from "../../core/clock.ts";
import { DrayageError } from "../../core/errors.ts";
import { nanos } from "../../core/units.ts";
import { OUTCOME_SENT_AT } from "../../ring/outcome-record.ts";
import { Engine, type EngineEnd, type EngineStart } from "../../workers/engine.ts";
import { hasDueTimes } from "../../workers/feed-plan.ts";
import type { FeederTask } from "../../workers/messages.ts";
import { PouredSource } from "../../workers/poured-source.ts";
import type { ReadyThreads } from "../../workers/ready-threads.ts";
import { type Conversation, failureOf } from "../conversation.ts";
import { bufferOf, countOperations } from "../operation-run.ts";
import { OutcomeTally } from "../outcome-tally.ts";
import type { Message, Ops, PlanMessage, Start } from "../protocol/message.ts";
import { OPERATION_LAYOUT } from "../record-layout.ts";
import type { AloneKeeper, MakeAloneKeeper } from "./alone.ts";
import type { HostedRun } from "./hosted-run.ts";
import { nodeEnginePlan } from "./node-engine-plan.ts";
import { OrderedControls } from "./ordered-controls.ts";
import { OutcomeSender } from "./outcome-sender.ts";
import { rehearseSecond } from "./rehearsal.ts";
import { RowSpool } from "./row-spool.ts";
import { PlannedCollector, SnapshotSender } from "./snapshot-sender.ts";

/** Of the lines of one message. */
const SKIPPED_BYTES = 512 * 1024;

export type NodeClock = {
  /** ns, monotonic, from an origin that stays while the process lives. */
  readonly clock: Clock;
  readonly origin: bigint;
  /** µs since the epoch. */
  readonly wallUs: () => number;
};

type Alone = {
  readonly keeper: AloneKeeper;
  readonly start: EngineStart;
  readonly reason: string;
};

export class NodeRun implements HostedRun {
  readonly #message: PlanMessage;
  readonly #conversation: Conversation;
  readonly #clock: NodeClock;
  readonly #sender: OutcomeSender;
  readonly #start = Promise.withResolvers<Start>();
  readonly #engine: Engine;
  #source: PouredSource | undefined;
  #snapshots: SnapshotSender | undefined;
  #started: EngineStart | undefined;
  #firstSentNs = Number.NaN;
  /** Wall minus monotonic clock at the start, ns. */
  #wallAhead = 0;
  #ordered = 0;
  readonly #planned = new PlannedCollector();
  readonly #skippedFile: string;
  #alone: Alone | undefined;
  /** Everything was said: what the master has not heard yet is not ours to keep. */
  #over = false;
  /** Came before there were rings for them. */
  readonly #early: Ops[] = [];
  readonly #orders: OrderedControls;

  constructor(
    conversation: Conversation,
    message: PlanMessage,
    { sharers, ...clock }: NodeClock & { readonly sharers: number },
  ) {
    this.#conversation = conversation;
    this.#message = message;
    this.#clock = clock;
    const { plan, count } = message;
    const { onTimeNs, tooLateNs } = plan;
    const tally = new OutcomeTally({ onTime: nanos(onTimeNs), tooLate: nanos(tooLateNs) });
    this.#sender = new OutcomeSender(conversation, tally, { drops: plan.feed !== null });
    const keep = this.#sender.keep.bind(this.#sender);
    const sender = this.#sender;
    // Another node of the run may be on this machine: it has a file of its own.
    this.#skippedFile = join(tmpdir(), `drayage-${randomUUID()}.skipped.ndjson`);
    this.#engine = new Engine(
      nodeEnginePlan(plan, { count, sharers, skippedFile: this.#skippedFile }),
      {
        keeper: {
          get hasRoom() {
            return sender.hasRoom;
          },
          flush() {},
          keep: (ring, at) => {
            this.#noteSent(ring.doubles[(at + OUTCOME_SENT_AT) >> 3] as number);
            keep(ring, at);
          },
        },
        started: (start) => this.#begin(start),
        feeding: (fed) => this.#planned.feeding(fed),
      },
      {
        agree: (here) => this.#agree(here),
        ...(plan.feed === null ? { source: (task) => this.#makeSource(task) } : {}),
      },
    );
    this.#orders = new OrderedControls(this.#engine);
  }

  /** The rings are there now: what came before goes into them. */
  #makeSource(task: FeederTask): PouredSource {
    const source = new PouredSource(task);
    this.#source = source;
    for (const early of this.#early.splice(0)) this.#pour(source, early);
    return source;
  }

  /** NaN for what was never sent. */
  #noteSent(sent: number): void {
    if (sent < this.#firstSentNs || Number.isNaN(this.#firstSentNs)) this.#firstSentNs = sent;
  }

  get tallies(): readonly SharedArrayBuffer[] {
    return this.#engine.tallies;
  }

  /** Runs to the end and tells the master, or keeps what it did. Returns what to say. Rejects with what went wrong here. */
  async run(): Promise<string> {
    this.#wallAhead = this.#wallNow();
    try {
      if (this.#message.plan.rows === "after") this.#sender.keepIn(new RowSpool(tmpdir()));
      const end = await this.#engine.run();
      this.#sender.close();
      const sayLast = this.#snapshots?.last(this.#planned.take());
      await this.#sender.handOver();
      if (this.#alone !== undefined) return await this.#keepAlone(this.#alone, end);
      sayLast?.();
      const skipped = this.#sendSkipped();
      this.#conversation.say(this.#done(end, skipped));
      this.#over = true;
      return "done";
    } finally {
      this.#sender.close();
      this.#sender.release();
      this.#snapshots?.stop();
      this.#orders.close();
      rmSync(this.#skippedFile, { force: true });
    }
  }

  /** Lines that the feeder of this node wrote for the master. Returns the number of batches. */
  #sendSkipped(): number {
    if (!existsSync(this.#skippedFile)) return 0;
    const lines = readFileSync(this.#skippedFile);
    let batch = 0;
    for (let from = 0; from < lines.length; from += SKIPPED_BYTES) {
      const piece = lines.subarray(from, from + SKIPPED_BYTES);
      this.#conversation.say({ type: "skipped", batch: ++batch, lines: piece });
    }
    return batch;
  }

  #wallNow(): number {
    return this.#clock.wallUs() * 1000 - this.#clock.clock.now();
  }

  /** Everybody here is ready: from now on it is the master's turn. */
  async #agree({ origin, unopened }: ReadyThreads): Promise<number> {
    if (unopened !== undefined) this.#refuse(`it cannot reach ${unopened}`);
    rehearseSecond();
    this.#conversation.say({ type: "ready" });
    const { atNs } = await this.#start.promise;
    return atNs + Number(this.#clock.origin - origin);
  }

  #refuse(sentence: string): never {
    this.#conversation.say({ type: "refuse", reason: "unreachable", sentence });
    throw new DrayageError("target-unreachable", sentence);
  }

  #begin(start: EngineStart): void {
    this.#started = start;
    this.#orders.begin(start);
    this.#conversation.outlast();
    const turn = this.#message.index / this.#message.count;
    const figures = { tallies: this.#engine.tallies, rows: this.#sender, turn };
    this.#snapshots = new SnapshotSender(this.#conversation, start, figures);
    this.#snapshots.begin(() => this.#planned.take());
  }

  #done({ feed, counts }: EngineEnd, skipped: number): Message {
    const { cuts, longestCutMs, unknown } = this.#conversation;
    return {
      type: "done",
      snapshots: this.#snapshots?.count ?? 0,
      results: this.#sender.batches,
      skipped,
      rows: this.#sender.rows,
      counts,
      feed: this.#source === undefined ? feed : null,
      health: {
        firstSentNs: this.#firstSentNs,
        cuts,
        longestCutMs,
        clockStepMs: (this.#wallNow() - this.#wallAhead) / 1e6,
        held: this.#sender.holds,
        dropped: this.#sender.dropped,
        unknown,
      },
    };
  }

  hear(message: Message): void {
    switch (message.type) {
      case "ops":
        this.#takeOps(message);
        return;
      case "start":
        this.#start.resolve(message);
        return;
      case "control":
        this.#orders.obey(message);
        return;
      default:
    }
  }

  #takeOps(ops: Ops): void {
    const { layout, batch, count, records } = ops;
    // Delivered twice: everything in it was taken over before.
    if (batch <= this.#ordered) return;
    this.#ordered = batch;
    if (layout !== OPERATION_LAYOUT || countOperations(records) !== count) {
      this.#conversation.say({
        type: "failed",
        code: "protocol",
        sentence: `batch ${batch} holds no operations of layout ${OPERATION_LAYOUT}`,
      });
      this.stop();
      return;
    }
    // Borrowed from the frame that they came in.
    if (this.#source === undefined) this.#early.push({ ...ops, records: records.slice() });
    else this.#pour(this.#source, ops);
  }

  #pour(source: PouredSource, { batch, records, last }: Ops): void {
    source.pour(records, () => this.#conversation.say({ type: "taken", batch }));
    if (last) source.end();
  }

  /** The master is gone: what is here already is sent as planned, nothing else, and what it does not have is kept. */
  finishAlone(reason: string, makeKeeper: MakeAloneKeeper): void {
    const start = this.#started;
    if (this.#over && this.#conversation.unheard().length === 0) return;
    if (start === undefined) {
      this.stop();
      return;
    }
    const keeper = makeKeeper({ plan: this.#message, start });
    this.#alone = { keeper, start, reason };
    for (const message of this.#conversation.unheard())
      if (message.type === "results") keeper.keep(bufferOf(message.records));
    this.#sender.redirect((records) => keeper.keep(records));
    // Nobody is there to end a pause, or to stop a feeder of our own.
    this.#engine.control({ kind: "resume" });
    if (this.#source === undefined) this.#engine.drain();
    else this.#source.end();
  }

  #keepAlone({ keeper, start, reason }: Alone, end: EngineEnd): Promise<string> {
    const snapshots = this.#snapshots as SnapshotSender;
    const told = {
      totals: snapshots.totals(),
      intervals: snapshots.seconds(),
      seconds: snapshots.endNs / 1e9,
    };
    return keeper.finish({ plan: this.#message, start, end, ...told, reason });
  }

  /** A load without a schedule goes on until somebody ends it. */
  forsaken(): boolean {
    const { feed } = this.#message.plan;
    const isEnding = this.#engine.controls.some(({ kind }) => kind === "drain" || kind === "stop");
    const ends = feed?.kind === "load" && !hasDueTimes(feed) && !isEnding;
    if (ends) this.#engine.drain();
    return ends;
  }

  /** Nothing starts any more, and what is under way is cut off. */
  stop(): void {
    this.#sender.giveUp();
    this.#source?.end();
    this.#start.resolve({ type: "start", atNs: this.#clock.clock.now(), wallUs: 0 });
    this.#engine.stop();
  }
}

/** For the master, about a run that failed here. */
export const failedMessage = (error: unknown): Message => ({ type: "failed", ...failureOf(error) });
