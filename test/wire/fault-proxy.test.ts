import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { Connection } from "../../src/wire/connection.ts";
import { type Fault, type FaultProxy, startFaultProxy } from "../fakes/fault-proxy.ts";
import { startRawServer } from "../fakes/raw-server.ts";
import { connectionTo, fetchOn } from "./wires.ts";

const size = 300_000;
const bytes = `HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n${"x".repeat(size)}`;

async function proxied(t: TestContext): Promise<{ proxy: FaultProxy; open: () => Connection }> {
  const server = await startRawServer(t, [{ bytes }]);
  const proxy = await startFaultProxy({ host: "127.0.0.1", port: server.port });
  t.after(() => proxy.stop());
  return { proxy, open: () => connectionTo(`http://127.0.0.1:${proxy.port}`) };
}

const faults: readonly {
  readonly fault: Fault;
  readonly failure: string;
  readonly bodyBytes: number;
}[] = [
  { fault: { kind: "none" }, failure: "", bodyBytes: size },
  { fault: { kind: "delay", ms: 30 }, failure: "", bodyBytes: size },
  { fault: { kind: "truncate", afterBytes: 10 }, failure: "reset", bodyBytes: 0 },
  {
    fault: { kind: "truncate", afterBytes: 100_000 },
    failure: "truncated_body",
    bodyBytes: 99_957,
  },
  { fault: { kind: "reset", afterBytes: 0 }, failure: "reset", bodyBytes: 0 },
  { fault: { kind: "reset", afterBytes: 100_000 }, failure: "truncated_body", bodyBytes: 99_957 },
];

for (const { fault, failure, bodyBytes } of faults) {
  test(`fault proxy: ${JSON.stringify(fault)} ends as ${failure || "a whole response"}`, async (t) => {
    const { proxy, open } = await proxied(t);
    proxy.fault = fault;
    const owner = await fetchOn(open());
    assert.deepEqual([owner.failure, owner.bodyBytes], [failure, bodyBytes], owner.message);
    const cut = "afterBytes" in fault;
    assert.equal(proxy.forwarded, cut ? fault.afterBytes : bytes.length);
    assert.equal(owner.message.includes("ECONNRESET"), fault.kind === "reset");
  });
}

test("fault proxy: one byte is corrupted, and only that", async (t) => {
  const { proxy, open } = await proxied(t);
  const head = bytes.length - size;
  for (const at of [head, head + 200_000, bytes.length - 1]) {
    proxy.fault = { kind: "corrupt", at };
    const { body } = await fetchOn(open());
    const wrong = [...body.entries()].filter(([, byte]) => byte !== 0x78).map(([index]) => index);
    assert.deepEqual(wrong, [at - head]);
  }
});

test("fault proxy: frozen nothing passes, thawed everything does", async (t) => {
  const { proxy, open } = await proxied(t);
  const connection = open();
  await fetchOn(connection);
  proxy.freeze();
  const waiting = [fetchOn(connection), fetchOn(open())];
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(proxy.forwarded, bytes.length);
  proxy.thaw();
  for (const owner of await Promise.all(waiting)) assert.equal(owner.bodyBytes, size);
});

test("fault proxy: refused connections fail, open ones go on, and accepting again heals", async (t) => {
  const { proxy, open } = await proxied(t);
  const standing = open();
  await fetchOn(standing);
  await proxy.refuse();
  assert.equal((await fetchOn(open())).failure, "connect");
  assert.equal((await fetchOn(standing)).failure, "");
  await proxy.refuse({ alsoOpen: true });
  await proxy.accept();
  assert.equal((await fetchOn(open())).failure, "");
  assert.equal(proxy.connections, 2);
});
