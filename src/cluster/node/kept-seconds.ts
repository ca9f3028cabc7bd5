// What a node told of each second, kept for the case that its master is lost: then it is the node's to write.
import { nanos } from "../../core/units.ts";
import { type IntervalSnapshot, mergeFigures } from "../../stats/figures.ts";
import { decodeSnapshot, type WireSnapshot } from "../protocol/snapshot-wire.ts";

/** Seconds that stay apart, some 10 MB; of a longer run the first ones are added up to one interval. */
const SECONDS_MAX = 2 * 3600;
const ADDED_AT_ONCE = 600;

export class KeptSeconds {
  #added: IntervalSnapshot | undefined;
  #seconds: WireSnapshot[] = [];
  readonly #max: number;

  constructor(max: number = SECONDS_MAX) {
    this.#max = max;
  }

  add(second: WireSnapshot): void {
    this.#seconds.push(second);
    if (this.#seconds.length < this.#max + ADDED_AT_ONCE) return;
    const first = this.#seconds.splice(0, ADDED_AT_ONCE).map(decodeSnapshot);
    this.#added = added(this.#added === undefined ? first : [this.#added, ...first]);
  }

  /** In their order, without holes. */
  all(): IntervalSnapshot[] {
    const seconds = this.#seconds.map(decodeSnapshot);
    return this.#added === undefined ? seconds : [this.#added, ...seconds];
  }
}

function added(intervals: readonly IntervalSnapshot[]): IntervalSnapshot {
  const [first] = intervals;
  const last = intervals.at(-1) as IntervalSnapshot;
  return { ...last, ...mergeFigures(intervals), start: first?.start ?? nanos(0), end: last.end };
}
