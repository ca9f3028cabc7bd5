// What the pullers did in each second, for the course of a run and for whoever makes its outputs again. Reads the tallies apart
// from the recorder, whose intervals are steps: each reader keeps its own account of what it has seen.
import { type Nanos, nanos } from "../core/units.ts";
import { emptyDistribution } from "../stats/distribution.ts";
import type { IntervalSnapshot } from "../stats/figures.ts";
import { TallyReader } from "../stats/tally-reader.ts";
import { BoardWord, type PullBoard, type PullCountName } from "../workers/pull-board.ts";
import { pullClassOf } from "../workers/pull-classes.ts";

/** Where in its schedule a run is. */
export type PullPlace = {
  readonly phase: string;
  /** From 1 on within its phase; 0 outside of steps: settling, draining, passes. */
  readonly step: number;
  /** Pullers that the step has. */
  readonly level: number;
  /** Its pulls are in the totals; those of a pass that fills the cache are not. */
  readonly measured: boolean;
};

/** A stretch of a second at most, which lies within one step. */
export type PullSecond = PullPlace & {
  /**
   * An operation is a class of pull-classes.ts, under the name that its index has in a tally. `lateness` has the waits, and
   * `inFlight` and its mean are pulls in progress. Times in ns since the driver began.
   */
  readonly snapshot: IntervalSnapshot;
  /** Time-weighted. */
  readonly meanActive: number;
  /** Of the cores that the request worker threads have, 0..1. */
  readonly cpuShare: number;
  /** Of the boards, so far. */
  readonly counts: Readonly<Partial<Record<PullCountName, number>>>;
};

const PULLS: ReadonlySet<string> = new Set(["pull-first", "pull-repeat"]);
const { pullsInProgress: _, area: __, changedAt: ___, cpuNanos: ____, ...counted } = BoardWord;

/** Shorter than that, and nothing in it: the next interval begins where this one would have. */
const SPAN_NS_MIN = 50e6;

const isEmpty = ({ classes, lateness }: IntervalSnapshot): boolean =>
  classes.length === 0 && lateness.total === 0;

type Mark = { readonly at: number; readonly area: number; readonly cpu: number };

export class SecondReader {
  readonly #reader: TallyReader;
  readonly #boards: readonly PullBoard[];
  readonly #beganAt: number;
  #last: Mark;
  #activeSeconds = 0;

  constructor({
    tallies,
    boards,
    now,
  }: {
    readonly tallies: readonly SharedArrayBuffer[];
    readonly boards: readonly PullBoard[];
    readonly now: number;
  }) {
    this.#reader = new TallyReader(tallies);
    this.#boards = boards;
    this.#beganAt = now;
    this.#last = this.#mark(now);
  }

  #sum(of: (board: PullBoard) => number): number {
    return this.#boards.reduce((total, board) => total + of(board), 0);
  }

  #mark(at: number): Mark {
    return {
      at,
      area: this.#sum((board) => board.areaAt(at)),
      cpu: this.#sum((board) => board.get(BoardWord.cpuNanos)),
    };
  }

  #since(at: number): Nanos {
    return nanos(at - this.#beganAt);
  }

  /**
   * Since the last call; `undefined` where no time has passed, or too little for a stretch of its own. `activeSeconds`: of pullers,
   * summed up so far. `isBorder`: what comes next belongs elsewhere.
   */
  take(
    now: number,
    place: PullPlace & { readonly activeSeconds: number },
    isBorder = false,
  ): PullSecond | undefined {
    const before = this.#last;
    const span = now - before.at;
    if (span <= 0) return undefined;
    const snapshot = this.#reader.takeInterval(this.#since(before.at), this.#since(now));
    if (!isBorder && span < SPAN_NS_MIN && isEmpty(snapshot)) return undefined;
    this.#last = this.#mark(now);
    const { activeSeconds, ...rest } = place;
    const active = activeSeconds - this.#activeSeconds;
    this.#activeSeconds = activeSeconds;
    return {
      ...rest,
      snapshot: {
        ...snapshot,
        inFlight: this.#sum((board) => board.get(BoardWord.pullsInProgress)),
        meanInFlight: (this.#last.area - before.area) / span,
        waiting: 0,
      },
      meanActive: active / (span / 1e9),
      cpuShare: (this.#last.cpu - before.cpu) / (span * Math.max(1, this.#boards.length)),
      counts: Object.fromEntries(
        Object.entries(counted).map(([name, word]) => [
          name,
          this.#sum((board) => board.get(word)),
        ]),
      ),
    };
  }
}

/** An operation is then a whole pull, whose service time is all there is: nothing has a due time. */
export const pullsAlone = (snapshot: IntervalSnapshot): IntervalSnapshot => ({
  ...snapshot,
  classes: snapshot.classes.filter(({ operation }) => PULLS.has(pullClassOf(operation))),
  lateness: emptyDistribution,
});
