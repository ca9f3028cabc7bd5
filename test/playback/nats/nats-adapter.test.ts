// The NATS adapter itself: what stands in messages, what is cut, who asks, and a connection that is lost.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Msg, NatsConnection } from "@nats-io/transport-node";
import { millis } from "../../../src/core/units.ts";
import { decodeHdr } from "../../../src/stats/hdr.ts";
import { valueEvent } from "../../fakes/fake-archive.ts";
import { needsNatsServer, startNatsServer } from "../../fakes/nats-server.ts";
import { at, START, Stage } from "../session/stage.ts";
import { NatsClient } from "./nats-client.ts";

function tenSeconds(): Stage {
  const stage = new Stage();
  for (let second = 0; second < 10; second++) stage.record(second);
  return stage;
}

const textOf = ({ data }: Msg): string => Buffer.from(data).toString();

/** Messages on subjects of a host, kept as they come. */
async function listen(
  client: NatsClient,
  name: string,
): Promise<{ messages: Msg[]; count(count: number): Promise<void> }> {
  const messages: Msg[] = [];
  client.connection.subscribe(client.subject(name), {
    callback: (_, message) => {
      messages.push(message);
    },
  });
  await client.connection.flush();
  return {
    messages,
    count: async (count) => {
      while (messages.length < count) await new Promise((turn) => setTimeout(turn, 2));
    },
  };
}

/** Creates a session, and waits until its first image is behind us: that comes before or after the answer. */
async function begun(client: NatsClient): Promise<string> {
  const images: string[] = [];
  const watch = client.connection.subscribe(client.subject("*.data.>"), {
    callback: (_, { subject, headers }) => {
      const [index, count] = headers?.get("Replay-Batch").split("/").slice(1).map(Number) ?? [];
      if (headers?.get("Replay-Image") === "true" && index === Number(count) - 1)
        images.push(subject);
    },
  });
  await client.connection.flush();
  const id = await client.create();
  const own = client.subject(`${id}.`);
  while (!images.some((subject) => subject.startsWith(own)))
    await new Promise((turn) => setTimeout(turn, 2));
  watch.unsubscribe();
  return id;
}

/** Header lines that we add, and the body. */
function told({ headers, data }: Msg): Record<string, string> {
  const own = [...(headers ?? [])].filter(
    ([name]) => name.startsWith("Replay-") && name !== "Replay-Batch",
  );
  const shown = own.map(([name, values]) => [name.slice("Replay-".length), values.join()]);
  return { ...Object.fromEntries(shown), body: Buffer.from(data).toString() };
}

test("values, nulls, removals and what has no value are told apart, and recorded headers are kept", async (t) => {
  const stage = new Stage();
  const lines = "NATS/1.0\r\nA:  1 \r\nReplay-Batch: old/0/1\r\nb: x\r\nb: y\r\n\r\n";
  stage.archive.append(START, [
    valueEvent("/text", "grüße"),
    { kind: "value", path: "/empty", value: Buffer.alloc(0) },
    { kind: "null", path: "/null" },
    { kind: "removed", path: "/removed" },
    { kind: "message", path: "/m.1/ x", headers: Buffer.from(lines), value: Buffer.from("m") },
    { kind: "exchange", path: "/exchange", json: Buffer.from('{"n":12345678901234567890}') },
  ]);
  const client = await NatsClient.start(t, { reader: stage.archive, publish: {} });
  if (client === undefined) return;
  const id = await begun(client);
  const { messages, count } = await listen(client, `${id}.data.>`);
  await client.request(`${id}.control.state.current`, { body: "play" });
  await count(6);
  const stamp = String(START);
  const place = client.subject(`${id}.data.`).length;
  assert.deepEqual(
    messages.map((message) => ({ subject: message.subject.slice(place), ...told(message) })),
    [
      { subject: "text", Stamp: stamp, body: "grüße" },
      { subject: "empty", Stamp: stamp, body: "" },
      { subject: "null", Stamp: stamp, Null: "true", body: "" },
      { subject: "removed", Stamp: stamp, Removed: "true", body: "" },
      { subject: "m%2E1.%20x", Stamp: stamp, body: "m" },
      { subject: "exchange", Stamp: stamp, Kind: "exchange", body: '{"n":12345678901234567890}' },
    ],
  );
  const marks = messages.map(({ headers }) => headers?.get("Replay-Batch").split("/") ?? []);
  assert.equal(new Set(marks.map(([group]) => group)).size, 1, "one batch");
  assert.deepEqual(
    marks.map(([, index, of]) => `${index}/${of}`),
    ["0/6", "1/6", "2/6", "3/6", "4/6", "5/6"],
  );
  assert.deepEqual(messages[4]?.headers?.values("b"), ["x", "y"]);
  assert.equal(messages[4]?.headers?.get("A").trim(), "1");
});

