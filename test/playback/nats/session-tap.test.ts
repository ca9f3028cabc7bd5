// What listeners are told when the connection breaks before the server has confirmed what was played.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { NatsConnection } from "@nats-io/transport-node";
import { Outlet } from "../../../src/playback/nats/outlet.ts";
import { SessionSubjects } from "../../../src/playback/nats/session-subjects.ts";
import { SessionTap } from "../../../src/playback/nats/session-tap.ts";
import { START, Stage } from "../session/stage.ts";

/** Takes everything, and confirms what the test says. */
class FakeConnection {
  readonly sent: { subject: string; text: string }[] = [];
  readonly #pings: (() => void)[] = [];
  readonly info: undefined;

  publish(subject: string, body: Uint8Array): void {
    this.sent.push({ subject, text: Buffer.from(body).toString() });
  }

  flush(): Promise<void> {
    return new Promise((resolve) => this.#pings.push(resolve));
  }

  confirm(): void {
    for (const resolve of this.#pings.splice(0)) resolve();
  }

  isClosed(): boolean {
    return false;
  }

  subscribe(): object {
    return {};
  }
}

for (const { title, confirms, from, dropped } of [
  { title: "nothing was confirmed", confirms: false, from: START - 1, dropped: 10 },
  {
    title: "all but the last batch was confirmed",
    confirms: true,
    from: START + 9e6 - 1,
    dropped: 1,
  },
]) {
  test(`a connection that breaks under a session without pace: ${title}, and a gap says what may be missing`, async () => {
    const stage = new Stage();
    for (let second = 0; second < 9; second++) stage.record(second);
    const session = await stage.session({ speed: "unlimited" });
    const fake = new FakeConnection();
    const connection = fake as unknown as NatsConnection;
    const outlet = new Outlet(connection);
    const subjects = new SessionSubjects("/t").of(session.id);
    const tap = new SessionTap({
      session,
      subjects,
      connection,
      outlet,
      bufferBytes: 1 << 20,
      shard: undefined,
      isOwner: true,
      onRequest: () => {},
    });
    tap.play();
    await stage.settle();
    fake.confirm();
    await session.write("state", "play");
    await stage.settle();
    for (let ping = 0; confirms && ping < 3; ping++) {
      fake.confirm();
      await stage.settle();
    }
    stage.record(9);
    await stage.settle();
    const data = fake.sent.filter(({ subject }) => subject === subjects.data("/a"));
    assert.equal(data.length, 1 + 10, "the image and ten batches");
    outlet.isDown = true;
    tap.onDown();
    fake.confirm();
    outlet.isDown = false;
    assert.equal(tap.onBack(), dropped);
    const notices = fake.sent.filter(({ subject }) => subject === subjects.notice);
    assert.deepEqual(
      notices.map(({ text }) => JSON.parse(text)),
      [{ type: "gap", from, to: START + 9e6, dropped, why: "disconnect" }],
    );
    session.end("the test is over");
  });
}
