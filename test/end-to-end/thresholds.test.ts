// Thresholds, reports of killed runs, sums and comparisons, as their users type them, against the embedded registry.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { verbs } from "../../src/cli/commands.ts";
import type { EmbeddedRegistry } from "../../src/embedded/embedded-registry.ts";
import { startEmbeddedRegistryThread } from "../../src/embedded/registry-thread.ts";
import { mergeDistributions, valueAtPercentile } from "../../src/stats/distribution.ts";
import { decodeHdr } from "../../src/stats/hdr.ts";
import { drayage } from "../cli/fake-terminal.ts";
import { Workplace } from "./workplace.ts";

const place = new Workplace();
let registry: EmbeddedRegistry;

before(async () => {
  registry = await startEmbeddedRegistryThread();
});
after(async () => {
  await registry.close();
  place.leave();
});

type Stored = {
  readonly ending: string;
  readonly verdict: string;
  readonly thresholds: readonly { passed: boolean; actual: number | null; aborted: boolean }[];
  readonly totals: {
    readonly done: number;
    readonly responseNs: { readonly histogram: string };
    readonly serviceNs: { readonly count: number };
  };
  readonly besides: Readonly<Record<string, number>>;
};

const load = (out: string, ...flags: string[]) =>
  place.drayage([
    "load",
    registry.url,
    "--rate",
    "100/s",
    "--out",
    place.path(out),
    "--allow-invalid",
    ...flags,
  ]);

const stored = (out: string): Stored =>
  JSON.parse(readFileSync(place.path(`${out}/results.json`), "utf8"));

test("a missed threshold exits 99 and stands in summary, results and page", async () => {
  const said = await load(
    "missed",
    "--duration",
    "1s",
    "-T",
    "p50 < 1us",
    "-T",
    "errors.rate < 1%",
  );
  assert.equal(said.code, 99, said.err);
  assert.match(said.out, /^FAIL \(1 threshold\)/);
  assert.match(said.out, /missed {2}p50 < 1us/);
  assert.deepEqual(
    stored("missed").thresholds.map(({ passed }) => passed),
    [false, true],
  );
  assert.match(readFileSync(place.path("missed/report.html"), "utf8"), /p50 &#60; 1us/);
});

test("a threshold with abort ends the run early, with 6", async () => {
  const said = await load("aborted", "--duration", "60s", "-T", "window(1s).p50 < 1us abort");
  assert.equal(said.code, 6, said.err);
  const { ending, thresholds, totals } = stored("aborted");
  assert.deepEqual([ending, thresholds[0]?.aborted], ["limit", true]);
  assert.ok(totals.done < 6000);
});

test("thresholds that cannot be read are refused at once, with their column", async () => {
  const flags = ["-T", "p99 < 1", "-T", "erors.rate < 1%", "--out", place.path("never")];
  const said = await drayage(["load", registry.url, "--rate", "100/s", ...flags], { verbs });
  assert.equal(said.exit, 2);
  assert.match(said.err, /column 7: .*\n.*column 1: .*did you mean "errors"/);
  assert.equal(existsSync(place.path("never")), false);
});

test("two runs are added up to the histogram of all their values, and compared", async () => {
  await load("one", "--duration", "2s");
  await load("two", "--duration", "2s");
  const merged = await place.drayage([
    "merge",
    place.path("one"),
    place.path("two"),
    "--out",
    place.path("sum"),
  ]);
  assert.equal(merged.code, 0, merged.err);
  const [one, two, sum] = ["one", "two", "sum"].map((name) => stored(name).totals);
  const all = mergeDistributions(
    [one, two].map((totals) => decodeHdr(totals?.responseNs.histogram ?? "")),
  );
  const added = decodeHdr(sum?.responseNs.histogram ?? "");
  assert.equal(sum?.done, (one?.done ?? 0) + (two?.done ?? 0));
  assert.equal(valueAtPercentile(added, 99), valueAtPercentile(all, 99));
  const compared = await place.drayage(["compare", place.path("one"), place.path("two"), "--json"]);
  assert.equal(compared.code, 0, compared.err);
  const { rows, verdict } = JSON.parse(compared.out);
  assert.equal(verdict, "inconclusive", "two seconds tell nothing");
  assert.deepEqual([rows[0].operation, rows[0].measure], ["request", "response"]);
});

test("a run that was killed is reported up to its last second, and says so", async () => {
  const out = place.path("killed");
  const child = spawn(
    process.execPath,
    ["bin/drayage.js", "load", registry.url, "--rate", "50/s", "--duration", "60s", "--out", out],
    { stdio: "ignore" },
  );
  const counts = `${out}/counts.ndjson`;
  const seconds = (): number =>
    existsSync(counts) ? readFileSync(counts, "utf8").split("\n").length - 1 : 0;
  while (seconds() < 2) await sleep(50);
  child.kill("SIGKILL");
  await once(child, "exit");
  const said = await place.drayage(["report", out]);
  assert.equal(said.code, 0, said.err);
  assert.match(said.err, /the run was killed, or still goes on/);
  assert.match(said.out, /^ABORTED/);
  const { totals, besides } = stored("killed");
  assert.ok(totals.done >= 50);
  const timed = totals.serviceNs.count - totals.done;
  assert.equal(besides["timed, but not counted when it was killed"] ?? 0, timed);
  assert.ok(existsSync(`${out}/report.html`));
});

for (const { name, words, says } of [
  { name: "a directory without a run", words: ["report", "nowhere"], says: /nowhere holds no run/ },
  { name: "one run", words: ["merge", "nowhere"], says: /at least two run directories/ },
  {
    name: "a regression that cannot be read",
    words: ["compare", "a", "b", "--fail-on", "p98 > +1%"],
    says: /p98 is not compared; there is p50, p90 and p99/,
  },
]) {
  test(`stored runs: ${name} is refused in one line`, async () => {
    const said = await drayage(words, { verbs });
    assert.equal(said.exit, 2);
    assert.match(said.err, says);
  });
}
