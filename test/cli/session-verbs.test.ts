// `drayage session …` against a host in this process, as it is typed.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { verbs } from "../../src/cli/commands.ts";
import { valueEvent } from "../fakes/fake-archive.ts";
import { HttpClient } from "../playback/http/http-client.ts";
import { NatsClient } from "../playback/nats/nats-client.ts";
import { at, START, Stage } from "../playback/session/stage.ts";
import { drayage, type Said } from "./fake-terminal.ts";

type Shell = { readonly type: (...words: string[]) => Promise<Said>; readonly client: HttpClient };

async function shell(t: TestContext, token?: string): Promise<Shell> {
  const stage = new Stage();
  for (let second = 0; second < 10; second++) stage.record(second);
  const client = await HttpClient.start(t, { reader: stage.archive, publish: { token } });
  const env = { DRAYAGE_URL: client.playback.url, DRAYAGE_TOKEN: token };
  return { client, type: (...words) => drayage(["session", ...words], { verbs, env }) };
}

test("session verbs: new, set, get, list, attach and rm do what they say", async (t) => {
  const { type, client } = await shell(t);
  const made = await type("new", "--pos", "3", "--speed", "unlimited");
  assert.equal(made.exit, 0);
  const id = made.out.trim();
  assert.match(id, /^[0-9a-f]{32}$/);
  assert.equal((await type("get", id, "pos")).out, `${at(2)}\n`);
  assert.equal((await type("set", id, "pos", "-1")).out, `${at(1)}\n`);
  assert.equal((await type("set", id, "pos", "pos+5s", "--json")).out, `{"value":"${at(6)}"}\n`);
  assert.match((await type("get", id)).out, /^speed: unlimited$/m);
  assert.match((await type("list")).out, new RegExp(`^${id} +pause`, "m"));
  assert.equal(JSON.parse((await type("list", "--json")).out)[0].id, id);
  const attached = type("attach", id);
  while (client.playback.host.find(id).streams === 0)
    await new Promise((turn) => setTimeout(turn, 5));
  await type("set", id, "state", "play");
  while (client.playback.host.find(id).figures().batches < 3)
    await new Promise((turn) => setTimeout(turn, 5));
  assert.equal((await type("rm", id)).exit, 0);
  const { out, exit } = await attached;
  assert.equal(exit, 0);
  assert.match(out, /^control pos = 2026-01-01T00:00:06\.000000Z$/m);
  assert.match(out, /^2026-01-01T00:00:06\.000000Z image\n {2}\/a 6$/m);
  assert.match(out, /^2026-01-01T00:00:09\.000000Z batch\n {2}\/a 9$/m);
  assert.match(out, /^end: deleted$/m);
});

test("session verbs: over NATS they print the same", async (t) => {
  const stage = new Stage();
  for (let second = 0; second < 10; second++) stage.record(second);
  // Both adapters, over one host.
  const nats = await NatsClient.start(t, {
    reader: stage.archive,
    publish: { bind: "127.0.0.1:0" },
  });
  if (nats === undefined) return;
  const ways = [
    { DRAYAGE_URL: nats.playback.url },
    { DRAYAGE_NATS: nats.url, DRAYAGE_BASE: nats.base },
  ];
  const type = (env: object, ...words: string[]): Promise<Said> =>
    drayage(["session", ...words], { verbs, env: { ...env } });
  const id = (await type(ways[1] ?? {}, "new", "--pos", "3", "--json")).out.slice(7, -3);
  assert.match(id, /^[0-9a-f]{32}$/);
  for (const words of [
    ["get", id, "pos"],
    ["get", id],
    ["set", id, "speed", "2"],
    ["set", id, "speed", "fast"],
    ["get", id, "volume"],
    ["get", "none"],
  ]) {
    const [http, other] = await Promise.all(ways.map((env) => type(env, ...words)));
    assert.deepEqual(other, http, words.join(" "));
  }
  // Whoever attaches over NATS is listening once it is told that an image goes to it.
  const notice = new Promise<void>((resolve) => {
    const callback = (): void => resolve();
    nats.connection.subscribe(nats.subject(`${id}.notice`), { callback });
  });
  await nats.connection.flush();
  const attached = ways.map((env) => type(env, "attach", id, "--json", "--filter", "/a"));
  const isHeard = (): boolean => nats.playback.host.find(id).streams === 1;
  while (!isHeard()) await new Promise((turn) => setTimeout(turn, 5));
  await notice;
  await type(ways[0] ?? {}, "set", id, "pos", "beginning");
  await type(ways[1] ?? {}, "set", id, "speed", "unlimited");
  await type(ways[1] ?? {}, "set", id, "state", "play");
  while (nats.playback.host.find(id).figures().batches < 10)
    await new Promise((turn) => setTimeout(turn, 5));
  assert.equal((await type(ways[1] ?? {}, "rm", id)).exit, 0);
  const [http, other] = await Promise.all(attached);
  const played = (said: Said | undefined): string[] =>
    (said?.out ?? "").split("\n").filter((line) => /"type":"(?:batch|end)"/.test(line));
  assert.equal(played(http).length, 11);
  assert.deepEqual(played(other), played(http));
  assert.deepEqual([http?.exit, other?.exit], [0, 0]);
});

