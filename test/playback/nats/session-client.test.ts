// What the client makes of a session that is not there any more.
import assert from "node:assert/strict";
import { test } from "node:test";
import { SessionClient } from "../../../src/playback/nats/session-client.ts";
import { Stage } from "../session/stage.ts";
import { NatsClient } from "./nats-client.ts";

test("a control of a session that is gone is answered, though others listen to its subject", async (t) => {
  const client = await NatsClient.start(t, { reader: new Stage().archive, publish: {} });
  if (client === undefined) return;
  const id = await client.create();
  client.connection.subscribe(client.subject(`${id}.control.>`), { callback: () => {} });
  client.connection.subscribe(client.subject("sessions"), {
    callback: (_, message) => void message.respond("[]"),
  });
  await client.connection.flush();
  const asking = await SessionClient.connect({ url: client.url, base: client.base });
  t.after(() => asking.close());
  assert.equal(await asking.read(id, "state"), "pause");
  await client.hostConnection.close();
  const gone = { message: "no such session" };
  await assert.rejects(asking.read(id, "state"), gone);
  await assert.rejects(asking.write(id, { control: "state", value: "play" }), gone);
});
