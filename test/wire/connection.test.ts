import assert from "node:assert/strict";
import { test } from "node:test";
import { Failure } from "../../src/core/failure.ts";
import { Connection } from "../../src/wire/connection.ts";
import { connectTarget } from "../../src/wire/origin.ts";
import { type Reply, startRawServer } from "../fakes/raw-server.ts";
import { RecordingOwner } from "../fakes/recording-owner.ts";
import { connectionTo, fetchOn, get, wireFor } from "./wires.ts";

const hello = "HTTP/1.1 200 OK\r\nX: y\r\nContent-Length: 5\r\n\r\nhello";

type Case = {
  readonly name: string;
  readonly reply: Reply;
  readonly told: string;
  readonly body?: string;
  readonly failure?: string;
  readonly message?: RegExp;
  readonly after: "idle" | "closed";
};

const exchanges: readonly Case[] = [
  {
    name: "a plain response leaves the connection idle",
    reply: { bytes: hello },
    told: "head body end",
    body: "hello",
    after: "idle",
  },
  {
    name: "a response in five pieces",
    reply: { bytes: hello, cuts: [1, 20, 44, 46] },
    told: "head body end",
    body: "hello",
    after: "idle",
  },
  {
    name: "Connection: close closes before onEnd",
    reply: { bytes: hello.replace("X: y", "Connection: close"), ending: "close" },
    told: "head body end",
    body: "hello",
    after: "closed",
  },
  {
    name: "a body that ends with the connection",
    reply: { bytes: "HTTP/1.1 200 OK\r\n\r\nto the end", ending: "close" },
    told: "head body end",
    body: "to the end",
    after: "closed",
  },
  {
    name: "an interim response first",
    reply: { bytes: `HTTP/1.1 100 Continue\r\n\r\n${hello}`, cuts: [25] },
    told: "head body end",
    body: "hello",
    after: "idle",
  },
  {
    name: "closed before a byte",
    reply: { ending: "close" },
    told: "failure",
    failure: "reset",
    message: /^127\.0\.0\.1:\d+: closed before the response$/,
    after: "closed",
  },
  {
    name: "closed inside the head",
    reply: { bytes: "HTTP/1.1 200 OK\r\nX:", ending: "close" },
    told: "failure",
    failure: "reset",
    message: /closed inside the head/,
    after: "closed",
  },
  {
    name: "closed inside the body",
    reply: { bytes: hello.slice(0, -2), ending: "close" },
    told: "head body failure",
    body: "hel",
    failure: "truncated_body",
    message: /closed inside the body/,
    after: "closed",
  },
  {
    name: "closed inside a chunked body",
    reply: {
      bytes: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n",
      ending: "close",
    },
    told: "head body failure",
    failure: "truncated_body",
    after: "closed",
  },
  {
    name: "reset before a byte",
    reply: { ending: "reset" },
    told: "failure",
    failure: "reset",
    message: /connection reset by peer \(ECONNRESET\) before the response/,
    after: "closed",
  },
  {
    name: "reset inside the body",
    reply: { bytes: hello.slice(0, -2), ending: "reset" },
    told: "head body failure",
    failure: "truncated_body",
    message: /\(ECONNRESET\) inside the body/,
    after: "closed",
  },
  {
    name: "reset inside a body without a length",
    reply: { bytes: "HTTP/1.1 200 OK\r\n\r\nto the", ending: "reset" },
    told: "head body failure",
    failure: "truncated_body",
    after: "closed",
  },
  {
    name: "no HTTP",
    reply: { bytes: "220 mail.example ESMTP\r\n" },
    told: "failure",
    failure: "protocol",
    message: /^127\.0\.0\.1:\d+: no HTTP\/1 status line$/,
    after: "closed",
  },
  {
    name: "more bytes than announced",
    reply: { bytes: `${hello}!` },
    told: "head body failure",
    failure: "protocol",
    message: /1 bytes after the end/,
    after: "closed",
  },
];

for (const { name, reply, told, body, failure = "", message = /^$/, after } of exchanges) {
  test(`connection: ${name}`, async (t) => {
    const server = await startRawServer(t, [reply]);
    const connection = connectionTo(`http://127.0.0.1:${server.port}`);
    const owner = await fetchOn(connection);
    assert.equal(owner.told.join(" "), told);
    assert.equal(owner.failure, failure);
    if (failure === "" || message.source !== "^$") assert.match(owner.message, message);
    if (body !== undefined) assert.equal(owner.body.toString(), body);
    assert.equal(connection.state, after);
    assert.equal(owner.untouched, false, "a first exchange is never untouched");
    connection.close();
    assert.equal(connection.state, "closed");
  });
}

test("connection: 100 exchanges, each begun in the end of the one before, use one socket", async (t) => {
  const server = await startRawServer(t, [{ bytes: hello }]);
  const connection = connectionTo(`http://127.0.0.1:${server.port}`);
  let left = 100;
  const last = await new Promise<RecordingOwner>((resolve) => {
    const next = (): void => {
      const owner = new RecordingOwner();
      owner.during = { onEnd: () => (--left > 0 ? next() : resolve(owner)) };
      connection.exchange(owner, get, get.length, true);
    };
    next();
  });
  assert.equal(last.body.toString(), "hello");
  assert.deepEqual([connection.served, server.connections, server.requests.length], [100, 1, 100]);
  connection.close();
});

