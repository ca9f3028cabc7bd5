// Whoever is slower holds back the other: a body is never gathered in the proxy, and comes whole in the end.
import { equal, ok } from "node:assert/strict";
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, request } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { ended, startRecordedProxy } from "./recorded-proxy.ts";

const MIB = 1024 * 1024;
const BODY_BYTES = 96 * MIB;
/** What the system's buffers on both sides, and those of two processes' ends, may hold. */
const UNDER_WAY_BYTES_MAX = 40 * MIB;
/** Nothing has moved for so long: everybody waits for the slow one. */
const STILL_MS = 150;

const piece = Buffer.alloc(MIB);
for (let at = 0; at < MIB; at++) piece[at] = (at * 31 + (at >> 8)) & 0xff;
const whole = createHash("sha256");
for (let sent = 0; sent < BODY_BYTES; sent += MIB) whole.update(piece);
const wanted = whole.digest("hex");

type Sink = {
  write(piece: Buffer): boolean;
  end(): unknown;
  once(event: "drain", go: () => void): unknown;
};

/** Writes the body as fast as it is taken; `sent` counts. */
function pour(to: Sink, progress: { sent: number }): void {
  while (progress.sent < BODY_BYTES) {
    progress.sent += MIB;
    if (!to.write(piece)) {
      to.once("drain", () => pour(to, progress));
      return;
    }
  }
  to.end();
}

async function untilStill(progress: { sent: number }): Promise<void> {
  for (let last = -1; last !== progress.sent; ) {
    last = progress.sent;
    await new Promise((resolve) => setTimeout(resolve, STILL_MS));
  }
}

async function digestOf(message: IncomingMessage): Promise<string> {
  const hash = createHash("sha256");
  for await (const part of message) hash.update(part);
  return hash.digest("hex");
}

async function listening(t: TestContext, server: ReturnType<typeof createServer>) {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test("a client that does not read holds back the upstream, and then gets every byte", async (t) => {
  const progress = { sent: 0 };
  const server = createServer((_asked, answer) => {
    answer.writeHead(200, { "content-length": BODY_BYTES });
    pour(answer, progress);
  });
  const recorded = await startRecordedProxy(t, await listening(t, server));
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const asked = request(`${recorded.proxy.url}/v2/a/blobs/x`, { agent: false }, resolve);
    asked.once("error", reject);
    asked.end();
  });
  await untilStill(progress);
  ok(progress.sent < UNDER_WAY_BYTES_MAX, `${progress.sent} bytes`);
  equal(await digestOf(answer), wanted);
  await ended(recorded, 1);
  equal(recorded.exchanges()[0]?.res_bytes, BODY_BYTES);
});

test("an upstream that does not read holds back the client, and then gets every byte", async (t) => {
  const { promise: reading, resolve: read } = Promise.withResolvers<void>();
  let got = "";
  const server = createServer(async (asked, answer) => {
    await reading;
    got = await digestOf(asked);
    answer.writeHead(201).end();
  });
  const recorded = await startRecordedProxy(t, await listening(t, server));
  const progress = { sent: 0 };
  const status = new Promise<number>((resolve, reject) => {
    const headers = { "content-length": BODY_BYTES };
    const url = `${recorded.proxy.url}/v2/a/blobs/uploads/x`;
    const asked = request(url, { method: "PUT", agent: false, headers }, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    });
    asked.once("error", reject);
    pour(asked, progress);
  });
  await untilStill(progress);
  ok(progress.sent < UNDER_WAY_BYTES_MAX, `${progress.sent} bytes`);
  read();
  equal(await status, 201);
  equal(got, wanted);
  await ended(recorded, 1);
  equal(recorded.exchanges()[0]?.req_bytes, BODY_BYTES);
});
