// `drayage pull --demo`, and the shape that Ociregistry's authors published: with every puller the rate rises, and faster than
// in proportion while first passes fill the cache.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { resultsOf, rowsOf } from "./pull-results.ts";
import { Workplace } from "./workplace.ts";

const place = new Workplace();
after(() => place.leave());

const results = [
  "--results=results",
  "--force",
  "--metrics-file=metrics.txt",
  "--log-file=log.txt",
];

/** The charts that the page holds as data. */
function chartsOf(page: string): Record<string, { name: string; lines: { label: string }[] }[]> {
  const text = /drawPage\((\{.*\}), Object\.assign/s.exec(page)?.[1] ?? "{}";
  return JSON.parse(text) as ReturnType<typeof chartsOf>;
}

test("the rate outruns the pullers, since the first of them filled the cache, and the report says and draws it", async () => {
  // Neither cold nor warm: the one ramp that the original driver knows.
  const ended = await place.drayage([
    "pull",
    "--demo",
    "--cold=false",
    "--steps=1,2,1",
    ...results,
  ]);
  assert.equal(ended.code, 0, ended.err);
  const { steps, warnings, pulls } = resultsOf(place);
  const [alone, two, again] = steps;
  assert.ok(alone !== undefined && two !== undefined && again !== undefined);
  assert.deepEqual(
    steps.map(({ phase, level }) => [phase, level]),
    [
      ["run", 1],
      ["run", 2],
      ["run", 1],
    ],
  );
  // The first puller alone pulls what nobody has pulled before; when it is alone again, all of it is in the cache.
  assert.ok(alone.firstPulls > alone.pulls / 2, JSON.stringify(alone));
  assert.ok(again.firstPulls < again.pulls / 4, JSON.stringify(again));
  assert.ok(again.pullsPerSecond > 1.5 * alone.pullsPerSecond, JSON.stringify([alone, again]));
  assert.ok((again.speedUp ?? 0) > 1.5);
  assert.ok(two.pullsPerSecond > alone.pullsPerSecond);
  assert.ok(warnings.some((line) => line.startsWith("the rate rises faster than the pullers")));
  const { scaling = [], "step-rate": byStep = [] } = chartsOf(place.text("results/report.html"));
  assert.deepEqual(
    scaling.map(({ name, lines }) => [name, lines.map(({ label }) => label)]),
    [
      [
        "run",
        ["with more at each step", "with fewer at each step", "in proportion to the first one"],
      ],
    ],
  );
  assert.ok(byStep[0]?.lines.some(({ label }) => label === "first of their image"));
  const rows = rowsOf(place.text("results/timeseries.csv").replaceAll(",", "\t"));
  assert.equal(
    rows.reduce((sum, row) => sum + Number(row.done), 0),
    pulls.done,
  );
  assert.match(place.text("results/percentiles/pull.hgrm"), /^ +Value +Percentile +TotalCount/);
  assert.ok(place.has("results/percentiles/layer-ttfb.hgrm"));
  const { calibration } = resultsOf(place);
  assert.equal(calibration?.state, "unknown");
  assert.match(ended.out, /^Next\n {2}drayage calibrate/m);
});

test("the demo goes as the original does, then cold, then warm, with images of its own", async () => {
  const ended = await place.drayage([
    ...["pull", "--demo", "--iteration-seconds=0.3", "--steps=1,2", ...results],
  ]);
  assert.equal(ended.code, 0, ended.err);
  const { steps, comparison, server } = resultsOf(place);
  assert.deepEqual(
    steps.map(({ phase, level }) => `${phase} ${level}`),
    ["run 1", "run 2", "cold 1", "cold 2", "warm 1", "warm 2"],
  );
  assert.ok(comparison.length > 0);
  assert.ok((server.upstreamManifestGets ?? 0) > 0);
  const rate = comparison.find(({ measure }) => measure === "pulls/s");
  assert.ok((rate?.cold ?? 0) > 0 && (rate?.warm ?? 0) > (rate?.cold ?? 0));
  const { scaling = [] } = chartsOf(place.text("results/report.html"));
  assert.deepEqual(
    scaling.map(({ name }) => name),
    ["run", "cold", "warm"],
  );
});

for (const { flag, path } of [
  { flag: "--metrics-file", path: "/proc/none/metrics.txt" },
  { flag: "--log-file", path: "/proc/none/log.txt" },
  { flag: "--results", path: "/proc/none/results" },
  { flag: "--save", path: "/proc/none/layout" },
]) {
  test(`${flag} where no folder can be made ends with 2 and says so`, async () => {
    const flags = [
      "--steps=1@200ms",
      ...(flag === "--results" ? [] : ["--results=other", "--force"]),
    ];
    const ended = await place.drayage(["pull", "--demo", ...flags, `${flag}=${path}`]);
    assert.equal(ended.code, 2, ended.err);
    assert.ok(ended.err.includes(`${flag}: cannot`), ended.err);
  });
}
