import assert from "node:assert/strict";
import { test } from "node:test";
import { takeOrigin, threadClock } from "../../src/core/clock.ts";
import { Halt } from "../../src/pull/halt.ts";
import { HerdRun } from "../../src/pull/herd-run.ts";
import type { PruneResult, Pruner } from "../../src/pull/pruner.ts";
import { ServerWatch } from "../../src/pull/server-watch.ts";
import { PullEngine } from "../../src/workers/pull-engine.ts";
import type { ToPullThread } from "../../src/workers/pull-messages.ts";

/** Herds of one client, whose thread says at once that what it was told is done. */
function herds({
  gapMs,
  images,
  prune,
  isSilent = false,
}: {
  gapMs: number;
  images: number;
  /** What the cache answers to prunes; there are none if absent. */
  prune?: PruneResult;
  /** Nobody says that a herd is done before it is cut off. */
  isSilent?: boolean;
}) {
  const halt = new Halt();
  const told: string[] = [];
  const done = () => run.heard({ type: "herd-done", clients: [] });
  const engine: PullEngine = Object.create(PullEngine.prototype, {
    threads: { value: 1 },
    leadNs: { value: 0 },
    send: {
      value: (_: number, { type }: ToPullThread) =>
        setImmediate(() => {
          told.push(type);
          if (type === "herd-prepare") run.heard({ type: "herd-ready" });
          else if (!isSilent) done();
        }),
    },
    sendAll: {
      value: ({ type }: ToPullThread) => {
        told.push(type);
        done();
      },
    },
  });
  const fetch = () => Promise.reject(new Error("nobody is asked"));
  const unwatched = { metricsUrl: undefined, statsUrl: undefined, warn: () => {} };
  const run: HerdRun = new HerdRun(
    {
      clients: 1,
      images: Array.from({ length: images }, (_, index) => index),
      imageOf: () => ({ repository: "a", reference: "v1" }),
      reference: (index) => `image ${index}`,
      namespace: "up",
      gapMs,
      connected: false,
      pruner: prune && ({ prune: async () => prune } as unknown as Pruner),
    },
    {
      engine,
      clock: threadClock(takeOrigin()),
      watch: new ServerWatch({ ...unwatched, fetch }),
      log: () => {},
      halt,
      drainMs: () => 1,
      noPruneEndpoint: (status) => {
        told.push(`no endpoint, ${status}`);
        halt.now();
      },
    },
  );
  return { run, halt, told };
}

test("the pause between herds ends with an interrupt, and no herd follows", async () => {
  const { run, halt } = herds({ gapMs: 3_600_000, images: 2 });
  const ended = run.run();
  while (run.figures.length === 0) await new Promise((resolve) => setImmediate(resolve));
  halt.now();
  await ended;
  assert.deepEqual(
    run.figures.map(({ image }) => image),
    ["image 0"],
  );
});

test("a herd that is under way at an interrupt is waited for as long as pulls are, then cut off", async () => {
  const { run, halt, told } = herds({ gapMs: 0, images: 2, isSilent: true });
  const ended = run.run();
  while (!told.includes("herd-release")) await new Promise((resolve) => setImmediate(resolve));
  halt.now();
  await ended;
  assert.deepEqual(told, ["herd-prepare", "herd-release", "abort"]);
  assert.equal(run.figures.length, 1);
});

test("herds end where the cache has no prune endpoint: they would find what they are to miss", async () => {
  const prune = { kind: "no-endpoint", status: 404 } as const;
  const { run, told } = herds({ gapMs: 0, images: 2, prune });
  await run.run();
  assert.deepEqual(told, ["herd-prepare", "no endpoint, 404"]);
  assert.deepEqual(run.figures, []);
});

test("nothing is waited for behind the last herd", async () => {
  const { run } = herds({ gapMs: 3_600_000, images: 1 });
  await run.run();
  assert.equal(run.figures.length, 1);
});
