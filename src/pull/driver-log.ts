import type { Clock } from "../core/clock.ts";
import type { PullFleet } from "../workers/pull-engine.ts";
import type { PullEvent } from "../workers/pull-messages.ts";
import type { DriverEnd, DriverRequest, DriverSinks, PullBegun } from "./driver-contract.ts";
import { eventText } from "./event-text.ts";
import { pullsOf } from "./pull-interval.ts";

/** Log lines of a run, stamped on the wall clock of its beginning: steps of that clock afterwards do not show. */
export class DriverLog {
  /** The beginning, ms since the epoch and ns on the clock of the run. */
  wallMs = 0;
  at = 0;
  readonly #clock: Clock;
  readonly #request: Pick<DriverRequest, "reference" | "pattern">;
  readonly #sinks: Pick<DriverSinks, "log">;

  constructor(
    clock: Clock,
    request: Pick<DriverRequest, "reference" | "pattern">,
    sinks: Pick<DriverSinks, "log">,
  ) {
    this.#clock = clock;
    this.#request = request;
    this.#sinks = sinks;
  }

  /** Now, unless it is known when. */
  begin(start = { at: this.#clock.now() as number, wallMs: Date.now() }): void {
    this.at = start.at;
    this.wallMs = start.wallMs;
  }

  begun({ origin, tallies, boards, rows = [] }: PullFleet): PullBegun {
    return { wallMs: this.wallMs, at: this.at, clock: this.#clock, origin, tallies, boards, rows };
  }

  /** ns on the clock of the run. */
  get now(): number {
    return this.#clock.now();
  }

  /** Since the beginning. */
  get seconds(): number {
    return (this.now - this.at) / 1e9;
  }

  say(text: string, at: number = this.#clock.now()): void {
    this.#sinks.log(this.#wallAt(at), text);
  }

  /** An instant on the wall clock, whole ms. */
  wallMsAt(at: number): number {
    return Math.round(this.#wallAt(at));
  }

  /** How long ago it was, ns. */
  ago(at: number): number {
    return this.#clock.now() - at;
  }

  /** What a pass has done. */
  sayPass(name: string, { interval, seconds }: NonNullable<DriverEnd["warmUp"]>): void {
    const { done, failed } = pullsOf(interval);
    const rate = (done / seconds).toFixed(1);
    this.say(`phase ${name}: ${done} pulls, ${failed} failed, ${rate}/s`);
  }

  tell(events: readonly PullEvent[]): void {
    const { reference, pattern } = this.#request;
    for (const event of events)
      this.#sinks.log(this.#wallAt(event.at), eventText(event, reference, pattern));
  }

  #wallAt(at: number): number {
    return this.wallMs + (at - this.at) / 1e6;
  }
}
