// Runs the phases of a pull test: starts and stops pullers at their instants, takes the tally, waits at the end.
import type { Clock } from "../core/clock.ts";
import { threadClock } from "../core/clock.ts";
import { PullEngine } from "../workers/pull-engine.ts";
import type { FromPullThread, Passes, PullEvent, PullThreadEnd } from "../workers/pull-messages.ts";
import type { PullPlan } from "../workers/pull-plan.ts";
import { eventText } from "./event-text.ts";
import { type HerdFigures, type HerdRequest, HerdRun } from "./herd-run.ts";
import { type PullInterval, pullsOf } from "./pull-interval.ts";
import { PullRecorder, type TallyPoint } from "./pull-recorder.ts";
import { type Instant, instantsOf, levelChange, type Schedule } from "./schedule.ts";
import type { Scrape, ServerWatch } from "./server-watch.ts";

/** A stretch of the run. A pass goes through every list once and is not measured. */
export type Phase =
  | {
      readonly kind: "schedule";
      readonly name: string;
      readonly schedule: Schedule;
      readonly prune: boolean;
      readonly passes: Passes;
    }
  | { readonly kind: "pass"; readonly name: string; readonly pullers: number };

export type DriverRequest = {
  readonly plan: PullPlan;
  readonly phases: readonly Phase[];
  readonly herd: HerdRequest | undefined;
  readonly tallyMs: number;
  readonly settleMs: number;
  readonly drainMs: number;
  readonly watch: ServerWatch;
  readonly reference: (image: number) => string;
  readonly pattern: (puller: number) => string;
};

/** Where the driver writes while it runs. Times are ms since the epoch. */
export type DriverSinks = {
  log(at: number, text: string): void;
  metric(at: number, point: TallyPoint): void;
  /** Rows of tally.tsv: those of the metrics, and the last, partial interval. */
  tally(at: number, point: TallyPoint): void;
  /** Pulls so far, once a second, for the course of the rate. */
  sample(seconds: number, pulls: number, failed: number, active: number): void;
  scraped(scrape: Scrape): void;
};

export type DriverEnd = {
  readonly recorder: PullRecorder;
  readonly threads: readonly PullThreadEnd[];
  readonly herds: readonly HerdFigures[];
  /** ms since the epoch, and ns on the clock of the run. */
  readonly beganAt: number;
  readonly beganAtNs: number;
  readonly seconds: number;
  readonly exhausted: boolean;
  /** Status of a prune that found no endpoint; the run ended there. */
  readonly noPruneEndpoint: number | undefined;
  readonly warmUp: { readonly interval: PullInterval; readonly seconds: number } | undefined;
};

const ABORT_MS_MAX = 5_000;
const SAMPLE_MS = 1000;

export class PullDriver {
  readonly #request: DriverRequest;
  readonly #sinks: DriverSinks;
  readonly #engine: PullEngine;
  readonly #clock: Clock;
  readonly #running = new Map<number, number>();
  readonly #exhausted = new Set<number>();
  /** Resolved when the schedule is to end now. */
  readonly #halted = Promise.withResolvers<void>();
  #isHalted = false;
  #isCut = false;
  #recorder: PullRecorder;
  #beganAt = 0;
  #beganWallMs = 0;
  #level = 0;
  #noPruneEndpoint: number | undefined;
  #warmUp: DriverEnd["warmUp"];
  #idle: (() => void) | undefined;
  #herds: HerdRun | undefined;

  constructor(request: DriverRequest, sinks: DriverSinks) {
    this.#request = request;
    this.#sinks = sinks;
    this.#engine = new PullEngine(request.plan, (message) => this.#heard(message));
    this.#clock = threadClock(this.#engine.origin);
    this.#recorder = this.#newRecorder();
  }

