import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { PassThrough, Writable } from "node:stream";
import { describe, type TestContext, test } from "node:test";
import { connect, type Msg } from "@nats-io/transport-node";
import { DrayageError } from "../../../src/core/errors.ts";
import type { Hooks } from "../../../src/playback/message-log/hooks.ts";
import type { LogItem } from "../../../src/playback/message-log/log-item.ts";
import { LostMessages } from "../../../src/playback/message-log/message-sink.ts";
import { nats } from "../../../src/playback/message-log/nats-sink.ts";
import { pack } from "../../../src/playback/message-log/payload.ts";
import { OutgoingItem, packedItem } from "../../../src/playback/message-log/queued-item.ts";
import { ReadDirectory } from "../../../src/playback/message-log/read-directory.ts";
import { Replay, type ReplayOptions } from "../../../src/playback/message-log/replay.ts";
import { stdout } from "../../../src/playback/message-log/stdout-sink.ts";
import { subjectTemplate } from "../../../src/playback/message-log/subject-template.ts";
import { FaultProxy } from "../../fakes/fault-proxy.ts";
import { needsNatsServer, startNatsServer } from "../../fakes/nats-server.ts";
import {
  allItems,
  folder,
  listReader,
  readAll,
  sampleDirectory,
  until,
  writeLog,
} from "./sample-logs.ts";

const FAST = 1000;
const sampleModule = new URL("./sample-sink.ts", import.meta.url);
const numbers = (topic = ""): LogItem[] =>
  [0, 1, 2, 3].map((payload) => ({ elapsed_time: payload, topic, payload }));

const outgoing = (payload: unknown): OutgoingItem =>
  new OutgoingItem(packedItem({ elapsed_time: 0, topic: "", payload }, false));

async function replayed(
  items: readonly LogItem[],
  options: ReplayOptions,
): Promise<{ errors: Error[]; failed: number }> {
  const errors: Error[] = [];
  const replay = new Replay(listReader(items), FAST, options);
  replay.on("error", (error) => errors.push(error));
  replay.start();
  const { failed, sent } = await replay.done();
  assert.equal(sent, items.length);
  await replay.close();
  return { errors, failed };
}

describe("hooks", () => {
  test("a function gets every item; nothing reaches the network", async () => {
    const got: LogItem[] = [];
    const sink = {
      open: () => assert.fail("opened"),
      send: () => assert.fail("sent"),
      close: () => assert.fail("closed"),
    };
    await replayed(allItems(), { sink, hooks: (item) => got.push(item) });
    assert.deepEqual(got, allItems());
  });

  test("a table by types and topic globs: all that match, in the order of the table", async () => {
    const calls: string[] = [];
    const note = (name: string) => (item: LogItem) => calls.push(`${name} ${item.topic}`);
    const hooks: Hooks = {
      "topic/*": note("glob"),
      B: note("type"),
      "*": note("level"),
      "topic/[3-9]": note("class"),
    };
    const items = [
      allItems()[1],
      allItems()[13],
      { elapsed_time: 2, topic: "x", payload: 0 },
    ] as LogItem[];
    await replayed(items, { hooks });
    assert.deepEqual(calls, [
      "glob topic/1",
      "glob topic/3",
      "type topic/3",
      "class topic/3",
      "level x",
    ]);
  });

  test("a throwing hook does not end the replay, nor keep other hooks from their call", async () => {
    const got: unknown[] = [];
    const { errors } = await replayed(numbers(), {
      hooks: {
        "*": ({ payload }) => {
          if (payload === 1) throw new Error("no ones");
        },
        "**": ({ payload }) => got.push(payload),
      },
    });
    assert.deepEqual(got, [0, 1, 2, 3]);
    assert.deepEqual(errors.map(String), ["Error: no ones"]);
  });

  test("what a hook promises is not waited for, and its rejection is told", async () => {
    const { errors } = await replayed(numbers(), {
      hooks: async ({ payload }) => {
        if (payload === 3) throw new Error("later");
      },
    });
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(errors.map(String), ["Error: later"]);
  });

  test("a module runs in a thread of its own", async (t) => {
    const file = join(folder(t), "out.ndjson");
    const items = numbers(file).map((item) => ({ ...item, type: "T" }));
    await replayed(items, { hooks: { module: sampleModule, export: "record" } });
    const lines = readFileSync(file, "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    assert.deepEqual(
      lines,
      [0, 1, 2, 3].map((payload) => ({ payload, type: "T", ownThread: true })),
    );
  });

  test("a hook may stop, pause and start the replay that calls it", async () => {
    const got: unknown[] = [];
    const replay: Replay = new Replay(listReader(numbers()), FAST, {
      hooks: ({ payload }) => {
        got.push(payload);
        if (payload === 1) {
          replay.pause();
          replay.start();
        }
        if (payload === 2) replay.stop();
      },
    });
    replay.start();
    await replay.done();
    assert.deepEqual(got, [0, 1, 2]);
  });
});