test("session verbs: attach prints values with any separators of Unicode, each item on its line", async (t) => {
  const stage = new Stage();
  const text = "one\u2028two\u2029three\u0085four";
  stage.archive.append(START, [valueEvent("/a", text)]);
  const { playback } = await HttpClient.start(t, { reader: stage.archive, publish: {} });
  const env = { DRAYAGE_URL: playback.url };
  const type = (...words: string[]) => drayage(["session", ...words], { verbs, env });
  const id = (await type("new", "--pos", "end")).out.trim();
  const attached = type("attach", id, "--json");
  while (playback.host.find(id).streams === 0) await new Promise((turn) => setTimeout(turn, 5));
  await type("rm", id);
  const { out, exit, err } = await attached;
  assert.deepEqual([exit, err], [0, ""]);
  const items = out
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  const image = items.find((item) => item.type === "image");
  assert.deepEqual(image.events, [{ path: "/a", text }]);
});

test("session verbs: shards that wait for each other are not what was typed: exit 4, over HTTP and NATS", async (t) => {
  const nats = await NatsClient.start(t, {
    reader: new Stage().archive,
    publish: { bind: "127.0.0.1:0", shard: { index: 0, count: 2 } },
  });
  if (nats === undefined) return;
  for (const env of [
    { DRAYAGE_URL: nats.playback.url },
    { DRAYAGE_NATS: nats.url, DRAYAGE_BASE: nats.base },
  ]) {
    const { exit, err } = await drayage(["session", "new"], { verbs, env });
    assert.deepEqual([exit, err], [4, "waiting for shards: 1 of 2\n"]);
  }
});

test("session verbs: a web server that is no session host is told to be none", async (t) => {
  const page = createServer((_, response) => response.end("<!doctype html>"));
  page.listen(0, "127.0.0.1");
  await once(page, "listening");
  t.after(() => page.close());
  const env = { DRAYAGE_URL: `http://127.0.0.1:${(page.address() as AddressInfo).port}` };
  for (const words of [["list"], ["new"], ["get", "x", "pos"], ["attach", "x"]]) {
    const { exit, err } = await drayage(["session", ...words], { verbs, env });
    assert.equal(exit, 4);
    assert.match(err, /^what answers at http:.* is no session host\n$/);
  }
});

test("session verbs: an offset without sign means ago, one with sign stays", async (t) => {
  const { type } = await shell(t);
  const id = (await type("new", "--start", "3d", "--end", "-1h")).out.trim();
  const days = (name: string): Promise<number> =>
    type("get", id, name).then(
      ({ out }) => (Date.now() - Date.parse(`${out.slice(0, 23)}Z`)) / 86_400_000,
    );
  assert.ok(Math.abs((await days("start")) - 3) < 0.01);
  assert.ok(Math.abs((await days("end")) - 1 / 24) < 0.01);
});

for (const { words, exit, says } of [
  {
    words: ["new", "--start", "nonsense"],
    exit: 2,
    says: /^invalid start: nonsense is not a valid bound/,
  },
  { words: ["get", "none"], exit: 2, says: /^no such session/ },
  { words: ["set", "none", "state"], exit: 2, says: /VALUE is missing/ },
  { words: ["list", "--url", "nowhere"], exit: 2, says: /--url wants a URL/ },
  { words: ["list", "--url", "http://127.0.0.1:9"], exit: 4, says: /^no session host at/ },
  {
    words: ["list", "--nats", "http://a"],
    exit: 2,
    says: /^--nats: .* is no address such as nats:/,
  },
  {
    words: ["list", "--nats", "nats://127.0.0.1:9"],
    exit: 4,
    says: /^cannot connect to NATS server/,
  },
  { words: ["list", "--nats", "nats://a", "--base", "x"], exit: 2, says: /--base wants a path/ },
]) {
  test(`session verbs: ${words.join(" ")} exits ${exit}`, async (t) => {
    const { type } = await shell(t);
    const said = await type(...words);
    assert.equal(said.exit, exit);
    assert.match(said.err, says);
  });
}

test("session verbs: without the token the host asks for it", async (t) => {
  const { type } = await shell(t, "secret");
  assert.equal((await type("list")).exit, 0);
  const said = await type("list", "--token", "wrong");
  assert.equal(said.exit, 4);
  assert.match(said.err, /DRAYAGE_TOKEN/);
});