test("an image says so, and paths without a value have none; sync sends it to whoever asks", async (t) => {
  const stage = new Stage();
  stage.archive.append(START, [valueEvent("/a", "1")]);
  stage.archive.append(START + 1000, [valueEvent("/b", "2")]);
  const client = await NatsClient.start(t, { reader: stage.archive, publish: {} });
  if (client === undefined) return;
  const id = await begun(client);
  const live = await listen(client, `${id}.data.>`);
  const synced = await listen(client, `inbox.${id}`);
  client.connection.publish(client.subject(`${id}.sync`), "", {
    reply: client.subject(`inbox.${id}`),
  });
  await synced.count(2);
  const image = { Stamp: String(START - 1), Image: "true", None: "true", body: "" };
  assert.deepEqual(synced.messages.map(told), [
    { ...image, Subject: client.subject(`${id}.data.a`) },
    { ...image, Subject: client.subject(`${id}.data.b`) },
  ]);
  assert.deepEqual(live.messages, [], "nobody else is shown it");
  await client.request(`${id}.control.pos.current`, { body: "+1" });
  await live.count(2);
  assert.deepEqual(live.messages.map(told), [
    { Stamp: String(START), Image: "true", body: "1" },
    { Stamp: String(START), Image: "true", None: "true", body: "" },
  ]);
});

test("what becomes of a control is told on its subject, once, and a write that is no request counts too", async (t) => {
  const client = await NatsClient.start(t, { reader: tenSeconds().archive, publish: {} });
  if (client === undefined) return;
  const id = await client.create();
  const { messages, count } = await listen(client, `${id}.control.speed.current`);
  client.connection.publish(client.subject(`${id}.control.speed.current`), " UNLIMITED");
  await count(2);
  const [written, became] = messages as [Msg, Msg];
  assert.deepEqual([textOf(written), textOf(became)], [" UNLIMITED", '"unlimited"']);
  assert.equal(written.headers?.get("Replay-Control") ?? "", "");
  assert.equal(became.headers?.get("Replay-Control"), "speed");
  const doc = await client.request(`${id}.control.speed.doc`);
  assert.match(textOf(doc), /unlimited/);
});

test("a session is listed, described, counted and deleted, and who listens is told of its end", async (t) => {
  const client = await NatsClient.start(t, { reader: tenSeconds().archive, publish: {} });
  if (client === undefined) return;
  const id = await client.create({ filter: ["/a"] }, "me");
  const [row] = (await client.request("sessions")).json<Record<string, unknown>[]>();
  assert.deepEqual([row?.id, row?.client, row?.streams], [id, "me", 0]);
  const described = await client.ask(`${id}.description`);
  assert.deepEqual(described.filter, ["/a"]);
  const stats = await client.ask(`${id}.stats`);
  assert.equal(decodeHdr(String(stats.lateness_hdr)).total, 0);
  assert.deepEqual((await client.ask("cluster")).archive, { first: at(0), last: at(9) });
  const unknown = await client.ask(`${id}.volume`);
  assert.match(String(unknown.error), /^no such request: there are control, sync,/);
  const notices = await listen(client, `${id}.notice`);
  assert.equal(await client.ask(`${id}.delete`), null);
  await notices.count(1);
  assert.deepEqual(notices.messages[0]?.json(), { type: "end", reason: "deleted" });
  await assert.rejects(client.request(`${id}.description`), /no responders/i);
});

test("who does not say who it is, is told apart by the inboxes of its connection", async (t) => {
  const client = await NatsClient.start(t, {
    reader: tenSeconds().archive,
    publish: { maxSessionsPerClient: 1 },
  });
  if (client === undefined) return;
  await client.create();
  const again = await client.ask("session");
  assert.match(String(again.error), /^too many sessions, client _INBOX\.\w+$/);
  await client.create(null, "another");
});

