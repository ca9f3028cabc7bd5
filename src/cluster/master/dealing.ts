// Gives operations to nodes as they come due: those of each ring to the node that they belong to, those of lost nodes to others.
import { allocateRing } from "../../ring/record-ring.ts";
import type { GivenOperations } from "./given-operations.ts";
import type { LostOperations, OnLost } from "./lost-operations.ts";
import type { NodeHandle } from "./node-handle.ts";
import { OperationPump } from "./operation-pump.ts";

const RING_BYTES = 1024 * 1024;
/** A ring whose first operation was given later than others behind it in the trace holds the feeder up for so long. */
const STUCK_MS = 200;

export type DealingOptions = {
  readonly nodes: readonly NodeHandle[];
  /** Nodes have no feeders of their own: there is a ring for each. */
  readonly given: boolean;
  /** What an earlier master of the run gave to nodes; undefined without one. */
  readonly before: GivenOperations | undefined;
  readonly lost: LostOperations;
  readonly onLost: OnLost;
};

export class Dealing {
  /** What the feeder fills, one per node. */
  readonly rings: readonly SharedArrayBuffer[];
  readonly #pumps: readonly OperationPump[];
  readonly #nodes: readonly NodeHandle[];
  readonly #lost: LostOperations;
  readonly #onLost: OnLost;
  readonly #before: GivenOperations | undefined;
  readonly #acts: (() => void)[] = [];
  /** When the feeder last came to operations that an earlier master gave. */
  #skippedAt = performance.now();

  constructor({ nodes, given, before, lost, onLost }: DealingOptions) {
    this.#nodes = nodes;
    this.#lost = lost;
    this.#onLost = onLost;
    this.#before = before;
    this.rings = given ? nodes.map(() => allocateRing(RING_BYTES)) : [];
    this.#pumps = this.rings.map((memory) => new OperationPump(memory, before));
  }

  /** Everything was given that there is. */
  get ended(): boolean {
    return this.#pumps.every((pump) => pump.ended) && this.#lost.waiting === 0;
  }

  /**
   * While a run is told again: whether the feeder has come to everything that was given so far, or gets no further. It says how
   * many operations were due in each second, which is to be known when the figures of that second are told.
   */
  keepsUp(): boolean {
    const skipped = this.#pumps.reduce((sum, pump) => sum + pump.skipGiven(), 0);
    if (skipped > 0) this.#skippedAt = performance.now();
    return this.#isAbreast || performance.now() - this.#skippedAt > STUCK_MS;
  }

  get #isAbreast(): boolean {
    return this.#pumps.length === 0 || this.#before === undefined || this.#before.open <= 0;
  }

  /** Calls it when the feeder has come to everything that an earlier master gave: what it has read by then has a row. */
  whenAbreast(act: () => void): void {
    this.#acts.push(act);
  }

  /** `now`: ns of the schedule. */
  deal(now: number): void {
    this.#pumps.forEach((pump, index) => {
      const node = this.#nodes[index] as NodeHandle;
      if (node.isAlive) pump.pump(now, node);
      else if (node.state !== "met") pump.pump(Number.POSITIVE_INFINITY, this.#lost.takerOf(node));
    });
    this.#lost.deal();
    this.#giveLast();
    if (this.#acts.length > 0 && this.#isAbreast) for (const act of this.#acts.splice(0)) act();
  }

  /** Where lost operations go to others, nobody is finished before everybody is. */
  #giveLast(): void {
    const all = this.#pumps.every((pump) => pump.ended);
    const open = this.#nodes.some((node) => node.open > 0) || this.#lost.waiting > 0;
    this.#pumps.forEach((pump, index) => {
      const node = this.#nodes[index] as NodeHandle;
      if (!node.isAlive) return;
      const over = this.#onLost === "redistribute" ? all && !open : pump.ended;
      if (over) node.giveLast();
    });
  }
}
