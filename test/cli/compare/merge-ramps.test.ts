// `drayage merge` of pull tests, from their stored seconds.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { verbs } from "../../../src/cli/commands.ts";
import { type ServerFigures, unknownServer } from "../../../src/cli/pull/pull-results.ts";
import { mergedServers, type WatchedRamp } from "../../../src/cli/report/merged-servers.ts";
import type { StoredRecord } from "../../../src/report/stored-run.ts";
import { mergeDistributions, valueAtPercentile } from "../../../src/stats/distribution.ts";
import { decodeHdr } from "../../../src/stats/hdr.ts";
import { drayage } from "../fake-terminal.ts";
import { type DrawnRamp, drawRamp } from "./stored-ramp.ts";

const folder = mkdtempSync(join(tmpdir(), "merged-ramps-"));
after(() => rmSync(folder, { recursive: true }));

type Results = {
  readonly verdict: string;
  readonly pulls: { readonly done: number; readonly totalNs: { readonly histogram: string } };
  readonly steps: readonly {
    readonly level: number;
    readonly seconds: number;
    readonly pulls: number;
    readonly pullsPerSecond: number;
  }[];
  readonly counts: Readonly<Record<string, number>>;
};

const resultsOf = (directory: string): Results =>
  JSON.parse(readFileSync(join(directory, "results.json"), "utf8"));

let made = 0;
const drawn = (ramp: DrawnRamp): string =>
  drawRamp(join(folder, `r${made++}`), { secondsPerStep: 2, perPuller: 20, ...ramp });

/** Their own reports, and that of the sum. */
async function merged(ramps: readonly string[], ...flags: string[]) {
  const sum = join(folder, `sum${made++}`);
  for (const ramp of ramps) await drayage(["report", ramp, "--json"], { verbs });
  const said = await drayage(["merge", ...ramps, "--out", sum, ...flags], { verbs });
  assert.equal(said.exit, 0, said.err);
  return { said, sum: resultsOf(sum), parts: ramps.map(resultsOf), directory: sum };
}

for (const { name, startedAt, level, seconds, says } of [
  { name: "in turn", startedAt: "2026-01-15T11:00:00.000Z", level: 1, seconds: 2, says: /repetit/ },
  {
    name: "together",
    startedAt: "2026-01-15T10:00:00.100Z",
    level: 2,
    seconds: 1,
    says: /same time/,
  },
]) {
  test(`two ramps ${name} add up step by step, with the percentiles of all their pulls; report makes the sum again`, async () => {
    const ramps = [drawn({ seed: "a" }), drawn({ seed: "b", startedAt, ms: 20 })];
    const { said, sum, parts, directory } = await merged(ramps);
    assert.match(said.err, says);
    assert.equal(sum.steps.length, 3);
    for (const [index, step] of sum.steps.entries()) {
      const own = parts.map(({ steps }) => steps[index] as Results["steps"][number]);
      assert.equal(
        step.pulls,
        own.reduce((total, { pulls }) => total + pulls, 0),
      );
      assert.equal(step.level, (own[0]?.level ?? 0) * level);
      assert.ok(Math.abs(step.seconds - (own[0]?.seconds ?? 0) * seconds) < 1e-6);
      const rates = own.reduce((total, { pullsPerSecond }) => total + pullsPerSecond, 0);
      assert.ok(Math.abs(step.pullsPerSecond - (rates * level) / 2) < 1e-6);
    }
    const both = mergeDistributions(parts.map(({ pulls }) => decodeHdr(pulls.totalNs.histogram)));
    const all = decodeHdr(sum.pulls.totalNs.histogram);
    for (const percent of [50, 90])
      assert.equal(valueAtPercentile(all, percent), valueAtPercentile(both, percent));
    assert.equal(sum.counts["manifest GETs"], sum.pulls.done);
    const again = await drayage(["report", directory, "--json"], { verbs });
    assert.deepEqual(JSON.parse(again.out).steps, sum.steps);
  });
}

