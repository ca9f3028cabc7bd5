// What programs are promised: runs end when they say so, in order or at once; nothing of the process is touched.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import {
  calibrate,
  compare,
  DrayageError,
  ExitCode,
  load,
  merge,
  type PullResults,
  report,
  run,
  traceInfo,
  UsageError,
  warmup,
} from "../../src/drayage.ts";
import type { EmbeddedRegistry } from "../../src/embedded/embedded-registry.ts";
import { startEmbeddedRegistryThread } from "../../src/embedded/registry-thread.ts";
import { Running, type Snapshot } from "../../src/library/running.ts";
import { drawRamp } from "../cli/compare/stored-ramp.ts";
import { startRawServer } from "../fakes/raw-server.ts";
import { folderFor } from "../trace/fixtures.ts";

let registry: EmbeddedRegistry;
before(async () => {
  registry = await startEmbeddedRegistryThread();
});
after(() => registry.close());

const long = { rate: "50/s", duration: "1m", allowInvalid: true } as const;
const OK = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

test("library: an abort ends a run in order, and its files are whole", async (t) => {
  const out = join(folderFor(t), "run");
  const ended = new AbortController();
  const going = load({ url: registry.url, out, ...long }, { signal: ended.signal });
  const seen: Snapshot[] = [];
  for await (const snapshot of going) {
    seen.push(snapshot);
    ended.abort();
  }
  const { exit, directory, results } = await going.result;
  assert.equal(exit, ExitCode.interrupted);
  assert.equal(directory, out);
  assert.equal(results.ending, "signal");
  assert.equal(results.totals.failed, 0);
  assert.deepEqual(results.skipped, { interrupted: 50 * 60 - results.totals.done });
  assert.equal(
    seen.reduce((sum, { done }) => sum + done, 0),
    results.totals.done,
  );
  assert.deepEqual(
    JSON.parse(readFileSync(join(out, "results.json"), "utf8")).totals,
    results.totals,
  );
  assert.ok(existsSync(join(out, "report.html")));
  assert.deepEqual(JSON.parse(readFileSync(join(out, "run.json"), "utf8")).arguments, []);
});

test("library: stop ends at once what gets no answer, and what was cut off is counted", async (t) => {
  const ended = new AbortController();
  const now = new AbortController();
  // The first request asks whether anybody is there.
  const server = await startRawServer(t, [{ bytes: OK }, {}]);
  const going = load(
    { url: `127.0.0.1:${server.port}`, out: join(folderFor(t), "run"), ...long },
    { signal: ended.signal, stop: now.signal },
  );
  for await (const { inFlight } of going) {
    if (inFlight === 0) continue;
    ended.abort();
    setTimeout(() => now.abort(), 200);
    break;
  }
  const { exit, results } = await going.result;
  assert.equal(exit, ExitCode.interrupted);
  assert.equal(results.totals.done, 0);
  assert.ok(results.totals.failed > 0);
});

test("library: a signal that was aborted before is a rejection, and nothing begins", async (t) => {
  const out = join(folderFor(t), "run");
  const going = load({ url: registry.url, out, ...long }, { signal: AbortSignal.abort() });
  await assert.rejects(going.result, { name: "AbortError" });
  assert.equal(existsSync(out), false);
});

test("library: what JavaScript leaves out or gives wrongly is a sentence, not a mistake of ours", async () => {
  const wrong: readonly [() => { readonly result: Promise<unknown> }, string][] = [
    [() => load({} as never), "url is missing"],
    [() => load({ url: 5 } as never), "url wants a string, not number"],
    [() => merge({ runs: [1, 2], out: "x" } as never), "runs wants a string, not number"],
    [() => compare({ a: ["x"], b: [7] } as never), "against wants a string, not number"],
    [() => compare({ b: ["x"] } as never), "a is missing"],
    [() => traceInfo({} as never), "inputs is missing"],
    [() => run({} as never), "config is missing: configuration (YAML)"],
  ];
  for (const [begin, sentence] of wrong)
    await assert.rejects(begin().result, (error: unknown) => {
      assert.ok(error instanceof UsageError);
      assert.deepEqual(error.lines, [sentence]);
      return true;
    });
});

test("library: a run can be paused and sped up, and its controls are on record", async (t) => {
  const out = join(folderFor(t), "run");
  const going = load({ url: registry.url, rate: "20/s", duration: "3s", allowInvalid: true, out });
  assert.deepEqual(going.control({ kind: "pause" }), {
    applied: false,
    reason: "the run has not begun",
  });
  for await (const _ of going) {
    assert.equal(going.control({ kind: "speed", factor: 8 }).applied, true);
    break;
  }
  await going.result;
  const { controls } = JSON.parse(readFileSync(join(out, "run.json"), "utf8"));
  assert.deepEqual(
    controls.map(({ kind, speed }: { kind: string; speed: number }) => [kind, speed]),
    [["speed", 8]],
  );
});

