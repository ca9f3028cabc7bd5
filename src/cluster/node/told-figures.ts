// What a node tells of an interval: how operations ended as its rows before say it, row by row, and the rest as its threads say
// it. Rows and figures go the same way in their order: whenever a node is lost, its figures are those of its rows up to the last
// of them, and what is missing can be made up from the rows behind it (master/untold-rows.ts).
import type { Nanos } from "../../core/units.ts";
import {
  type ClassFigures,
  type Figures,
  type IntervalSnapshot,
  mergeClasses,
  mergeFigures,
} from "../../stats/figures.ts";
import { TallyReader, timesBeside } from "../../stats/tally-reader.ts";

export class ToldFigures {
  readonly #threads: TallyReader;
  readonly #rows: TallyReader;

  /** `rows`: of an OutcomeTally. */
  constructor(threads: readonly SharedArrayBuffer[], rows: SharedArrayBuffer) {
    this.#threads = new TallyReader(threads, timesBeside);
    this.#rows = new TallyReader([rows]);
  }

  takeInterval(start: Nanos, end: Nanos): IntervalSnapshot {
    const threads = this.#threads.takeInterval(start, end);
    const rows = this.#rows.takeInterval(start, end);
    // The threads count what was out of range as well, and more of it.
    const ended = { ...rows, clippedHigh: 0, clippedLow: 0 };
    return { ...threads, ...mergeFigures([startedOf(threads), ended]) };
  }

  /** Everything since the start. */
  totals(): ReturnType<TallyReader["totals"]> {
    return this.#threads.totals();
  }
}

const nothing = mergeClasses([]);

/** What threads alone know. */
const startedOf = ({ classes, ...rest }: Figures): Figures => ({
  classes: classes.map(
    ({ operation, started, onTime, lateSlots, lateGenerator, tooLate }): ClassFigures => ({
      ...nothing,
      operation,
      started,
      onTime,
      lateSlots,
      lateGenerator,
      tooLate,
    }),
  ),
  lateness: rest.lateness,
  connect: rest.connect,
  sizes: [],
  retries: 0,
  existed: 0,
  clippedHigh: rest.clippedHigh,
  clippedLow: rest.clippedLow,
});
