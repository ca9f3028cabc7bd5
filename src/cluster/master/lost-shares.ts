// Nodes that read their operations themselves (`split: local`, a load): the master gave nothing to one that is lost, so it works
// out what was that node's, and tells or counts every operation whose outcome did not come.
//
//   run    the trace is read once more, and each operation is told one by one. One bit per operation of each node meanwhile.
//   load   nobody has to know which they were: they are counted at the end, out of the schedule.
//
// What was due in each second is told by nodes as their own feeders come to it, and by a lost one no more: that is made up too.
// The same reading tells the operations whose rows a node could not keep.

import { DUE_AT } from "../../ring/operation-record.ts";
import { allocateRing } from "../../ring/record-ring.ts";
import { recordLength } from "../../ring/record-run.ts";
import type { FeedPlan } from "../../workers/feed-plan.ts";
import { Feeder } from "../../workers/feeder.ts";
import { allocateOrders } from "../../workers/run-orders.ts";
import { seqOf } from "../operation-run.ts";
import { GivenOperations } from "./given-operations.ts";
import { countLostLoad } from "./lost-load.ts";
import type { LostOperations } from "./lost-operations.ts";
import type { NodeHandle } from "./node-handle.ts";
import { OperationPump } from "./operation-pump.ts";
import type { OutcomeDesk } from "./outcome-desk.ts";
import type { NodePlanning } from "./plan-messages.ts";
import { PlannedByNode } from "./planned-by-node.ts";

const RING_BYTES = 1024 * 1024;
const PUMP_MS = 10;

type SharesParts = {
  readonly lost: Pick<LostOperations, "take">;
  readonly desk: Pick<OutcomeDesk, "keepDropped">;
  /** Operations that were due in a second of the schedule. */
  readonly planned: (second: number, operations: number) => void;
  /** Everything of a node has been told, or could not be. */
  readonly listed: () => void;
  readonly failed: (error: unknown) => void;
};

/** What is to be told of a node: each operation that has no outcome, up to the end of what it had. */
type Listing = {
  readonly plan: FeedPlan;
  /** Schedule time, ns, and operations, that the node came to. */
  readonly until: number;
  readonly emitted: number;
  readonly tell: (operation: Buffer) => void;
};

export class LostShares {
  readonly #parts: SharesParts;
  readonly #feed: FeedPlan;
  readonly #nodes: readonly NodeHandle[];
  /** What a node reads; undefined where nodes read nothing. */
  readonly #feedOf: ((index: number) => FeedPlan) | undefined;
  /** By node, outcomes that came. */
  readonly #told: readonly GivenOperations[];
  readonly #planned: PlannedByNode;
  #listing = 0;
  /** Schedule time at which the run was told to end, ns. */
  endsAt = Number.POSITIVE_INFINITY;

  constructor(
    feed: FeedPlan,
    { nodes, feedOf }: { nodes: readonly NodeHandle[] } & Pick<NodePlanning, "feedOf">,
    parts: SharesParts,
  ) {
    this.#parts = parts;
    this.#feed = feed;
    this.#nodes = nodes;
    this.#feedOf = feedOf;
    this.#told = nodes.map(() => new GivenOperations());
    this.#planned = new PlannedByNode(nodes.length, parts.planned);
  }

  get isListing(): boolean {
    return this.#listing > 0;
  }

  /** An outcome has come. */
  hear(node: number, seq: number): void {
    if (this.#isTraced) this.#told[node]?.add(seq);
  }

  /** What the feeder of a node says. */
  hearPlanned(node: number, second: number, operations: number): void {
    this.#planned.hear(node, second, operations);
  }

  /** Rows are kept, and the master can know which are missing. */
  get #isTraced(): boolean {
    return this.#feedOf !== undefined && this.#feed.kind === "run";
  }

  /** Begins to tell the operations of a lost node. */
  list(node: NodeHandle): void {
    if (this.#feedOf === undefined || !this.#isTraced) return;
    void this.#list(node, {
      plan: this.#feedOf(node.index),
      until: this.endsAt,
      emitted: Number.POSITIVE_INFINITY,
      tell: this.#lossesOf(node),
    });
  }

  /**
   * Its figures may be of more operations than its rows (`cluster.rows: after`). Which they were only the node knew: those that
   * were due first are told as having lost their rows, the others as lost.
   */
  #lossesOf(node: NodeHandle): Listing["tell"] {
    const { done, failed } = node.totals.soFar;
    let rowless = Math.max(0, done + failed - node.rows);
    return (operation) => {
      if (rowless-- > 0) this.#parts.desk.keepDropped(operation);
      else this.#parts.lost.take(node, operation);
    };
  }

  /** Begins to tell the operations whose rows a node has dropped. */
  listDropped(node: NodeHandle): void {
    const { done } = node;
    if (this.#feedOf === undefined || !this.#isTraced || !done?.health.dropped) return;
    void this.#list(node, {
      plan: this.#feedOf(node.index),
      until: Number.POSITIVE_INFINITY,
      emitted: done.feed?.emitted ?? 0,
      tell: (operation) => this.#parts.desk.keepDropped(operation),
    });
  }

  /** Counts what lost nodes had of a load. When everything else has ended. */
  async countLoad(): Promise<void> {
    const feed = this.#feed;
    if (this.#feedOf === undefined || feed.kind !== "load") return;
    for (const node of this.#nodes.filter(({ state }) => state === "lost")) {
      const share = { index: node.index, count: this.#nodes.length };
      const planned = (second: number, operations: number): void =>
        this.#planned.makeUp(node.index, second, operations);
      const { underWay, soFar } = node.totals;
      const due = await countLostLoad({ ...feed, share }, { until: this.endsAt, planned });
      // Of a closed loop nothing is known but what is under way at any time.
      node.lostOperations =
        due === undefined ? underWay : Math.max(0, due - soFar.done - soFar.failed);
    }
  }

  async #list(node: NodeHandle, listing: Listing): Promise<void> {
    const { listed, failed } = this.#parts;
    this.#listing++;
    try {
      await this.#read(node.index, listing);
    } catch (error) {
      failed(error);
    } finally {
      this.#listing--;
      listed();
    }
  }

  async #read(node: number, { plan: feed, until, emitted, tell }: Listing): Promise<void> {
    const nodes = this.#nodes.length;
    const told = this.#told[node] as GivenOperations;
    const ring = allocateRing(RING_BYTES);
    const plan = feed.kind === "poured" ? feed : { ...feed, threads: nodes };
    const orders = allocateOrders(nodes);
    const feeder = new Feeder({ rings: [ring], orders, plan }, (message) => {
      if (message.type === "planned" && message.second * 1e9 < until)
        this.#planned.makeUp(node, message.second, message.operations);
    });
    const pump = new OperationPump(ring);
    let seen = 0;
    const taker = {
      open: 0,
      isFull: false,
      give(records: Buffer, offsets: readonly number[]): void {
        for (const at of offsets) {
          // What had no due time was sent as soon as possible, whenever the run ended.
          if (++seen > emitted || records.readDoubleLE(at + DUE_AT) > until) continue;
          if (!told.has(seqOf(records, at)))
            tell(records.subarray(at, at + recordLength(records, at)));
        }
      },
    };
    try {
      while (!pump.ended) {
        pump.pump(Number.POSITIVE_INFINITY, taker);
        const later = new Promise((resolve) => setTimeout(resolve, PUMP_MS));
        await Promise.race([later, feeder.failed]);
      }
      await Promise.race([feeder.finished, feeder.failed]);
    } finally {
      await feeder.terminate();
    }
  }
}
