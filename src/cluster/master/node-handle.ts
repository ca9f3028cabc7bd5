// A node as its master sees it: what it was given, what it has told, and how it ended.
//
//              hello     plan     ready    start     done   refused, lost before   lost
//   met        (made)    planned  -        -         -      refused                 -
//   planned    -         -        ready    -         -      refused                 -
//   ready      -         -        -        running   -      refused                 -
//   running    -         -        -        -         done   -                       lost

import type { Clock } from "../../core/clock.ts";
import { DrayageError } from "../../core/errors.ts";
import type { IntervalSnapshot } from "../../stats/figures.ts";
import type { TallyThresholds } from "../../stats/tally.ts";
import type { NodeReport, NodeStatus } from "../../workers/node-report.ts";
import type { Conversation } from "../conversation.ts";
import { bufferOf, countOutcomes } from "../operation-run.ts";
import type {
  Done,
  Hello,
  Message,
  Ops,
  PullEnd,
  PullTold,
  Results,
  Skipped,
  SnapshotMessage,
} from "../protocol/message.ts";
import { decodeSnapshot } from "../protocol/snapshot-wire.ts";
import { OPERATION_LAYOUT, OUTCOME_LAYOUT } from "../record-layout.ts";
import { ClockRounds, type NodeClocks } from "./clock-rounds.ts";
import { nodeReport } from "./node-report.ts";
import { NodeTotals } from "./node-totals.ts";
import { OperationLedger } from "./operation-ledger.ts";
import type { BatchTaker } from "./operation-pump.ts";
import type { OutcomeDesk } from "./outcome-desk.ts";
import { UntoldRows } from "./untold-rows.ts";

type NodeState = NodeStatus["state"];

/** Bytes on their way to one node beyond which operations stay in the ring. */
const UNSENT_BYTES_MAX = 8 * 1024 * 1024;

/** What the engine does with what a node tells. */
export type NodeEvents = {
  readonly desk: Pick<OutcomeDesk, "hasRoom" | "keep">;
  readonly figures: {
    add(node: number, snapshot: IntervalSnapshot, board: readonly number[]): void;
  };
  /** Nodes were given their operations one by one: outcomes of others are not wanted. */
  readonly given: boolean;
  /** Of the run: what is late. Without, nothing is made up of rows. */
  readonly thresholds?: TallyThresholds;
  /** What a node's own feeder says of its operations and of records that became none. */
  planned(second: number, operations: number): void;
  skipped(lines: Uint8Array): void;
  /** An outcome of an operation that nobody here gave to the node. */
  told?(node: number, seq: number): void;
  /** Operations that ended on a node. */
  landed(node: number, operations: number): void;
  changed(handle: NodeHandle): void;
  /** What its pullers tell. */
  pulling?(handle: NodeHandle, message: PullTold | PullEnd): void;
};

export class NodeHandle implements BatchTaker {
  readonly conversation: Conversation;
  readonly hello: Hello;
  readonly index: number;
  state: NodeState = "met";
  clocks: NodeClocks | undefined;
  /** Why it was refused, refused itself, or is lost. */
  reason: string | null = null;
  done: Done | undefined;
  rows = 0;
  lostOperations = 0;
  dealtAgain = 0;
  readonly totals: NodeTotals = new NodeTotals();
  readonly #ledger = new OperationLedger();
  readonly #untold = new UntoldRows();
  #batches = 0;
  #results = 0;
  #snapshots = 0;
  #skipped = 0;
  #told = false;
  #rounds: ClockRounds | undefined;
  #events: NodeEvents | undefined;

  constructor(conversation: Conversation, hello: Hello, index: number) {
    this.conversation = conversation;
    this.hello = hello;
    this.index = index;
  }

  /** For sentences. */
  get title(): string {
    const { peer } = this.conversation;
    return this.hello.name === peer ? peer : `${peer} (${this.hello.name})`;
  }

  get isAlive(): boolean {
    return this.state === "ready" || this.state === "running" || this.state === "planned";
  }

  get hasEnded(): boolean {
    return this.state === "done" || this.state === "lost" || this.state === "refused";
  }

  get open(): number {
    return this.#ledger.open;
  }

  get isFull(): boolean {
    const waits = this.#events?.desk.hasRoom === false;
    return waits || this.conversation.unacknowledgedBytes > UNSENT_BYTES_MAX;
  }

  listen(events: NodeEvents): void {
    this.#events = events;
    this.conversation.hearWhile(() => events.desk.hasRoom);
    this.conversation.listen({
      hear: (message) => this.#hear(message),
      lost: (reason) => this.lose(reason),
    });
  }

  /** Asks for the node's clocks. Undefined when it does not answer, or has ended. */
  async measureClocks(clock: Clock): Promise<NodeClocks | undefined> {
    if (this.hasEnded) return undefined;
    this.#rounds = new ClockRounds(this.conversation, clock);
    this.clocks = await this.#rounds.measure();
    return this.clocks;
  }

  give(records: Buffer, offsets: readonly number[]): void {
    const batch = ++this.#batches;
    this.#ledger.enter(batch, records, offsets);
    const count = offsets.length;
    this.#say({ batch, count, records, last: false });
  }

