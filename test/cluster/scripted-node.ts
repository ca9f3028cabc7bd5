// A node that does what a test says: it agrees on clocks and plans by itself, and the rest is said for it.
import { Conversation } from "../../src/cluster/conversation.ts";
import type { Link } from "../../src/cluster/link.ts";
import { NodeHandle } from "../../src/cluster/master/node-handle.ts";
import { memoryLinks } from "../../src/cluster/memory-link.ts";
import type { Done, Hello, Message } from "../../src/cluster/protocol/message.ts";
import { encodeSnapshot } from "../../src/cluster/protocol/snapshot-wire.ts";
import { OUTCOME_LAYOUT } from "../../src/cluster/record-layout.ts";
import { takeOrigin, threadClock } from "../../src/core/clock.ts";
import { nanos } from "../../src/core/units.ts";
import type { IntervalSnapshot } from "../../src/stats/figures.ts";
import { type Outcome, outcomeRecords } from "./outcome-records.ts";

export const hello: Hello = {
  type: "hello",
  version: "0",
  name: "node",
  cores: 1,
  memoryBytes: 1,
  clockNs: 0,
  wallUs: 0,
};

export const nothingDone: Done = {
  type: "done",
  snapshots: 0,
  results: 0,
  skipped: 0,
  rows: 0,
  counts: {},
  feed: null,
  health: {
    firstSentNs: 0,
    cuts: 0,
    longestCutMs: 0,
    clockStepMs: 0,
    held: 0,
    dropped: 0,
    unknown: 0,
  },
};

export const patience = { heartbeatMs: 50, lostAfterMs: 10_000 };

export class ScriptedNode {
  readonly handle: NodeHandle;
  readonly heard: Message[] = [];
  readonly #conversation: Conversation;
  readonly #clock = threadClock(takeOrigin());
  #snapshots = 0;
  #results = 0;
  #rows = 0;

  /** `carried`: the link of the master, unless a test stands between. */
  constructor(index: number, carried = (link: Link): Link => link) {
    const { master, node } = memoryLinks({ node: `n${index}` });
    this.handle = new NodeHandle(new Conversation(carried(master)), hello, index);
    this.#conversation = new Conversation(node);
    this.#conversation.listen({ hear: (message) => this.#hear(message), lost() {} });
  }

  #hear(message: Message): void {
    this.heard.push(message);
    if (message.type === "plan" || message.type === "pull-plan") this.say({ type: "ready" });
    if (message.type !== "clock-ask") return;
    const { round, askedNs } = message;
    const takenNs = this.#clock.now();
    const wallUs = Date.now() * 1000;
    this.say({ type: "clock-answer", round, askedNs, takenNs, answeredNs: takenNs, wallUs });
  }

  say(message: Message): void {
    this.#conversation.say(message);
  }

  /** The first of a type that was heard. */
  first<T extends Message["type"]>(type: T): Extract<Message, { type: T }> | undefined {
    return this.heard.find((message) => message.type === type) as
      | Extract<Message, { type: T }>
      | undefined;
  }

  tellRows(outcomes: readonly Outcome[]): void {
    this.#rows += outcomes.length;
    this.say({
      type: "results",
      layout: OUTCOME_LAYOUT,
      batch: ++this.#results,
      count: outcomes.length,
      records: outcomeRecords(outcomes),
    });
  }

  tellFigures(
    interval: IntervalSnapshot,
    planned: { readonly seconds: number[]; readonly operations: number[] } = {
      seconds: [],
      operations: [],
    },
    board: readonly number[] = [],
  ): void {
    const snapshot = encodeSnapshot({ ...interval, start: nanos(interval.start) });
    this.say({ type: "snapshot", number: ++this.#snapshots, snapshot, ...planned, board });
  }

  tellDone(): void {
    this.say({
      ...nothingDone,
      snapshots: this.#snapshots,
      results: this.#results,
      rows: this.#rows,
    });
  }

  /** Its process is killed. */
  die(): void {
    this.#conversation.close();
  }
}
