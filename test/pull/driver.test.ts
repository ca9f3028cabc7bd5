// The driver of pullers on several machines, one of which hears nothing for a while.
import assert from "node:assert/strict";
import { test } from "node:test";
import { takeOrigin } from "../../src/core/clock.ts";
import { PullDriver } from "../../src/pull/driver.ts";
import type { DriverRequest, DriverSinks, Phase } from "../../src/pull/driver-contract.ts";
import type { TallyPoint } from "../../src/pull/pull-recorder.ts";
import { readSchedule } from "../../src/pull/schedule.ts";
import { allocateTally, ClassWord, classWord, wordsOf } from "../../src/stats/tally-layout.ts";
import { allocateBoard, PullBoard } from "../../src/workers/pull-board.ts";
import { ClassOf } from "../../src/workers/pull-classes.ts";
import type { PullFleet, PullListener } from "../../src/workers/pull-engine.ts";
import type { ToPullThread } from "../../src/workers/pull-messages.ts";

const LEAD_NS = 60e6;
const nothing = async (): Promise<void> => {};
const parseLength = (text: string): number => Number.parseInt(text, 10);
const unseen: DriverSinks = {
  log() {},
  metric() {},
  tally() {},
  started() {},
  second() {},
  scraped() {},
};

type Given = { readonly order: ToPullThread; readonly at: number | undefined };

/** Nodes that obey, and tell no figures before `told`. */
class SilentFleet implements PullFleet {
  readonly origin = takeOrigin();
  readonly tallies = [allocateTally()];
  readonly boards = [new PullBoard(allocateBoard())];
  readonly leadNs: number = LEAD_NS;
  readonly ready = Promise.resolve();
  readonly threads = 2;
  readonly given: Given[] = [];
  readonly #ended = Promise.withResolvers<[]>();
  readonly ended = this.#ended.promise;
  readonly #told = Promise.withResolvers<void>();
  readonly #listener: PullListener;
  cuts = 0;

  constructor(listener: PullListener) {
    this.#listener = listener;
  }

  send(_: number, order: ToPullThread, at?: number): void {
    this.given.push({ order, at });
    if (order.type === "stop")
      this.#listener({ type: "ended", puller: order.puller, exhausted: false }, 0);
    if (order.type === "finish") this.#ended.resolve([]);
  }

  sendAll(order: ToPullThread, at?: number): void {
    this.send(0, order, at);
  }

  toPuller(puller: number, order: ToPullThread, at?: number): void {
    this.send(puller, order, at);
  }

  async cut(): Promise<void> {
    this.cuts++;
    await this.#told.promise;
  }

  tell(): void {
    this.#told.resolve();
  }

  filledTo(): number {
    return 0;
  }

  async close(): Promise<void> {}
}

test("a node that tells nothing for some steps holds up figures, and no order of any step", async () => {
  let fleet: SilentFleet | undefined;
  const steps = "1@60ms,3@60ms,2@60ms";
  const schedule = readSchedule({ text: steps, patterns: 3, stepMs: 60, parseLength });
  const request = {
    plan: { lists: [[], [], []] },
    makeFleet: (_: unknown, listener: PullListener) => (fleet = new SilentFleet(listener)),
    phases: [{ kind: "schedule", name: "run", schedule, prune: false, passes: "endless" }],
    herd: undefined,
    ...{ tallyMs: 1000, settleMs: 0, drainMs: 1000 },
    watch: { begin: nothing, end: nothing, tick() {} },
    reference: () => "",
    pattern: () => "",
  } as unknown as DriverRequest;
  const ended = new PullDriver(request, unseen).run();
  const orders = (): string[] =>
    (fleet?.given ?? []).flatMap(({ order }) =>
      order.type === "start" || order.type === "stop" ? [`${order.type} ${order.puller}`] : [],
    );
  const all = ["start 0", "start 1", "start 2", "stop 2", "stop 1", "stop 0"];
  while (orders().length < all.length) await new Promise((later) => setTimeout(later, 5));
  assert.deepEqual(orders(), all);
  // Each for its own instant, and none of them told what it brought.
  const at = new Set(fleet?.given.flatMap((given) => (given.at === undefined ? [] : [given.at])));
  assert.equal(at.size, schedule.steps.length + 1);
  assert.ok((fleet?.cuts ?? 0) > schedule.steps.length);
  fleet?.tell();
  const { sum } = await ended;
  assert.deepEqual(
    sum.steps.map(({ level, seconds: length }) => [level, length.toFixed(6)]),
    [1, 3, 2].map((level) => [level, "0.060000"]),
  );
});

