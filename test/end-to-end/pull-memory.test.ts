// What a ramp holds of what it pulls: a buffer, however large the layer is.
import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { resultsOf } from "./pull-results.ts";
import { Workplace } from "./workplace.ts";

const MIB = 1024 ** 2;
const LAYER_BYTES = 1024 * MIB;
const GROWTH_BYTES_MAX = 64 * MIB;
const PIECE: Buffer = Buffer.alloc(MIB);
/** Between two looks at the driver's memory. */
const LOOK_EVERY_BYTES = 32 * MIB;

const manifest = JSON.stringify({
  schemaVersion: 2,
  layers: [{ digest: `sha256:${"0".repeat(64)}`, size: LAYER_BYTES }],
});
const pages: Readonly<Record<string, string>> = {
  "/v2/_catalog": '{"repositories":["big"]}',
  "/v2/big/tags/list": '{"tags":["v1"]}',
  "/v2/big/manifests/v1": manifest,
};

const residentBytes = (pid: number | undefined): number =>
  Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) * 1024;

test("a layer of 1 GiB makes the driver grow by less than 64 MiB", async (t) => {
  if (!existsSync("/proc/self/status")) return t.skip("needs Linux: /proc/self/status");
  const place = new Workplace();
  let pid: number | undefined;
  let idle = 0;
  let highest = 0;
  async function sendLayer(response: ServerResponse): Promise<void> {
    idle ||= residentBytes(pid);
    response.writeHead(200, { "Content-Length": LAYER_BYTES });
    for (let sent = 0; sent < LAYER_BYTES && !response.destroyed; sent += PIECE.length) {
      if (sent % LOOK_EVERY_BYTES === 0) highest = Math.max(highest, residentBytes(pid));
      if (!response.write(PIECE))
        await Promise.race([once(response, "drain"), once(response, "close")]);
    }
    response.end();
  }
  const server = createServer(({ url = "" }, response) => {
    const page = pages[url.replace(/\?.*/, "")];
    if (url.includes("/blobs/")) void sendLayer(response);
    else response.writeHead(page === undefined ? 404 : 200).end(page);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    place.leave();
    server.closeAllConnections();
    server.close();
  });
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { child, ended } = place.start([
    ...["pull", `--pullthrough-url=${address}`, `--registry-url=${address}`, "--patterns=*"],
    ...["--namespace-form=none", "--probe=none", "--iteration-seconds=0.1", "--results=results"],
  ]);
  pid = child.pid;
  const { code, err } = await ended;
  assert.equal(code, 0, err);
  const { pulls } = resultsOf(place);
  assert.equal(pulls.done, 1);
  assert.equal(pulls.bytes, LAYER_BYTES + manifest.length);
  assert.ok(idle > 0 && highest >= idle);
  assert.ok(highest - idle < GROWTH_BYTES_MAX, `${(highest - idle) / MIB} MiB`);
});