  #newRecorder(): PullRecorder {
    const { tallies, boards } = this.#engine;
    return new PullRecorder({ tallies, boards, now: this.#clock.now() });
  }

  get origin(): bigint {
    return this.#engine.origin;
  }

  async run(): Promise<DriverEnd> {
    const engine = this.#engine;
    try {
      await engine.ready;
      await this.#request.watch.begin(() => 0);
      const end = await Promise.race([this.#perform(), engine.ended.then(forever)]);
      engine.sendAll({ type: "finish" });
      const threads = await engine.ended;
      await new Promise((resolve) => setImmediate(resolve));
      this.#log("test driver exit");
      await this.#request.watch.end(() => this.#seconds());
      return { ...end, threads };
    } finally {
      await engine.close();
    }
  }

  async #perform(): Promise<Omit<DriverEnd, "threads">> {
    this.#beganAt = this.#clock.now();
    this.#beganWallMs = Date.now();
    this.#recorder = this.#newRecorder();
    this.#log("test driver begin");
    const sampler = setInterval(() => this.#sample(), SAMPLE_MS);
    try {
      if (this.#request.herd === undefined) await this.#phases();
      else await this.#herd(this.#request.herd);
    } finally {
      clearInterval(sampler);
    }
    const last = this.#recorder.tick(this.#clock.now());
    this.#sinks.tally(Date.now(), last);
    this.#sample();
    const isEarly = this.#exhausted.size > 0;
    return {
      recorder: this.#recorder,
      herds: this.#herds?.figures ?? [],
      beganAt: this.#beganWallMs,
      beganAtNs: this.#beganAt,
      seconds: this.#seconds(),
      exhausted: isEarly,
      noPruneEndpoint: this.#noPruneEndpoint,
      warmUp: this.#warmUp,
    };
  }

  #seconds(): number {
    return (this.#clock.now() - this.#beganAt) / 1e9;
  }

  #sample(): void {
    const { pulls, failed } = this.#recorder.counters();
    this.#sinks.sample(this.#seconds(), pulls, failed, this.#recorder.active);
  }

  async #phases(): Promise<void> {
    const several = this.#request.phases.length > 1;
    for (const phase of this.#request.phases) {
      if (this.#isHalted) return;
      this.#recorder.beginPhase(phase.name);
      if (several || phase.name !== "run") this.#log(`phase ${phase.name} begin`);
      if (phase.kind === "pass") await this.#pass(phase);
      else await this.#schedule(phase);
      if (several || phase.name !== "run") this.#log(`phase ${phase.name} end`);
    }
  }

  async #schedule(phase: Extract<Phase, { kind: "schedule" }>): Promise<void> {
    const { tallyMs, settleMs } = this.#request;
    const from = this.#clock.now();
    for (const instant of instantsOf(phase.schedule, { tallyMs, settleMs })) {
      const at = from + instant.atMs * 1e6;
      if (!(await this.#until(at))) break;
      this.#reached(instant, phase);
    }
    if (this.#level > 0) this.#endEarly(phase);
    await this.#drain();
    this.#recorder.skip(this.#clock.now());
  }

  /** Tick, then settling, then border: a tick at a border belongs to the step before. */
  #reached(instant: Instant, phase: Extract<Phase, { kind: "schedule" }>): void {
    if (instant.tick) this.#tick();
    const now = this.#clock.now();
    if (instant.settled) this.#recorder.skip(now);
    if (instant.border === undefined) return;
    const { steps } = phase.schedule;
    const before = steps[instant.border - 1];
    if (before === undefined) this.#recorder.skip(now);
    else this.#recorder.endStep(now, { step: instant.border, level: before.level });
    this.#engine.sendAll({ type: "step" });
    this.#changeLevel(steps[instant.border]?.level ?? 0, phase);
  }

  /** The step that was cut short is a step all the same. */
  #endEarly(phase: Extract<Phase, { kind: "schedule" }>): void {
    const done = this.#recorder.steps.filter(({ phase: name }) => name === phase.name).length;
    this.#recorder.endStep(this.#clock.now(), { step: done + 1, level: this.#level });
    this.#changeLevel(0, phase);
  }

  #changeLevel(level: number, { prune, passes }: { prune: boolean; passes: Passes }): void {
    const { start, stop } = levelChange(this.#level, level);
    for (const puller of stop) {
      this.#log(`test driver stop test #${puller}`);
      this.#engine.toPuller(puller, { type: "stop", puller });
    }
    for (const puller of start) this.#start(puller, passes, prune);
    this.#level = level;
    this.#recorder.activeChanged(level, this.#clock.now());
  }

  #start(puller: number, passes: Passes, prune: boolean): void {
    const pattern = this.#request.pattern(puller);
    this.#log(`test driver start test #${puller} with filter ${pattern}`);
    this.#running.set(puller, (this.#running.get(puller) ?? 0) + 1);
    this.#engine.toPuller(puller, { type: "start", puller, passes, prune });
  }

  #tick(): void {
    const point = this.#recorder.tick(this.#clock.now());
    this.#sinks.metric(Date.now(), point);
    this.#sinks.tally(Date.now(), point);
    this.#request.watch.tick(
      () => this.#seconds(),
      (scrape) => this.#sinks.scraped(scrape),
    );
  }

