// `split: local`: the master gave nothing to a node that is lost, so it reads the trace itself for what was that node's, and tells
// every operation whose outcome did not come. One bit per operation of each node meanwhile.
import { allocateRing } from "../../ring/record-ring.ts";
import { recordLength } from "../../ring/record-run.ts";
import type { FeedPlan } from "../../workers/feed-plan.ts";
import { Feeder } from "../../workers/feeder.ts";
import { allocateOrders } from "../../workers/run-orders.ts";
import { seqOf } from "../operation-run.ts";
import { GivenOperations } from "./given-operations.ts";
import type { LostOperations } from "./lost-operations.ts";
import type { NodeHandle } from "./node-handle.ts";
import { OperationPump } from "./operation-pump.ts";
import type { NodePlanning } from "./plan-messages.ts";

const RING_BYTES = 1024 * 1024;
const PUMP_MS = 10;

type SharesParts = {
  readonly lost: Pick<LostOperations, "take">;
  /** Everything of a lost node has been told, or could not be. */
  readonly listed: () => void;
  readonly failed: (error: unknown) => void;
};

export class LostShares {
  readonly #parts: SharesParts;
  readonly #nodes: number;
  /** What a node reads; undefined where nodes read nothing, or no rows are kept: nothing is told then. */
  readonly #feedOf: ((index: number) => FeedPlan) | undefined;
  /** By node, outcomes that came. */
  readonly #told: readonly GivenOperations[];
  #listing = 0;

  constructor(
    feed: FeedPlan,
    { nodes, feedOf }: { nodes: readonly NodeHandle[] } & Pick<NodePlanning, "feedOf">,
    parts: SharesParts,
  ) {
    this.#parts = parts;
    this.#nodes = nodes.length;
    this.#feedOf = feed.kind === "run" ? feedOf : undefined;
    this.#told = nodes.map(() => new GivenOperations());
  }

  get isListing(): boolean {
    return this.#listing > 0;
  }

  /** An outcome has come. */
  hear(node: number, seq: number): void {
    if (this.#feedOf !== undefined) this.#told[node]?.add(seq);
  }

  /** Begins to tell the operations of a lost node. */
  list(node: NodeHandle): void {
    const { listed, failed } = this.#parts;
    if (this.#feedOf === undefined) return;
    this.#listing++;
    const end = (): void => {
      this.#listing--;
    };
    this.#list(node, this.#feedOf(node.index)).finally(end).then(listed, failed);
  }

  async #list(node: NodeHandle, feed: FeedPlan): Promise<void> {
    const { lost } = this.#parts;
    const nodes = this.#nodes;
    const told = this.#told[node.index] as GivenOperations;
    const ring = allocateRing(RING_BYTES);
    const plan = feed.kind === "poured" ? feed : { ...feed, threads: nodes };
    const feeder = new Feeder({ rings: [ring], orders: allocateOrders(nodes), plan }, () => {});
    const pump = new OperationPump(ring);
    const taker = {
      open: 0,
      isFull: false,
      give(records: Buffer, offsets: readonly number[]): void {
        for (const at of offsets)
          if (!told.has(seqOf(records, at)))
            lost.take(node, records.subarray(at, at + recordLength(records, at)));
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
