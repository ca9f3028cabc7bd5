// What the client makes of a session that is not there any more.
import assert from "node:assert/strict";
import { test } from "node:test";
import { SessionClient } from "../../../src/playback/nats/session-client.ts";
import { Stage } from "../session/stage.ts";
import { NatsClient } from "./nats-client.ts";

/** Tests do not wait for a host that has nothing else to do. */
const looks = { everyMs: 20, answerMsMax: 200, silentMax: 2 };

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