describe("a module as sink", () => {
  test("is made with its arguments, opened, given each item in turn, and closed; what it throws is told", async (t) => {
    const file = join(folder(t), "out.txt");
    const { errors, failed } = await replayed(numbers(), {
      sink: { module: sampleModule, export: "FileSink", args: [file] },
    });
    assert.equal(readFileSync(file, "utf8"), "open\n0\n1\n3\nclose\n");
    assert.deepEqual([errors.map(({ message }) => message), failed], [["two is too much"], 1]);
  });
  test("that exports no such thing ends the replay with an error", async () => {
    const errors: Error[] = [];
    const replay = new Replay(listReader(numbers()), FAST, {
      sink: { module: sampleModule, export: "nothing" },
    });
    replay.on("error", (error) => errors.push(error));
    replay.start();
    assert.equal((await replay.done()).sent, 0);
    assert.match(String(errors[0]), /exports no nothing/);
  });
});

describe("subjects", () => {
  const cases: readonly [
    template: string,
    type: string | undefined,
    topic: string,
    subject: string,
  ][] = [
    ["{type}.{topic}", "Gps", "", "Gps"],
    ["{type}.{topic}", "Gps", "a/b", "Gps.a.b"],
    ["{type}.{topic}", "Gps", "/a/b", "Gps.a.b"],
    ["{type}.{topic}", undefined, "a", "raw.a"],
    ["{type}.{topic}", "A.B", "x.y z/*/>", "A%2EB.x%2Ey%20z.%2A.%3E"],
    ["{type}.{topic}", "A", "a//b/", "A.a.%00.b.%00"],
    ["logs.{topic}.end", "A", "", "logs.end"],
    ["logs.{topic}.end", "A", "é%", "logs.é%25.end"],
    ["{topic}", "A", "", "%00"],
    ["x-{type}", "$&", "", "x-$&"],
  ];
  for (const [template, type, topic, subject] of cases) {
    test(`${template} of ${type ?? "a raw log"} and "${topic}" is ${subject}`, () => {
      assert.equal(subjectTemplate(template)({ type, topic }), subject);
    });
  }
  for (const template of ["", "a..b", "{name}", "a.*", "a b", "a.>", "{type"]) {
    test(`"${template}" gives no subject`, () => {
      assert.throws(() => subjectTemplate(template), TypeError);
    });
  }
});

test("standard output: JSON lines; bytes as base64; wide numbers keep their digits; waits while nobody reads", async () => {
  const out = new PassThrough({ highWaterMark: 16 });
  const lines: string[] = [];
  const items: LogItem[] = [
    { elapsed_time: 0.5, topic: "a", payload: { x: [1, null, "é"] }, type: "T" },
    { elapsed_time: 1, topic: "", payload: 2n ** 63n },
    { elapsed_time: 2, topic: "", payload: { b: new Uint8Array([1, 2, 255]) } },
  ];
  const ended = replayed(items, { sink: stdout(out) });
  await new Promise((resolve) => setTimeout(resolve, 50));
  out.setEncoding("utf8").on("data", (text: string) => lines.push(text));
  await ended;
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(
    lines.join(""),
    `{"elapsed_time":0.5,"type":"T","topic":"a","payload":{"x":[1,null,"é"]}}
{"elapsed_time":1,"topic":"","payload":9223372036854775808}
{"elapsed_time":2,"topic":"","payload":{"b":{"base64":"AQL/"}}}
`,
  );
});

