// The HTTP adapter itself: every route, every status, forms of streams, slow readers.
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { bytes } from "../../../src/core/units.ts";
import type { PublishOptions } from "../../../src/playback/start-playback.ts";
import { decodeHdr } from "../../../src/stats/hdr.ts";
import { valueEvent } from "../../fakes/fake-archive.ts";
import { at, START, Stage } from "../session/stage.ts";
import { HttpClient } from "./http-client.ts";

async function serve(t: TestContext, publish: PublishOptions = {}): Promise<HttpClient> {
  const stage = new Stage();
  for (let second = 0; second < 10; second++) stage.record(second);
  return HttpClient.start(t, { reader: stage.archive, publish });
}

test("create answers with JSON, or with the plain id where that is asked for", async (t) => {
  const client = await serve(t);
  const made = await client.ask("/session", { method: "POST" });
  assert.deepEqual([made.status, Object.keys(made.value)], [201, ["id"]]);
  const headers = { accept: "text/plain" };
  const plain = await client.ask("/session", { method: "POST", body: "null", headers });
  assert.match(plain.text, /^[0-9a-f]{32}\n$/);
  assert.equal(plain.status, 201);
});

test("a session is listed, described, kept, counted and deleted", async (t) => {
  const client = await serve(t);
  const id = await client.create({ pos: at(3), filter: ["/a"] });
  const [row] = JSON.parse((await client.ask("/session")).text);
  assert.deepEqual(
    [row.id, row.client, row.streams, row.controls.pos],
    [id, "127.0.0.1", 0, at(3)],
  );
  const { value } = await client.ask(`/session/${id}`);
  assert.deepEqual(value.filter, ["/a"]);
  assert.equal((value.stats as { batches: number }).batches, 0);
  const control = await client.ask(`/session/${id}/control/speed`);
  assert.equal(control.value.value, 1);
  assert.match(String(control.value.doc), /unlimited/);
  assert.equal((await client.ask(`/session/${id}/keepalive`, { method: "POST" })).status, 204);
  const stats = await client.ask(`/session/${id}/stats`);
  assert.equal(decodeHdr(String(stats.value.lateness_hdr)).total, 0);
  const stream = await client.attach(id);
  assert.equal((await client.ask(`/session/${id}`, { method: "DELETE" })).status, 204);
  await stream.ended;
  assert.deepEqual(stream.items.at(-1), { type: "end", reason: "deleted" });
  assert.equal((await client.ask(`/session/${id}`)).status, 404);
});

for (const { title, ask, status, says } of [
  {
    title: "a session that is not there",
    ask: { path: "/session/x" },
    status: 404,
    says: /^no such session$/,
  },
  {
    title: "a path that is none",
    ask: { path: "/sessions" },
    status: 404,
    says: /^no such resource$/,
  },
  {
    title: "a method that is none",
    ask: { path: "/session", method: "PATCH" },
    status: 405,
    says: /^only GET, POST here$/,
  },
  {
    title: "a body that is no JSON",
    ask: { path: "/session", method: "POST", body: "{" },
    status: 400,
    says: /^the body is no JSON$/,
  },
  {
    title: "an unknown argument",
    ask: { path: "/session", method: "POST", body: '{"x":1}' },
    status: 400,
    says: /^unknown argument specified: \[x\]$/,
  },
  {
    title: "a body that is too long",
    ask: { path: "/session", method: "POST", body: " ".repeat(70_000) },
    status: 413,
    says: /65536/,
  },
  {
    title: "a page of another origin",
    ask: { path: "/session", headers: { origin: "http://evil.example" } },
    status: 403,
    says: /origins/,
  },
  {
    title: "a one-shot query whose end is its start",
    ask: { path: "/oneshot", method: "POST", body: '{"start":"2026-01-01","end":"2026-01-01"}' },
    status: 400,
    says: /^end must be later than start$/,
  },
]) {
  test(`errors: ${title} is ${status}`, async (t) => {
    const client = await serve(t);
    const { path, ...asked } = ask as { path: string };
    const reply = await client.ask(path, asked);
    assert.equal(reply.status, status);
    assert.match(String(reply.value.error), says);
  });
}

