import assert from "node:assert/strict";
import { createServer } from "node:net";
import { test } from "node:test";
import { Connection } from "../../src/wire/connection.ts";
import { connectTarget } from "../../src/wire/origin.ts";
import { startRawServer } from "../fakes/raw-server.ts";
import { RecordingOwner } from "../fakes/recording-owner.ts";
import { connectionTo, fetchOn, wireFor } from "./wires.ts";

test("buffers: two connections share a receive buffer and keep their bytes apart", async (t) => {
  const body = (letter: string) => letter.repeat(300_000);
  const replies = ["a", "b"].map((letter) => ({
    bytes: `HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n${body(letter)}`,
    cuts: [10, 30, 100_000, 200_000],
  }));
  const server = await startRawServer(t, replies);
  const wire = wireFor();
  const target = connectTarget(`http://127.0.0.1:${server.port}`);
  const owners = await Promise.all(
    replies.map(() => fetchOn(new Connection(target, wire), ["content-length"])),
  );
  const bodies = owners.map((owner) => owner.body.toString());
  assert.deepEqual(new Set(bodies), new Set([body("a"), body("b")]));
});

test("buffers: a request that is still leaving when its answer ends closes the connection", async (t) => {
  // Answers without reading: the caller may change the request's bytes behind onEnd, so they must not leave any more.
  const server = createServer({ pauseOnConnect: true }, (socket) => {
    socket.on("error", () => undefined);
    socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    t.after(() => socket.destroy());
  });
  t.after(() => server.close());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  const connection = connectionTo(`http://127.0.0.1:${address.port}`);
  const request = Buffer.alloc(64 * 1024 * 1024, "x");
  const owner = new RecordingOwner();
  connection.exchange(owner, request, request.length, true);
  await owner.done;
  assert.deepEqual([owner.told.join(" "), connection.state], ["head body end", "closed"]);
});
