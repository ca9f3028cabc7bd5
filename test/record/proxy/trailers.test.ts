// Acceptance case 28: trailers of either side, which clients and servers send behind a chunked body, arrive as they were sent.
import { deepEqual, equal } from "node:assert/strict";
import { createServer, type IncomingMessage, request } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { ended, startRecordedProxy } from "./recorded-proxy.ts";

type Seen = { body: string; trailers: string[] };

async function read(message: IncomingMessage): Promise<Seen> {
  const pieces: Buffer[] = [];
  for await (const piece of message) pieces.push(piece);
  return { body: Buffer.concat(pieces).toString(), trailers: message.rawTrailers };
}

/** Answers with a chunked body and trailers, and keeps what it was sent. */
async function startUpstream(t: TestContext) {
  const seen: Seen[] = [];
  const server = createServer(async (asked, answer) => {
    seen.push(await read(asked));
    answer.writeHead(200, { trailer: "X-Checksum, X-Took" });
    answer.write("part one, ");
    answer.write("part two");
    answer.addTrailers([
      ["X-Checksum", "abc"],
      ["X-Took", "7"],
    ]);
    answer.end();
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  t.after(() => server.close());
  return { seen, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

test("trailers of a request and of its answer arrive as they were sent, and none is written down", async (t) => {
  const upstream = await startUpstream(t);
  const recorded = await startRecordedProxy(t, upstream.url);
  const answered = await new Promise<Seen>((resolve, reject) => {
    const headers = { te: "trailers", trailer: "X-Digest", "transfer-encoding": "chunked" };
    const path = `${recorded.proxy.url}/v2/a/blobs/uploads/x`;
    const asked = request(path, { method: "PATCH", agent: false, headers });
    asked.once("error", reject);
    asked.once("response", (answer) => void read(answer).then(resolve, reject));
    asked.write("some ");
    asked.write("bytes");
    asked.addTrailers({ "X-Digest": "secret-digest" });
    asked.end();
  });
  deepEqual(answered, {
    body: "part one, part two",
    trailers: ["X-Checksum", "abc", "X-Took", "7"],
  });
  deepEqual(upstream.seen, [{ body: "some bytes", trailers: ["X-Digest", "secret-digest"] }]);
  await ended(recorded, 1);
  const [exchange] = recorded.exchanges();
  deepEqual([exchange?.req_bytes, exchange?.res_bytes, exchange?.status], [10, 18, 200]);
  equal(JSON.stringify(exchange).includes("secret-digest"), false);
});
