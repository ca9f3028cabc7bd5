import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import {
  copyFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import { startEmbeddedRegistry } from "../../src/embedded/embedded-registry.ts";
import {
  appended,
  archiveFolder,
  itemsOf,
  openReader,
  openWriter,
  value,
} from "../fakes/archive-folder.ts";
import { needsNatsServer, startNatsServer } from "../fakes/nats-server.ts";
import { RecorderProcess } from "../fakes/recorder-process.ts";

const nothing = [process.execPath, ["-e", ""]];

async function registry(t: TestContext) {
  const started = await startEmbeddedRegistry({
    port: 0,
    generate: "repos=2,layers=1,sizes=1K:2K:3K",
  });
  t.after(() => started.close());
  return started;
}

/** What was said behind `words`: an address. */
function urlIn(said: string, words: RegExp): string {
  const url = words.exec(said)?.[1];
  assert.ok(url !== undefined, said);
  return url;
}

const sessionsAt = /sessions at (\S+)/;

async function json(url: string, init?: RequestInit): Promise<unknown> {
  const response = await fetch(url, init);
  return { status: response.status, body: await response.json() };
}

type Shown = { readonly value: unknown };

/** What has come of a stream so far. */
function textOf({ body }: Response): { readonly text: string } {
  const seen = { text: "" };
  void (async () => {
    for await (const piece of body ?? []) seen.text += Buffer.from(piece).toString();
  })().catch(() => {});
  return seen;
}

type Filling = {
  readonly client: NatsConnection;
  readonly folder: string;
  readonly recorder: RecorderProcess;
};

/** One message, which is committed, and then as many as it takes. */
async function untilDiskIsFull(
  t: TestContext,
  { client, folder, recorder }: Filling,
): Promise<void> {
  client.publish("a.b", "first");
  await client.flush();
  while ((await itemsOf(await openReader(t, folder))).length === 0) await sleep(20);
  const payload = Buffer.alloc(1_000, 1);
  const until = performance.now() + 15_000;
  while (!recorder.said.includes("recording stopped") && performance.now() < until) {
    client.publish("a.b", payload);
    await client.flush();
  }
}

describe("drayage record as a service", () => {
  test("records what passes its proxy, by the globs of the configuration", async (t) => {
    const upstream = await registry(t);
    const folder = archiveFolder(t);
    const recorder = await RecorderProcess.start(t, {
      archive_directory: folder,
      proxy: { listen: "127.0.0.1:0", upstream: upstream.url },
      record: { spec: ["/v2/**/tags/list"] },
    });
    const url = urlIn(recorder.said, /of (http:\S+) in front of/);
    const catalog = (await (await fetch(`${url}/v2/_catalog`)).json()) as {
      repositories: string[];
    };
    const [name] = catalog.repositories;
    assert.equal((await fetch(`${url}/v2/${name}/tags/list`)).status, 200);
    assert.equal((await recorder.end("SIGINT")).code, 0, recorder.said);
    assert.match(recorder.said, /1 exchange matched no glob/);
    const items = await itemsOf(await openReader(t, folder));
    const events = items.flatMap((item) => (item.kind === "batch" ? item.events : []));
    assert.deepEqual(
      events.map(({ kind, path }) => [kind, path]),
      [["exchange", `/v2/${name}/tags/list`]],
    );
  });

  test("leaves an archive alone that a writer on another host holds, but for --break-lock", async (t) => {
    const upstream = await registry(t);
    const folder = archiveFolder(t);
    const holder = { pid: 7, host: "elsewhere.example", started: "1", boot: "x", token: "y" };
    writeFileSync(join(folder, "lock"), JSON.stringify(holder));
    const config = {
      archive_directory: folder,
      proxy: { listen: "127.0.0.1:0", upstream: upstream.url },
      record: { spec: ["/v2/**"] },
    };
    const refused = await RecorderProcess.start(t, config);
    assert.equal((await refused.ended).code, 2);
    assert.match(refused.said, /archive in use by pid 7 on elsewhere\.example: .* --break-lock/);
    const recorder = await RecorderProcess.start(t, config, { flags: ["--break-lock"] });
    assert.match(recorder.said, /took over the lock of pid 7 on elsewhere\.example/);
    assert.equal((await recorder.end("SIGINT")).code, 0, recorder.said);
    assert.ok(!readdirSync(folder).includes("lock"));
  });

  test("exits with 2 where sessions cannot be offered, since the port is in use, or where no folder can be made", async (t) => {
    const upstream = await registry(t);
    const bind = new URL(upstream.url).host;
    const proxy = { listen: "127.0.0.1:0", upstream: upstream.url };
    for (const [config, says] of [
      [
        { archive_directory: archiveFolder(t), publish: { bind } },
        /\npublish\.bind: cannot listen on .*EADDRINUSE.*\n$/,
      ],
      [
        { archive_directory: "/proc/nowhere", publish: { bind: "none" } },
        /\narchive_directory: cannot make \/proc\/nowhere: ENOENT.*\n$/,
      ],
      [
        { archive_directory: "/proc/nowhere", proxy, record: { spec: ["/v2/**"] } },
        /\narchive_directory: cannot open the archive \/proc\/nowhere: ENOENT.*\n$/,
      ],
    ] as const) {
      const recorder = await RecorderProcess.start(t, config);
      assert.equal((await recorder.ended).code, 2, recorder.said);
      assert.match(recorder.said, says);
    }
  });

  test("exits with 4 where the upstream is not there", async (t) => {
    const recorder = await RecorderProcess.start(t, {
      archive_directory: archiveFolder(t),
      proxy: { listen: "127.0.0.1:0", upstream: "http://127.0.0.1:1" },
      record: { spec: ["/v2/**"] },
    });
    assert.equal((await recorder.ended).code, 4);
    assert.match(recorder.said, /upstream http:\/\/127\.0\.0\.1:1 cannot be reached/);
  });

  test("plays what it records, at once, and tells its own state", async (t) => {
    const peer = await startNatsServer();
    if (peer === undefined) return t.skip(needsNatsServer);
    t.after(() => peer.stop());
    const recorder = await RecorderProcess.start(t, {
      archive_directory: archiveFolder(t),
      nats: { servers: peer.url },
      record: { spec: ["/a/**"], flush_interval: "1h" },
      publish: { bind: "127.0.0.1:0" },
    });
    const url = urlIn(recorder.said, sessionsAt);
    const client = await connect({ servers: peer.url });
    t.after(() => client.close());
    client.publish("a.b", "hello");
    await client.flush();
    const oneshot = JSON.stringify({ filter: ["/**"] });
    const seen = async (): Promise<string> =>
      JSON.stringify(await json(`${url}/oneshot`, { method: "POST", body: oneshot }));
    while (!(await seen()).includes("hello")) await sleep(10);
    assert.match(JSON.stringify(await json(`${url}/healthz`)), /"committedBatches":0/);
    assert.equal((await recorder.end("SIGTERM")).code, 0, recorder.said);
  });

  test("case 20: in an empty archive a session tails, and the first live batch arrives", async (t) => {
    const peer = await startNatsServer();
    if (peer === undefined) return t.skip(needsNatsServer);
    t.after(() => peer.stop());
    const recorder = await RecorderProcess.start(t, {
      archive_directory: archiveFolder(t),
      nats: { servers: peer.url },
      record: { spec: ["/a/**"] },
      publish: { bind: "127.0.0.1:0" },
    });
    const url = urlIn(recorder.said, sessionsAt);
    const created = await fetch(`${url}/session`, {
      method: "POST",
      headers: { accept: "text/plain" },
    });
    const session = `${url}/session/${(await created.text()).trim()}`;
    assert.match(JSON.stringify(await json(`${session}/control/pos`)), /"value":null/);
    await json(`${session}/control/state`, { method: "PUT", body: '"play"' });
    assert.match(JSON.stringify(await json(`${session}/control/state`)), /"value":"tail"/);
    const stream = await fetch(`${session}/data`, { headers: { accept: "application/x-ndjson" } });
    const client = await connect({ servers: peer.url });
    t.after(() => client.close());
    client.publish("a.b", "the first");
    await client.flush();
    let streamed = "";
    const decoder = new TextDecoder();
    for await (const piece of stream.body ?? []) {
      streamed += decoder.decode(piece, { stream: true });
      if (/"batch".*"path":"\/a\/b","text":"the first"/.test(streamed)) break;
    }
    assert.match(streamed, /the first/);
    assert.equal((await recorder.end("SIGTERM")).code, 0, recorder.said);
  });

  test("fetches a file that is not there when a session asks for it", async (t) => {
    const folder = archiveFolder(t);
    const store = mkdtempSync(join(tmpdir(), "drayage-store-"));
    t.after(() => rmSync(store, { recursive: true, force: true }));
    const { writer } = await openWriter(t, { directory: folder });
    appended(writer, [value("/a", "in the store")]);
    await writer.rotate();
    appended(writer, [value("/a", "here")]);
    await writer.close();
    const [name = ""] = readdirSync(folder).filter((file) => file.startsWith("2"));
    const sealed = join(store, name);
    copyFileSync(join(folder, name), sealed);
    rmSync(join(folder, name));
    const node = (script: string) => [process.execPath, ["-e", script, store]];
    const list = `console.log(require("fs").readdirSync(process.argv[1]).join("\\n"))`;
    const get = `require("fs").copyFileSync(process.argv[1] + "/" + process.argv[2], process.env.DRAYAGE_ARCHIVE + "/" + process.argv[2])`;
    const recorder = await RecorderProcess.start(t, {
      archive_directory: folder,
      archive_cmds: { list: node(list), get: node(get), put: nothing },
      publish: { bind: "127.0.0.1:0" },
    });
    const url = urlIn(recorder.said, sessionsAt);
    const body = JSON.stringify({ filter: ["/**"] });
    const played = JSON.stringify(await json(`${url}/oneshot`, { method: "POST", body }));
    assert.match(played, /in the store/);
    assert.match(played, /here/);
    assert.ok(readdirSync(folder).includes(name));
    assert.equal((await recorder.end("SIGTERM")).code, 0, recorder.said);
  });

  test("case 27: a session whose file cannot be fetched is told after three tries and pauses; it plays once the file can be had", async (t) => {
    const folder = archiveFolder(t);
    const store = mkdtempSync(join(tmpdir(), "drayage-store-"));
    t.after(() => rmSync(store, { recursive: true, force: true }));
    const { writer } = await openWriter(t, { directory: folder });
    appended(writer, [value("/a", "first")]);
    await writer.rotate();
    appended(writer, [value("/a", "in the store")]);
    const name = await writer.rotate();
    appended(writer, [value("/a", "here")]);
    await writer.close();
    copyFileSync(join(folder, name), join(store, "away"));
    rmSync(join(folder, name));
    const get = `const fs = require("fs"), [, store, name] = process.argv;
      fs.appendFileSync(store + "/tries", ".");
      fs.copyFileSync(store + "/" + name, process.env.DRAYAGE_ARCHIVE + "/" + name)`;
    const recorder = await RecorderProcess.start(t, {
      archive_directory: folder,
      archive_cmds: {
        list: [process.execPath, ["-e", `console.log("${name}")`]],
        get: [process.execPath, ["-e", get, store]],
        put: nothing,
      },
      publish: { bind: "127.0.0.1:0" },
    });
    const url = urlIn(recorder.said, sessionsAt);
    const made = await json(`${url}/session`, { method: "POST", body: '{"speed": "unlimited"}' });
    const { id } = (made as { body: { id: string } }).body;
    const play = () => fetch(`${url}/session/${id}/control/state`, { method: "PUT", body: "play" });
    const state = async (): Promise<unknown> => {
      const { body } = (await json(`${url}/session/${id}/control/state`)) as { body: Shown };
      return body.value;
    };
    const accept = { headers: { accept: "application/x-ndjson" } };
    const stream = await fetch(`${url}/session/${id}/data`, accept);
    const said = textOf(stream);
    await play();
    while (!said.text.includes("could not open log file")) await sleep(20);
    assert.match(said.text, new RegExp(`"error":"could not open log file ${name}`));
    while ((await state()) !== "pause") await sleep(10);
    assert.equal(readFileSync(join(store, "tries"), "utf8").length % 3, 0);
    copyFileSync(join(store, "away"), join(store, name));
    await play();
    while (!said.text.includes("here")) await sleep(20);
    assert.match(said.text, /in the store/);
    assert.equal((await recorder.end("SIGTERM")).code, 0, recorder.said);
  });

  for (const publishes of [false, true]) {
    const what = publishes ? "goes on playing and exits with 8 at its end" : "exits with 8";
    test(`a disk that is full: ${what}, all that was committed is there`, async (t) => {
      const peer = await startNatsServer();
      if (peer === undefined) return t.skip(needsNatsServer);
      t.after(() => peer.stop());
      const folder = archiveFolder(t);
      const config = {
        archive_directory: folder,
        nats: { servers: peer.url },
        record: { spec: ["/a/**"], codec: "none", flush_interval: "50ms" },
        ...(publishes ? { publish: { bind: "127.0.0.1:0" } } : {}),
      };
      const recorder = await RecorderProcess.start(t, config, { fileBlocksMax: 200 });
      const client = await connect({ servers: peer.url });
      t.after(() => client.close());
      await untilDiskIsFull(t, { client, folder, recorder });
      assert.match(recorder.said, /recording stopped, \d+ batch(?:es)? lost/);
      if (publishes) {
        const url = urlIn(recorder.said, sessionsAt);
        assert.match(JSON.stringify(await json(`${url}/healthz`)), /EFBIG/);
        await recorder.end("SIGTERM");
      }
      assert.equal((await recorder.ended).code, 8, recorder.said);
      const items = await itemsOf(await openReader(t, folder));
      assert.ok(items.length > 0);
      assert.ok(items.every(({ kind }) => kind === "batch"));
    });
  }

  test("takes its own example, and says what a mistake is and where", async (t) => {
    const folder = archiveFolder(t);
    const drayage = (...words: string[]) =>
      spawnSync(process.execPath, ["bin/drayage.js", "record", ...words], { encoding: "utf8" });
    for (const format of ["json", "yaml"]) {
      const file = join(folder, `record.${format}`);
      const words = ["bin/drayage.js", "record", "--example", "--format", format];
      writeFileSync(file, execFileSync(process.execPath, words));
      const checked = drayage("--config", file, "--check");
      assert.equal(checked.status, 0, checked.stderr);
      assert.equal(JSON.parse(checked.stdout).record.flush_frequency, 65_534);
    }
    assert.match(drayage().stderr, /^config is required/);
    assert.equal(drayage().status, 2);
    const file = join(folder, "bad.json");
    writeFileSync(
      file,
      '{\n "archive_directory": "/x",\n "record": {\n  "spec": ["/a"], "flush_intervall": 1\n }\n}\n',
    );
    const bad = drayage("--config", file, "--check");
    assert.equal(bad.status, 2);
    assert.match(
      bad.stderr,
      /bad\.json:4:19: record\.flush_intervall: unknown key; did you mean "flush_interval"\?\n$/,
    );
  });
});