test("what the server takes in one message is cut: values, answers, and put together again", async (t) => {
  const small = await startNatsServer({ config: "max_payload: 8192" });
  if (small === undefined) return t.skip(needsNatsServer);
  t.after(() => small.stop());
  const stage = new Stage();
  const long = "x".repeat(20_000);
  stage.archive.append(START, [valueEvent("/long", long), valueEvent("/short", "s")]);
  const client = await NatsClient.start(t, { reader: stage.archive, publish: {} }, small);
  if (client === undefined) return;
  const id = await begun(client);
  const { messages, count } = await listen(client, `${id}.data.long`);
  const stream = await client.attach(t, id);
  await stream.until((all) => all.of("image").length === 1);
  await client.request(`${id}.control.state.current`, { body: "play" });
  await stream.until((all) => all.of("batch").length === 1);
  await count(3);
  assert.deepEqual(
    messages.map(({ headers }) => headers?.get("Replay-Part")),
    ["0/3", "1/3", "2/3"],
  );
  assert.equal(messages.map(textOf).join(""), long);
  assert.deepEqual(stream.of("batch")[0]?.events, [
    { path: "/long", text: long },
    { path: "/short", text: "s" },
  ]);
  const inbox = await listen(client, "oneshot-answer");
  client.connection.publish(client.subject("oneshot"), "", {
    reply: client.subject("oneshot-answer"),
  });
  await inbox.count(1);
  const parts = Number(inbox.messages[0]?.headers?.get("Replay-Part").split("/")[1]);
  await inbox.count(parts);
  const { batches } = JSON.parse(inbox.messages.map(textOf).join(""));
  assert.equal(batches[0].events[0].text, long);
});

async function reconnected(connection: NatsConnection): Promise<void> {
  for await (const { type } of connection.status()) if (type === "reconnect") return;
}

test("a connection that is lost is there again, and listeners are shown where the session is", async (t) => {
  const server = await startNatsServer();
  if (server === undefined) return t.skip(needsNatsServer);
  t.after(() => server.stop());
  const stage = new Stage();
  for (let number = 0; number < 4000; number++)
    stage.archive.append(START + number * 5000, [valueEvent("/n", `${number}`)]);
  const client = await NatsClient.start(t, { reader: stage.archive, publish: {} }, server);
  if (client === undefined) return;
  const live = await listen(client, "*.data.>");
  const id = await client.create();
  await client.request(`${id}.control.state.current`, { body: "play" });
  const stream = await client.attach(t, id);
  await stream.until((all) => all.of("batch").length > 5);
  // What a connection is asked to send while it is away goes nowhere: this one, too, must be back.
  const isBack = reconnected(client.connection);
  await server.restart();
  const images = stream.of("image").length;
  await stream.until((all) => all.of("image").length > images);
  assert.match(client.logged.join("\n"), /connected to .* again, [1-9]\d* events went nowhere/);
  const seen = stream.of("batch").length;
  await stream.until((all) => all.of("batch").length > seen);
  // It went on without listeners, and did not begin again.
  const numbers = stream
    .of("batch")
    .map(({ events }) => Number((events as { text: string }[])[0]?.text));
  assert.ok(numbers.every((number, place) => place === 0 || number > Number(numbers[place - 1])));
  await isBack;
  const stamps = new Map<string, string>();
  for (const { headers } of live.messages) {
    const [group = ""] = headers?.get("Replay-Batch").split("/") ?? [];
    const stamp = headers?.get("Replay-Stamp") ?? "";
    assert.equal(stamps.get(group) ?? stamp, stamp, "each batch has a name of its own");
    stamps.set(group, stamp);
  }
  assert.equal(await client.ask(`${id}.control.state.current`), "play");
});

test("unlimited speed waits for the server, and misses nothing", async (t) => {
  const stage = new Stage();
  for (let number = 0; number < 3000; number++)
    stage.archive.append(START + number, [valueEvent("/n", `${number} ${"x".repeat(2000)}`)]);
  const client = await NatsClient.start(t, { reader: stage.archive, publish: {} });
  if (client === undefined) return;
  const id = await client.create({ speed: "unlimited" });
  const stream = await client.attach(t, id);
  await stream.until((all) => all.of("image").length === 1);
  await client.request(`${id}.control.state.current`, { body: "play" });
  await stream.until((all) => all.of("batch").length === 3000);
  const numbers = stream
    .of("batch")
    .map(({ events }) => Number.parseInt((events as { text: string }[])[0]?.text ?? "", 10));
  assert.ok(numbers.every((number, place) => number === place));
  assert.equal((await client.ask(`${id}.stats`)).slow_streams_closed, 0);
});

test("who listens to a host that is gone without a word is told, after three requests without an answer", async (t) => {
  const client = await NatsClient.start(t, {
    reader: tenSeconds().archive,
    publish: { gcInterval: millis(300) },
  });
  if (client === undefined) return;
  const id = await client.create();
  const stream = await client.attach(t, id);
  await stream.until((all) => all.of("image").length === 1);
  // Other hosts answer on that base, but none has the session.
  client.connection.subscribe(client.subject("sessions"), {
    callback: (_, message) => void message.respond("[]"),
  });
  await client.hostConnection.close();
  await stream.ended;
  assert.match(String(stream.failure), /no such session/);
});
