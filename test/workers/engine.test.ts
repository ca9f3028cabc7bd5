import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { UsageError } from "../../src/core/errors.ts";
import type { ClientSpec } from "../../src/registry/client-spec.ts";
import { requestHead } from "../../src/registry/request-head.ts";
import { OUTCOME_DUE_AT, OUTCOME_SENT_AT } from "../../src/ring/outcome-record.ts";
import type { RingConsumer } from "../../src/ring/record-ring.ts";
import type { OutcomeKeeper } from "../../src/workers/collector/outcome-drain.ts";
import { Engine, type EngineListeners, type EnginePlan } from "../../src/workers/engine.ts";
import type { FeedPlan, LoadFeedPlan, RunFeedPlan } from "../../src/workers/feed-plan.ts";
import { type RawServer, startRawServer } from "../fakes/raw-server.ts";
import { folderFor, nativeAt } from "../trace/fixtures.ts";

const OK = { bytes: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}" };
const THREADS = 2;

const styleOf = (server: RawServer) => ({
  hostHeader: `127.0.0.1:${server.port}`,
  userAgent: "drayage/test",
  keepAlive: true,
});

const clientOf = (server: RawServer, ca?: string): ClientSpec => ({
  endpoints: [
    {
      origin: `${ca === undefined ? "http" : "https"}://127.0.0.1:${server.port}`,
      pathPrefix: "",
      namePrefix: "",
      style: styleOf(server),
      ca,
      insecure: false,
      auth: { type: "none" },
    },
  ],
  timeouts: { connect: 5, firstByte: 5, idle: 5, total: 0 },
  retries: { count: 0, backoffMs: 1, on: [] },
  keepAlive: true,
  seed: "0",
  random: false,
  receiveBytes: 64 * 1024,
});

const planOf = (server: RawServer, feed: FeedPlan, ca?: string): EnginePlan => ({
  threads: THREADS,
  feed,
  client: clientOf(server, ca),
  limits: { places: 4, entries: 4, lanes: "none" },
  pacing: "economical",
  onTimeNs: 10e6,
  tooLateNs: 100e6,
});

/** Pings, as many as come in this time. */
const pings = (server: RawServer, seconds: number): LoadFeedPlan => ({
  kind: "load",
  schedule: { kind: "constant", rate: 100, seconds },
  head: requestHead("GET", "/v2/", styleOf(server)).toString(),
  bodyBytes: 0,
  sha256: undefined,
  seed: "0",
  threads: THREADS,
});

/** A run over a trace of blob GETs, of which nothing was warmed. */
function replay(test: TestContext, server: RawServer, records: number): RunFeedPlan {
  const folder = folderFor(test);
  const lines = Array.from({ length: records }, (_, row) => JSON.stringify(nativeAt(row)));
  writeFileSync(join(folder, "trace.ndjson"), lines.join("\n"));
  writeFileSync(join(folder, "map.json"), "{}");
  return {
    kind: "run",
    trace: { location: folder, traces: ["trace.ndjson"] },
    endpoints: [{ style: styleOf(server), pathPrefix: "", namePrefix: "" }],
    seed: "0",
    random: false,
    identity: "uri",
    repository: "single",
    manifests: "blob",
    threads: THREADS,
    map: join(folder, "map.json"),
    unmapped: "put",
    wait: true,
    speed: 1,
    nodes: 1,
    route: false,
    slots: 0,
    sessions: false,
    registryChoice: "random",
    verify: true,
    runId: "id",
    skippedFile: join(folder, "skipped.ndjson"),
    dryRun: false,
  };
}

/** Counts outcomes, and starts. */
function listeners(own: Partial<EngineListeners> = {}) {
  const seen = { kept: 0, starts: 0 };
  const keeper = {
    hasRoom: true,
    keep: () => {
      seen.kept++;
    },
    flush: () => {},
  };
  const started = () => {
    seen.starts++;
  };
  return { seen, listeners: { keeper, started, feeding: () => {}, ...own } };
}

test("engine: every operation becomes one outcome", async (t) => {
  const server = await startRawServer(t, [OK]);
  const { seen, listeners: given } = listeners();
  const end = await new Engine(planOf(server, pings(server, 0.5)), given).run();
  assert.equal(end.feed.emitted, 50);
  assert.equal(end.feed.complete, true);
  assert.deepEqual(seen, { kept: 50, starts: 1 });
  assert.equal(server.requests.length, 50);
});

test("engine: an interrupt before the start ends it with everything accounted for", async (t) => {
  const server = await startRawServer(t, [OK]);
  const { seen, listeners: given } = listeners();
  const engine = new Engine(planOf(server, replay(t, server, 5000)), given);
  const ended = engine.run();
  engine.drain();
  const { feed } = await ended;
  assert.equal(feed.complete, false);
  assert.equal(server.requests.length, 0);
  assert.equal(feed.emitted, seen.kept);
  assert.equal(seen.kept + (feed.skipped.interrupted ?? 0), feed.account.kept);
});

test("engine: two interrupts before the start end it as well", async (t) => {
  const server = await startRawServer(t, [OK]);
  const { listeners: given } = listeners();
  const engine = new Engine(planOf(server, replay(t, server, 100)), given);
  const ended = engine.run();
  engine.drain();
  engine.stop();
  assert.equal((await ended).feed.complete, false);
  assert.equal(server.requests.length, 0);
});

test("engine: an interrupt in the middle of hours of schedule ends it at once", async (t) => {
  const server = await startRawServer(t, [OK]);
  const { seen, listeners: given } = listeners({
    started: () => setTimeout(() => engine.drain(), 200),
  });
  const engine = new Engine(planOf(server, pings(server, 10_000)), given);
  const { feed } = await engine.run();
  assert.equal(feed.complete, false);
  assert.equal(seen.kept, feed.emitted);
  assert.ok(server.requests.length < 200, `${server.requests.length} requests in 0.2 s`);
});