test("standard output: lines that are due together are written together, before anything is waited for", async () => {
  const written: string[] = [];
  const out = new Writable({
    write(text, _, done) {
      written.push(String(text));
      done();
    },
  });
  const line = (payload: number) => `{"elapsed_time":0,"topic":"","payload":${payload}}\n`;
  const items = Array.from({ length: 5000 }, (_, payload) => ({
    elapsed_time: 0,
    topic: "",
    payload,
  }));
  await replayed(items, { sink: stdout(out) });
  assert.equal(written.join(""), items.map(({ payload }) => line(payload)).join(""));
  assert.ok(written.length < 1000, `${written.length} writes`);
  const sink = stdout(out);
  await sink.open();
  written.length = 0;
  void sink.send(outgoing(1));
  await Promise.resolve();
  assert.deepEqual(written, [line(1)]);
});

test("standard output: a stream that breaks while it is waited for is told", async () => {
  const out = new Writable({
    highWaterMark: 1,
    write: (_text, _encoding, done) => void setImmediate(() => done(new Error("nobody reads"))),
  });
  const errors: Error[] = [];
  const replay = new Replay(listReader(numbers()), FAST, { sink: stdout(out) });
  replay.on("error", (error) => errors.push(error));
  replay.start();
  await replay.done();
  await replay.close();
  assert.match(errors[0]?.message ?? "", /nobody reads/);
});

