// A generator that is kept from running must say so itself: pinned to one processor beside busy loops, in mid-run.
import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { EmbeddedRegistry } from "../../src/embedded/embedded-registry.ts";
import { startEmbeddedRegistryThread } from "../../src/embedded/registry-thread.ts";
import { type Started, Workplace } from "./workplace.ts";

const LOOPS = 10;
/** Until then the generators are kept from running; what they are behind by is sent afterwards. */
const BUSY_MS = 3000;

const place = new Workplace();
const loops: ChildProcess[] = [];
let registry: EmbeddedRegistry;

before(async () => {
  registry = await startEmbeddedRegistryThread();
});
after(async () => {
  for (const loop of loops) loop.kill("SIGKILL");
  await registry.close();
  place.leave();
});

/** One that this process may run on. */
function processor(): string {
  const [, first] =
    /^Cpus_allowed_list:\s*(\d+)/m.exec(readFileSync("/proc/self/status", "utf8")) ?? [];
  return first ?? "0";
}

const started = (out: string, ...flags: string[]): Started =>
  place.start([
    ...["load", registry.url, "--rate", "3000/s", "--duration", "3s"],
    ...["--out", place.path(out), "--ui", "none", ...flags],
  ]);

const missing = (): string | undefined => {
  if (spawnSync("taskset", ["--version"]).status !== 0)
    return "needs taskset: apt-get install util-linux";
  if (!existsSync("/proc/thread-self/schedstat"))
    return "needs Linux with /proc/thread-self/schedstat";
  return undefined;
};

test("a generator pinned beside busy loops ends INVALID, with 5; with --allow-invalid it exits 0", async (t) => {
  const needed = missing();
  if (needed !== undefined) {
    t.skip(needed);
    return;
  }
  const runs = [started("starved"), started("allowed", "--allow-invalid")];
  for (const out of ["starved", "allowed"]) while (!place.has(`${out}/run.json`)) await sleep(10);
  const on = processor();
  for (const { child } of runs) spawnSync("taskset", ["-apc", on, String(child.pid)]);
  for (let loop = 0; loop < LOOPS; loop++)
    loops.push(spawn("taskset", ["-c", on, "sh", "-c", "while :; do :; done"]));
  await sleep(BUSY_MS);
  for (const loop of loops) loop.kill("SIGKILL");
  const [refused, allowed] = await Promise.all(runs.map(({ ended }) => ended));
  assert.equal(refused?.code, 5, `${refused?.err}${refused?.out}`);
  assert.equal(allowed?.code, 0, allowed?.err);
  for (const said of [refused, allowed]) {
    assert.match(said?.out ?? "", /^INVALID \(generator saturated\)/);
    assert.match(said?.out ?? "", /worker 0 was ready to run but had no processor for \d/);
  }
  const results = place.json<{ valid: boolean; validity: { cause: string } }>(
    "starved/results.json",
  );
  assert.deepEqual([results.valid, results.validity.cause], [false, "generator saturated"]);
  assert.match(place.text("starved/report.html"), /class="verdict bad">INVALID/);
});