test("engine: a second interrupt cuts off what gets no answer", async (t) => {
  const server = await startRawServer(t, [{}]);
  const { seen, listeners: given } = listeners({
    started: () => {
      setTimeout(() => engine.drain(), 150);
      setTimeout(() => engine.stop(), 200);
    },
  });
  const engine = new Engine(planOf(server, pings(server, 10)), given);
  const { feed } = await engine.run();
  assert.equal(seen.kept, feed.emitted);
});

test("engine: what the feeder finds wrong is the user's mistake, before anything starts", async (t) => {
  const server = await startRawServer(t, [OK]);
  const { seen, listeners: given } = listeners();
  const feed = { ...replay(t, server, 3), unmapped: "error" as const };
  await assert.rejects(new Engine(planOf(server, feed), given).run(), UsageError);
  assert.deepEqual(seen, { kept: 0, starts: 0 });
});

test("engine: a request thread that fails ends the run with its error", async (t) => {
  const server = await startRawServer(t, [OK]);
  const { seen, listeners: given } = listeners();
  const plan = planOf(server, pings(server, 10_000), "no certificate");
  await assert.rejects(new Engine(plan, given).run(), /CA is not a certificate/);
  assert.equal(seen.starts, 0);
});

test("engine: a keeper that cannot store outcomes ends the run", async (t) => {
  const server = await startRawServer(t, [OK]);
  const keeper = {
    hasRoom: true,
    keep: () => {},
    flush: () => {
      throw new Error("disk full");
    },
  };
  const { listeners: given } = listeners({ keeper });
  await assert.rejects(new Engine(planOf(server, pings(server, 10_000)), given).run(), /disk full/);
});

test("engine: a listener that throws at the start ends the run", async (t) => {
  const server = await startRawServer(t, [OK]);
  const { listeners: given } = listeners({
    started: () => {
      throw new Error("cannot write");
    },
  });
  await assert.rejects(new Engine(planOf(server, pings(server, 10)), given).run(), /cannot write/);
});

/** When operations were due and sent, in ms since the start. */
class StampKeeper implements OutcomeKeeper {
  readonly hasRoom = true;
  readonly stamps: { readonly due: number; readonly sent: number }[] = [];

  keep({ doubles }: RingConsumer, at: number): void {
    const ms = (field: number): number => (doubles[(at + field) >> 3] as number) / 1e6;
    this.stamps.push({ due: ms(OUTCOME_DUE_AT), sent: ms(OUTCOME_SENT_AT) });
  }

  flush(): void {}
}

for (const pacing of ["economical", "balanced", "precise"] as const) {
  test(`engine: a pause and a speed change due times on all threads at one instant: ${pacing}`, async (t) => {
    const server = await startRawServer(t, [OK]);
    const keeper = new StampKeeper();
    const started = (): void => {
      engine.control({ kind: "pause", at: 200e6 });
      engine.control({ kind: "resume", at: 500e6 });
      engine.control({ kind: "speed", factor: 2, at: 600e6 });
    };
    const { listeners: given } = listeners({ keeper, started });
    const engine = new Engine({ ...planOf(server, pings(server, 0.5)), pacing }, given);
    await engine.run();
    // Every 10 ms, with a gap of 300 ms at 200 ms; the last 200 ms of the schedule take 100.
    const due = keeper.stamps.map((stamp) => Math.round(stamp.due)).toSorted((a, b) => a - b);
    const planned = Array.from({ length: 50 }, (_, i) =>
      i < 20 ? i * 10 : i < 30 ? i * 10 + 300 : 600 + (i - 30) * 5,
    );
    assert.deepEqual(due, planned);
    assert.ok(keeper.stamps.every((stamp) => stamp.sent >= stamp.due));
    assert.deepEqual(
      engine.controls.map(({ kind, clock, schedule }) => [kind, clock / 1e6, schedule / 1e6]),
      [
        ["pause", 200, 200],
        ["resume", 500, 200],
        ["speed", 600, 300],
      ],
    );
  });
}

test("engine: a closed loop starts nothing while it is paused, and has no speed", async (t) => {
  const server = await startRawServer(t, [OK]);
  const keeper = new StampKeeper();
  const started = (): void => {
    assert.equal(engine.control({ kind: "speed", factor: 2 }).applied, false);
    engine.control({ kind: "pause", at: 200e6 });
    engine.control({ kind: "resume", at: 1200e6 });
    setTimeout(() => engine.drain(), 1500);
  };
  const { listeners: given } = listeners({ keeper, started });
  const closed = { ...pings(server, 1), schedule: { kind: "closed" } } as const;
  const engine = new Engine(planOf(server, closed), given);
  await engine.run();
  const sent = keeper.stamps.map((stamp) => stamp.sent);
  assert.ok(sent.some((at) => at < 200) && sent.some((at) => at >= 1200), "before and after");
  // A thread may lose its core between the look at the timebase and the stamp.
  const inPause = sent.filter((at) => at > 600 && at < 1200);
  assert.deepEqual(inPause, []);
});

test("engine: a pause before the start holds from the start on, and an interrupt ends it", async (t) => {
  const server = await startRawServer(t, [OK]);
  const { seen, listeners: given } = listeners({
    started: () => setTimeout(() => engine.drain(), 300),
  });
  const engine = new Engine(planOf(server, pings(server, 10)), given);
  assert.equal(engine.control({ kind: "pause" }).applied, true);
  const { feed } = await engine.run();
  assert.equal(server.requests.length, 0);
  assert.equal(seen.kept, feed.emitted);
});