  /** What an earlier master gave; `open`: offsets of operations whose outcomes are still to come. The memory is taken over. */
  recall({ batch, last, records }: Ops, open: readonly number[]): void {
    this.#batches = batch;
    if (last) this.#told = true;
    this.#ledger.enter(batch, bufferOf(records), open);
  }

  /** An operation that somebody else got after all. False if it is not open here. */
  forget(seq: number): boolean {
    const open = this.#ledger.settle(seq);
    if (open) {
      this.lostOperations++;
      this.dealtAgain++;
    }
    return open;
  }

  /** Nothing more will be given. */
  giveLast(): void {
    if (this.#told) return;
    this.#told = true;
    this.#say({ batch: ++this.#batches, count: 0, records: new Uint8Array(0), last: true });
  }

  #say(ops: { batch: number; count: number; records: Uint8Array; last: boolean }): void {
    this.conversation.say({ type: "ops", layout: OPERATION_LAYOUT, ...ops });
  }

  /** What it was given and has not told the outcome of. Afterwards it is nobody's. */
  takeOpen(): Buffer[] {
    return this.#ledger.takeOpen();
  }

  #become(state: NodeState, reason: string | null = null): void {
    this.state = state;
    this.reason = reason;
    if (this.hasEnded) this.#rounds?.end();
    this.#events?.changed(this);
  }

  lose(reason: string): void {
    if (this.hasEnded) return;
    if (this.state === "running") this.#makeUp();
    this.#become(this.state === "running" ? "lost" : "refused", reason);
    this.conversation.close();
  }

  /** Figures of the rows that came behind the last ones. */
  #makeUp(): void {
    const thresholds = this.#events?.thresholds;
    const figures = thresholds && this.#untold.figures(thresholds);
    if (figures === undefined) return;
    this.totals.add(figures);
    this.#events?.figures.add(this.index, figures, []);
  }

  #hear(message: Message): void {
    if (this.hasEnded) return;
    try {
      this.#take(message);
    } catch (error) {
      if (!(error instanceof DrayageError) || error.code !== "protocol") throw error;
      this.lose(`it sent ${error.message}`);
    }
  }

  #take(message: Message): void {
    switch (message.type) {
      case "clock-answer":
        this.#rounds?.hear(message);
        return;
      case "ready":
        this.#become("ready");
        return;
      case "refuse":
        this.#become("refused", message.sentence);
        return;
      case "failed":
        this.lose(message.sentence);
        return;
      case "results":
        this.#takeResults(message);
        return;
      case "snapshot":
        this.#takeSnapshot(message);
        return;
      case "skipped":
        this.#takeSkipped(message);
        return;
      case "pull-told":
      case "pull-end":
        this.#events?.pulling?.(this, message);
        return;
      case "done":
        this.#takeDone(message);
        return;
      default:
    }
  }

  #takeResults({ layout, batch, count, records }: Results): void {
    if (batch <= this.#results) return;
    this.#requireNext("results", batch, this.#results);
    if (layout !== OUTCOME_LAYOUT || countOutcomes(records) !== count)
      throw new DrayageError("protocol", `results that are none of layout ${OUTCOME_LAYOUT}`);
    this.#results = batch;
    const events = this.#events as NodeEvents;
    const wanted = (seq: number): boolean => {
      if (events.given) return this.#ledger.settle(seq);
      events.told?.(this.index, seq);
      return true;
    };
    if (events.thresholds !== undefined) this.#untold.add(bufferOf(records));
    const { ended, rows } = events.desk.keep(bufferOf(records), wanted);
    this.rows += rows;
    events.landed(this.index, ended);
  }

  #takeSnapshot({ number, snapshot, seconds, operations, board }: SnapshotMessage): void {
    if (number <= this.#snapshots) return;
    this.#requireNext("snapshot", number, this.#snapshots);
    this.#snapshots = number;
    seconds.forEach((second, i) => {
      this.#events?.planned(second, operations[i] ?? 0);
    });
    const figures = decodeSnapshot(snapshot);
    this.#untold.told(figures);
    this.totals.add(figures);
    this.#events?.figures.add(this.index, figures, board);
  }

  #takeSkipped({ batch, lines }: Skipped): void {
    if (batch <= this.#skipped) return;
    this.#requireNext("skipped records", batch, this.#skipped);
    this.#skipped = batch;
    this.#events?.skipped(lines);
  }

  #takeDone(done: Done): void {
    const isWhole =
      done.results === this.#results &&
      done.snapshots === this.#snapshots &&
      done.skipped === this.#skipped;
    if (!isWhole)
      throw new DrayageError(
        "protocol",
        `its end, with ${done.results} batches of results and ${done.snapshots} snapshots, of which ${this.#results} and ${this.#snapshots} came`,
      );
    this.done = done;
    this.#become("done");
  }

  #requireNext(what: string, number: number, before: number): void {
    if (number === before + 1) return;
    throw new DrayageError("protocol", `${what} ${number} behind ${before}`);
  }

  report(): NodeReport {
    return nodeReport(this);
  }
}
