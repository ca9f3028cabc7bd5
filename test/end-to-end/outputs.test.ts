// What every command that measures leaves behind: run.json and results.json satisfy the published schemas, and pages open.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, statSync } from "node:fs";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { Ajv2020 } from "ajv/dist/2020.js";
import type { EmbeddedRegistry } from "../../src/embedded/embedded-registry.ts";
import { startEmbeddedRegistryThread } from "../../src/embedded/registry-thread.ts";
import { CHROMIUM, openedBrowser, redrawnCharts } from "../report/opened-page.ts";
import { Workplace } from "./workplace.ts";

const place = new Workplace();
let registry: EmbeddedRegistry;
/** What the load with steps said. */
let summary = "";

const checker = (name: string) =>
  new Ajv2020({ allErrors: true, allowUnionTypes: true }).compile(
    JSON.parse(
      readFileSync(new URL(`../../docs/formats/${name}.schema.json`, import.meta.url), "utf8"),
    ),
  );
const checks = {
  run: checker("run"),
  results: checker("results"),
  "pull-results": checker("pull-results"),
  "simulation-results": checker("simulation-results"),
};

const load = (out: string, ...flags: string[]) =>
  place.drayage([
    ...["load", registry.url, "--out", place.path(out)],
    ...["--allow-invalid", ...flags],
  ]);

const request = (second: number) => ({
  host: "localhost",
  "http.request.duration": 0.01,
  "http.request.method": "GET",
  "http.request.uri": `v2/a/blobs/${second % 2}`,
  "http.request.useragent": "docker/20.10.7",
  "http.response.status": 200,
  "http.response.written": 100,
  id: String(second),
  timestamp: `2017-08-08T11:03:0${second}.000Z`,
  "http.request.remoteaddr": "a",
});

before(async () => {
  registry = await startEmbeddedRegistryThread();
  mkdirSync(place.path("demo"));
  place.write("trace.json", JSON.stringify([1, 2, 3].map(request)));
  place.write(
    "simulate.yaml",
    JSON.stringify({
      trace: { location: ".", traces: ["trace.json"] },
      simulate: { name: "builtin:cache" },
    }),
  );
  const ended = await Promise.all([
    load("paced", "--steps", "50/s:1s,80/s:1s", "-T", "p50 < 10s"),
    load("closed", "--connections", "2", "--duration", "1s"),
    place.drayage(["demo", "--seconds", "1", "--out", place.path("demo")]),
    place.drayage(["simulate", "-i", "simulate.yaml", "--out", place.path("simulated")]),
    place.drayage([
      ...["pull", "--demo", "--steps=1@300ms,2@300ms", `--results=${place.path("pulled")}`],
    ]),
  ]);
  summary = ended[0]?.out ?? "";
  for (const { code, err } of ended) assert.ok(code === 0 || code === 8, `${code}: ${err}`);
  const merged = await place.drayage([
    ...["merge", place.path("paced"), place.path("demo/run"), "--out", place.path("sum")],
  ]);
  assert.equal(merged.code, 0, merged.err);
  const sides = [place.path("paced"), place.path("sum"), "--page", place.path("compare.html")];
  assert.equal((await place.drayage(["compare", ...sides])).code, 0);
  for (const again of ["closed", "pulled"]) {
    const said = await place.drayage(["report", place.path(again)]);
    assert.equal(said.code, 0, said.err);
  }
});
after(async () => {
  await registry.close();
  place.leave();
});