const other = { startedAt: "2026-01-15T10:00:02.000Z" };
for (const { name, b, flags = [], says } of [
  {
    name: "other numbers of pullers",
    b: { levels: [1, 3, 1], startedAt: "2026-01-16T10:00:00.000Z" },
    says: /run step 2 has 2 pullers in one and 3 in the other$/m,
  },
  {
    name: "steps that did not coincide",
    b: other,
    says: /^the ramps began 2.0 s apart, with steps of 2.0 s: .*--as in-turn .*--as together/m,
  },
  {
    name: "steps of other lengths, taken together",
    b: { ...other, secondsPerStep: 3 },
    flags: ["--as", "together"],
    says: /their steps are not the same, or not as long$/m,
  },
] as readonly { name: string; b: Partial<DrawnRamp>; flags?: string[]; says: RegExp }[]) {
  test(`ramps with ${name} are refused in one line, and nothing is made`, async () => {
    const ramps = [drawn({ seed: "a" }), drawn({ seed: "b", ...b })];
    const sum = join(folder, `none${made++}`);
    const { exit, err } = await drayage(["merge", ...ramps, "--out", sum, ...flags], { verbs });
    assert.equal(exit, 2);
    assert.match(err, says);
    assert.throws(() => readFileSync(join(sum, "run.json")), /ENOENT/);
  });
}

/** What a ramp was told that pulled by `cache` from one upstream, on a machine of that name. */
function watched(
  told: Partial<ServerFigures>,
  { cache = "http://cache:8080", host = "box" }: { cache?: string; host?: string } = {},
): WatchedRamp {
  const plan = { resolved: { cache: { origin: cache }, registry: { origin: "http://up:5000" } } };
  const record = { plan, machine: { host } } as unknown as StoredRecord;
  return { record, server: { ...unknownServer, ...told } };
}
const cached = "ociregistry_cached_pulls_by_ns_total";
const fetched = "ociregistry_upstream_pulls_by_ns";
const told = (hits: number, misses: number): Partial<ServerFigures> => ({
  upstreamManifestGets: misses,
  upstreamBlobGets: 3 * misses,
  upstreamBytes: 1000 * misses,
  counted: { [cached]: hits, [fetched]: misses },
});
const totals = { pulls: 100, bytes: 50_000 };

for (const { name, ramps, placement, gives } of [
  {
    name: "ramps in turn: what grew is added, and shares follow from the sums",
    ramps: [watched(told(0, 10)), watched(told(30, 0))],
    placement: "in-turn",
    gives: { hitRatio: 0.75, manifestAmplification: 0.1, upstreamBytes: 10_000, cached: 30 },
  },
  {
    name: "ramps of the same minutes by the same cache saw the same: it counts once",
    ramps: [watched(told(60, 20)), watched(told(59, 20))],
    placement: "together",
    gives: { hitRatio: 0.75, manifestAmplification: 0.2, upstreamBytes: 20_000, cached: 60 },
  },
  {
    name: "by caches of their own: each has its hits, and one upstream the misses of both",
    ramps: [
      watched(told(40, 20), { cache: "http://localhost:8080", host: "a" }),
      watched(told(20, 20), { cache: "http://localhost:8080", host: "b" }),
    ],
    placement: "together",
    gives: { hitRatio: 0.6, manifestAmplification: 0.2, upstreamBytes: 20_000, cached: 60 },
  },
  {
    name: "a counter that a cache has not begun yet is zero beside another, and missing alone",
    ramps: [watched({ counted: { [fetched]: 10 } }), watched({ counted: { [cached]: 10 } })],
    placement: "in-turn",
    gives: { hitRatio: 0.5, manifestAmplification: null, upstreamBytes: null, cached: undefined },
  },
  {
    name: "what one of them was not told is not known of the sum",
    ramps: [watched(told(30, 10)), watched({})],
    placement: "in-turn",
    gives: { hitRatio: null, manifestAmplification: null, upstreamBytes: null, cached: undefined },
  },
] as const)
  test(`servers of ${name}`, () => {
    const { counted, ...server } = mergedServers(ramps, placement, totals);
    const { hitRatio, manifestAmplification, upstreamBytes } = server;
    assert.deepEqual(
      { hitRatio, manifestAmplification, upstreamBytes, cached: counted[cached] },
      gives,
    );
  });
