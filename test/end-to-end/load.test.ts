import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { EmbeddedRegistry } from "../../src/embedded/embedded-registry.ts";
import { startEmbeddedRegistryThread } from "../../src/embedded/registry-thread.ts";
import { type Results, Workplace } from "./workplace.ts";

const place = new Workplace();
let registry: EmbeddedRegistry;

before(async () => {
  registry = await startEmbeddedRegistryThread();
});
after(async () => {
  await registry.close();
  place.leave();
});

/** GETs that the registry has answered since it was reset. */
async function answered(): Promise<number> {
  const { requests } = await registry.stats();
  return requests
    .filter(({ method }) => method === "GET")
    .reduce((sum, { requests: count }) => sum + count, 0);
}

/** Exit code 5 says that this machine was too busy: a finding, and not about the figures' sums. */
const endedWell = (code: number | null): boolean => code === 0 || code === 5;

for (const { name, flags, count } of [
  { name: "a rate", flags: ["--rate", "200/s", "--duration", "1s"], count: 200 },
  { name: "steps and a ramp", flags: ["--steps", "100/s:500ms,100/s..300/s:500ms"], count: 150 },
]) {
  test(`drayage load at ${name} sends exactly what the schedule says`, async () => {
    await registry.reset();
    const ended = await place.drayage(["load", registry.url, ...flags, "--json"]);
    assert.ok(endedWell(ended.code), ended.err);
    const { totals, planned } = JSON.parse(ended.out) as Results & { planned: number };
    assert.deepEqual([totals.done, totals.failed, planned], [count, 0, count]);
    assert.equal(await answered(), count);
  });
}

test("drayage load without a rate goes on for its duration, and counts what the server counts", async () => {
  await registry.reset();
  const ended = await place.drayage(["load", registry.url, "--duration", "500ms", "--json"]);
  assert.ok(endedWell(ended.code), ended.err);
  const { totals } = JSON.parse(ended.out) as Results;
  assert.ok(totals.done > 0);
  assert.equal(totals.done + totals.failed, await answered());
});

test("drayage load of something that is not there ends with 8 and names the status", async () => {
  const url = `${registry.url}/v2/a/manifests/none`;
  const ended = await place.drayage(["load", url, "--rate", "50/s", "--duration", "200ms"]);
  assert.equal(ended.code, 8, ended.err);
  assert.match(ended.out, /http:404 +request +10/);
});

for (const { name, args, code, says } of [
  { name: "where nobody listens", args: ["127.0.0.1:1"], code: 4, says: /connection refused/ },
  { name: "of no address", args: ["ftp://x"], code: 2, says: /is no address/ },
  { name: "without an address", args: [], code: 2, says: /URL/ },
]) {
  test(`drayage load ${name} ends with ${code} in one line`, async () => {
    const ended = await place.drayage(["load", ...args]);
    assert.equal(ended.code, code, ended.err);
    assert.match(ended.err, says);
    assert.equal(ended.err.trimEnd().split("\n").length, 1);
  });
}
