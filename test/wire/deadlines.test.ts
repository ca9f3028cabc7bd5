import assert from "node:assert/strict";
import { createServer, type Socket } from "node:net";
import { test } from "node:test";
import { ManualClock } from "../../src/core/clock.ts";
import { millis, nanos, nanosFromMillis, nanosFromSeconds, seconds } from "../../src/core/units.ts";
import { Connection } from "../../src/wire/connection.ts";
import { Deadlines, type Timeouts } from "../../src/wire/deadlines.ts";
import { connectTarget } from "../../src/wire/origin.ts";
import { type Reply, startRawServer } from "../fakes/raw-server.ts";
import { RecordingOwner } from "../fakes/recording-owner.ts";
import { CountingBody, fetchOn, get, putHead, wireFor } from "./wires.ts";

const second = nanosFromSeconds(seconds(1));
const limits = { connect: second, firstByte: nanos(2 * second), idle: nanos(3 * second) };

/**
 * A wire whose clock stands still but for `sweepAt`, which sets it to each of these seconds and sweeps. The thread's own
 * sweeps may fall in between and see the same time, so a phase starts at the time that was swept last.
 */
function timeline(limited: Partial<Timeouts>) {
  const clock = new ManualClock();
  const wire = wireFor(limited, clock);
  const sweepAt = (...times: number[]): void => {
    for (const time of times) {
      clock.advance(nanos(nanosFromSeconds(seconds(time)) - clock.now()));
      wire.deadlines.sweep(clock.now());
    }
  };
  return { wire, sweepAt };
}

/** Lets the sockets of this process say to each other what they have to say. */
const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
};

type Case = {
  readonly name: string;
  readonly reply: Reply;
  /** Seconds after the phase was first seen at which nothing may and at which the failure must have happened. */
  readonly before: number;
  readonly at: number;
  readonly failure: string;
  readonly message: RegExp;
};

