// What the pullers did in each second, for the course of a run. Reads the tallies apart from the recorder, whose intervals are
// steps: each reader keeps its own account of what it has seen.
import { nanos } from "../core/units.ts";
import { emptyDistribution } from "../stats/distribution.ts";
import type { IntervalSnapshot } from "../stats/figures.ts";
import { TallyReader } from "../stats/tally-reader.ts";
import { BoardWord, type PullBoard } from "../workers/pull-board.ts";
import { pullClassOf } from "../workers/pull-classes.ts";

const PULLS: ReadonlySet<string> = new Set(["pull-first", "pull-repeat"]);
/** The last interval of a run may be next to nothing. */
const SPAN_NS_MIN = 1e6;

export class SecondReader {
  readonly #reader: TallyReader;
  readonly #boards: readonly PullBoard[];
  readonly #beganAt: number;
  #at: number;

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
    this.#at = now;
  }

  /**
   * Since the last call; an operation is a whole pull, whose service time is all there is: nothing has a due time. Times in
   * ns since the reader was made. `undefined` where no time has passed.
   */
  take(now: number): IntervalSnapshot | undefined {
    if (now - this.#at < SPAN_NS_MIN) return undefined;
    const start = nanos(this.#at - this.#beganAt);
    this.#at = now;
    const snapshot = this.#reader.takeInterval(start, nanos(now - this.#beganAt));
    return {
      ...snapshot,
      classes: snapshot.classes.filter(({ operation }) => PULLS.has(pullClassOf(operation))),
      lateness: emptyDistribution,
      inFlight: this.#boards.reduce((sum, board) => sum + board.get(BoardWord.pullsInProgress), 0),
      waiting: 0,
    };
  }
}
