// Follows a schedule: gives its orders, reads figures at its instants, and ends it early where somebody halts it.
//
//   pullers of this process     an order holds when it is given: at its instant
//   of several machines         orders are given a little ahead, for an instant; figures come when all have told them
//   that outlast whoever        they have the whole schedule from the beginning: nothing but its halt is to be given. Whoever takes
//   orders them                 it over goes through all instants that are over, and hears their figures afterwards
import type { Clock } from "../core/clock.ts";
import type { HaltedBy, PullFleet } from "../workers/pull-engine.ts";
import type { DriverRequest, SchedulePhase } from "./driver-contract.ts";
import type { DriverLog } from "./driver-log.ts";
import type { Halt } from "./halt.ts";
import type { Roster } from "./roster.ts";
import type { Sampling } from "./sampling.ts";
import { type Instant, instantsOf, scheduledOrders, settles } from "./schedule.ts";

/** An order to machines that have the schedule already has reached all of them by then. */
const HALT_AHEAD_NS = 1e9;
const SECOND_NS = 1e9;

type CourseParts = {
  readonly request: Pick<DriverRequest, "tallyMs" | "settleMs" | "drainMs">;
  readonly engine: PullFleet;
  readonly clock: Clock;
  readonly log: DriverLog;
  readonly sampling: Sampling;
  readonly roster: Roster;
  readonly halt: Halt;
  /** Who has halted it. */
  readonly haltedBy: () => HaltedBy;
  /** Up to where figures are there, of all machines. */
  readonly filled: () => number;
};

export class ScheduleCourse {
  readonly #parts: CourseParts;
  readonly #phase: SchedulePhase;
  /** The step that begins when its time to settle is over. */
  #settling = 0;

  constructor(phase: SchedulePhase, parts: CourseParts) {
    this.#phase = phase;
    this.#parts = parts;
  }

  /** Until its end, or its halt: nobody is to pull any more then. */
  async run(): Promise<void> {
    const { engine, sampling, roster, filled } = this.#parts;
    const until = await this.#instants();
    const isHalted = Number.isFinite(until);
    // Behind all cuts that were announced.
    if (isHalted) {
      await engine.cut(until);
      sampling.to(until);
    } else await sampling.toCut();
    sampling.step = 0;
    if (roster.level === 0) return;
    roster.changeLevel(0, this.#phase);
    sampling.activeChanged(0, isHalted ? until : filled());
  }

  /** Returns the instant that the schedule was halted for; infinite where it has ended, or holds no longer. */
  async #instants(): Promise<number> {
    const { request, engine, clock, halt } = this.#parts;
    const { leadNs, outlasting } = engine;
    const from =
      outlasting === undefined
        ? clock.now() + leadNs
        : await outlasting.follow(scheduledOrders(this.#phase, request));
    this.#readPast();
    let until = outlasting?.halted?.at ?? Number.POSITIVE_INFINITY;
    for (const instant of instantsOf(this.#phase.schedule, request)) {
      const at = from + instant.atMs * 1e6;
      const isOpen = until === Number.POSITIVE_INFINITY;
      if (isOpen && !(await halt.until(clock, at - leadNs))) until = this.#haltAhead();
      if (at > until) break;
      if (leadNs > 0) this.#announce(instant, at);
      else this.#reached(instant, clock.now());
    }
    return until;
  }

  /** When the schedule ends that is halted now: at once, or where all machines can know of it. */
  #haltAhead(): number {
    const { engine, clock, haltedBy } = this.#parts;
    if (engine.outlasting === undefined) return Number.NEGATIVE_INFINITY;
    const at = clock.now() + HALT_AHEAD_NS;
    void engine.outlasting.halt({ at, by: haltedBy() });
    return at;
  }

  /** Of a ramp that is taken over: its seconds are read one by one, as they were when they passed. */
  #readPast(): void {
    const { engine, clock, log, sampling } = this.#parts;
    const now = clock.now();
    if (engine.outlasting === undefined) return;
    for (let at = log.at + SECOND_NS; at < now; at += SECOND_NS)
      void engine.outlasting.upTo(at).then(() => sampling.to(at));
  }

  /**
   * Ahead of its instant, so that it holds on all machines at once. What was reached is told when all of them have told their
   * figures, in the order of the instants: one that is cut off holds that up, but no order to the others.
   */
  #announce(instant: Instant, at: number): void {
    const { engine } = this.#parts;
    const { outlasting } = engine;
    const cut = outlasting === undefined ? engine.cut(at) : outlasting.upTo(at);
    if (instant.border !== undefined) this.#order(instant.border, at);
    void cut.then(() => this.#reached(instant, at));
  }

  /** Tick, then settling, then border: a tick at a border belongs to the step before. */
  #reached(instant: Instant, now: number): void {
    const { engine, sampling, request } = this.#parts;
    if (instant.tick) sampling.tick(now);
    // Before the first step there is nothing to tell apart: no moment of its own.
    const isBorder = instant.settled || sampling.step > 0;
    if (instant.settled || instant.border !== undefined) sampling.to(now, { isBorder });
    if (instant.settled) sampling.step = this.#settling;
    if (instant.border === undefined) return;
    const next = this.#phase.schedule.steps[instant.border];
    if (engine.leadNs === 0) this.#order(instant.border);
    sampling.activeChanged(next?.level ?? 0, now);
    this.#settling = instant.border + 1;
    sampling.step = next === undefined || settles(next, request.settleMs) ? 0 : this.#settling;
  }

  /** Whoever is to pull from a border on. */
  #order(border: number, at?: number): void {
    const { engine, roster } = this.#parts;
    engine.sendAll({ type: "step" }, at);
    roster.changeLevel(this.#phase.schedule.steps[border]?.level ?? 0, this.#phase, at);
  }
}
