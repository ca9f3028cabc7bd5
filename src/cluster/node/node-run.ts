// One run on one node: from the plan to the last row. Holds no schedule of its own: the start and everything that happens to
// the schedule come from the master, as instants of this machine's monotonic clock.
import { existsSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Clock } from "../../core/clock.ts";
import { nanos } from "../../core/units.ts";
import { OUTCOME_SENT_AT } from "../../ring/outcome-record.ts";
import { TallyReader } from "../../stats/tally-reader.ts";
import { Engine, type EngineEnd, type EngineStart } from "../../workers/engine.ts";
import { PouredSource } from "../../workers/poured-source.ts";
import { type Conversation, failureOf } from "../conversation.ts";
import { bufferOf, countOperations } from "../operation-run.ts";
import type { Control, Message, Ops, PlanMessage, Start } from "../protocol/message.ts";
import { encodeSnapshot } from "../protocol/snapshot-wire.ts";
import { OPERATION_LAYOUT } from "../record-layout.ts";
import type { AloneKeeper, MakeAloneKeeper } from "./alone.ts";
import { nodeEnginePlan } from "./node-engine-plan.ts";
import { OutcomeSender } from "./outcome-sender.ts";

const SECOND_NS = 1e9;
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

export class NodeRun {
  readonly #message: PlanMessage;
  readonly #conversation: Conversation;
  readonly #clock: NodeClock;
  readonly #sender: OutcomeSender;
  readonly #start = Promise.withResolvers<Start>();
  readonly #engine: Engine;
  #source: PouredSource | undefined;
  #tallies: TallyReader | undefined;
  #started: EngineStart | undefined;
  #timer: NodeJS.Timeout | undefined;
  #snapshots = 0;
  #snapshotEnd = 0;
  #firstSentNs = Number.NaN;
  /** Wall minus monotonic clock at the start, ns. */
  #wallAhead = 0;
  #ordered = 0;
  /** Due by second, as the feeder of this node tells it, until the next snapshot. */
  #planned: { seconds: number[]; operations: number[] } = { seconds: [], operations: [] };
  readonly #skippedFile: string;
  #alone: Alone | undefined;

  constructor(
    conversation: Conversation,
    message: PlanMessage,
    { sharers, ...clock }: NodeClock & { readonly sharers: number },
  ) {
    this.#conversation = conversation;
    this.#message = message;
    this.#clock = clock;
    this.#sender = new OutcomeSender(conversation);
    const { plan, count } = message;
    const keep = this.#sender.keep.bind(this.#sender);
    const sender = this.#sender;
    const skippedFile = join(tmpdir(), `drayage-${message.runId}.skipped.ndjson`);
    this.#skippedFile = skippedFile;
    this.#engine = new Engine(
      nodeEnginePlan(plan, { count, sharers, skippedFile }),
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
        feeding: (fed) => {
          if (fed.type !== "planned") return;
          this.#planned.seconds.push(fed.second);
          this.#planned.operations.push(fed.operations);
        },
      },
      {
        agree: (here) => this.#agree(here),
        ...(plan.feed === null
          ? { source: (task) => (this.#source = new PouredSource(task)) }
          : {}),
      },
    );
  }

  /** NaN for what was never sent. */
  #noteSent(sent: number): void {
    if (sent < this.#firstSentNs || Number.isNaN(this.#firstSentNs)) this.#firstSentNs = sent;
  }

  /** Runs to the end and tells the master, or keeps what it did. Returns what to say. Rejects with what went wrong here. */
  async run(): Promise<string> {
    this.#wallAhead = this.#wallNow();
    try {
      const end = await this.#engine.run();
      this.#sender.close();
      if (this.#alone !== undefined) return await this.#keepAlone(this.#alone, end);
      this.#takeSnapshot();
      const skipped = this.#sendSkipped();
      this.#conversation.say(this.#done(end, skipped));
      return "done";
    } finally {
      this.#sender.close();
      clearTimeout(this.#timer);
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
  async #agree({ origin }: { readonly origin: bigint }): Promise<number> {
    this.#conversation.say({ type: "ready" });
    const { atNs } = await this.#start.promise;
    return atNs + Number(this.#clock.origin - origin);
  }

  #begin(start: EngineStart): void {
    this.#started = start;
    this.#tallies = new TallyReader(this.#engine.tallies);
    this.#nextSnapshot();
  }

  /** At whole seconds since the start, which are the same instants on all nodes. */
  #nextSnapshot(): void {
    const { clock, at } = this.#started as EngineStart;
    const elapsed = clock.now() - at;
    const next = Math.max(1, Math.floor(elapsed / SECOND_NS) + 1) * SECOND_NS;
    this.#timer = setTimeout(
      () => {
        // A timer may be early by a fraction of a millisecond.
        if (clock.now() - at >= next) this.#takeSnapshot();
        this.#nextSnapshot();
      },
      Math.ceil((next - elapsed) / 1e6),
    );
  }

  /** Numbered by the second that it ends: a thread that was held up sends one for several. */
  #takeSnapshot(): void {
    if (this.#started === undefined || this.#tallies === undefined) return;
    const { clock, at } = this.#started;
    const end = Math.max(0, clock.now() - at);
    const snapshot = this.#tallies.takeInterval(nanos(this.#snapshotEnd), nanos(end));
    this.#snapshotEnd = end;
    this.#conversation.say({
      type: "snapshot",
      number: ++this.#snapshots,
      snapshot: encodeSnapshot(snapshot),
      ...this.#planned,
    });
    this.#planned = { seconds: [], operations: [] };
  }

  #done({ feed, counts }: EngineEnd, skipped: number): Message {
    const { cuts, longestCutMs, unknown } = this.#conversation;
    return {
      type: "done",
      snapshots: this.#snapshots,
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
        this.#obey(message);
        return;
      default:
    }
  }

  #takeOps({ layout, batch, count, records, last }: Ops): void {
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
    const taken = (): void => this.#conversation.say({ type: "taken", batch });
    this.#source?.pour(records, taken);
    if (last) this.#source?.end();
  }

  #obey({ order, atNs, factor }: Control): void {
    switch (order) {
      case "drain":
        this.#engine.drain();
        return;
      case "stop":
        this.#engine.stop();
        return;
      case "pause":
      case "resume":
        this.#engine.control({ kind: order, at: atNs });
        return;
      case "speed":
        this.#engine.control({ kind: order, at: atNs, factor });
        return;
      default:
        order satisfies never;
    }
  }

  /** The master is gone: what is here already is sent as planned, nothing else, and what it does not have is kept. */
  finishAlone(reason: string, makeKeeper: MakeAloneKeeper): void {
    const start = this.#started;
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
    const totals = (this.#tallies ?? new TallyReader([])).totals();
    const seconds = Math.max(0, start.clock.now() - start.at) / 1e9;
    return keeper.finish({ plan: this.#message, start, end, totals, seconds, reason });
  }

  /** Nothing starts any more, and what is under way is cut off. */
  stop(): void {
    this.#source?.end();
    this.#start.resolve({ type: "start", atNs: this.#clock.clock.now(), wallUs: 0 });
    this.#engine.stop();
  }
}

/** For the master, about a run that failed here. */
export const failedMessage = (error: unknown): Message => ({ type: "failed", ...failureOf(error) });