/** Pullers that are through with their list at once, where it has an end: 100 images each time. */
class QuickFleet extends SilentFleet {
  override readonly leadNs = 0;
  readonly #said: PullListener;
  readonly #living = new Set<number>();

  constructor(listener: PullListener) {
    super(listener);
    this.#said = listener;
  }

  override send(_: number, order: ToPullThread, at?: number): void {
    if (order.type === "start") this.#start(order);
    // Whoever has ended hears nothing any more.
    else if (order.type !== "stop" || this.#living.delete(order.puller)) super.send(_, order, at);
  }

  #start({ puller, passes }: Extract<ToPullThread, { type: "start" }>): void {
    this.#living.add(puller);
    if (passes === "endless") return;
    const words = wordsOf(this.tallies[0] as SharedArrayBuffer);
    const word = classWord(ClassOf["pull-first"]) + ClassWord.done;
    words[word] = (words[word] ?? 0) + 100;
    setImmediate(() => {
      this.#living.delete(puller);
      this.#said({ type: "ended", puller, exhausted: true }, 0);
    });
  }

  override async cut(): Promise<void> {}

  override filledTo(now = 0): number {
    return now;
  }
}

async function driven(phases: readonly Phase[]) {
  const metrics: TallyPoint[] = [];
  const tally: TallyPoint[] = [];
  const log: string[] = [];
  const request = {
    plan: { lists: [[], []] },
    makeFleet: (_: unknown, listener: PullListener) => new QuickFleet(listener),
    ...{ phases, herd: undefined, tallyMs: 20, settleMs: 0, drainMs: 1000 },
    watch: { begin: nothing, end: nothing, tick() {} },
    reference: () => "",
    pattern: () => "",
  } as unknown as DriverRequest;
  const end = await new PullDriver(request, {
    ...unseen,
    log: (_, text) => void log.push(text),
    metric: (_, point) => void metrics.push(point),
    tally: (_, point) => void tally.push(point),
  }).run();
  return { end, metrics, tally, log: log.filter((text) => text.startsWith("phase")) };
}

const steps = (text: string) => readSchedule({ text, patterns: 2, stepMs: 60_000, parseLength });
const schedulePhase = (name: string, text: string, passes: "endless" | "remainder"): Phase => ({
  kind: "schedule",
  name,
  schedule: steps(text),
  prune: false,
  passes,
});

test("a pass that fills the cache is in no tick of the schedule behind it, and has a row of its own", async () => {
  const { metrics, tally } = await driven([
    { kind: "pass", name: "warm-up", pullers: 2 },
    schedulePhase("warm", "2@60", "endless"),
  ]);
  assert.deepEqual(
    metrics.map(({ phase, pulls }) => [phase, pulls]),
    [1, 2, 3].map(() => ["warm", 0]),
  );
  assert.deepEqual(
    [tally[0]?.phase, tally[0]?.pulls, tally.length],
    ["warm-up", 200, metrics.length + 2],
  );
});

test("the end of all lists ends their phase, and the next one follows", async () => {
  const { end, log } = await driven([
    schedulePhase("cold", "2", "remainder"),
    { kind: "pass", name: "warm-up", pullers: 2 },
    schedulePhase("warm", "2@40", "endless"),
  ]);
  assert.deepEqual(
    log.map((text) => text.replace(/:.*/, "")),
    [
      "cold begin",
      "cold end",
      "warm-up begin",
      "warm-up",
      "warm-up end",
      "warm begin",
      "warm end",
    ].map((text) => `phase ${text}`),
  );
  assert.equal(end.exhausted, true);
  assert.ok(end.seconds < 60);
});

test("lists that only some pullers came to the end of are not exhausted", async () => {
  const { end } = await driven([schedulePhase("cold", "1@40", "remainder")]);
  assert.equal(end.exhausted, false);
});