test("connection: HEAD takes no body, and the next exchange finds the stream in step", async (t) => {
  const server = await startRawServer(t, [
    { bytes: "HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n" },
    { bytes: hello },
  ]);
  const connection = connectionTo(`http://127.0.0.1:${server.port}`);
  const head = new RecordingOwner();
  const request = Buffer.from("HEAD / HTTP/1.1\r\nHost: fake\r\n\r\n(not sent)");
  connection.exchange(head, request, request.length - 10, false);
  await head.done;
  assert.deepEqual([head.told.join(" "), head.contentLength], ["head end", 999]);
  const next = await fetchOn(connection, ["x"]);
  assert.deepEqual([next.body.toString(), next.fields.x], ["hello", "y"]);
  assert.equal(server.requests[0]?.head, "HEAD / HTTP/1.1\r\nHost: fake");
  connection.close();
});

test("connection: closed without a byte behind an earlier response is untouched, once a byte came it is not", async (t) => {
  for (const [bytes, ending, untouched] of [
    ["", "close", true],
    ["", "reset", true],
    ["HTTP", "close", false],
  ] as const) {
    const server = await startRawServer(t, [{ bytes: hello }, { bytes, ending }]);
    const connection = connectionTo(`http://127.0.0.1:${server.port}`);
    await fetchOn(connection);
    const owner = await fetchOn(connection);
    assert.deepEqual([owner.failure, owner.untouched], ["reset", untouched]);
  }
});

test("connection: nobody listens", async (t) => {
  const server = await startRawServer(t, []);
  const { port } = server;
  await server.stop();
  for (const host of ["127.0.0.1", "localhost"]) {
    const owner = await fetchOn(connectionTo(`http://${host}:${port}`));
    assert.equal(owner.failure, "connect");
    assert.equal(
      owner.message,
      `cannot connect to ${host}:${port}: connection refused (ECONNREFUSED)`,
    );
  }
});

test("connection: a name is tried on all its addresses", async (t) => {
  const server = await startRawServer(t, [{ bytes: hello }]);
  const connection = connectionTo(`http://localhost:${server.port}`);
  const owner = await fetchOn(connection);
  assert.equal(owner.body.toString(), "hello");
  connection.close();
});

test("connection: an owner that aborts inside a callback hears of its own reason and nothing more", async (t) => {
  for (const callback of ["onHead", "onBody"] as const) {
    const server = await startRawServer(t, [{ bytes: hello }]);
    const connection = connectionTo(`http://127.0.0.1:${server.port}`);
    const owner = new RecordingOwner();
    owner.during = {
      [callback]: () => connection.abort(Failure.digest_mismatch, "not what was asked for"),
    };
    connection.exchange(owner, get, get.length, true);
    await owner.done;
    await new Promise(setImmediate);
    assert.equal(
      owner.told.join(" "),
      callback === "onHead" ? "head failure" : "head body failure",
    );
    assert.deepEqual([owner.failure, owner.message], ["digest_mismatch", "not what was asked for"]);
    assert.equal(connection.state, "closed");
  }
});

test("connection: aborted while it connects and while it waits", async (t) => {
  const server = await startRawServer(t, [{ bytes: "" }]);
  for (const waits of [false, true]) {
    const connection = connectionTo(`http://127.0.0.1:${server.port}`);
    const owner = new RecordingOwner();
    connection.exchange(owner, get, get.length, true);
    while (waits && connection.state !== "busy") await new Promise(setImmediate);
    assert.equal(connection.connectedAt >= 0, waits);
    connection.close();
    assert.deepEqual([owner.failure, connection.state], ["aborted", "closed"]);
  }
});

test("connection: bytes that nobody asked for close it while it is idle, and its keeper is told once", async (t) => {
  const server = await startRawServer(t, [{ bytes: hello }]);
  const wire = wireFor();
  const gone: Connection[] = [];
  const connection = new Connection(connectTarget(`http://127.0.0.1:${server.port}`), wire, {
    connectionClosed: (closed) => gone.push(closed),
  });
  await fetchOn(connection);
  server.sockets[0]?.write("HTTP/1.1 408 Request Timeout\r\n\r\n");
  while (connection.state !== "closed") await new Promise(setImmediate);
  connection.close();
  assert.deepEqual(gone, [connection]);
});

test("connection: a second exchange while one is under way breaks a promise of ours", async (t) => {
  const server = await startRawServer(t, [{ bytes: "" }]);
  const connection = connectionTo(`http://127.0.0.1:${server.port}`);
  connection.exchange(new RecordingOwner(), get, get.length, true);
  assert.throws(
    () => connection.exchange(new RecordingOwner(), get, get.length, true),
    /invariant/,
  );
  connection.close();
  assert.throws(
    () => connection.exchange(new RecordingOwner(), get, get.length, true),
    /invariant/,
  );
});
