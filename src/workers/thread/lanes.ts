// Who may start now, where requests of one slot or one session must keep an order.
//
//   lane        | starts when
//   slot        | the lane's previous operation has ended
//   session     | the lane's previous operation has started, and the operation named by `after` has ended
//
// A lane is forgotten as soon as nothing of it waits or is under way, so memory follows the work at hand and not the number
// of trace clients. Runs once per request, and only where `assign: slots`, `sessions` or a warm-up asks for order.
import { type Entry, EntryQueue } from "./in-flight.ts";

export type LaneRule = "slot" | "session";

type Lane = { readonly waiting: EntryQueue; under: number };

export class Lanes {
  readonly #rule: LaneRule;
  readonly #lanes = new Map<number, Lane>();
  /** Operations loaded and not yet ended, by seq: what `after` may refer to. */
  readonly #open = new Set<number>();
  readonly #start: (entry: Entry) => void;
  waiting = 0;

  constructor(rule: LaneRule, start: (entry: Entry) => void) {
    this.#rule = rule;
    this.#start = start;
  }

  /** Starts the entry, or keeps it until its turn. */
  enter(entry: Entry): void {
    this.#open.add(entry.seq);
    const lane = this.#laneOf(entry);
    if (lane.waiting.length === 0 && this.#mayStart(entry, lane)) {
      lane.under++;
      this.#start(entry);
      return;
    }
    entry.waited = true;
    lane.waiting.push(entry);
    this.waiting++;
  }

  /** The entry has ended: starts what waited for it, in its own lane. */
  leave(entry: Entry): void {
    this.#open.delete(entry.seq);
    const key = this.#keyOf(entry);
    const lane = this.#lanes.get(key);
    if (lane === undefined) return;
    lane.under--;
    for (let next = lane.waiting.first; next !== undefined; next = lane.waiting.first) {
      if (!this.#mayStart(next, lane)) return;
      lane.waiting.shift();
      this.waiting--;
      lane.under++;
      this.#start(next);
    }
    if (lane.under === 0) this.#lanes.delete(key);
  }

  /** Gives up everything that waits. */
  dropWaiting(drop: (entry: Entry) => void): void {
    for (const lane of this.#lanes.values()) {
      for (let entry = lane.waiting.shift(); entry !== undefined; entry = lane.waiting.shift()) {
        this.#open.delete(entry.seq);
        this.waiting--;
        drop(entry);
      }
    }
  }

  #mayStart(entry: Entry, lane: Lane): boolean {
    if (this.#rule === "slot") return lane.under === 0;
    return entry.after === 0 || !this.#open.has(entry.after - 1);
  }

  #keyOf(entry: Entry): number {
    return this.#rule === "slot" ? entry.slot : entry.session;
  }

  #laneOf(entry: Entry): Lane {
    const key = this.#keyOf(entry);
    let lane = this.#lanes.get(key);
    if (lane === undefined) {
      lane = { waiting: new EntryQueue(), under: 0 };
      this.#lanes.set(key, lane);
    }
    return lane;
  }
}