describe("NATS", () => {
  test("brings the same items, byte for byte, whatever characters their topics have", async (t) => {
    const server = await startNatsServer();
    if (server === undefined) return t.skip(needsNatsServer);
    t.after(() => server.stop());
    const listener = await connect({ servers: server.url });
    t.after(() => listener.close());
    const got: Msg[] = [];
    listener.subscribe(">", { callback: (_error, message) => void got.push(message) });
    await listener.flush();
    const directory = sampleDirectory(t);
    const odd = ["a b", "*", "", "/x.y//z/"].map((topic, index) => ({
      elapsed_time: index / 100,
      topic,
      payload: { index },
    }));
    writeLog(directory, { type: "Odd", items: odd });
    writeLog(directory, {
      type: null,
      items: [{ elapsed_time: 0.5, topic: "bytes", payload: Buffer.from([0, 200]) }],
    });
    const reader = () => new ReadDirectory(directory, { ignoreRaw: false, message: false });
    const subjectOf = subjectTemplate("{type}.{topic}");
    const unchanged = ({ payload }: LogItem): string =>
      Buffer.from(payload instanceof Uint8Array ? payload : pack(payload)).toString("hex");
    const asJson = ({ payload }: LogItem): string =>
      JSON.stringify(payload instanceof Uint8Array ? { base64: "AMg=" } : payload);
    for (const [body, bodyOf, shown] of [
      ["msgpack", unchanged, "hex"],
      ["json", asJson, "utf8"],
    ] as const) {
      got.length = 0;
      const replay = new Replay(reader(), FAST, { sink: nats({ url: server.url, body }) });
      replay.start();
      await replay.done();
      await replay.close();
      await listener.flush();
      assert.deepEqual(
        got.map(({ subject, data }) => [subject, Buffer.from(data).toString(shown)]),
        readAll(reader()).map((item) => [
          subjectOf({ type: item.type, topic: item.topic }),
          bodyOf(item),
        ]),
      );
      assert.equal(got.length, 25);
    }
  });

  test("a message that the server does not take is told, and the replay goes on", async (t) => {
    const server = await startNatsServer({ config: "max_payload: 2KB" });
    if (server === undefined) return t.skip(needsNatsServer);
    t.after(() => server.stop());
    const items = ["ok", "x".repeat(5000), "ok"].map((payload, index) => ({
      elapsed_time: index,
      topic: "",
      payload,
    }));
    const { errors, failed } = await replayed(items, {
      sink: nats({ url: server.url, subject: "s.{type}" }),
    });
    assert.deepEqual([errors.length, failed], [1, 1]);
  });

  describe("a connection that is lost", () => {
    const COUNT = 400;
    const counting = (): LogItem[] =>
      Array.from({ length: COUNT }, (_, payload) => ({
        elapsed_time: payload / 1000,
        topic: "",
        payload,
      }));

    /** A replay over a connection that the test cuts, and a listener that keeps its own. */
    async function overProxy(t: TestContext) {
      const server = await startNatsServer();
      if (server === undefined) {
        t.skip(needsNatsServer);
        return undefined;
      }
      t.after(() => server.stop());
      const proxy = new FaultProxy({ host: "127.0.0.1", port: server.port });
      await proxy.accept();
      t.after(() => proxy.stop());
      const listener = await connect({ servers: server.url });
      t.after(() => listener.close());
      const got: number[] = [];
      listener.subscribe("n", {
        callback: (_error, message) => void got.push(Number(message.string())),
      });
      await listener.flush();
      const notices: string[] = [];
      const errors: Error[] = [];
      const sink = nats({
        url: `nats://127.0.0.1:${proxy.port}`,
        subject: "n",
        body: "json",
        onNotice: (sentence) => notices.push(sentence),
      });
      const replay = new Replay(listReader(counting()), 1, { sink });
      replay.on("error", (error) => errors.push(error));
      t.after(() => replay.close());
      replay.start();
      await until(() => got.length > 10, "messages");
      await proxy.refuse({ alsoOpen: true });
      await until(() => notices.length > 0, "the loss");
      return { replay, proxy, listener, got, notices, errors };
    }

    test("is waited for: what comes then arrives, once and in order, and what may be lost is counted", async (t) => {
      const begun = await overProxy(t);
      if (begun === undefined) return;
      const { replay, proxy, listener, got, notices, errors } = begun;
      const before = replay.stats().sent;
      // Longer than the log: without waiting, nothing would be left to send.
      await new Promise((resolve) => setTimeout(resolve, COUNT));
      assert.ok(replay.stats().sent <= before + 1, "nothing is sent to nowhere");
      await proxy.accept();
      const { sent, failed, lateness } = await replay.done();
      await listener.flush();
      assert.deepEqual(
        got,
        got.toSorted((a, b) => a - b),
      );
      assert.equal(new Set(got).size, got.length);
      assert.equal(sent, COUNT);
      assert.ok(got.length + failed >= COUNT, `${got.length} arrived, ${failed} may be lost`);
      const later = Array.from({ length: COUNT - before - 1 }, (_, place) => before + 1 + place);
      assert.deepEqual(got.slice(-later.length), later, "nothing is lost once it is known");
      assert.ok((lateness.max ?? 0) >= 0.3, "the wait shows as lateness");
      assert.match(notices.join(), /lost: messages wait.*connected to NATS at .* again/);
      const lost = errors.map((error) => error instanceof LostMessages && error.count);
      assert.deepEqual(lost, failed === 0 ? [] : [failed]);
    });

    test("and does not come back is no reason not to stop", async (t) => {
      const begun = await overProxy(t);
      if (begun === undefined) return;
      const { replay, got } = begun;
      assert.equal(replay.stop(), true);
      const { sent, failed } = await replay.done();
      assert.ok(sent < COUNT && got.length + failed >= sent, `${got.length}, ${failed} of ${sent}`);
    });
  });

  test("credentials in the address; the wrong ones and a server that is not there are told by their codes", async (t) => {
    const server = await startNatsServer({ config: "authorization { user: u, password: secret }" });
    if (server === undefined) return t.skip(needsNatsServer);
    t.after(() => server.stop());
    const sink = nats({ url: `nats://u:secret@127.0.0.1:${server.port}` });
    await sink.open();
    await sink.close();
    for (const [url, code] of [
      [`nats://u:wrong@127.0.0.1:${server.port}`, "auth-failed"],
      ["nats://u:wrong@127.0.0.1:1", "target-unreachable"],
    ] as const) {
      await assert.rejects(
        nats({ url }).open(),
        (error) =>
          error instanceof DrayageError && error.code === code && !error.message.includes("wrong"),
      );
    }
  });
});
