// Runs the phases of a pull test: starts and stops pullers at their instants, takes the tally, waits at the end.
import { type Clock, threadClock } from "../core/clock.ts";
import type { NodeStatus } from "../workers/node-report.ts";
import { type HaltedBy, PullEngine, type PullFleet } from "../workers/pull-engine.ts";
import type { FromPullThread } from "../workers/pull-messages.ts";
import type {
  DriverEnd,
  DriverRequest,
  DriverSinks,
  Phase,
  SchedulePhase,
} from "./driver-contract.ts";
import { DriverLog } from "./driver-log.ts";
import { Halt } from "./halt.ts";
import { type HerdRequest, HerdRun } from "./herd-run.ts";
import { tickAlone } from "./lone-ticks.ts";
import { Roster } from "./roster.ts";
import { Sampling } from "./sampling.ts";
import { ScheduleCourse } from "./schedule-course.ts";
import type { PullPlace } from "./second-reader.ts";

const SAMPLE_MS = 1000;

export class PullDriver {
  readonly #request: DriverRequest;
  readonly #sinks: DriverSinks;
  readonly #engine: PullFleet;
  readonly #clock: Clock;
  readonly #roster: Roster;
  readonly #log: DriverLog;
  readonly #halt = new Halt();
  /** Of the schedule under way: the halt, or the end of all lists. */
  #over = new Halt();
  #haltedBy: HaltedBy = "end";
  /** How long pulls in progress are waited for. */
  #drainMs: number;
  #sampling: Sampling;
  #noPruneEndpoint: number | undefined;
  #warmUp: DriverEnd["warmUp"];
  #herds: HerdRun | undefined;

