// Three shards in one process, over a real message server: what becomes of a change that all have agreed on when one of them ends,
// or fails, before it has happened, and whose a session is then.
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { connect } from "@nats-io/transport-node";
import { bytes, micros, millis } from "../../../src/core/units.ts";
import { NatsAdapter } from "../../../src/playback/nats/nats-adapter.ts";
import { SessionHost } from "../../../src/playback/session/session-host.ts";
import { ShardCluster } from "../../../src/playback/shards/shard-cluster.ts";
import { FakeArchive, valueEvent } from "../../fakes/fake-archive.ts";
import { ManualWakeClock } from "../../fakes/manual-wake-clock.ts";
import { needsNatsServer, startNatsServer } from "../../fakes/nats-server.ts";
import { KeepingSink } from "../session/stage.ts";

const SHARDS = 3;
const NOW = 1_700_000_000_000_000;
const STEP_NS = 10e6;
const HOUR_NS = 3600e9;

type Shard = {
  readonly cluster: ShardCluster;
  readonly host: SessionHost;
  readonly wake: ManualWakeClock;
  readonly archive: FakeArchive;
  readonly logged: readonly string[];
};

async function startShard(t: TestContext, servers: string, shard: number): Promise<Shard> {
  const connection = await connect({ servers, noEcho: true });
  const archive = new FakeArchive();
  archive.append(NOW - 1000 + shard, [valueEvent(`/x/${shard}`, "1")]);
  const wake = new ManualWakeClock();
  const wall = () => micros(NOW + Math.floor(wake.now() / 1000));
  const logged: string[] = [];
  const log = (sentence: string): void => {
    logged.push(sentence);
  };
  const host = new SessionHost({
    archive,
    wake,
    wall,
    maxSessions: 8,
    maxSessionsPerClient: 8,
    gcInterval: millis(30_000),
    streamBufferBytes: bytes(1 << 20),
    log,
  });
  const cluster = new ShardCluster({
    host,
    archive,
    wake,
    wall,
    machine: null,
    connection,
    base: "/archive",
    cluster: "c",
    shard,
    shards: SHARDS,
    archiveId: () => null,
    onRefused: assert.fail,
    log,
  });
  t.after(async () => {
    cluster.stop();
    host.close();
    await connection.close();
  });
  const surroundings = { notReady: () => undefined, recorder: () => null, cluster: () => null };
  const [lease, streamBufferBytes] = [millis(30_000), bytes(1 << 20)];
  const given = { host: cluster.desk, connection, surroundings, base: "/archive", cluster, log };
  await NatsAdapter.start({ ...given, lease, streamBufferBytes });
  await cluster.start();
  return { cluster, host, wake, archive, logged };
}

async function until(holds: () => boolean, meanwhile: () => unknown = () => {}): Promise<void> {
  while (!holds()) {
    await meanwhile();
    await turn();
  }
}

/** Undefined, and the test is skipped, without the program. */
async function startShards(t: TestContext): Promise<[Shard, Shard, Shard, string] | undefined> {
  const server = await startNatsServer();
  if (server === undefined) {
    t.skip(needsNatsServer);
    return undefined;
  }
  const shards: Shard[] = [];
  for (let index = 0; index < SHARDS; index++) shards.push(await startShard(t, server.url, index));
  t.after(() => server.stop());
  await until(() => shards.every(({ cluster }) => cluster.trouble === undefined));
  return [...(shards as [Shard, Shard, Shard]), server.url];
}

/** Lets time pass until it is settled; gives what it came to. */
async function outcomeOf<T>(shards: readonly Shard[], asked: Promise<T>): Promise<T | Error> {
  let outcome: T | Error | undefined;
  asked.then(
    (value) => {
      outcome = value;
    },
    (error: Error) => {
      outcome = error;
    },
  );
  await until(() => outcome !== undefined, timePasses(shards));
  return outcome as T | Error;
}

const timePasses = (shards: readonly Shard[]) => () =>
  Promise.all(shards.map(({ wake }) => wake.advance(STEP_NS)));

