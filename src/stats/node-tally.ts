// What each node of a run did, counted where outcomes arrive: on the main thread, once per request. Budget 50 ns, no
// allocation but for a node's first request.
import { DistributionSum } from "./distribution.ts";
import type { NodeFigures } from "./figures.ts";
import { Stamp } from "./tally.ts";

/** Nodes from here on are counted together as the last one: each has two histograms of 264 KiB. */
const NODES_MAX = 64;

type NodeSum = {
  done: number;
  failed: number;
  bytes: number;
  readonly response: DistributionSum;
  readonly service: DistributionSum;
};

const newSum = (): NodeSum => ({
  done: 0,
  failed: 0,
  bytes: 0,
  response: new DistributionSum(),
  service: new DistributionSum(),
});

export class NodeTally {
  readonly #sums: NodeSum[] = [];

  /** One request that ended. `stamps` as stats/tally.ts lays them out; bytes are the sum of both directions. */
  add(node: number, failed: boolean, stamps: Float64Array): void {
    const sum = this.#sumOf(Math.min(node, NODES_MAX - 1));
    sum.bytes += (stamps[Stamp.bytesIn] as number) + (stamps[Stamp.bytesOut] as number);
    if (failed) {
      sum.failed++;
      return;
    }
    sum.done++;
    const done = stamps[Stamp.done] as number;
    sum.service.addValue(done - (stamps[Stamp.sent] as number));
    const response = done - (stamps[Stamp.due] as number);
    if (!Number.isNaN(response)) sum.response.addValue(response);
  }

  #sumOf(node: number): NodeSum {
    while (this.#sums.length <= node) this.#sums.push(newSum());
    return this.#sums[node] as NodeSum;
  }

  /** What came since the last call, of nodes that did something. */
  take(): NodeFigures[] {
    const figures: NodeFigures[] = [];
    for (const [node, sum] of this.#sums.entries()) {
      const { done, failed, bytes } = sum;
      if (done + failed === 0) continue;
      const times = { response: sum.response.take(), service: sum.service.take() };
      figures.push({ node, done, failed, bytes, ...times });
      Object.assign(sum, { done: 0, failed: 0, bytes: 0 });
    }
    return figures;
  }
}
