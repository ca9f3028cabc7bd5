import assert from "node:assert/strict";
import { test } from "node:test";
import { takeOrigin, threadClock } from "../../src/core/clock.ts";
import { Halt } from "../../src/pull/halt.ts";
import { HerdRun } from "../../src/pull/herd-run.ts";
import { ServerWatch } from "../../src/pull/server-watch.ts";
import { PullEngine } from "../../src/workers/pull-engine.ts";
import type { ToPullThread } from "../../src/workers/pull-messages.ts";

/** Herds of one client, whose thread says at once that what it was told is done. */
function herds({ gapMs, images }: { gapMs: number; images: number }) {
  const halt = new Halt();
  const engine: PullEngine = Object.create(PullEngine.prototype, {
    threads: { value: 1 },
    leadNs: { value: 0 },
    send: {
      value: (_: number, { type }: ToPullThread) =>
        setImmediate(() =>
          run.heard(
            type === "herd-prepare" ? { type: "herd-ready" } : { type: "herd-done", clients: [] },
          ),
        ),
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
      pruner: undefined,
    },
    {
      engine,
      clock: threadClock(takeOrigin()),
      watch: new ServerWatch({ ...unwatched, fetch }),
      log: () => {},
      halt,
    },
  );
  return { run, halt };
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

test("nothing is waited for behind the last herd", async () => {
  const { run } = herds({ gapMs: 3_600_000, images: 1 });
  await run.run();
  assert.equal(run.figures.length, 1);
});
