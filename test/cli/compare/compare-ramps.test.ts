// `drayage compare` of pull tests, from their stored seconds.
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { verbs } from "../../../src/cli/commands.ts";
import { drayage } from "../fake-terminal.ts";
import { type DrawnRamp, drawRamp } from "./stored-ramp.ts";

type Row = {
  readonly step: number;
  readonly measure: string;
  readonly percent: number | null;
  readonly a: number;
  readonly b: number;
  readonly difference: number;
  readonly interval: readonly [number, number] | null;
  readonly verdict: string;
};
type Told = {
  readonly verdict: string;
  readonly basis: string;
  readonly rows: readonly Row[];
  readonly dissimilarities: readonly { readonly what: string }[];
  readonly warnings: readonly string[];
  readonly failed: readonly string[];
};

const slower = { ms: 13, perPuller: 31 };

const folder = mkdtempSync(join(tmpdir(), "ramps-"));
after(() => rmSync(folder, { recursive: true }));
const drawn = new Map<string, string>();

/** So many of each side, drawn once for all tests; what is not said of B is as in A. */
function sides(count: number, b: Partial<DrawnRamp> = {}): string[] {
  const side = (name: string, more: Partial<DrawnRamp>): string[] =>
    Array.from({ length: count }, (_, run) => {
      const key = `${name}${run} ${JSON.stringify(more)}`;
      const path = drawn.get(key) ?? join(folder, String(drawn.size));
      if (!drawn.has(key)) drawRamp(path, { seed: `${name}${run}`, ...more });
      drawn.set(key, path);
      return path;
    });
  const [one, other] = [side("a", {}), side("b", b)];
  return count === 1 ? [...one, ...other] : [...one, "--against", other.join(",")];
}

async function compared(words: readonly string[]): Promise<Told & { readonly exit: number }> {
  const { exit, out, err } = await drayage(["compare", ...words, "--json"], { verbs });
  assert.notEqual(out, "", err);
  return { exit, ...(JSON.parse(out) as Told) };
}

const rowOf = ({ rows }: Told, step: number, measure: string): Row =>
  rows.find((row) => row.step === step && row.measure === measure) ??
  assert.fail(`no ${measure} of step ${step}`);

for (const { count, basis } of [
  { count: 1, basis: "seconds" },
  { count: 3, basis: "runs" },
]) {
  test(`ramps that are alike, ${count} a side: intervals by ${basis} hold no difference, and no limit fails`, async () => {
    const limits = ["--fail-on", "p50 > +5%", "--fail-on", "rate < -5%"];
    const told = await compared([...sides(count), ...limits]);
    assert.equal(told.exit, 0);
    assert.deepEqual([told.basis, told.failed, told.dissimilarities], [basis, [], []]);
    assert.ok(["same", "inconclusive"].includes(told.verdict), told.verdict);
    assert.equal(told.rows.filter(({ measure }) => measure === "rate").length, 3);
    for (const { interval, difference } of told.rows)
      assert.ok(interval !== null && interval[0] <= difference && difference <= interval[1]);
  });

  test(`ramps a fifth slower, ${count} a side, are worse in times and in rates, and limits fail with 3`, async () => {
    const limits = ["p50 > +10%", "ttfb.p50 > +10%", "rate < -10%", "p50 > +40%", "rate < -40%"];
    const flags = limits.flatMap((text) => ["--fail-on", text]);
    const told = await compared([...sides(count, slower), ...flags]);
    assert.equal(told.exit, 3);
    assert.equal(told.verdict, "worse");
    assert.deepEqual(told.failed, limits.slice(0, 3));
    for (const step of [1, 2, 3]) {
      const [rate, pull] = [rowOf(told, step, "rate"), rowOf(told, step, "pull")];
      assert.deepEqual([rate.verdict, pull.verdict], ["worse", "worse"]);
      assert.ok(rate.difference < -0.1 && pull.difference > 0.1);
      assert.ok(Math.abs(rate.b / rate.a - 1 - rate.difference) < 1e-9);
    }
  });
}

test("steps that some of them lack are left out and named; a step of few seconds has no interval; other plans are told", async () => {
  const short = { levels: [1, 2], secondsPerStep: 3, options: { prune: true, "log-file": "x" } };
  const told = await compared(sides(1, short));
  assert.match(told.warnings.join(), /^1 of 3 steps are not in all of them and left out/);
  assert.deepEqual([...new Set(told.rows.map(({ step }) => step))], [1, 2]);
  assert.equal(rowOf(told, 1, "rate").interval, null);
  assert.deepEqual(
    told.dissimilarities.map(({ what }) => what),
    ["plan options.prune"],
  );
});

test("the table says each step once; page and figures hold rates and curves of each", async () => {
  const outputs = ["--page", join(folder, "page.html"), "--figures", join(folder, "figures")];
  const limit = ["--fail-on", "ttfb.p50 > +10%"];
  const words = ["compare", ...sides(1, slower), ...limit, ...outputs];
  const { exit, out, err } = await drayage(words, { verbs });
  assert.equal(exit, 3, err);
  assert.match(out, /^regression: ttfb.p50 > \+10% in run step 1, run step 2, run step 3$/m);
  assert.match(out, /^run +1 +1 +pulls\/s +\S+ +\S+ +[+-]\d+\.\d% +[+-].* \.\. .*% {2}\w+$/m);
  assert.match(out, /^ +pull +p50 +\d+(\.\d+)?ms /m);
  assert.match(out, /^pulls: A \d,\d{3} done, 0 failed; B \d{1,3}(,\d{3})* done, 0 failed$/m);
  const page = readFileSync(join(folder, "page.html"), "utf8");
  for (const title of ["Differences", "Rate against active pullers", "Ratio by percentile"])
    assert.ok(page.includes(`<h2>${title}</h2>`), title);
  const files = readdirSync(join(folder, "figures"));
  for (const name of ["rate-run.svg", "overlay-run-step-2.csv", "ratio-run-step-3.py"])
    assert.ok(files.includes(name), name);
});

for (const { words, says } of [
  {
    words: ["--fail-on", "get-blob.p50 > +5%"],
    says: /^--fail-on "get-blob.p50 > \+5%": of ramps/,
  },
  { words: ["--fail-on", "p75 > +5%"], says: /p75 is not compared/ },
  {
    words: ["--fail-on", "rate < -2.5%"],
    says: /is below the smallest difference that matters: add --min-effect 2\.5$/m,
  },
  { words: ["--fail-on", "rate > +5%"], says: /^--fail-on "rate > \+5%": write such as / },
])
  test(`ramps refuse ${words.join(" ")}`, async () => {
    const { exit, err } = await drayage(["compare", ...sides(1), ...words], { verbs });
    assert.equal(exit, 2);
    assert.match(err, says);
  });
