// Masters that die or freeze in mid-run, and others that take their runs, one after the other on the same two nodes, over a real
// server: the warm-up first, whose map the runs need.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { RunClient } from "../../src/cli/ctl/run-client.ts";
import {
  type EmbeddedRegistry,
  startEmbeddedRegistry,
} from "../../src/embedded/embedded-registry.ts";
import { FaultProxy } from "../fakes/fault-proxy.ts";
import { type NatsServer, needsNatsServer, startNatsServer } from "../fakes/nats-server.ts";
import { doneOf, freePort, Ordered } from "./ordered-run.ts";
import { blobGets, trace } from "./traced.ts";
import { groupFlags, startGroup } from "./transports.ts";
import { pause, type Results, type Started, Workplace } from "./workplace.ts";

const COUNT = 900;
/** Longer than the ten seconds of schedule that nodes have ahead: the second master has operations to give. */
const EVERY = 0.025;
const upTo = (count: number): number[] => Array.from({ length: count }, (_, seq) => seq);
const group = { group: "g", count: 2 };

type Ordering = { readonly run: Started; readonly client: RunClient; readonly ordered: Ordered };

describe("a run that changes its master", () => {
  let registry: EmbeddedRegistry;
  let server: NatsServer | undefined;
  let slow: FaultProxy;
  let place: Workplace;
  let nodes: readonly Started[] = [];

  before(async () => {
    registry = await startEmbeddedRegistry();
    slow = new FaultProxy({ host: "127.0.0.1", port: Number(new URL(registry.url).port) });
    await slow.accept();
    place = new Workplace();
    place.configure(trace(blobGets(COUNT, { every: EVERY })), {
      registry: [`http://127.0.0.1:${slow.port}`],
      "client_info.wait": true,
      "cluster.heartbeat": 0.5,
      "cluster.lost_after": 2,
    });
    server = await startNatsServer({ jetstream: true });
    if (server !== undefined) nodes = await startGroup(place, { servers: [server], ...group });
  });
  after(async () => {
    place.leave();
    await server?.stop();
    await slow.stop();
    await registry.close();
  });

  async function start(...words: readonly string[]): Promise<Ordering> {
    const port = await freePort();
    const run = place.start(["master", ...words, "--ctl", `127.0.0.1:${port}`]);
    const client = new RunClient(`http://127.0.0.1:${port}`, "");
    return { run, client, ordered: new Ordered(place, port) };
  }

  /** On both nodes, from the configuration. */
  const begin = (servers: readonly NatsServer[], command: string): Promise<Ordering> =>
    start("-c", command, "-i", "config.yaml", "--allow-invalid", ...groupFlags(servers, group));

  /** Each operation has a row, or is listed with those that were not sent. */
  function requireAll(): void {
    const sent = place.rows().map(({ seq }) => seq);
    const unsent = place.skipped().map(({ seq }) => seq);
    assert.deepEqual(
      [...sent, ...unsent].toSorted((a, b) => a - b),
      upTo(COUNT),
    );
  }

  const controlsOf = (directory: string): string[] =>
    place
      .json<{ controls: { kind: string }[] }>(`${directory}/run.json`)
      .controls.map(({ kind }) => kind);

  test("a warm-up whose master is killed is carried on: one outcome per object, and a map of all", async (t) => {
    if (server === undefined) return t.skip(needsNatsServer);
    slow.fault = { kind: "delay", ms: 5 };
    const { run, ordered } = await begin([server], "warmup");
    const status = await ordered.until((seen) => doneOf(seen) > COUNT / 8);
    assert.ok(doneOf(status) < COUNT);
    run.child.kill("SIGKILL");
    await run.ended;
    slow.fault = { kind: "none" };
    const ended = await place.drayage(["master", "--resume", place.runDirectory("warmup")]);
    assert.equal(ended.code, 0, ended.err);
    assert.equal(Object.keys(place.map()).length, COUNT);
    const results = place.json<Results>(`${place.runDirectory("warmup")}/results.json`);
    assert.equal(results.totals.done, COUNT);
    const { pushed, existing, mounted } = results.besides;
    assert.deepEqual([pushed, existing, mounted], [COUNT, 0, 0]);
    assert.equal(results.records.already_done, 0);
  });

  test("frozen, it goes on when it wakes up; frozen again, it ends with a sentence if another has paused, sped up and finished its run", async (t) => {
    if (server === undefined) return t.skip(needsNatsServer);
    const { run, client, ordered } = await begin([server], "run");
    await ordered.until((seen) => doneOf(seen) > 0);
    run.child.kill("SIGSTOP");
    await pause(3000);
    run.child.kill("SIGCONT");
    await client.order({ order: "pause" });
    await ordered.until(({ state }) => state === "paused");
    assert.ok(!run.said().includes("is lost"), run.said());
    run.child.kill("SIGSTOP");
    const next = await start("--resume", place.runDirectory("run"));
    // What the first one ordered holds.
    await next.ordered.until(({ state }) => state === "paused");
    await next.client.order({ order: "speed", factor: 3 });
    await next.client.order({ order: "resume" });
    run.child.kill("SIGCONT");
    const [fenced, resumed] = await Promise.all([run.ended, next.run.ended]);
    assert.equal(fenced.code, 7, fenced.err);
    assert.match(fenced.err, /^another master, on \S+, has taken run \w+ over: .*\n$/m);
    assert.equal(resumed.code, 0, resumed.err);
    requireAll();
    assert.equal(place.rows().length, COUNT);
    assert.ok(nodes.every((node) => node.said().includes("carries the run")));
    assert.deepEqual(controlsOf(place.runDirectory("run")), ["pause", "speed", "resume"]);
  });

  for (const { order, controls } of [
    { order: "drain", controls: ["drain"] },
    // A stop is the second of two orders.
    { order: "stop", controls: ["drain", "stop"] },
  ] as const)
    test(`killed right behind the order to ${order}, it is ended by its successor`, async (t) => {
      if (server === undefined) return t.skip(needsNatsServer);
      const { run, client, ordered } = await begin([server], "run");
      await ordered.until((seen) => doneOf(seen) > 0);
      for (const before of controls.slice(0, -1)) {
        await client.order({ order: before });
        await ordered.until(({ state }) => state === "draining");
      }
      await client.order({ order });
      run.child.kill("SIGKILL");
      await run.ended;
      const ended = await place.drayage(["master", "--resume", place.runDirectory("run")]);
      assert.equal(ended.code, 130, ended.err);
      requireAll();
      const rows = place.rows().length;
      assert.ok(rows > 0 && rows < COUNT);
      assert.deepEqual(controlsOf(place.runDirectory("run")), controls);
    });

  test("a load whose master is killed is carried on: each request of the schedule in the figures, once", async (t) => {
    if (server === undefined) return t.skip(needsNatsServer);
    const ctl = await freePort();
    const run = place.start([
      ...["load", `127.0.0.1:${slow.port}`, "--rate=100/s", "--duration=6s", "--allow-invalid"],
      ...["--nats", server.url, "--group=g", "--expect=2", `--ctl=127.0.0.1:${ctl}`],
    ]);
    const seen = await new Ordered(place, ctl).until((status) => doneOf(status) > 0);
    assert.ok(doneOf(seen) < 600);
    run.child.kill("SIGKILL");
    await run.ended;
    const begun = place.runDirectory("load");
    const other = await place.drayage(["load", "--resume", begun, "--seed=1"]);
    assert.equal(other.code, 2, other.err);
    assert.match(other.err, /this is not the run that was begun: seed is different/);
    const ended = await place.drayage(["master", "--resume", begun]);
    assert.equal(ended.code, 0, ended.err);
    const directory = place.runDirectory("load");
    assert.notEqual(directory, begun);
    const results = place.json<Results & { planned: number }>(`${directory}/results.json`);
    assert.deepEqual([results.planned, results.totals.done, results.totals.failed], [600, 600, 0]);
    assert.deepEqual(results.skipped, {});
    assert.deepEqual(controlsOf(directory), []);
  });
});