test("errors: a control that is none, and a stream with a bad filter", async (t) => {
  const client = await serve(t);
  const id = await client.create();
  assert.equal((await client.ask(`/session/${id}/control/volume`)).status, 404);
  const bad = await client.ask(`/session/${id}/data?filter=x`);
  assert.equal(bad.status, 400);
  assert.match(String(bad.value.error), /^could not parse filter: /);
});

test("a token is wanted everywhere but for the page and the state of health", async (t) => {
  const client = await serve(t, { token: "secret" });
  for (const path of ["/", "/healthz"]) assert.equal((await client.ask(path)).status, 200);
  for (const authorization of ["", "Bearer wrong", "Basic secret", "Bearer secrets"]) {
    const reply = await client.ask("/session", { headers: { authorization } });
    assert.equal(reply.status, 401);
    assert.equal(reply.headers["www-authenticate"], "Bearer");
  }
  const right = await client.ask("/session", { headers: { authorization: "Bearer secret" } });
  assert.equal(right.status, 200);
});

test("health and cluster tell of sessions, archive and recorder", async (t) => {
  const client = await serve(t);
  await client.create();
  const health = await client.ask("/healthz");
  assert.deepEqual(health.value, { status: "ok", sessions: 1, recorder: null });
  const { value } = await client.ask("/cluster");
  assert.deepEqual(value.archive, { first: at(0), last: at(9) });
  assert.equal(value.shards, 1);
});

test("case 21, HTTP: addresses are clients, each with its limit, and the total has one", async (t) => {
  const client = await serve(t, { maxSessions: 5, maxSessionsPerClient: 3 });
  const post = (from: string) => client.ask("/session", { method: "POST", from });
  for (let number = 0; number < 3; number++) assert.equal((await post("127.0.0.2")).status, 201);
  const own = await post("127.0.0.2");
  assert.deepEqual([own.status, own.value.error], [429, "too many sessions, client 127.0.0.2"]);
  const first = await post("127.0.0.3");
  assert.equal((await post("127.0.0.3")).status, 201);
  assert.deepEqual((await post("127.0.0.4")).value, { error: "too many sessions" });
  await client.ask(`/session/${first.value.id}`, { method: "DELETE" });
  assert.equal((await post("127.0.0.4")).status, 201);
});

test("a one-shot query answers with the image at its start and the batches up to its end", async (t) => {
  const client = await serve(t);
  const body = JSON.stringify({ start: at(2), end: at(5) });
  const { value } = await client.ask("/oneshot", { method: "POST", body });
  assert.equal((value.image as { us: number }).us, START + 2e6);
  assert.deepEqual(
    (value.batches as { us: number }[]).map(({ us }) => (us - START) / 1e6),
    [3, 4, 5],
  );
});

test("an image above 1 MiB comes in parts that make it whole", async (t) => {
  const stage = new Stage();
  const paths = Array.from({ length: 60 }, (_, number) => `/p/${number}`);
  stage.archive.append(
    START,
    paths.map((path) => valueEvent(path, "x".repeat(50_000))),
  );
  const client = await HttpClient.start(t, { reader: stage.archive, publish: {} });
  const stream = await client.attach(await client.create({ pos: "end" }));
  await stream.until((all) =>
    all.of("image").some(({ part, parts }) => Number(part) + 1 === parts),
  );
  const parts = stream.of("image");
  assert.ok(parts.length > 1);
  assert.deepEqual(
    parts.map(({ part }) => part),
    parts.map((_, index) => index),
  );
  const shown = parts.flatMap((part) => part.events as { path: string }[]);
  assert.deepEqual(
    shown.map(({ path }) => path),
    paths,
  );
});