/** A program of its own: the test runner itself writes to the streams of this process. */
const quiet = (library: string, url: string, out: string): string => `
import { load } from ${JSON.stringify(library)};
const events = ["SIGINT", "SIGTERM", "SIGTSTP", "exit", "uncaughtException"];
const listeners = () => events.map((event) => process.listenerCount(event)).join();
const before = listeners();
const during = new Set();
const going = load({ url: ${JSON.stringify(url)}, rate: "50/s", duration: "1500ms", allowInvalid: true, out: ${JSON.stringify(out)} });
for await (const _ of going) during.add(listeners());
await going.result;
const same = during.size === 1 && during.has(before) && listeners() === before;
process.stdout.write(JSON.stringify({ same, input: process.stdin.listenerCount("data"), exitCode: process.exitCode ?? null }));
`;

test("library: no signal is caught, nothing is printed, standard input is left alone", (t) => {
  const folder = folderFor(t);
  const file = join(folder, "quiet.ts");
  writeFileSync(
    file,
    quiet(join(process.cwd(), "src/drayage.ts"), registry.url, join(folder, "run")),
  );
  const { status, stdout, stderr } = spawnSync(process.execPath, [file], { encoding: "utf8" });
  assert.equal(stderr, "");
  assert.deepEqual(JSON.parse(stdout), { same: true, input: 0, exitCode: null });
  assert.equal(status, 0);
});

for (const { name, begin, is } of [
  {
    name: "an unknown option",
    begin: () => load({ url: "x:1", ratte: 1 } as never),
    is: { name: "UsageError", message: 'unknown option ratte; did you mean "rate"?' },
  },
  {
    name: "a value of the wrong type",
    begin: () => load({ url: "x:1", connections: "many" as never }),
    is: { name: "UsageError", message: "connections wants a number, not string" },
  },
  {
    name: "a value out of bounds",
    begin: () => load({ url: "x:1", connections: 0 }),
    is: { name: "UsageError", message: /^connections wants a whole number from 1/ },
  },
  {
    name: "no plan at all",
    begin: () => (load as () => ReturnType<typeof load>)(),
    is: { name: "UsageError", message: "url is missing" },
  },
  {
    name: "null for a plan",
    begin: () => calibrate(null as never),
    is: { name: "UsageError", message: "the plan wants an object with options, not null" },
  },
  {
    name: "a list for a plan of configurations",
    begin: () => warmup([] as never),
    is: { name: "UsageError", message: "the plan wants an object with options, not a list" },
  },
  {
    name: "null for an option",
    begin: () => load({ url: "x:1", rate: null as never }),
    is: { name: "UsageError", message: "rate wants a string, not null" },
  },
  {
    name: "a threshold that is none",
    begin: () => load({ url: "x:1", threshold: ["p99 ~ 1"] }),
    is: { name: "UsageError", message: /^threshold "p99 ~ 1", column/ },
  },
  {
    name: "a server that is not there",
    begin: () => load({ url: "127.0.0.1:1" }),
    is: { code: "target-unreachable" },
  },
  {
    name: "a file that is not there",
    begin: () => warmup({ config: "no/such.yaml" }),
    is: { name: "UsageError", message: /^no\/such\.yaml does not exist/ },
  },
]) {
  test(`library: ${name} is a rejection, of the result and of the iteration`, async () => {
    const going = begin();
    await assert.rejects(going.result, is);
    await assert.rejects(async () => {
      for await (const _ of going) assert.fail("there is no snapshot");
    }, is);
    const error = await going.result.catch((reason: unknown) => reason);
    assert.ok(error instanceof DrayageError);
    assert.equal(error instanceof UsageError, error.code === "usage");
  });
}

test("library: seconds that nobody fetches are kept up to a limit, then counted", async () => {
  const seconds = 10_003;
  const going = new Running(async (view) => {
    const { interval } = view({} as never);
    for (let second = 0; second < seconds; second++) interval({ second } as Snapshot);
    return "end";
  });
  await going.result;
  assert.equal(going.missed, 3);
  const seen: number[] = [];
  for await (const { second } of going) seen.push(second);
  assert.equal(seen.length, 10_000);
  assert.deepEqual([seen[0], seen.at(-1)], [3, seconds - 1]);
});

test("library: a stored ramp is reported, and two of them are added up, with the results of a ramp", async (t) => {
  const folder = folderFor(t);
  const ramps = ["a", "b"].map((seed) =>
    drawRamp(join(folder, seed), { seed, secondsPerStep: 1, perPuller: 20 }),
  );
  const [a = "", b = ""] = ramps;
  const one = await report<PullResults>(a).result;
  assert.equal(one.directory, a);
  const other = await report<PullResults>(b).result;
  const out = join(folder, "sum");
  const { results } = await merge<PullResults>({ runs: ramps, as: "in-turn", out }).result;
  assert.equal(results.pulls.done, one.results.pulls.done + other.results.pulls.done);
});

test("library: two who iterate share the seconds, and both come to the end", async () => {
  const began = Promise.withResolvers<(second: number) => void>();
  const ended = Promise.withResolvers<string>();
  const going = new Running((view) => {
    const { interval } = view({} as never);
    began.resolve((second) => interval({ second } as Snapshot));
    return ended.promise;
  });
  const seen: number[] = [];
  const follow = async (): Promise<void> => {
    for await (const { second } of going) seen.push(second);
  };
  const both = [follow(), follow()];
  const say = await began.promise;
  for (const second of [1, 2, 3]) say(second);
  await new Promise((resolve) => setImmediate(resolve));
  ended.resolve("end");
  await Promise.all(both);
  assert.deepEqual(seen.sort(), [1, 2, 3]);
});
