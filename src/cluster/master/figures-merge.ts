// Merges what nodes tell each second. A second is merged when all nodes that still run have told it, so that every interval of
// the run has its part of each of them; those that are cut off for some seconds hold the others up, but for the figures only.
import { type Nanos, nanos } from "../../core/units.ts";
import type { IntervalSnapshot } from "../../stats/figures.ts";
import { allocateTally } from "../../stats/tally-layout.ts";
import { TallyMirror } from "../../stats/tally-mirror.ts";
import type { FilledClock } from "../../workers/engine.ts";

/** Nodes beyond share a tally: each takes some megabytes, and readers copy its words once a second. */
const TALLIES_MAX = 16;
/** Timers of different nodes end the same second at slightly different instants. */
const SAME_SECOND_NS = 0.5e9;

type Told = {
  readonly waiting: IntervalSnapshot[];
  /** End of the last interval, ns since the start. */
  end: number;
  ended: boolean;
};

export class FiguresMerge {
  /** One per node, up to a limit. */
  readonly tallies: readonly SharedArrayBuffer[];
  readonly #mirrors: readonly TallyMirror[];
  readonly #nodes: readonly Told[];
  /** Everything up to here is merged, ns since the start. */
  #mergedTo = 0;
  #filled: () => void = () => {};

  constructor(nodes: number) {
    this.tallies = Array.from({ length: Math.min(nodes, TALLIES_MAX) }, allocateTally);
    this.#mirrors = this.tallies.map((memory) => new TallyMirror(memory));
    this.#nodes = Array.from({ length: nodes }, () => ({ waiting: [], end: 0, ended: false }));
  }

  /** A clock that stands at the end of what was merged; `at`: the start on the clock of the run. */
  clockFrom(at: number): FilledClock {
    return {
      now: (): Nanos => nanos(at + this.#mergedTo),
      whenFilled: (listener) => {
        this.#filled = listener;
      },
    };
  }

  add(node: number, snapshot: IntervalSnapshot): void {
    const told = this.#nodes[node] as Told;
    told.waiting.push(snapshot);
    told.end = snapshot.end;
    this.#merge();
  }

  /** Nothing more comes of this node. */
  end(node: number): void {
    const told = this.#nodes[node] as Told;
    told.ended = true;
    this.#merge();
    if (told.waiting.length === 0) this.#leave(node);
  }

  #leave(node: number): void {
    this.#mirrorOf(node).gauge(node, { inFlight: 0, waiting: 0 });
  }

  #mirrorOf(node: number): TallyMirror {
    return this.#mirrors[node % this.#mirrors.length] as TallyMirror;
  }

  #merge(): void {
    const running = this.#nodes.filter(({ ended }) => !ended);
    const told = running.length === 0 ? Number.POSITIVE_INFINITY : lowest(running);
    const before = this.#mergedTo;
    this.#nodes.forEach(({ waiting, ended }, node) => {
      for (let first = waiting[0]; first !== undefined; first = waiting[0]) {
        if (first.end > told + SAME_SECOND_NS) return;
        waiting.shift();
        this.#mirrorOf(node).add(node, first);
        this.#mergedTo = Math.max(this.#mergedTo, first.end);
        if (ended && waiting.length === 0) this.#leave(node);
      }
    });
    if (this.#mergedTo > before) this.#filled();
  }
}

const lowest = (nodes: readonly Told[]): number => Math.min(...nodes.map(({ end }) => end));
