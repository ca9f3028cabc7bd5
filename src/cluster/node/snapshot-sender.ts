// Tells the master each second what happened in it. Seconds are those since the common start, on one node a little after the
// other: nodes that share a machine would all work at the same instant and make each other's requests late, and their master
// would have all of it at once. What is told of a second differs by as much from node to node, the sum of all seconds does not.
// The rows that the figures are of go before them.
import { nanos } from "../../core/units.ts";
import type { IntervalSnapshot } from "../../stats/figures.ts";
import type { EngineStart } from "../../workers/engine.ts";
import type { FromFeeder } from "../../workers/messages.ts";
import type { Conversation } from "../conversation.ts";
import { encodeSnapshot } from "../protocol/snapshot-wire.ts";
import { KeptSeconds } from "./kept-seconds.ts";
import type { OutcomeSender } from "./outcome-sender.ts";
import { ToldFigures } from "./told-figures.ts";

const SECOND_NS = 1e9;
/** Between the first node's end of a second and the last one's: less than the merging of seconds allows (figures-merge.ts). */
const TURNS_NS = 200e6;

export class SnapshotSender {
  readonly #conversation: Conversation;
  readonly #start: EngineStart;
  readonly #rows: Pick<OutcomeSender, "send" | "tally">;
  readonly #figures: ToldFigures;
  #timer: NodeJS.Timeout | undefined;
  readonly #kept = new KeptSeconds();
  readonly #turn: number;
  /** Up to here figures are taken, since the start. */
  endNs = 0;
  /** Snapshots sent. */
  count = 0;

  constructor(
    conversation: Conversation,
    start: EngineStart,
    {
      tallies,
      rows,
      turn,
    }: {
      readonly tallies: readonly SharedArrayBuffer[];
      readonly rows: Pick<OutcomeSender, "send" | "tally">;
      /** Which of the nodes this is: from 0 to 1, exclusively. */
      readonly turn: number;
    },
  ) {
    this.#conversation = conversation;
    this.#start = start;
    this.#rows = rows;
    this.#turn = turn * TURNS_NS;
    this.#figures = new ToldFigures(tallies, rows.tally.memory);
  }

  /** `planned` is asked before each snapshot: what is due, as the feeder of this node tells it. */
  begin(planned: () => PlannedPairs): void {
    const { clock, at } = this.#start;
    const elapsed = clock.now() - at - this.#turn;
    const next = Math.max(1, Math.floor(elapsed / SECOND_NS) + 1) * SECOND_NS;
    this.#timer = setTimeout(
      () => {
        // A timer may be early by a fraction of a millisecond.
        if (clock.now() - at - this.#turn >= next) this.send(planned());
        this.begin(planned);
      },
      Math.ceil((next - elapsed) / 1e6),
    );
  }

  send(planned: PlannedPairs): void {
    this.#take(planned)();
  }

  /** The run ends now. What is returned tells so: behind the last row. */
  last(planned: PlannedPairs): () => void {
    this.stop();
    return this.#take(planned);
  }

  #take({ seconds, operations }: PlannedPairs): () => void {
    const { clock, at } = this.#start;
    const end = Math.max(0, clock.now() - at);
    const interval = this.#figures.takeInterval(nanos(this.endNs), nanos(end));
    this.#rows.send();
    const snapshot = encodeSnapshot(interval);
    this.#kept.add(snapshot);
    this.endNs = end;
    return () => {
      const number = ++this.count;
      const told = { number, snapshot, seconds, operations, board: [] };
      this.#conversation.say({ type: "snapshot", ...told });
    };
  }

  /** Everything since the start, second by second. */
  seconds(): readonly IntervalSnapshot[] {
    return this.#kept.all();
  }

  /** Everything since the start. */
  totals(): ReturnType<ToldFigures["totals"]> {
    return this.#figures.totals();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}

export type PlannedPairs = {
  readonly seconds: readonly number[];
  readonly operations: readonly number[];
};

/** Collects what a feeder says is due, until it is taken. */
export class PlannedCollector {
  #seconds: number[] = [];
  #operations: number[] = [];

  feeding(fed: FromFeeder): void {
    if (fed.type !== "planned") return;
    this.#seconds.push(fed.second);
    this.#operations.push(fed.operations);
  }

  take(): PlannedPairs {
    const taken = { seconds: this.#seconds, operations: this.#operations };
    this.#seconds = [];
    this.#operations = [];
    return taken;
  }
}
