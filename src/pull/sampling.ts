// Reads what pullers have done, at ticks, each second and at the borders of steps, and hands it on with its place in the schedule.
import type { PullFleet } from "../workers/pull-engine.ts";
import type { DriverRequest, DriverSinks } from "./driver-contract.ts";
import type { DriverLog } from "./driver-log.ts";
import { PullRecorder } from "./pull-recorder.ts";
import { PullSum } from "./pull-sum.ts";
import { type PullPlace, SecondReader } from "./second-reader.ts";

type SamplingParts = {
  readonly engine: PullFleet;
  readonly watch: DriverRequest["watch"];
  readonly sinks: DriverSinks;
  readonly log: DriverLog;
};

/** A tick is told when all machines have told their figures. */
const AGO_NS_MAX = 5e9;

/** Instants are ns on the clock of the run; nothing is read twice. */
export class Sampling {
  readonly sum: PullSum = new PullSum();
  /** Of the phase, from 1 on; 0 outside of steps. */
  step = 0;
  isMeasured = true;
  readonly #parts: SamplingParts;
  readonly #recorder: PullRecorder;
  readonly #seconds: SecondReader;
  #hasBegun = false;

  /** Begins at the beginning of the log. */
  constructor(parts: SamplingParts) {
    this.#parts = parts;
    const { tallies, boards } = parts.engine;
    const now = parts.log.at;
    this.#recorder = new PullRecorder({ tallies, now });
    this.#seconds = new SecondReader({ tallies, boards, now });
  }

  /** What is left of the phase before is a row of its own: nothing of it is in the first tick of this one. */
  beginPhase(name: string, now: number): void {
    if (this.#hasBegun) this.endTicks(now);
    this.#hasBegun = true;
    this.#recorder.beginPhase(name);
  }

  activeChanged(level: number, now: number): void {
    this.#recorder.activeChanged(level, now);
  }

  /** Where in the schedule it is. */
  get place(): PullPlace {
    const { phase, active } = this.#recorder;
    return { phase, step: this.step, level: active, measured: this.isMeasured };
  }

  /** Once a second and at every border, so that each stretch belongs to one step. */
  to(now: number, { isBorder = false } = {}): void {
    const { sinks } = this.#parts;
    const activeSeconds = this.#recorder.activeSeconds(now);
    const second = this.#seconds.take(now, { ...this.place, activeSeconds }, isBorder);
    if (second === undefined) return;
    this.sum.add(second);
    sinks.second(second);
  }

  async toCut(): Promise<number> {
    const now = await cutNow(this.#parts);
    this.to(now);
    return now;
  }

  /** Says since when. */
  async nobodyPulls(): Promise<number> {
    const now = await this.toCut();
    this.step = 0;
    this.activeChanged(0, now);
    return now;
  }

  tick(now: number): void {
    const { sinks, watch, log } = this.#parts;
    const point = this.#recorder.tick(now);
    const at = log.wallMsAt(now);
    sinks.metric(at, point);
    sinks.tally(at, point);
    // Of a ramp that is taken over, most ticks were long ago: nobody knows what servers counted then.
    if (log.ago(now) > AGO_NS_MAX) return;
    watch.tick(
      () => log.seconds,
      (scrape) => sinks.scraped(scrape),
    );
  }

  /** The last interval of a phase, which ends before its tick. */
  endTicks(now: number): void {
    const { sinks, log } = this.#parts;
    sinks.tally(log.wallMsAt(now), this.#recorder.tick(now));
  }
}

/** An instant that figures are there up to, and none beyond: now, or a little later where they come from other machines. */
async function cutNow({ engine, log }: Pick<SamplingParts, "engine" | "log">): Promise<number> {
  const at = log.now + engine.leadNs;
  if (engine.leadNs > 0) await engine.cut(at);
  return at;
}
