// Runs the phases of a pull test: starts and stops pullers at their instants, takes the tally, waits at the end.
import type { Clock } from "../core/clock.ts";
import { threadClock } from "../core/clock.ts";
import { PullEngine } from "../workers/pull-engine.ts";
import type { FromPullThread, PullEvent } from "../workers/pull-messages.ts";
import type { DriverEnd, DriverRequest, DriverSinks, Phase } from "./driver-contract.ts";
import { eventText } from "./event-text.ts";
import { Halt } from "./halt.ts";
import { type HerdRequest, HerdRun } from "./herd-run.ts";
import { tickAlone } from "./lone-ticks.ts";
import { pullsOf } from "./pull-interval.ts";
import { PullRecorder } from "./pull-recorder.ts";
import { PullSum } from "./pull-sum.ts";
import { Roster, type StartRule } from "./roster.ts";
import { type Instant, instantsOf, type Step } from "./schedule.ts";
import { type PullPlace, SecondReader } from "./second-reader.ts";

const SAMPLE_MS = 1000;

export class PullDriver {
  readonly #request: DriverRequest;
  readonly #sinks: DriverSinks;
  readonly #engine: PullEngine;
  readonly #clock: Clock;
  readonly #roster: Roster;
  readonly #halt = new Halt();
  readonly #sum = new PullSum();
  #isCut = false;
  #recorder: PullRecorder;
  #secondly: SecondReader | undefined;
  #beganAt = 0;
  #beganWallMs = 0;
  #noPruneEndpoint: number | undefined;
  #warmUp: DriverEnd["warmUp"];
  #herds: HerdRun | undefined;
  /** Of the phase, from 1 on; 0 outside of steps. */
  #step = 0;
  /** The step that begins when its time to settle is over. */
  #settling = 0;
  #isMeasured = true;