test("values, nulls, messages and JSON are told apart", async (t) => {
  const stage = new Stage();
  stage.archive.append(START, [
    { kind: "value", path: "/text", value: Buffer.from("grüße\n") },
    { kind: "value", path: "/empty", value: Buffer.alloc(0) },
    { kind: "value", path: "/bytes", value: Buffer.from([0xff, 0x00]) },
    { kind: "null", path: "/null" },
    { kind: "removed", path: "/removed" },
    {
      kind: "message",
      path: "/message",
      headers: Buffer.from("NATS/1.0\r\nA: 1\r\nB: x\r\nB: y\r\n\r\n"),
      value: Buffer.from("m"),
    },
    { kind: "exchange", path: "/exchange", json: Buffer.from('{\n"n": 12345678901234567890}') },
    { kind: "json", path: "/json", json: Buffer.from('{"a":[1]}') },
    { kind: "json", path: "/broken", json: Buffer.from("{") },
  ]);
  const client = await HttpClient.start(t, { reader: stage.archive, publish: {} });
  const id = await client.create({ speed: "unlimited" });
  const response = await client.open(`/session/${id}/data`, {
    headers: { accept: "application/x-ndjson" },
  });
  await client.put(id, "state", "play");
  let text = "";
  for await (const part of response.setEncoding("utf8")) {
    text += part;
    if (text.includes('"type":"batch"') && text.endsWith("\n")) break;
  }
  const line = text.split("\n").find((one) => one.includes('"type":"batch"')) ?? "";
  assert.match(line, /12345678901234567890/, "digits are kept");
  assert.deepEqual(JSON.parse(line.replace("12345678901234567890", "1")).events, [
    { path: "/text", text: "grüße\n" },
    { path: "/empty", text: "" },
    { path: "/bytes", base64: "/wA=" },
    { path: "/null", null: true },
    { path: "/removed", removed: true },
    { path: "/message", headers: { A: "1", B: ["x", "y"] }, text: "m" },
    { path: "/exchange", exchange: { n: 1 } },
    { path: "/json", json: { a: [1] } },
    { path: "/broken", text: "{" },
  ]);
});

test("case 23, HTTP: a reader that stops is closed with an error, another one gets everything", async (t) => {
  const stage = new Stage();
  const batch = (number: number) => [
    valueEvent("/big", `${number} ${"x".repeat(200_000)}`),
    valueEvent("/small", "x"),
  ];
  for (let number = 0; number < 120; number++)
    stage.archive.append(START + number * 15_000, batch(number));
  const client = await HttpClient.start(t, {
    reader: stage.archive,
    publish: { streamBuffer: bytes(2 << 20) },
  });
  const id = await client.create();
  // So little that no pause of a busy machine makes it too much.
  const quick = await client.attach(id, { query: "?filter=/small" });
  const slow = await client.open(`/session/${id}/data`, {
    headers: { accept: "application/x-ndjson" },
  });
  slow.pause();
  await client.put(id, "state", "play");
  await quick.until((all) => all.of("batch").length === 120);
  assert.equal((await client.ask(`/session/${id}/stats`)).value.slow_streams_closed, 1);
  let rest = "";
  for await (const part of slow.setEncoding("utf8")) rest += part;
  assert.deepEqual(JSON.parse(rest.trimEnd().split("\n").at(-1) ?? ""), {
    type: "error",
    error: "slow consumer",
  });
  quick.close();
});

test("case 23, HTTP: unlimited speed waits for a reader that stops, and it misses nothing", async (t) => {
  const stage = new Stage();
  for (let number = 0; number < 200; number++)
    stage.archive.append(START + number, [valueEvent("/big", "x".repeat(200_000))]);
  const client = await HttpClient.start(t, {
    reader: stage.archive,
    publish: { streamBuffer: bytes(4 << 20) },
  });
  const id = await client.create({ speed: "unlimited" });
  const response = await client.open(`/session/${id}/data`, {
    headers: { accept: "application/x-ndjson" },
  });
  response.pause();
  await client.put(id, "state", "play");
  const waiting = Number((await client.ask(`/session/${id}/stats`)).value.batches);
  assert.ok(waiting < 200);
  let seen = 0;
  for await (const part of response.setEncoding("utf8")) {
    seen += part.split('"type":"batch"').length - 1;
    if (seen >= 200) break;
  }
  assert.equal((await client.ask(`/session/${id}/stats`)).value.slow_streams_closed, 0);
});

test("an address that is none is refused, and none is no adapter", async (t) => {
  await assert.rejects(serve(t, { bind: "nowhere" }), /publish\.bind wants HOST:PORT/);
  const none = await serve(t, { bind: "none" });
  assert.equal(none.playback.url, undefined);
});