const statesOf = (shards: readonly Shard[], id: string) =>
  shards.map(({ host }) => host.find(id).course.state);

test("what others publish on the subjects of the shards is passed over, and told once", async (t) => {
  const started = await startShards(t);
  if (started === undefined) return;
  const [owner, other, third, servers] = started;
  const shards = [owner, other, third];
  const stranger = await connect({ servers });
  t.after(() => stranger.close());
  for (const subject of ["announce", "c.0", "c.1", "c.2"])
    for (const text of ["hello", "null", "5", "{}"])
      stranger.publish(`archive.cluster.${subject}`, text);
  await stranger.flush();
  const { id } = await owner.cluster.desk.create({ pos: "beginning" }, "client");
  const write = owner.cluster.desk.write(id, { name: "speed", value: 5 });
  assert.equal(await outcomeOf(shards, write), 5);
  for (const { logged } of shards)
    assert.equal(logged.filter((text) => text.includes("others publish on")).length, 1);
});

test("play_after: a session of several shards begins to play, unless somebody changes its state before", async (t) => {
  const started = await startShards(t);
  if (started === undefined) return;
  const [owner, other, third] = started;
  const shards = [owner, other, third];
  const create = async (play_after: string): Promise<string> =>
    (await owner.cluster.desk.create({ pos: "beginning", play_after }, "client")).id;
  const [soon, stopped, later] = [await create("1h"), await create("1h"), await create("40d")];
  const pause = owner.cluster.desk.write(stopped, { name: "state", value: "pause" });
  assert.equal(await outcomeOf(shards, pause), "pause");
  assert.deepEqual(statesOf(shards, soon), ["pause", "pause", "pause"]);
  await Promise.all(shards.map(({ wake }) => wake.advance(HOUR_NS)));
  await until(() => statesOf(shards, soon).every((state) => state !== "pause"), timePasses(shards));
  for (let turns = 0; turns < 100; turns++) await timePasses(shards)();
  for (const id of [stopped, later])
    assert.deepEqual(statesOf(shards, id), ["pause", "pause", "pause"]);
});

test("a change is not waited for where a shard ended before its instant: it happens at the others, and then they pause", async (t) => {
  const started = await startShards(t);
  if (started === undefined) return;
  const [owner, other, ending] = started;
  const shards = [owner, other, ending];
  const { id } = await owner.cluster.desk.create({ pos: "beginning" }, "client");

  const sink = new KeepingSink();
  owner.host.find(id).attach(sink);

  // All wait for the instant; time goes on at none of them.
  let outcome: string | undefined;
  owner.cluster.desk.write(id, { name: "state", value: "tail" }).then(
    () => {
      outcome = "it happened";
    },
    (error: Error) => {
      outcome = error.message;
    },
  );
  await until(() => shards.every(({ wake }) => wake.next() < Number.POSITIVE_INFINITY));
  ending.cluster.stop();
  const left = [owner, other];
  await until(() => left.every(({ cluster }) => cluster.trouble !== undefined));
  for (let turns = 0; turns < 20; turns++) await turn();
  assert.equal(outcome, undefined, "its instant has not come at the others");
  await until(() => outcome !== undefined, timePasses(left));
  assert.equal(outcome, "shard 2 is lost");
  assert.deepEqual(statesOf(left, id), ["tail", "tail"]);
  await until(() => statesOf(left, id).every((state) => state === "pause"), timePasses(left));
  assert.deepEqual(sink.told("state"), ["pause", "tail", "pause"]);
  await assert.rejects(owner.cluster.desk.write(id, { name: "state", value: "play" }), {
    message: "waiting for shards: 2 of 3",
  });
});

