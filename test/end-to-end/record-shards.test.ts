// Acceptance case 30: three recorders that share the paths, as processes, over a real message server.
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { connect, headers, type NatsConnection } from "@nats-io/transport-node";
import { SessionClient } from "../../src/playback/nats/session-client.ts";
import { ownerOf } from "../../src/record/subjects/subject-choice.ts";
import { archiveFolder } from "../fakes/archive-folder.ts";
import { type NatsServer, needsNatsServer, startNatsServer } from "../fakes/nats-server.ts";
import { RecorderProcess } from "../fakes/recorder-process.ts";
import { NatsStream } from "../playback/nats/nats-client.ts";

const SHARDS = 3;
const PATHS = Array.from({ length: 9 }, (_, number) => `p${number}`);

type Cluster = {
  readonly server: NatsServer;
  readonly start: (shard: number, publish?: object) => Promise<RecorderProcess>;
  readonly client: SessionClient;
  readonly bus: NatsConnection;
};

async function cluster(t: TestContext): Promise<Cluster | undefined> {
  const server = await startNatsServer();
  if (server === undefined) {
    t.skip(needsNatsServer);
    return undefined;
  }
  const folder = archiveFolder(t);
  const bus = await connect({ servers: server.url });
  const client = await SessionClient.connect({ url: server.url, base: "/archive" });
  t.after(async () => {
    await client.close();
    await bus.close();
    await server.stop();
  });
  const start = (shard: number, publish: object = {}): Promise<RecorderProcess> =>
    RecorderProcess.start(t, {
      archive_directory: folder,
      nats: { servers: server.url },
      record: { spec: ["/x/**"], flush_interval: "100ms", shard },
      publish: { bind: "none", shards: SHARDS, ...publish },
    });
  return { server, start, client, bus };
}

/** Tries until it is allowed: shards hear of each other in any order. */
async function allowed<T>(ask: () => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await ask();
    } catch (error) {
      if (attempt > 100) throw error;
      await sleep(100);
    }
  }
}

const sessionOf = (client: SessionClient, args: object = {}): Promise<string> =>
  allowed(() => client.create({ ...args }));

async function publish(bus: NatsConnection, { from = 0, count }: { from?: number; count: number }) {
  for (let number = from; number < from + count; number++) {
    // Each is a batch of its own, however busy the machine is.
    const own = headers();
    own.set("Replay-Batch", `${number}/0/1`);
    bus.publish(`x.${PATHS[number % PATHS.length]}`, `${number}`, { headers: own });
    await bus.flush();
    await sleep(15);
  }
}

/** Numbers in the order in which they were played. */
const numbersOf = (stream: NatsStream): number[] =>
  stream
    .of("batch")
    .flatMap(({ events }) => (events as { text: string }[]).map(({ text }) => Number(text)));

const counted = (count: number, from = 0): number[] =>
  Array.from({ length: count }, (_, number) => from + number);

const ascending = (numbers: readonly number[]): number[] => numbers.toSorted((a, b) => a - b);

function attach(t: TestContext, client: SessionClient, id: string): NatsStream {
  const stop = new AbortController();
  const stream = new NatsStream(client.attach(id, { filter: [], signal: stop.signal }));
  t.after(() => stop.abort());
  return stream;
}

const write = (client: SessionClient, id: string, [control, value]: [string, string]) =>
  client.write(id, { control, value });

