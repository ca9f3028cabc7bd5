// What becomes of a change that all shards have agreed on when one of them ends before its instant.
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

type Shard = {
  readonly cluster: ShardCluster;
  readonly host: SessionHost;
  readonly wake: ManualWakeClock;
};

async function startShard(t: TestContext, servers: string, shard: number): Promise<Shard> {
  const connection = await connect({ servers, noEcho: true });
  const archive = new FakeArchive();
  archive.append(NOW - 1000 + shard, [valueEvent(`/x/${shard}`, "1")]);
  const wake = new ManualWakeClock();
  const wall = () => micros(NOW + Math.floor(wake.now() / 1000));
  const log = (): void => {};
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
  return { cluster, host, wake };
}

async function until(holds: () => boolean, meanwhile: () => unknown = () => {}): Promise<void> {
  while (!holds()) {
    await meanwhile();
    await turn();
  }
}

test("a change is not waited for where a shard ended before its instant: it happens at the others, and then they pause", async (t) => {
  const server = await startNatsServer();
  if (server === undefined) {
    t.skip(needsNatsServer);
    return;
  }
  const shards: Shard[] = [];
  for (let index = 0; index < SHARDS; index++) shards.push(await startShard(t, server.url, index));
  t.after(() => server.stop());
  const [owner, other, ending] = shards as [Shard, Shard, Shard];
  await until(() => shards.every(({ cluster }) => cluster.trouble === undefined));
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
  const timePasses = () => Promise.all(left.map(({ wake }) => wake.advance(STEP_NS)));
  await until(() => outcome !== undefined, timePasses);
  assert.equal(outcome, "shard 2 is lost");
  const states = () => left.map(({ host }) => host.find(id).course.state);
  assert.deepEqual(states(), ["tail", "tail"]);
  await until(() => states().every((state) => state === "pause"), timePasses);
  assert.deepEqual(sink.told("state"), ["pause", "tail", "pause"]);
  await assert.rejects(owner.cluster.desk.write(id, { name: "state", value: "play" }), {
    message: "waiting for shards: 2 of 3",
  });
});

test("whoever listens is told of the loss of the shard that owned the session, by the one that has it then", async (t) => {
  const server = await startNatsServer();
  if (server === undefined) {
    t.skip(needsNatsServer);
    return;
  }
  const shards: Shard[] = [];
  for (let index = 0; index < SHARDS; index++) shards.push(await startShard(t, server.url, index));
  const [owner, ...left] = shards as [Shard, ...Shard[]];
  await until(() => shards.every(({ cluster }) => cluster.trouble === undefined));
  const { id } = await owner.cluster.desk.create({ pos: "beginning" }, "client");
  let isTailing = false;
  owner.cluster.desk.write(id, { name: "state", value: "tail" }).then(() => {
    isTailing = true;
  }, assert.fail);
  const pass = (some: readonly Shard[]) => () =>
    Promise.all(some.map(({ wake }) => wake.advance(STEP_NS)));
  await until(() => isTailing, pass(shards));

  const listener = await connect({ servers: server.url });
  t.after(async () => {
    await listener.close();
    await server.stop();
  });
  const told: string[] = [];
  listener.subscribe("archive.>", {
    callback: (_, message) => {
      const text = message.string();
      if (message.subject.includes(id) && /"gap"|^"pause"$/.test(text)) told.push(text);
    },
  });
  await listener.flush();
  owner.cluster.stop();
  await until(() => told.includes('"pause"'), pass(left));
  const gaps = told.filter((text) => text !== '"pause"').map((text) => JSON.parse(text));
  assert.deepEqual(
    gaps.map(({ type, why, shard }) => ({ type, why, shard })),
    [{ type: "gap", why: "shard", shard: 0 }],
  );
});