const stalls: readonly Case[] = [
  {
    name: "a server that accepts and never answers",
    reply: {},
    before: 1.99,
    at: 2,
    failure: "timeout:first_byte",
    message: /^127\.0\.0\.1:\d+: no answer within 2 s$/,
  },
  {
    name: "a head that stops",
    reply: { bytes: "HTTP/1.1 200 OK\r\nX" },
    before: 2.99,
    at: 3,
    failure: "timeout:idle",
    message: /no further byte within 3 s$/,
  },
  {
    name: "a body that stops",
    reply: { bytes: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe" },
    before: 2.99,
    at: 3,
    failure: "timeout:idle",
    message: /no further byte within 3 s$/,
  },
];

for (const { name, reply, before, at, failure, message } of stalls) {
  test(`deadlines: ${name}`, async (t) => {
    const server = await startRawServer(t, [reply]);
    const { wire, sweepAt } = timeline(limits);
    const connection = new Connection(connectTarget(`http://127.0.0.1:${server.port}`), wire);
    const owner = new RecordingOwner();
    connection.exchange(owner, get, get.length, true);
    await settle();
    sweepAt(0, before);
    assert.equal(owner.failure, "");
    sweepAt(at);
    assert.deepEqual([owner.failure, connection.state], [failure, "closed"]);
    assert.match(owner.message, message);
  });
}

test("deadlines: a connection that does not come about", async () => {
  // Any port will do: the sweeps come before the event loop lets the system have its say.
  const { wire, sweepAt } = timeline(limits);
  const connection = new Connection(connectTarget("http://127.0.0.1:9"), wire);
  const owner = new RecordingOwner();
  connection.exchange(owner, get, get.length, true);
  sweepAt(0, 0.99);
  assert.equal(owner.failure, "");
  sweepAt(1);
  assert.equal(owner.failure, "timeout:connect");
  assert.match(owner.message, /^127\.0\.0\.1:9: no connection within 1 s$/);
});

test("deadlines: a TLS handshake that never ends counts as connecting", async (t) => {
  const server = await startRawServer(t, [{}]);
  const { wire, sweepAt } = timeline(limits);
  const connection = new Connection(connectTarget(`https://127.0.0.1:${server.port}`), wire);
  const owner = new RecordingOwner();
  connection.exchange(owner, get, get.length, true);
  await settle();
  sweepAt(0, 1);
  assert.equal(owner.failure, "timeout:connect");
});

test("deadlines: each byte starts the idle time anew, the total goes on", async (t) => {
  const server = await startRawServer(t, [
    { bytes: "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhe" },
  ]);
  const { wire, sweepAt } = timeline({ ...limits, total: nanos(10 * second) });
  const connection = new Connection(connectTarget(`http://127.0.0.1:${server.port}`), wire);
  const owner = new RecordingOwner();
  connection.exchange(owner, get, get.length, true);
  await settle();
  for (let time = 0; time < 10; time += 2) {
    sweepAt(time, time + 1.99);
    server.sockets[0]?.write("x");
    await settle();
  }
  assert.deepEqual([owner.failure, owner.bodyBytes], ["", 7]);
  sweepAt(10);
  assert.equal(owner.failure, "timeout:total");
  assert.match(owner.message, /the exchange did not end within 10 s$/);
});

test("deadlines: no limit and no exchange means no time-out", async (t) => {
  const server = await startRawServer(t, [
    { bytes: "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" },
    {},
  ]);
  const { wire, sweepAt } = timeline({});
  const connection = new Connection(connectTarget(`http://127.0.0.1:${server.port}`), wire);
  await fetchOn(connection);
  sweepAt(0, 1e6);
  assert.equal(connection.state, "idle");
  const owner = new RecordingOwner();
  connection.exchange(owner, get, get.length, true);
  sweepAt(2e6, 3e6);
  assert.deepEqual([owner.failure, connection.state], ["", "busy"]);
  connection.close();
});

test("deadlines: an upload that nobody reads is idle, not without an answer", async (t) => {
  const accepted: Socket[] = [];
  // Accepts, and leaves the bytes where they are until the system's buffers are full.
  const server = createServer({ pauseOnConnect: true }, (socket) => {
    accepted.push(socket);
    t.after(() => socket.destroy());
  });
  t.after(() => server.close());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  const { wire, sweepAt } = timeline({ firstByte: nanos(1), idle: second });
  const connection = new Connection(connectTarget(`http://127.0.0.1:${address.port}`), wire);
  const owner = new RecordingOwner();
  const size = 1024 * 1024 * 1024;
  const head = putHead(size);
  const body = new CountingBody(size);
  connection.upload(owner, head, head.length, body, size);
  const stuck = async (): Promise<number> => {
    for (let reads = -1; reads !== body.reads || reads === 0; ) {
      reads = body.reads;
      await settle();
    }
    return body.reads;
  };
  const before = await stuck();
  assert.ok(body.made < size, "back-pressure holds the source back");
  sweepAt(0, 0.99);
  // A chunk that leaves starts the idle time anew.
  accepted[0]?.resume();
  while (body.reads < before + 20) await new Promise(setImmediate);
  accepted[0]?.pause();
  await stuck();
  sweepAt(1, 1.98);
  assert.equal(owner.failure, "");
  sweepAt(2);
  assert.equal(owner.failure, "timeout:idle");
});

test("deadlines: the timer sweeps by the injected clock while an exchange is under way, then stops", async () => {
  const clock = new ManualClock();
  const deadlines = new Deadlines(clock);
  const times: number[] = [];
  deadlines.add({ judge: (now) => times.push(now) });
  deadlines.begin();
  clock.advance(nanosFromMillis(millis(7)));
  const keepAlive = setInterval(() => undefined, 1000);
  while (times.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
  deadlines.end();
  await new Promise((resolve) => setTimeout(resolve, 120));
  const seen = times.length;
  await new Promise((resolve) => setTimeout(resolve, 120));
  clearInterval(keepAlive);
  assert.equal(times.length, seen);
  assert.equal(times[0], 7e6);
});