  constructor(request: DriverRequest, sinks: DriverSinks) {
    this.#request = request;
    this.#sinks = sinks;
    this.#drainMs = request.drainMs;
    const { plan, makeFleet = (...parts) => new PullEngine(parts[0], parts[1]) } = request;
    this.#engine = makeFleet(
      plan,
      (message) => this.#heard(message),
      () => this.drain("end"),
    );
    this.#clock = threadClock(this.#engine.origin);
    this.#log = new DriverLog(this.#clock, request, sinks);
    this.#sampling = this.#newSampling();
    this.#roster = new Roster({
      engine: this.#engine,
      pullers: request.plan.lists.length,
      pattern: request.pattern,
      log: (text, at) => this.#log.say(text, at),
      exhausted: () => this.#over.now(),
    });
  }

  #newSampling(): Sampling {
    const { watch } = this.#request;
    return new Sampling({ engine: this.#engine, watch, sinks: this.#sinks, log: this.#log });
  }

  async run(): Promise<DriverEnd> {
    const engine = this.#engine;
    try {
      await engine.ready;
      await this.#request.watch.begin(() => 0);
      // Threads that end well end nothing: only their failure wins a race.
      const failed = engine.ended.then(() => new Promise<never>(() => {}));
      const end = await Promise.race([this.#perform(), failed]);
      engine.sendAll({ type: "finish" });
      const threads = await engine.ended;
      await new Promise((resolve) => setImmediate(resolve));
      this.#sampling.to(this.#clock.now());
      this.#log.say("test driver exit");
      await this.#request.watch.end(() => this.#log.seconds);
      return { ...end, threads };
    } finally {
      await engine.close();
    }
  }

  async #perform(): Promise<Omit<DriverEnd, "threads">> {
    const { outlasting } = this.#engine;
    this.#log.begin(outlasting?.start);
    if (outlasting?.halted !== undefined) this.#sinks.haltRecalled?.(outlasting.halted.by);
    this.#sampling = this.#newSampling();
    this.#log.say("test driver begin", this.#log.at);
    this.#sinks.started(this.#log.begun(this.#engine));
    const sampler = setInterval(() => this.#sampling.to(this.#filled()), SAMPLE_MS);
    try {
      await this.#phases();
      if (this.#request.herd !== undefined) await this.#herd(this.#request.herd);
    } finally {
      clearInterval(sampler);
    }
    this.#sampling.endTicks(this.#clock.now());
    this.#sampling.to(this.#clock.now());
    return this.#figures();
  }

  #figures(): Omit<DriverEnd, "threads"> {
    return {
      sum: this.#sampling.sum,
      herds: this.#herds?.figures ?? [],
      beganAt: this.#log.wallMs,
      beganAtNs: this.#log.at,
      seconds: this.#log.seconds,
      nodes: this.nodes,
      exhausted: this.#roster.hasExhausted,
      noPruneEndpoint: this.#noPruneEndpoint,
      warmUp: this.#warmUp,
    };
  }

  /** Where in its schedule it is. */
  get place(): PullPlace {
    return this.#sampling.place;
  }

  /** The machines that pull; none where it is this process. */
  get nodes(): readonly NodeStatus[] {
    return this.#engine.nodeReports?.() ?? [];
  }

  /** What its end would tell now; threads tell what they know when they end. */
  soFar(): DriverEnd {
    this.#sampling.to(this.#filled());
    return { ...this.#figures(), threads: [] };
  }

  /** Up to where figures are there, of all machines. */
  #filled(): number {
    return this.#engine.filledTo(this.#clock.now());
  }

  async #phases(): Promise<void> {
    const several = this.#request.phases.length > 1;
    for (const phase of this.#request.phases) {
      if (this.#halt.isHalted) return;
      this.#sampling.beginPhase(phase.name, this.#clock.now());
      if (several || phase.name !== "run") this.#log.say(`phase ${phase.name} begin`);
      await this.#phase(phase);
      if (several || phase.name !== "run") this.#log.say(`phase ${phase.name} end`);
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

  async #schedule(phase: SchedulePhase): Promise<void> {
    this.#over = this.#halt.child();
    const course = new ScheduleCourse(phase, {
      ...{ request: this.#request, engine: this.#engine, clock: this.#clock, log: this.#log },
      ...{ sampling: this.#sampling, roster: this.#roster, halt: this.#over },
      haltedBy: () => this.#haltedBy,
      filled: () => this.#filled(),
    });
    await course.run();
    await this.#roster.drain(this.#drainMs);
    await this.#sampling.toCut();
  }

  /** Every list once, all pullers at the same time, not measured. */
  async #pass({ pullers, name }: Extract<Phase, { kind: "pass" }>): Promise<void> {
    const from = await this.#sampling.toCut();
    this.#sampling.isMeasured = false;
    this.#sampling.activeChanged(pullers, from);
    await this.#roster.pass(pullers, this.#halt.promise);
    await this.#roster.drain(this.#drainMs);
    const seconds = ((await this.#sampling.nobodyPulls()) - from) / 1e9;
    this.#sampling.isMeasured = true;
    this.#warmUp = { interval: this.#sampling.sum.unmeasured, seconds };
    this.#log.sayPass(name, this.#warmUp);
  }

  async #herd(request: HerdRequest): Promise<void> {
    this.#sampling.beginPhase("herd", this.#clock.now());
    this.#log.say("phase herd begin");
    this.#herds = new HerdRun(request, {
      engine: this.#engine,
      clock: this.#clock,
      watch: this.#request.watch,
      log: (text) => this.#log.say(text),
      halt: this.#halt,
      drainMs: () => this.#drainMs,
      noPruneEndpoint: (status) => this.#endWithoutPrunes(status),
    });
    const from = await this.#sampling.toCut();
    this.#sampling.step = 1;
    this.#sampling.activeChanged(request.clients, from);
    const ticking = tickAlone(this.#clock, {
      from,
      periodMs: this.#request.tallyMs,
      tick: () => this.#sampling.tick(this.#filled()),
    });
    try {
      await this.#herds.run();
    } finally {
      ticking.end();
    }
    await this.#sampling.nobodyPulls();
    this.#log.say("phase herd end");
  }

  #heard(message: FromPullThread): void {
    switch (message.type) {
      case "ready":
        return;
      case "events":
        this.#log.tell(message.events);
        return;
      case "ended":
        this.#roster.ended(message.puller, message.exhausted);
        return;
      case "no-prune-endpoint":
        this.#endWithoutPrunes(message.status);
        return;
      case "herd-ready":
      case "herd-done":
        this.#herds?.heard(message);
        return;
      default:
        message satisfies never;
    }
  }

  /** Every later pull would be taken for what it is not. */
  #endWithoutPrunes(status: number): void {
    this.#noPruneEndpoint ??= status;
    this.#halt.now();
  }

  /** First interrupt: pullers are told to stop, pulls in progress end. */
  drain(by: HaltedBy = "order"): void {
    if (!this.#halt.isHalted) this.#haltedBy = by;
    this.#halt.now();
  }

  /** Second interrupt: what is under way is cut off. */
  stop(): void {
    this.#drainMs = 0;
    this.#halt.now();
    this.#engine.sendAll({ type: "abort" });
  }
}
