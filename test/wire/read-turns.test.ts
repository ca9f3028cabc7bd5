import assert from "node:assert/strict";
import { test } from "node:test";
import { takeOrigin, threadClock } from "../../src/core/clock.ts";
import { bytes } from "../../src/core/units.ts";
import { Connection } from "../../src/wire/connection.ts";
import { connectTarget } from "../../src/wire/origin.ts";
import { ThreadWire } from "../../src/wire/thread-wire.ts";
import { startRawServer } from "../fakes/raw-server.ts";
import { fetchOn, noTimeouts } from "./wires.ts";

const BODY_BYTES = 900_000;

test("read turns: bodies many times as large as the buffer arrive whole on connections that take turns", async (t) => {
  const body = (letter: string): string => letter.repeat(BODY_BYTES);
  const letters = Array.from({ length: 12 }, (_, n) => String.fromCharCode(97 + n));
  const replies = letters.map((letter) => ({
    bytes: `HTTP/1.1 200 OK\r\nContent-Length: ${BODY_BYTES}\r\n\r\n${body(letter)}`,
  }));
  const server = await startRawServer(t, replies);
  const wire = new ThreadWire({
    clock: threadClock(takeOrigin()),
    timeouts: noTimeouts,
    receiveBytes: bytes(4096),
  });
  const target = connectTarget(`http://127.0.0.1:${server.port}`);
  const owners = await Promise.all(letters.map(() => fetchOn(new Connection(target, wire))));
  assert.deepEqual(
    new Set(owners.map((owner) => owner.body.toString())),
    new Set(letters.map(body)),
  );
});

test("read turns: a full buffer gives every other connection its turn before the next read", async (t) => {
  const server = await startRawServer(t, [
    { bytes: `HTTP/1.1 200 OK\r\nContent-Length: ${BODY_BYTES}\r\n\r\n${"x".repeat(BODY_BYTES)}` },
  ]);
  const wire = new ThreadWire({
    clock: threadClock(takeOrigin()),
    timeouts: noTimeouts,
    receiveBytes: bytes(4096),
  });
  const connection = new Connection(connectTarget(`http://127.0.0.1:${server.port}`), wire);
  let readsThisTurn = 0;
  let readsAtOnceMax = 0;
  const owner = {
    onHead: () => {},
    onBody: () => {
      readsThisTurn++;
      readsAtOnceMax = Math.max(readsAtOnceMax, readsThisTurn);
      setImmediate(() => {
        readsThisTurn = 0;
      });
    },
    onEnd: () => done(),
    onFailure: (_code: number, message: string) => failed(new Error(message)),
  };
  let done = (): void => {};
  let failed = (_error: Error): void => {};
  const request = Buffer.from("GET / HTTP/1.1\r\nHost: fake\r\n\r\n");
  await new Promise<void>((resolve, reject) => {
    done = resolve;
    failed = reject;
    connection.exchange(owner, request, request.length, true);
  });
  connection.close();
  // Two: the reads before and after the turn's own immediate may fall into one turn of the test's.
  assert.ok(readsAtOnceMax <= 2, `${readsAtOnceMax} reads in a row`);
});