  /** Every list once, all pullers at the same time, not measured. */
  async #pass({ pullers, name }: Extract<Phase, { kind: "pass" }>): Promise<void> {
    const from = this.#clock.now();
    this.#recorder.skip(from);
    const gone = new Promise<void>((resolve) => {
      this.#idle = resolve;
    });
    for (let puller = 0; puller < pullers; puller++) this.#start(puller, "once", false);
    this.#recorder.activeChanged(pullers, from);
    await Promise.race([gone, this.#halted.promise]);
    if (this.#isHalted)
      for (let puller = 0; puller < pullers; puller++)
        this.#engine.toPuller(puller, { type: "stop", puller });
    await this.#drain();
    const now = this.#clock.now();
    this.#recorder.activeChanged(0, now);
    this.#exhausted.clear();
    const interval = this.#recorder.discard(now);
    const seconds = (now - from) / 1e9;
    this.#warmUp = { interval, seconds };
    const { done, failed } = pullsOf(interval);
    const rate = (done / seconds).toFixed(1);
    this.#log(`phase ${name}: ${done} pulls, ${failed} failed, ${rate}/s`);
  }

  async #herd(request: HerdRequest): Promise<void> {
    const { plan, tallyMs, watch } = this.#request;
    this.#recorder.beginPhase("herd");
    this.#log("phase herd begin");
    const herds = new HerdRun(request, {
      engine: this.#engine,
      clock: this.#clock,
      threads: plan.threads,
      watch,
      log: (text) => this.#log(text),
      isHalted: () => this.#isHalted,
    });
    this.#herds = herds;
    this.#recorder.activeChanged(request.clients, this.#clock.now());
    let over = false;
    const ended = herds.run().finally(() => {
      over = true;
    });
    for (let at = this.#beganAt + tallyMs * 1e6; !over; at += tallyMs * 1e6) {
      await Promise.race([ended, this.#until(at)]);
      if (!over) this.#tick();
      if (this.#isHalted) break;
    }
    await ended;
    const now = this.#clock.now();
    this.#recorder.endStep(now, { step: 1, level: request.clients });
    this.#recorder.activeChanged(0, now);
    this.#log("phase herd end");
  }

  /** False when the schedule ends before. Deadlines are absolute: a late timer shifts nothing behind it. */
  async #until(at: number): Promise<boolean> {
    for (let left = at - this.#clock.now(); left > 0; left = at - this.#clock.now()) {
      if (this.#isHalted) return false;
      let timer: NodeJS.Timeout | undefined;
      const passed = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, Math.min(LONGEST_TIMER_MS, left / 1e6));
      });
      await Promise.race([passed, this.#halted.promise]);
      clearTimeout(timer);
    }
    return !this.#isHalted;
  }

  /** Waits for pulls in progress; those that take too long are cut off. */
  async #drain(): Promise<void> {
    if (this.#runningCount() === 0) return;
    const gone = new Promise<boolean>((resolve) => {
      this.#idle = () => resolve(true);
    });
    if (!this.#isCut && (await within(gone, this.#request.drainMs))) return;
    this.#log("warning pulls in progress are cut off");
    this.#engine.sendAll({ type: "abort" });
    await within(gone, ABORT_MS_MAX);
  }

  #runningCount(): number {
    let count = 0;
    for (const running of this.#running.values()) count += running;
    return count;
  }

  #heard(message: FromPullThread): void {
    switch (message.type) {
      case "ready":
        return;
      case "events":
        for (const event of message.events) this.#told(event);
        return;
      case "ended":
        this.#ended(message.puller, message.exhausted);
        return;
      case "no-prune-endpoint":
        this.#noPruneEndpoint ??= message.status;
        this.#halt();
        return;
      case "herd-ready":
      case "herd-done":
        this.#herds?.heard(message);
        return;
      default:
        message satisfies never;
    }
  }

  #told(event: PullEvent): void {
    const { reference, pattern } = this.#request;
    const wallMs = this.#beganWallMs + (event.at - this.#beganAt) / 1e6;
    this.#sinks.log(wallMs, eventText(event, reference, pattern));
  }

  #ended(puller: number, exhausted: boolean): void {
    this.#running.set(puller, (this.#running.get(puller) ?? 1) - 1);
    if (exhausted) this.#exhausted.add(puller);
    if (this.#runningCount() > 0) return;
    this.#idle?.();
    // Single passes: when everybody is through, there is nothing left to wait for.
    if (this.#exhausted.size === this.#request.plan.lists.length) this.#halt();
  }

  #log(text: string): void {
    const wallMs = this.#beganWallMs + (this.#clock.now() - this.#beganAt) / 1e6;
    this.#sinks.log(wallMs, text);
  }

  #halt(): void {
    this.#isHalted = true;
    this.#halted.resolve();
  }

  /** First interrupt: pullers are told to stop, pulls in progress end. */
  drain(): void {
    this.#halt();
  }

  /** Second interrupt: what is under way is cut off. */
  stop(): void {
    this.#isCut = true;
    this.#halt();
    this.#engine.sendAll({ type: "abort" });
  }
}

/** Beyond it timers fire at once. */
const LONGEST_TIMER_MS = 1_000_000_000;

/** A thread that ends well ends nothing: only its failure wins a race. */
const forever = (): Promise<never> => new Promise<never>(() => {});

async function within(done: Promise<boolean>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), ms);
  });
  const inTime = await Promise.race([done, late]);
  clearTimeout(timer);
  return inTime;
}
