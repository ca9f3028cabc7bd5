import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { connect, headers, type NatsConnection, nkeys } from "@nats-io/transport-node";
import type { ArchiveEvent } from "../../../src/archive/event.ts";
import { compileGlob } from "../../../src/archive/glob.ts";
import { DrayageError } from "../../../src/core/errors.ts";
import { micros } from "../../../src/core/units.ts";
import type { BatchSink, Loss } from "../../../src/record/batch-sink.ts";
import type { NatsOptions } from "../../../src/record/nats/nats-options.ts";
import { NatsSource } from "../../../src/record/nats/nats-source.ts";
import { SubjectChoice } from "../../../src/record/subjects/subject-choice.ts";
import { selfSignedCertificate } from "../../fakes/certificate.ts";
import {
  type NatsServer,
  type NatsServerOptions,
  needsNatsServer,
  startNatsCluster,
  startNatsServer,
} from "../../fakes/nats-server.ts";

class Kept implements BatchSink {
  readonly batches: (readonly ArchiveEvent[])[] = [];
  readonly losses: Loss[] = [];
  readonly lostBatches = 0;

  offer(events: readonly ArchiveEvent[]): undefined {
    this.batches.push(events);
  }

  lost(loss: Loss): void {
    this.losses.push(loss);
  }

  get events(): readonly ArchiveEvent[] {
    return this.batches.flat();
  }

  get texts(): readonly string[] {
    return this.events.map(textOf);
  }
}

function textOf(event: ArchiveEvent): string {
  const has = "value" in event ? `=${Buffer.from(event.value).toString()}` : ` ${event.kind}`;
  return `${event.path}${has}`;
}

const now = () => micros(Date.now() * 1000);

type Given = { readonly specs?: readonly string[]; readonly nats?: Partial<NatsOptions> };

async function startSource(
  url: string,
  sink: BatchSink,
  { specs = ["/**"], nats = {} }: Given = {},
) {
  const notices: string[] = [];
  const source = await NatsSource.start({
    nats: { servers: [url], credentials: null, tls: null, ...nats },
    choice: new SubjectChoice({ globs: specs.map(compileGlob) }),
    sink,
    now,
    onNotice: (sentence) => notices.push(sentence),
  });
  return { source, notices };
}

async function server(
  t: TestContext,
  options?: NatsServerOptions,
): Promise<NatsServer | undefined> {
  const started = await startNatsServer(options);
  if (started === undefined) t.skip(needsNatsServer);
  else t.after(() => started.stop());
  return started;
}

async function publisher(t: TestContext, url: string): Promise<NatsConnection> {
  const connection = await connect({ servers: url, reconnect: true, maxReconnectAttempts: -1 });
  t.after(() => connection.close());
  return connection;
}

async function until(holds: () => boolean, what: string): Promise<void> {
  for (let n = 0; n < 1_500; n++) {
    if (holds()) return;
    await sleep(10);
  }
  assert.fail(`waited in vain for ${what}`);
}

describe("a NATS source", () => {
  test("records one copy per message under overlapping globs, in order", async (t) => {
    const peer = await server(t);
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
    const peer = await server(t);
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

  test("makes one batch of the messages that one header marks, and of nothing else", async (t) => {
    const peer = await server(t);
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
    const peer = await server(t);
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
    const peer = await server(t);
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

  test("is let in by token, by user and password, by nkey", async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "drayage-nkey-"));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const pair = nkeys.createUser();
    const file = join(folder, "user.nk");
    writeFileSync(file, `${Buffer.from(pair.getSeed()).toString()}\n`);
    const ways = [
      ["authorization { token: secret }", { kind: "token", token: "secret" }],
      [
        "authorization { user: u, password: secret }",
        { kind: "user", user: "u", password: "secret" },
      ],
      [`authorization { users: [{ nkey: ${pair.getPublicKey()} }] }`, { kind: "nkey", file }],
    ] as const;
    for (const [config, credentials] of ways) {
      const peer = await server(t, { config });
      if (peer === undefined) return;
      const { source } = await startSource(peer.url, new Kept(), { nats: { credentials } });
      await source.stop();
      await assert.rejects(
        startSource(peer.url, new Kept()),
        (error) =>
          error instanceof DrayageError &&
          error.code === "auth-failed" &&
          !error.message.includes("secret"),
      );
    }
  });

  test("speaks TLS, and shows a certificate where one is asked for", async (t) => {
    const made = selfSignedCertificate();
    if (made === undefined) return t.skip("needs openssl: apt-get install openssl");
    const folder = mkdtempSync(join(tmpdir(), "drayage-nats-tls-"));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const [cert, key] = [join(folder, "cert.pem"), join(folder, "key.pem")];
    writeFileSync(cert, made.cert);
    writeFileSync(key, made.key);
    const peer = await server(t, { tls: { cert, key, clients: cert } });
    if (peer === undefined) return;
    const sink = new Kept();
    const tls = { ca: cert, cert, key, serverName: "localhost" };
    const { source } = await startSource(peer.url, sink, { nats: { tls } });
    await source.stop();
    await assert.rejects(startSource(peer.url, new Kept()), DrayageError);
  });

  test("says so when no server is there, and when it may not listen", async (t) => {
    await assert.rejects(
      startSource("nats://127.0.0.1:1", new Kept()),
      (error) => error instanceof DrayageError && error.code === "target-unreachable",
    );
    const config =
      'authorization { users: [{ user: u, password: p, permissions: { subscribe: ["b.>"] } }] }';
    const peer = await server(t, { config });
    if (peer === undefined) return;
    const credentials = { kind: "user", user: "u", password: "p" } as const;
    await assert.rejects(
      startSource(peer.url, new Kept(), { specs: ["/a/**"], nats: { credentials } }),
      (error) => error instanceof DrayageError && error.code === "auth-failed",
    );
  });
});
