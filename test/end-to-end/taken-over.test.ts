// Two masters of one run, over a real server: one that was only frozen wakes up while another has the run.
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
import { groupFlags, startGroup, underWay } from "./transports.ts";
import { pause, type Results, type Started, Workplace } from "./workplace.ts";

const COUNT = 700;
/** Longer than the ten seconds of schedule that nodes have ahead: some operations are given when all is over. */
const EVERY = 0.025;
const upTo = (count: number): number[] => Array.from({ length: count }, (_, seq) => seq);

type RunFile = { readonly controls: readonly { readonly kind: string; readonly clock: number }[] };

describe("a run with two masters", { concurrency: true }, () => {
  let registry: EmbeddedRegistry;
  let server: NatsServer | undefined;
  const places: Workplace[] = [];
  before(async () => {
    registry = await startEmbeddedRegistry();
    server = await startNatsServer({ jetstream: true });
  });
  after(async () => {
    for (const place of places) place.leave();
    await server?.stop();
    await registry.close();
  });

  async function begun(servers: readonly NatsServer[], name: string) {
    const place = new Workplace();
    places.push(place);
    place.configure(trace(blobGets(COUNT, { every: EVERY })), {
      registry: [registry.url],
      "client_info.wait": true,
      "cluster.heartbeat": 0.5,
      "cluster.lost_after": 3,
    });
    await place.warmup();
    const group = { group: name, count: 2 };
    const nodes = await startGroup(place, { servers, ...group });
    const port = await freePort();
    const words = ["master", "-c", "run", "-i", "config.yaml", "--allow-invalid"];
    const ctl = ["--ctl", `127.0.0.1:${port}`];
    const run = place.start([...words, ...groupFlags(servers, group), ...ctl]);
    await underWay(place);
    return { place, nodes, run, client: new RunClient(`http://127.0.0.1:${port}`, "") };
  }

  const resume = async (place: Workplace): Promise<{ other: Started; client: RunClient }> => {
    const port = await freePort();
    const words = ["master", "--resume", place.runDirectory("run"), "--ctl", `127.0.0.1:${port}`];
    const other = place.start(words);
    return { other, client: new RunClient(`http://127.0.0.1:${port}`, "") };
  };

  async function untilState(client: RunClient, wanted: string): Promise<void> {
    let state = "";
    const look = async (): Promise<void> => {
      state = (await client.status().catch(() => ({ state: "" }))).state;
    };
    for (let turn = 0; state !== wanted && turn < 600; turn++) {
      await look();
      await pause(50);
    }
    assert.equal(state, wanted);
  }

  test("frozen, it goes on when it wakes up; frozen again, it ends with a sentence if another has paused, sped up and finished its run", async (t) => {
    if (server === undefined) return t.skip(needsNatsServer);
    const { place, nodes, run, client } = await begun([server], "two");
    run.child.kill("SIGSTOP");
    await pause(4000);
    run.child.kill("SIGCONT");
    await client.order({ order: "pause" });
    await untilState(client, "paused");
    assert.ok(!run.said().includes("is lost"), run.said());
    run.child.kill("SIGSTOP");
    const { other, client: next } = await resume(place);
    // What the first one ordered holds.
    await untilState(next, "paused");
    await next.order({ order: "speed", factor: 3 });
    await next.order({ order: "resume" });
    run.child.kill("SIGCONT");
    const [fenced, resumed] = await Promise.all([run.ended, other.ended]);
    assert.equal(fenced.code, 7, fenced.err);
    assert.match(fenced.err, /^another master, on \S+, has taken run \w+ over: .*\n$/m);
    assert.equal(resumed.code, 0, resumed.err);
    assert.deepEqual(
      place.rows().map(({ seq }) => seq),
      upTo(COUNT),
    );
    assert.ok(nodes.every((node) => node.said().includes("carries the run")));
    const { controls } = place.json<RunFile>(`${place.runDirectory("run")}/run.json`);
    assert.deepEqual(
      controls.map(({ kind }) => kind),
      ["pause", "speed", "resume"],
    );
  });

  test("killed right behind the order to drain, its successor ends the run", async (t) => {
    if (server === undefined) return t.skip(needsNatsServer);
    const { place, run, client } = await begun([server], "drained");
    await client.order({ order: "drain" });
    run.child.kill("SIGKILL");
    await run.ended;
    const { other } = await resume(place);
    const ended = await other.ended;
    assert.equal(ended.code, 130, ended.err);
    const sent = place.rows().map(({ seq }) => seq);
    assert.ok(sent.length > 0 && sent.length < COUNT);
    assert.deepEqual(
      [...sent, ...place.skipped().map(({ seq }) => seq)].toSorted((a, b) => a - b),
      upTo(COUNT),
    );
  });

  test("a warm-up whose master is killed is carried on: one outcome per object, and a map of all", async (t) => {
    if (server === undefined) return t.skip(needsNatsServer);
    const slow = new FaultProxy({ host: "127.0.0.1", port: Number(new URL(registry.url).port) });
    slow.fault = { kind: "delay", ms: 10 };
    await slow.accept();
    t.after(() => slow.stop());
    const place = new Workplace();
    places.push(place);
    const objects = 300;
    place.configure(trace(blobGets(objects)), {
      registry: [`http://127.0.0.1:${slow.port}`],
      "run.seed": "of the warm-up",
      "cluster.heartbeat": 0.5,
    });
    const group = { group: "warm", count: 2 };
    await startGroup(place, { servers: [server], ...group });
    const port = await freePort();
    const run = place.start([
      ...["master", "-c", "warmup", "-i", "config.yaml", "--ctl", `127.0.0.1:${port}`],
      ...groupFlags([server], group),
    ]);
    const status = await new Ordered(place, port).until((seen) => doneOf(seen) > objects / 8);
    assert.ok(doneOf(status) < objects);
    run.child.kill("SIGKILL");
    await run.ended;
    const ended = await place.drayage(["master", "--resume", place.runDirectory("warmup")]);
    assert.equal(ended.code, 0, ended.err);
    assert.equal(Object.keys(place.map()).length, objects);
    const results = place.json<Results>(`${place.runDirectory("warmup")}/results.json`);
    assert.equal(results.totals.done, objects);
    const { pushed, existing, mounted } = results.besides;
    assert.deepEqual([pushed, existing, mounted], [objects, 0, 0]);
    assert.equal(results.records.already_done, 0);
  });
});
