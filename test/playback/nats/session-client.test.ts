// What the client makes of a session that is not there any more.
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { headers, type Msg } from "@nats-io/transport-node";
import { SessionClient } from "../../../src/playback/nats/session-client.ts";
import { Stage } from "../session/stage.ts";
import { NatsClient } from "./nats-client.ts";

/** Tests do not wait for a host that has nothing else to do. */
const looks = { everyMs: 20, answerMsMax: 200, silentMax: 2, imageMs: 50 };

test("a control of a session that is gone is answered, though others listen to its subject", async (t) => {
  const client = await NatsClient.start(t, { reader: new Stage().archive, publish: {} });
  if (client === undefined) return;
  const id = await client.create();
  client.connection.subscribe(client.subject(`${id}.control.>`), { callback: () => {} });
  client.connection.subscribe(client.subject("sessions"), {
    callback: (_, message) => void message.respond("[]"),
  });
  await client.connection.flush();
  const asking = await SessionClient.connect({ url: client.url, base: client.base, looks });
  t.after(() => asking.close());
  assert.equal(await asking.read(id, "state"), "pause");
  await client.hostConnection.close();
  const gone = { message: "no such session" };
  await assert.rejects(asking.read(id, "state"), gone);
  await assert.rejects(asking.write(id, { control: "state", value: "play" }), gone);
});

test("whatever is asked of a session that is gone is answered, though somebody listens to all subjects; of a host that is gone too", async (t) => {
  const client = await NatsClient.start(t, { reader: new Stage().archive, publish: {} });
  if (client === undefined) return;
  const id = await client.create();
  const asking = await SessionClient.connect({ url: client.url, base: client.base, looks });
  t.after(() => asking.close());
  client.connection.subscribe(client.subject(">"), { callback: () => {} });
  await client.connection.flush();
  await asking.remove(id);
  const requests = [
    () => asking.describe(id),
    () => asking.read(id, "state"),
    () => asking.write(id, { control: "state", value: "play" }),
    () => asking.remove(id),
    () => asking.attach(id, { filter: [], signal: new AbortController().signal }).next(),
  ];
  for (const request of requests) await assert.rejects(request, { message: "no such session" });
  await client.hostConnection.close();
  const nobody = { code: "target-unreachable", message: /^no session host at nats:/ };
  await Promise.all(requests.map((request) => assert.rejects(request, nobody)));
});

/** Whoever is asked for a session and its image, as a shard that the test plays. */
async function fakeHost(t: TestContext, onSync: (reply: string, answer: Answer) => void) {
  const real = await NatsClient.start(t, { reader: new Stage().archive, publish: {} });
  if (real === undefined) return undefined;
  const { connection, url } = real;
  const base = `${real.base}-fake`;
  const root = base.slice(1).replaceAll("/", ".");
  const listen = (name: string, callback: (message: Msg) => void): void => {
    connection.subscribe(`${root}.x.${name}`, { callback: (_, message) => callback(message) });
  };
  listen("description", (message) => void message.respond("{}"));
  listen("keepalive", (message) => void message.respond('{"lease_seconds":30}'));
  const answer: Answer = {
    notice: (text) => connection.publish(`${root}.x.notice`, text),
    image: (reply, group) => {
      const own = headers();
      own.set("Replay-Batch", `${group}/0/0`);
      own.set("Replay-Image", "true");
      connection.publish(reply, "", { headers: own });
    },
  };
  listen("sync", ({ reply = "" }) => onSync(reply, answer));
  await connection.flush();
  const client = await SessionClient.connect({ url, base, looks });
  t.after(() => client.close());
  return client;
}

type Answer = {
  readonly notice: (text: string) => void;
  readonly image: (reply: string, group: string) => void;
};

const syncNotice = (to: string, images: number): string =>
  JSON.stringify({ type: "sync", to, images, controls: { state: "pause" } });

test("an image of which a part never comes is asked for anew, and what others publish is passed over", async (t) => {
  let asked = 0;
  const client = await fakeHost(t, (reply, { notice, image }) => {
    asked++;
    for (const text of ["hello", "null", "[]"]) notice(text);
    // The first time one of two shards ends before it has sent its part, which then comes late.
    if (asked === 1) {
      notice(syncNotice(reply, 2));
      image(reply, "a");
      setTimeout(() => image(reply, "late"), 3 * looks.imageMs);
      return;
    }
    notice(syncNotice(reply, 1));
    image(reply, "b");
    setTimeout(() => notice('{"type":"end","reason":"deleted"}'), 4 * looks.imageMs);
  });
  if (client === undefined) return;
  const signal = new AbortController().signal;
  const types: string[] = [];
  for await (const line of client.attach("x", { filter: [], signal }))
    types.push(JSON.parse(line).type);
  assert.deepEqual([asked, types], [2, ["control", "control", "image", "end"]]);
});

test("an image that never comes ends the stream, which says so", async (t) => {
  let asked = 0;
  const client = await fakeHost(t, () => {
    asked++;
  });
  if (client === undefined) return;
  const signal = new AbortController().signal;
  await assert.rejects(client.attach("x", { filter: [], signal }).next(), {
    code: "target-unreachable",
    message: /^no image of the session from nats:/,
  });
  assert.equal(asked, 4);
});

test("what answers and is no session host is told to be none", async (t) => {
  const real = await NatsClient.start(t, { reader: new Stage().archive, publish: {} });
  if (real === undefined) return;
  real.connection.subscribe("other.session", {
    callback: (_, message) => void message.respond("hello"),
  });
  await real.connection.flush();
  const client = await SessionClient.connect({ url: real.url, base: "/other", looks });
  t.after(() => client.close());
  await assert.rejects(client.create({}), {
    code: "target-unreachable",
    message: /^what answers at nats:.* below other is no session host/,
  });
});