  constructor(request: DriverRequest, sinks: DriverSinks) {
    this.#request = request;
    this.#sinks = sinks;
    this.#engine = new PullEngine(request.plan, (message) => this.#heard(message));
    this.#clock = threadClock(this.#engine.origin);
    this.#recorder = this.#newRecorder();
    this.#roster = new Roster({
      engine: this.#engine,
      pullers: request.plan.lists.length,
      pattern: request.pattern,
      log: (text) => this.#log(text),
      exhausted: () => this.#halt.now(),
    });
  }

  #newRecorder(): PullRecorder {
    return new PullRecorder({ tallies: this.#engine.tallies, now: this.#clock.now() });
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
      this.#sampleTo(this.#clock.now());
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
    const { tallies, boards, origin } = this.#engine;
    this.#secondly = new SecondReader({ tallies, boards, now: this.#beganAt });
    this.#log("test driver begin");
    this.#sinks.started({
      wallMs: this.#beganWallMs,
      at: this.#beganAt,
      clock: this.#clock,
      origin,
      tallies,
      boards,
    });
    const sampler = setInterval(() => this.#sampleTo(this.#clock.now()), SAMPLE_MS);
    try {
      if (this.#request.herd === undefined) await this.#phases();
      else await this.#herd(this.#request.herd);
    } finally {
      clearInterval(sampler);
    }
    const last = this.#recorder.tick(this.#clock.now());
    this.#sinks.tally(Date.now(), last);
    this.#sampleTo(this.#clock.now());
    return {
      sum: this.#sum,
      herds: this.#herds?.figures ?? [],
      beganAt: this.#beganWallMs,
      beganAtNs: this.#beganAt,
      seconds: this.#seconds(),
      exhausted: this.#roster.hasExhausted,
      noPruneEndpoint: this.#noPruneEndpoint,
      warmUp: this.#warmUp,
    };
  }

  #seconds(): number {
    return (this.#clock.now() - this.#beganAt) / 1e9;
  }

  /** Once a second and at every border, so that each stretch belongs to one step. */
  #sampleTo(now: number): void {
    const soFar = this.#recorder.soFar(now);
    this.#sinks.sample((now - this.#beganAt) / 1e9, soFar);
    const { activeSeconds } = soFar;
    const second = this.#secondly?.take(now, { ...this.place, activeSeconds });
    if (second === undefined) return;
    this.#sum.add(second);
    this.#sinks.second(second);
  }

  /** Where in the schedule it is. */
  get place(): PullPlace {
    const phase = this.#recorder.phase;
    return { phase, step: this.#step, level: this.#recorder.active, measured: this.#isMeasured };
  }

  async #phases(): Promise<void> {
    const several = this.#request.phases.length > 1;
    for (const phase of this.#request.phases) {
      if (this.#halt.isHalted) return;
      this.#recorder.beginPhase(phase.name);
      if (several || phase.name !== "run") this.#log(`phase ${phase.name} begin`);
      await this.#phase(phase);
      if (several || phase.name !== "run") this.#log(`phase ${phase.name} end`);
    }
  }

  #phase(phase: Phase): Promise<unknown> {
    switch (phase.kind) {
      case "schedule":
        return this.#schedule(phase);
      case "pass":
        return this.#pass(phase);
      case "between":
        return phase.act();
      default:
        return phase satisfies never;
    }
  }

  async #schedule(phase: Extract<Phase, { kind: "schedule" }>): Promise<void> {
    const { tallyMs, settleMs } = this.#request;
    const from = this.#clock.now();
    for (const instant of instantsOf(phase.schedule, { tallyMs, settleMs })) {
      const at = from + instant.atMs * 1e6;
      if (!(await this.#halt.until(this.#clock, at))) break;
      this.#reached(instant, phase);
    }
    this.#sampleTo(this.#clock.now());
    this.#step = 0;
    if (this.#roster.level > 0) this.#changeLevel(0, phase);
    await this.#drain();
    this.#sampleTo(this.#clock.now());
  }

  /** Tick, then settling, then border: a tick at a border belongs to the step before. */
  #reached(instant: Instant, phase: Extract<Phase, { kind: "schedule" }>): void {
    if (instant.tick) this.#tick();
    const now = this.#clock.now();
    const { steps } = phase.schedule;
    if (instant.settled || instant.border !== undefined) this.#sampleTo(now);
    if (instant.settled) this.#step = this.#settling;
    if (instant.border === undefined) return;
    const next = steps[instant.border];
    this.#engine.sendAll({ type: "step" });
    this.#changeLevel(next?.level ?? 0, phase);
    this.#settling = instant.border + 1;
    this.#step = next === undefined || this.#settles(next) ? 0 : this.#settling;
  }

  /** The step counts only from an instant within it on. */
  #settles({ fromMs, toMs }: Step): boolean {
    const { settleMs } = this.#request;
    return settleMs > 0 && fromMs + settleMs < toMs;
  }

  #changeLevel(level: number, rule: StartRule): void {
    this.#roster.changeLevel(level, rule);
    this.#recorder.activeChanged(level, this.#clock.now());
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
    this.#sampleTo(from);
    this.#isMeasured = false;
    this.#recorder.activeChanged(pullers, from);
    await this.#roster.pass(pullers, this.#halt.promise);
    await this.#drain();
    const now = this.#clock.now();
    this.#sampleTo(now);
    this.#isMeasured = true;
    this.#recorder.activeChanged(0, now);
    const interval = this.#sum.unmeasured;
    const seconds = (now - from) / 1e9;
    this.#warmUp = { interval, seconds };
    const { done, failed } = pullsOf(interval);
    const rate = (done / seconds).toFixed(1);
    this.#log(`phase ${name}: ${done} pulls, ${failed} failed, ${rate}/s`);
  }

  async #herd(request: HerdRequest): Promise<void> {
    const { plan, watch } = this.#request;
    this.#recorder.beginPhase("herd");
    this.#log("phase herd begin");
    const herds = new HerdRun(request, {
      engine: this.#engine,
      clock: this.#clock,
      threads: plan.threads,
      watch,
      log: (text) => this.#log(text),
      isHalted: () => this.#halt.isHalted,
    });
    this.#herds = herds;
    this.#step = 1;
    this.#recorder.activeChanged(request.clients, this.#clock.now());
    const ticking = tickAlone(this.#clock, {
      from: this.#beganAt,
      periodMs: this.#request.tallyMs,
      tick: () => this.#tick(),
    });
    try {
      await herds.run();
    } finally {
      ticking.end();
    }
    const now = this.#clock.now();
    this.#sampleTo(now);
    this.#step = 0;
    this.#recorder.activeChanged(0, now);
    this.#log("phase herd end");
  }

  #drain(): Promise<void> {
    return this.#roster.drain(this.#isCut ? 0 : this.#request.drainMs);
  }

  #heard(message: FromPullThread): void {
    switch (message.type) {
      case "ready":
        return;
      case "events":
        for (const event of message.events) this.#told(event);
        return;
      case "ended":
        this.#roster.ended(message.puller, message.exhausted);
        return;
      case "no-prune-endpoint":
        this.#noPruneEndpoint ??= message.status;
        this.#halt.now();
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

  #log(text: string): void {
    const wallMs = this.#beganWallMs + (this.#clock.now() - this.#beganAt) / 1e6;
    this.#sinks.log(wallMs, text);
  }

  /** First interrupt: pullers are told to stop, pulls in progress end. */
  drain(): void {
    this.#halt.now();
  }

  /** Second interrupt: what is under way is cut off. */
  stop(): void {
    this.#isCut = true;
    this.#halt.now();
    this.#engine.sendAll({ type: "abort" });
  }
}

/** A thread that ends well ends nothing: only its failure wins a race. */
const forever = (): Promise<never> => new Promise<never>(() => {});