test("whoever listens is told of the loss of the shard that owned the session, by the one that has it then", async (t) => {
  const started = await startShards(t);
  if (started === undefined) return;
  const [owner, other, third, servers] = started;
  const left = [other, third];
  const { id } = await owner.cluster.desk.create({ pos: "beginning" }, "client");
  const tailing = owner.cluster.desk.write(id, { name: "state", value: "tail" });
  assert.equal(await outcomeOf([owner, ...left], tailing), "tail");

  const listener = await connect({ servers });
  t.after(() => listener.close());
  const told: string[] = [];
  listener.subscribe("archive.>", {
    callback: (_, message) => {
      const text = message.string();
      if (message.subject.includes(id) && /"gap"|^"pause"$/.test(text)) told.push(text);
    },
  });
  await listener.flush();
  owner.cluster.stop();
  await until(() => told.includes('"pause"'), timePasses(left));
  const gaps = told.filter((text) => text !== '"pause"').map((text) => JSON.parse(text));
  assert.deepEqual(
    gaps.map(({ type, why, shard }) => ({ type, why, shard })),
    [{ type: "gap", why: "shard", shard: 0 }],
  );

  // It only thinks that it has the session: others that were told who has it now do not follow it.
  await assert.rejects(owner.cluster.desk.write(id, { name: "speed", value: 5 }), {
    message: `session ${id} is of shard 1`,
  });
  assert.deepEqual(
    left.map(({ host }) => host.find(id).read("speed")),
    [1, 1],
  );
});

test("a change that one shard cannot make is taken back at the others, the writer is told why, and all play on", async (t) => {
  const started = await startShards(t);
  if (started === undefined) return;
  const [owner, other, failing] = started;
  const shards = [owner, other, failing];
  const { id } = await owner.cluster.desk.create({ pos: "beginning" }, "client");
  const write = (name: "state" | "speed", value: unknown) =>
    outcomeOf(shards, owner.cluster.desk.write(id, { name, value }));
  assert.equal(await write("state", "tail"), "tail");
  const sinks = shards.map(({ host }) => {
    const sink = new KeepingSink();
    host.find(id).attach(sink);
    return sink;
  });
  // To pause where the others are, it would have to read.
  failing.archive.failure = new Error("the disk is gone");
  const refused = await write("state", "pause");
  assert.ok(refused instanceof Error);
  assert.equal(refused.message, "the disk is gone");
  assert.deepEqual(statesOf(shards, id), ["tail", "tail", "tail"]);
  assert.deepEqual(
    sinks.map((sink) => sink.told("state")),
    [["tail", "pause", "tail"], ["tail", "pause", "tail"], ["tail"]],
  );
  failing.archive.failure = undefined;
  for (const [index, { archive }] of shards.entries())
    archive.append(NOW + index, [valueEvent(`/x/${index}`, "2")]);
  await until(
    () => sinks.every((sink) => sink.items.some(({ type }) => type === "batch")),
    timePasses(shards),
  );
  assert.equal(await write("state", "pause"), "pause");
  assert.deepEqual(statesOf(shards, id), ["pause", "pause", "pause"]);
  assert.deepEqual(
    shards.map(({ host }) => host.find(id).figures().batches),
    [1, 1, 1],
  );
});

test("an end that one shard cannot stop at is tried again now and then, and not all the time", async (t) => {
  const started = await startShards(t);
  if (started === undefined) return;
  const [owner, other, failing] = started;
  const shards = [owner, other, failing];
  const end = new Date(NOW / 1000).toISOString();
  const { id } = await owner.cluster.desk.create({ pos: "beginning", end }, "client");
  const tries = () => owner.logged.filter((text) => text.endsWith("the disk is gone")).length;
  const outcome = outcomeOf(shards, owner.cluster.desk.write(id, { name: "state", value: "play" }));
  assert.equal(await outcome, "play");
  failing.archive.failure = new Error("the disk is gone");
  await until(() => tries() > 0, timePasses(shards));
  const began = performance.now();
  for (let turns = 0; turns < 100; turns++) await timePasses(shards)();
  const seconds = (performance.now() - began + 100) / 1000;
  assert.ok(tries() <= 1 + Math.floor(seconds), `${tries()} tries in ${seconds} s`);
  failing.archive.failure = undefined;
  await until(() => statesOf(shards, id).every((state) => state === "pause"), timePasses(shards));
  assert.deepEqual(
    shards.map(({ host }) => host.find(id).figures().batches),
    [1, 1, 1],
  );
});
