import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { after, describe, type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { connect, headers, type NatsConnection } from "@nats-io/transport-node";
import type { ArchiveItem } from "../../src/archive/event.ts";
import { random } from "../../src/core/random.ts";
import { archiveFolder, itemsOf, openReader, openWriter } from "../fakes/archive-folder.ts";
import { type NatsServer, needsNatsServer, startNatsServer } from "../fakes/nats-server.ts";
import { RecorderProcess } from "../fakes/recorder-process.ts";

/** As many kills as the specification names need some minutes: DRAYAGE_KILLS=200. */
const KILLS = Number(process.env.DRAYAGE_KILLS ?? "20");
/** All of an archive is read after each kill: it is begun anew before that takes longer than the killing. */
const KILLS_PER_ARCHIVE = 10;
const FLUSH_EVERY = 250;

/** One for all tests that do not end it. */
let shared: Promise<NatsServer | undefined> | undefined;
after(async () => (await shared)?.stop());

async function server(t: TestContext): Promise<NatsServer | undefined> {
  shared ??= startNatsServer();
  const started = await shared;
  if (started === undefined) t.skip(needsNatsServer);
  return started;
}

async function serverOfItsOwn(t: TestContext): Promise<NatsServer | undefined> {
  const started = await startNatsServer();
  if (started === undefined) t.skip(needsNatsServer);
  else t.after(() => started.stop());
  return started;
}

async function publisher(t: TestContext, { url }: NatsServer): Promise<NatsConnection> {
  const connection = await connect({ servers: url, maxReconnectAttempts: -1 });
  t.after(() => connection.close());
  return connection;
}

function configOf(folder: string, { url }: NatsServer, more: object = {}): object {
  return {
    archive_directory: folder,
    nats: { servers: url },
    record: { spec: ["/a/**", "a.*"], flush_interval: "200ms", ...more },
  };
}

/** The numbers that were recorded, in order, and what was recorded beside them. */
function numbersOf(items: readonly ArchiveItem[]): number[] {
  return items.flatMap((item) =>
    item.kind === "gap"
      ? []
      : item.events.map((event) => {
          assert.ok(event.kind === "value");
          return Buffer.from(event.value).readUInt32LE();
        }),
  );
}

function numbered(number: number): Buffer {
  const bytes = Buffer.alloc(128, 7);
  bytes.writeUInt32LE(number);
  return bytes;
}

type Killing = {
  readonly peer: NatsServer;
  readonly chance: { next(): number };
  readonly kills: number;
  /** What nobody records costs time only. */
  readonly publish: (isOn: boolean) => void;
};

/** Kills one recorder after the other on one archive; gives how many messages were committed in the end. */
async function killedRecorder(
  t: TestContext,
  { peer, chance, kills, publish }: Killing,
): Promise<number> {
  const folder = archiveFolder(t);
  const config = configOf(folder, peer, {
    flush_interval: "20ms",
    image_frequency: 65_536,
    rotate_size: 400_000,
  });
  const committed: number[][] = [];
  for (let kill = 0; kill < kills; kill++) {
    const recorder = await RecorderProcess.start(t, config);
    publish(true);
    await sleep(20 + chance.next() * 150);
    assert.equal((await recorder.end("SIGKILL")).signal, "SIGKILL", recorder.said);
    publish(false);
    // Read only, as another process: up to the last commit.
    committed.push(numbersOf(await itemsOf(await openReader(t, folder))));
  }
  const { writer } = await openWriter(t, { directory: folder });
  const all = numbersOf(await itemsOf(await openReader(t, folder, { writer })));
  for (const before of committed) assert.deepEqual(all.slice(0, before.length), before);
  assert.ok(all.every((number, at) => at === 0 || number > (all[at - 1] ?? 0)));
  // Only a kill makes a hole; what lies in a batch or between two batches of one life is complete.
  const holes = all.filter((number, at) => at > 0 && number !== (all[at - 1] ?? 0) + 1).length;
  assert.ok(holes < kills, `${holes} holes`);
  return committed.at(-1)?.length ?? 0;
}

describe("drayage record from NATS", () => {
  test("misses nothing of 20,000 messages a second and keeps their order", async (t) => {
    const peer = await server(t);
    if (peer === undefined) return;
    const folder = archiveFolder(t);
    const recorder = await RecorderProcess.start(t, configOf(folder, peer));
    const client = await publisher(t, peer);
    const began = performance.now();
    let sent = 0;
    for (let tick = 1; tick <= 200; tick++) {
      for (; sent < tick * 200; sent++) client.publish(`a.${sent % 50}`, numbered(sent));
      await client.flush();
      await sleep(Math.max(0, began + tick * 10 - performance.now()));
    }
    assert.deepEqual(await recorder.end("SIGTERM"), { code: 0, signal: null }, recorder.said);
    assert.match(recorder.said, /recorded 40,000 events .*nothing lost/);
    const items = await itemsOf(await openReader(t, folder));
    assert.deepEqual(
      numbersOf(items),
      Array.from({ length: 40_000 }, (_, number) => number),
    );
    assert.ok(items.every(({ kind }) => kind === "batch"));
  });

  test(`kill -9 at ${KILLS} random moments takes away nothing of what was committed`, async (t) => {
    const peer = await server(t);
    if (peer === undefined) return;
    const client = await publisher(t, peer);
    const chance = random("kills of the recorder");
    let sent = 0;
    let isOver = false;
    let recording = 0;
    const publish = (isOn: boolean): void => {
      recording += isOn ? 1 : -1;
    };
    const publishing = (async () => {
      while (!isOver) {
        for (let n = 0; recording > 0 && n < FLUSH_EVERY; n++)
          client.publish("a.x", numbered(sent++));
        await client.flush();
        await sleep(5);
      }
    })();
    // Starting takes most of the time: two archives at once.
    let kept = 0;
    const archives = Array.from({ length: Math.ceil(KILLS / KILLS_PER_ARCHIVE) }, (_, at) => at);
    const nextArchives = async (): Promise<void> => {
      for (let at = archives.shift(); at !== undefined; at = archives.shift()) {
        const kills = Math.min(KILLS_PER_ARCHIVE, KILLS - at * KILLS_PER_ARCHIVE);
        kept += await killedRecorder(t, { peer, chance, kills, publish });
      }
    };
    await Promise.all([nextArchives(), nextArchives()]);
    isOver = true;
    await publishing;
    t.diagnostic(`${kept} of ${sent} messages committed over ${KILLS} kills`);
    assert.ok(kept > 0);
  });

  test("records the gap that a restart of the server makes, and goes on", async (t) => {
    const peer = await serverOfItsOwn(t);
    if (peer === undefined) return;
    const folder = archiveFolder(t);
    const recorder = await RecorderProcess.start(t, configOf(folder, peer));
    const client = await publisher(t, peer);
    client.publish("a.x", numbered(1));
    await client.flush();
    await sleep(50);
    await peer.kill();
    await recorder.hears(/connection to .* lost/);
    await peer.restart();
    await recorder.hears(/a gap is recorded/);
    const after = await publisher(t, peer);
    after.publish("a.x", numbered(2));
    await after.flush();
    assert.equal((await recorder.end("SIGINT")).code, 0, recorder.said);
    const items = await itemsOf(await openReader(t, folder));
    assert.deepEqual(numbersOf(items), [1, 2]);
    const gaps = items.flatMap((item) => (item.kind === "gap" ? [item] : []));
    assert.deepEqual(
      gaps.map(({ why, dropped }) => ({ why, dropped })),
      [{ why: "disconnect", dropped: 0 }],
    );
    assert.ok((gaps[0]?.from ?? 0) < (gaps[0]?.to ?? 0));
  });

  test("ends within five seconds while its put never ends, and leaves the program alone", async (t) => {
    const peer = await server(t);
    if (peer === undefined) return;
    const folder = archiveFolder(t);
    const mark = join(folder, "put-began");
    const script = `require("fs").writeFileSync(${JSON.stringify(mark)}, ""); setTimeout(() => {}, 8000)`;
    const nothing = [process.execPath, ["-e", ""]];
    const recorder = await RecorderProcess.start(t, {
      ...configOf(folder, peer, { rotate_size: 1_000 }),
      archive_cmds: { list: nothing, get: nothing, put: [process.execPath, ["-e", script]] },
    });
    const client = await publisher(t, peer);
    for (let n = 0; n < 100; n++) client.publish("a.x", randomBytes(128));
    await client.flush();
    while (!existsSync(mark)) await sleep(10);
    const began = performance.now();
    assert.equal((await recorder.end("SIGTERM")).code, 0, recorder.said);
    assert.ok(performance.now() - began < 5_000);
    assert.match(recorder.said, /warning: a file is not put yet, what runs is left alone/);
    assert.match(recorder.said, /recorded 100 events/);
  });

  test("a put that fails does not disturb recording", async (t) => {
    const peer = await server(t);
    if (peer === undefined) return;
    const folder = archiveFolder(t);
    const nothing = [process.execPath, ["-e", ""]];
    const recorder = await RecorderProcess.start(t, {
      ...configOf(folder, peer, { rotate_size: 20_000, codec: "none" }),
      archive_cmds: { list: nothing, get: nothing, put: ["/nowhere/put", []] },
    });
    const client = await publisher(t, peer);
    for (let n = 0; n < 1_000; n++) {
      client.publish("a.x", numbered(n));
      if (n % 100 === 99) await client.flush();
    }
    await recorder.hears(/put .* failed, the file stays/);
    assert.equal((await recorder.end("SIGTERM")).code, 0, recorder.said);
    const sealed = readdirSync(folder).filter((name) => name.startsWith("2"));
    assert.ok(sealed.length > 0);
    assert.deepEqual(
      numbersOf(await itemsOf(await openReader(t, folder))),
      Array.from({ length: 1_000 }, (_, number) => number),
    );
  });

  test("keeps groups that a header marks, and null, apart from all else", async (t) => {
    const peer = await server(t);
    if (peer === undefined) return;
    const folder = archiveFolder(t);
    const recorder = await RecorderProcess.start(t, configOf(folder, peer));
    const client = await publisher(t, peer);
    for (const index of [1, 2, 3]) {
      const own = headers();
      own.set("Replay-Batch", `g/${index}/3`);
      if (index === 2) own.set("Replay-Null", "true");
      client.publish(`a.${index}`, `${index}`, { headers: own });
    }
    await client.flush();
    assert.equal((await recorder.end("SIGTERM")).code, 0, recorder.said);
    const items = await itemsOf(await openReader(t, folder));
    assert.deepEqual(
      items.map((item) =>
        item.kind === "batch" ? item.events.map(({ kind, path }) => [path, kind]) : [],
      ),
      [
        [
          ["/a/1", "message"],
          ["/a/2", "null"],
          ["/a/3", "message"],
        ],
      ],
    );
  });

  test("exits with 4 where no server is, and with 2 beside another recorder", async (t) => {
    const folder = archiveFolder(t);
    const alone = await RecorderProcess.start(t, {
      archive_directory: folder,
      nats: { servers: "nats://127.0.0.1:1" },
      record: { spec: ["/a/**"] },
    });
    assert.equal((await alone.ended).code, 4);
    assert.match(alone.said, /NATS server .* cannot be reached/);
    const peer = await server(t);
    if (peer === undefined) return;
    await RecorderProcess.start(t, configOf(folder, peer));
    const second = await RecorderProcess.start(t, configOf(folder, peer));
    assert.equal((await second.ended).code, 2);
    assert.match(second.said, /archive in use by pid \d+/);
  });
});
