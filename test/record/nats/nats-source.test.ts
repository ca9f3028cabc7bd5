import assert from "node:assert/strict";
import { createConnection } from "node:net";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { headers } from "@nats-io/transport-node";
import { needsNatsServer, startNatsCluster } from "../../fakes/nats-server.ts";
import { Kept, natsServer, now, publisher, startSource, textOf, until } from "./kept-batches.ts";

describe("a NATS source", () => {
  test("records one copy per message under overlapping globs, in order", async (t) => {
    const peer = await natsServer(t);
    if (peer === undefined) return;
    const sink = new Kept();
    const specs = ["/a/*/c", "/a/b/*", "/a/x*", "/b/{c,d}/e", "/b/c/**", "/z/**/y"];
    const { source } = await startSource(peer.url, sink, { specs });
    const client = await publisher(t, peer.url);
    const sent = [
      "a.b.c",
      "a.b.d",
      "a.xy",
      "a.y",
      "b.c.e",
      "b.d.e",
      "b.c.f.g",
      "z.y",
      "z.1.y",
      "z.1",
    ];
    for (const subject of sent) client.publish(subject, subject);
    await client.flush();
    await source.stop();
    const expected = ["a.b.c", "a.b.d", "a.xy", "b.c.e", "b.d.e", "b.c.f.g", "z.y", "z.1.y"];
    assert.deepEqual(
      [...sink.texts].sort(),
      expected.map((subject) => `/${subject.replaceAll(".", "/")}=${subject}`).sort(),
    );
    assert.equal(source.state().messages, expected.length);
  });

  test("keeps odd names, headers byte for byte, empty values and null apart", async (t) => {
    const peer = await natsServer(t);
    if (peer === undefined) return;
    const sink = new Kept();
    const { source } = await startSource(peer.url, sink);
    const client = await publisher(t, peer.url);
    const own = headers();
    own.append("X-b", "2");
    own.append("x-A", " 1 ");
    own.append("X-b", "3");
    client.publish("v1%2E2.a%20b.%00.x%25.日本", "odd");
    client.publish("h", "body", { headers: own });
    client.publish("h.empty", "", { headers: own });
    client.publish("empty", "");
    const flagged = (name: string) => {
      const flag = headers();
      flag.set(name, "true");
      return { headers: flag };
    };
    client.publish("null", "ignored", flagged("Replay-Null"));
    client.publish("removed", "", flagged("Replay-Removed"));
    client.publish("request", "hi", { reply: "some.reply.subject", headers: own });
    await client.flush();
    await source.stop();
    assert.deepEqual(sink.texts, [
      "/v1.2/a b//x%/日本=odd",
      "/h=body",
      "/h/empty=",
      "/empty=",
      "/null null",
      "/removed removed",
      "/request=hi",
    ]);
    const wire = sink.events.flatMap((event) =>
      event.kind === "message" ? [Buffer.from(event.headers).toString()] : [],
    );
    assert.deepEqual(
      wire,
      Array.from({ length: 3 }, () => "NATS/1.0\r\nX-b: 2\r\nX-b: 3\r\nx-A: 1\r\n\r\n"),
    );
    assert.deepEqual(
      sink.events.map(({ kind }) => kind),
      ["value", "message", "message", "value", "null", "removed", "message"],
    );
  });

  test("keeps headers byte for byte under a subject that is no UTF-8", async (t) => {
    const peer = await natsServer(t);
    if (peer === undefined) return;
    const sink = new Kept();
    const { source } = await startSource(peer.url, sink);
    const socket = createConnection(Number(new URL(peer.url).port), "127.0.0.1");
    t.after(() => socket.destroy());
    const header = "NATS/1.0\r\nX-A: 1\r\n\r\n";
    socket.write(`CONNECT {"verbose":false,"headers":true}\r\nHPUB `);
    socket.write(Buffer.from([0x61, 0x2e, 0xff, 0xfe]));
    socket.write(` ${header.length} ${header.length + 4}\r\n${header}body\r\nPING\r\n`);
    while (sink.events.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await source.stop();
    const [event] = sink.events;
    assert.ok(event?.kind === "message");
    assert.equal(Buffer.from(event.headers).toString(), header);
    assert.equal(textOf(event), "/a/\ufffd\ufffd=body");
  });

  test("makes one batch of the messages that one header marks, and of nothing else", async (t) => {
    const peer = await natsServer(t);
    if (peer === undefined) return;
    const sink = new Kept();
    const { source } = await startSource(peer.url, sink, { specs: ["/g/**"] });
    const client = await publisher(t, peer.url);
    const marked = (batch: string) => {
      const own = headers();
      own.set("Replay-Batch", batch);
      return { headers: own };
    };
    client.publish("g.a", "1", marked("x/1/3"));
    client.publish("g.between", "-");
    client.publish("g.p", "1", marked("y/1/3"));
    await client.flush();
    await sleep(20);
    client.publish("g.b", "2", marked("x/2/3"));
    client.publish("g.c", "3", marked("x/3/3"));
    client.publish("other", "-", marked("y/2/3"));
    client.publish("g.r", "3", marked("y/3/3"));
    client.publish("g.plain", "1", marked("plain"));
    client.publish("g.plain", "2", marked("plain"));
    await client.flush();
    await until(() => sink.texts.includes("/g/plain=2"), "the group without a count");
    await source.stop();
    const batches = sink.batches.map((events) => events.map(textOf));
    assert.ok(batches.some((batch) => batch.join() === "/g/between=-"));
    assert.ok(
      batches.some((batch) => batch.join() === "/g/a=1,/g/b=2,/g/c=3"),
      JSON.stringify(batches),
    );
    assert.ok(batches.some((batch) => batch.join() === "/g/p=1,/g/r=3"));
    assert.ok(batches.some((batch) => batch.join() === "/g/plain=1,/g/plain=2"));
  });

  test("records a gap where the server was away, and goes on", async (t) => {
    const peer = await natsServer(t);
    if (peer === undefined) return;
    const sink = new Kept();
    const { source, notices } = await startSource(peer.url, sink);
    const before = await publisher(t, peer.url);
    before.publish("a", "before");
    await before.flush();
    await until(() => sink.texts.includes("/a=before"), "the first message");
    const killed = now();
    await peer.kill();
    await until(() => !source.state().isConnected, "the loss to be noticed");
    await peer.restart();
    await until(() => source.state().isConnected, "the connection to come back");
    const after = await publisher(t, peer.url);
    after.publish("a", "after");
    await after.flush();
    await until(() => sink.texts.includes("/a=after"), "a message after the gap");
    await source.stop();
    assert.equal(source.state().disconnects, 1);
    assert.deepEqual(
      sink.losses.map(({ why, events }) => ({ why, events })),
      [{ why: "disconnect", events: 0 }],
    );
    assert.ok((sink.losses[0]?.from ?? 0) >= killed);
    assert.match(notices.join("\n"), /lost, trying again[\s\S]*again, a gap is recorded/);
  });

  test("writes the gap down, too, when it ends while the server is away", async (t) => {
    const peer = await natsServer(t);
    if (peer === undefined) return;
    const sink = new Kept();
    const { source } = await startSource(peer.url, sink);
    await peer.kill();
    await until(() => !source.state().isConnected, "the loss to be noticed");
    await source.stop();
    assert.deepEqual(
      sink.losses.map(({ why }) => why),
      ["disconnect"],
    );
  });

  test("is not cut off while the archive has no room, and accounts for every message", async (t) => {
    const peer = await natsServer(t);
    if (peer === undefined) return;
    const room = Promise.withResolvers<void>();
    const losses: number[] = [];
    let offered = 0;
    const sink = {
      lostBatches: 0,
      offer: (events: readonly unknown[]) => {
        offered += events.length;
        return room.promise;
      },
      lost: ({ events }: { events: number }) => losses.push(events),
    };
    const { source } = await startSource(peer.url, sink, { heldBytesMax: 1 << 20 });
    const client = await publisher(t, peer.url);
    for (let n = 1; n <= 20_000; n++) {
      client.publish("a", Buffer.alloc(1_000));
      if (n % 500 === 0) await client.flush();
    }
    await until(() => source.state().messages === 20_000, "all messages");
    room.resolve();
    await source.stop();
    assert.equal(source.state().pauses, 1);
    assert.equal(source.state().disconnects, 0);
    assert.doesNotMatch(peer.log(), /slow consumer/i);
    assert.equal(losses.length, 1);
    assert.ok((losses[0] ?? 0) > 0);
    assert.equal(offered + (losses[0] ?? 0), 20_000);
  });

  test("goes on at another member of a cluster", async (t) => {
    const members = await startNatsCluster();
    if (members === undefined) return t.skip(needsNatsServer);
    t.after(() => Promise.all(members.map((member) => member.stop())));
    const [first, second] = members;
    assert.ok(first !== undefined && second !== undefined);
    const sink = new Kept();
    const { source } = await startSource(first.url, sink);
    const client = await publisher(t, second.url);
    await until(() => {
      client.publish("a", "through the route");
      return sink.events.length > 0;
    }, "a message from another member");
    await first.kill();
    await until(
      () => source.state().disconnects === 1 && source.state().isConnected,
      "another member",
    );
    await until(() => {
      client.publish("b", "still there");
      return sink.texts.includes("/b=still there");
    }, "messages after the change");
    assert.notEqual(source.state().server, `127.0.0.1:${first.port}`);
    await source.stop();
  });
});
