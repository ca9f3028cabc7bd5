// The driver of pullers on several machines, one of which hears nothing for a while.
import assert from "node:assert/strict";
import { test } from "node:test";
import { takeOrigin } from "../../src/core/clock.ts";
import { PullDriver } from "../../src/pull/driver.ts";
import type { DriverRequest, DriverSinks } from "../../src/pull/driver-contract.ts";
import { readSchedule } from "../../src/pull/schedule.ts";
import { allocateTally } from "../../src/stats/tally-layout.ts";
import { allocateBoard, PullBoard } from "../../src/workers/pull-board.ts";
import type { PullFleet, PullListener } from "../../src/workers/pull-engine.ts";
import type { ToPullThread } from "../../src/workers/pull-messages.ts";

const LEAD_NS = 60e6;

type Given = { readonly order: ToPullThread; readonly at: number | undefined };

/** Nodes that obey, and tell no figures before `told`. */
class SilentFleet implements PullFleet {
  readonly origin = takeOrigin();
  readonly tallies = [allocateTally()];
  readonly boards = [new PullBoard(allocateBoard())];
  readonly leadNs = LEAD_NS;
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
  const parseLength = (text: string): number => Number.parseInt(text, 10);
  const schedule = readSchedule({ text: steps, patterns: 3, stepMs: 60, parseLength });
  const nothing = async (): Promise<void> => {};
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
  const sinks: DriverSinks = {
    log() {},
    metric() {},
    tally() {},
    started() {},
    second() {},
    scraped() {},
  };
  const ended = new PullDriver(request, sinks).run();
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