for (const { verb, directory, results } of [
  { verb: "load", directory: "paced", results: "results" },
  { verb: "load, a closed loop, made again by report", directory: "closed", results: "results" },
  { verb: "run (of the demo)", directory: "demo/run", results: "results" },
  { verb: "warmup (of the demo)", directory: "demo/warmup", results: "results" },
  { verb: "merge", directory: "sum", results: "results" },
  { verb: "pull, made again by report", directory: "pulled", results: "pull-results" },
  { verb: "simulate", directory: "simulated", results: "simulation-results" },
] as const) {
  test(`schemas: run.json and results.json of ${verb}`, () => {
    for (const [schema, file] of [
      ["run", "run.json"],
      [results, "results.json"],
    ] as const) {
      const check = checks[schema];
      assert.ok(
        check(place.json(`${directory}/${file}`)),
        `${file}: ${JSON.stringify(check.errors, null, 1)}`,
      );
    }
    const named = place.json<{ $schema: string }>(`${directory}/results.json`).$schema;
    assert.equal(named, `urn:drayage:schema:${results}:1`);
  });
}

test("steps of a schedule have a row each in summary, results and page", () => {
  const { steps } = place.json<{ steps: { name: string; done: number }[] }>("paced/results.json");
  assert.deepEqual(
    steps.map(({ name }) => name),
    ["50/s", "80/s"],
  );
  assert.equal(
    steps.reduce((sum, { done }) => sum + done, 0),
    130,
  );
  assert.match(summary, /Steps\n +length +planned[^\n]*\n +50\/s +\d[^\n]*\n +80\/s/);
  assert.match(summary, /Statuses +200: 130/);
  assert.match(place.text("paced/report.html"), /<h2>Steps<\/h2>/);
});

test("schemas: a missing, an unknown and a wrong field are refused", () => {
  for (const [schema, file] of [
    ["run", "paced/run.json"],
    ["results", "paced/results.json"],
    ["pull-results", "pulled/results.json"],
    ["simulation-results", "simulated/results.json"],
  ] as const) {
    const good = place.json<Record<string, unknown>>(file);
    const { version: _, ...missing } = good;
    assert.equal(checks[schema](missing), false, `${schema}: missing`);
    assert.equal(checks[schema]({ ...good, extra: 1 }), false, `${schema}: unknown`);
    assert.equal(checks[schema]({ ...good, version: "1" }), false, `${schema}: wrong`);
  }
});

const PAGE_BYTES_MAX = 2_000_000;

for (const { name, page } of [
  { name: "a demo", page: "demo/run/report.html" },
  { name: "a ramp", page: "pulled/report.html" },
  { name: "a sum of runs", page: "sum/report.html" },
  { name: "a comparison", page: "compare.html" },
]) {
  test(`pages: that of ${name} opens in both colour schemes, wide, narrow and on paper, draws every chart and asks nobody`, async (t) => {
    if (!existsSync(CHROMIUM)) {
      t.skip(`needs ${CHROMIUM}: apt-get install chromium`);
      return;
    }
    assert.ok(statSync(place.path(page)).size < PAGE_BYTES_MAX);
    const url = pathToFileURL(place.path(page)).href;
    const tab = await (await openedBrowser()).newPage({ colorScheme: "light" });
    const complaints: string[] = [];
    tab.on("console", (message) => complaints.push(message.text()));
    tab.on("pageerror", (error) => complaints.push(error.message));
    tab.on("request", (request) => {
      if (request.url() !== url) complaints.push(request.url());
    });
    await tab.goto(url);
    const charts = await tab.locator("canvas").count();
    assert.ok(charts >= 2, `${charts} charts`);
    for (const [colorScheme, width] of [
      ["light", 1200],
      ["dark", 1200],
      ["dark", 390],
    ] as const) {
      await tab.emulateMedia({ colorScheme });
      await tab.setViewportSize({ width, height: 800 });
      assert.equal(await redrawnCharts(tab), charts, `${colorScheme}, ${width} pixels`);
      const beyond = await tab.evaluate("document.documentElement.scrollWidth - innerWidth");
      assert.ok(Number(beyond) <= 0, `${beyond} pixels beyond the edge at ${width}`);
    }
    await tab.pdf({ format: "A4" });
    assert.equal(await redrawnCharts(tab), charts, "after printing");
    assert.deepEqual(complaints, []);
    await tab.close();
  });
}