test("case 30: three shards play as one: none before the third, one position, steps, loss and return", async (t) => {
  const shards = await cluster(t);
  if (shards === undefined) return;
  const { start, client, bus } = shards;
  const [first, second] = await Promise.all([start(0), start(1)]);
  await first.hears("1 is there");
  await assert.rejects(client.create({}), { message: "waiting for shards: 2 of 3" });
  const third = await start(2);
  const owned = new Set(PATHS.map((path) => ownerOf(`/x/${path}`, SHARDS)));
  assert.equal(owned.size, SHARDS, "each shard has paths");
  await sleep(50);
  await publish(bus, { count: 40 });

  const id = await sessionOf(client, { pos: "beginning" });
  const stream = attach(t, client, id);
  await stream.until((all) => all.of("image").length === 1);
  const image = stream.of("image")[0]?.events as { path: string; none: boolean }[];
  assert.deepEqual(
    image.map(({ path, none }) => `${path} ${none}`).sort(),
    PATHS.map((path) => `/x/${path} true`),
  );

  // Steps count the batches of all shards.
  const stamps: unknown[] = [];
  for (let step = 0; step < 6; step++) stamps.push(await write(client, id, ["pos", "+1"]));
  assert.equal(new Set(stamps).size, 6);
  assert.deepEqual(stamps.toSorted(), stamps);
  assert.equal(await write(client, id, ["pos", "-2"]), stamps[3]);
  await stream.until((all) => all.of("image").length >= 1 + 7 * SHARDS);
  const atFourth = stream
    .of("image")
    .slice(-SHARDS)
    .flatMap(({ events }) => events as { path: string; text?: string }[]);
  assert.deepEqual(
    atFourth
      .filter(({ text }) => text !== undefined)
      .map(({ text }) => text)
      .sort(),
    ["0", "1", "2", "3"],
  );

  // Played in order, whoever has the paths; then live.
  await write(client, id, ["state", "play"]);
  await stream.until((all) => all.of("control").at(-1)?.value === "tail");
  // Processes that share two cores may be late by more than the 15 ms between two batches.
  assert.deepEqual(ascending(numbersOf(stream)), counted(36, 4));
  await publish(bus, { from: 40, count: 5 });
  await stream.until((all) => numbersOf(all).length === 41);
  assert.deepEqual(ascending(numbersOf(stream).slice(36)), counted(5, 40));

  // A shard is lost: the others pause, say so, and nothing can be played until it is back.
  await third.end("SIGKILL");
  await stream.until(
    (all) => all.of("gap").length > 0 && all.of("control").at(-1)?.value === "pause",
  );
  const [gap] = stream.of("gap");
  assert.deepEqual([gap?.why, gap?.shard], ["shard", 2]);
  assert.equal(await client.read(id, "state"), "pause");
  await assert.rejects(write(client, id, ["state", "play"]), {
    message: "waiting for shards: 2 of 3",
  });
  const again = await start(2);
  await again.hears("0 is there");
  for (const peer of [first, second]) await peer.hears(/2 is there[\s\S]*2 is there/);
  await write(client, id, ["pos", "beginning"]);
  const before = stream.of("batch").length;
  await write(client, id, ["speed", "unlimited"]);
  await write(client, id, ["state", "play"]);
  await stream.until((all) => all.of("batch").length === before + 45);
  assert.deepEqual(ascending(numbersOf(stream).slice(-45)), counted(45));

  // The owner ends in good order: the session is another's, and plays once all are there again.
  await first.end("SIGTERM");
  const isPaused = async (): Promise<boolean> => {
    const { controls } = (await client.describe(id)) as { controls: { state: string } };
    return controls.state === "pause";
  };
  while (!(await isPaused().catch(() => false))) await sleep(50);
  const firstAgain = await start(0);
  await firstAgain.hears(/3 of 3 are there/);
  const from = attach(t, client, id);
  await from.until((all) => all.of("image").length === 1);
  await allowed(() => write(client, id, ["pos", "beginning"]));
  await write(client, id, ["state", "play"]);
  await from.until((all) => all.of("batch").length === 45);
  assert.deepEqual(ascending(numbersOf(from)), counted(45));
  for (const one of [firstAgain, second, again])
    assert.deepEqual(await one.end("SIGTERM"), { code: 0, signal: null }, one.said);
});

test("case 30: limits are counted over all shards, and each index is of one process", async (t) => {
  const shards = await cluster(t);
  if (shards === undefined) return;
  const { start, client } = shards;
  const limit = { max_sessions: 4 };
  const [first] = await Promise.all([start(0, limit), start(1, limit), start(2, limit)]);
  const ids = [await sessionOf(client)];
  while (ids.length < 4) ids.push(await client.create({}));
  await assert.rejects(client.create({}), { message: "too many sessions" });
  await client.remove(ids[0] ?? "");
  await client.create({});
  assert.equal(((await client.list()) as unknown[]).length, 4);

  const stranger = await start(3, { shards: 5 });
  await first.hears(/shard 3 of cluster default has publish.shards 5, this one 3/);
  await stranger.hears(/has publish.shards 3, this one 5/);
  await assert.rejects(client.create({}), /shards disagree/);
  await stranger.end("SIGTERM");
  const twin = await RecorderProcess.start(t, {
    archive_directory: archiveFolder(t),
    nats: { servers: shards.server.url },
    record: { spec: ["/x/**"], shard: 1 },
    publish: { bind: "none", shards: SHARDS },
  });
  assert.deepEqual(await twin.ended, { code: 2, signal: null });
  assert.match(twin.said, /shard 1 of cluster default runs already/);
});
