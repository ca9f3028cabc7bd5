import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import type { Chart } from "../../src/report/chart.ts";
import { placeText } from "../../src/report/figures/chart-text.ts";
import { gnuplotScript } from "../../src/report/figures/gnuplot-script.ts";
import { matplotlibScript } from "../../src/report/figures/matplotlib-script.ts";
import { pgfplotsScript } from "../../src/report/figures/pgfplots-script.ts";
import { svgChart } from "../../src/report/figures/svg-chart.ts";
import { byteTicks } from "../../src/report/figures/svg-scale.ts";
import { RunDirectory } from "../../src/report/run-directory.ts";
import { writeRunOutputs } from "../../src/report/run-outputs.ts";
import { sampleRun } from "./sample-run.ts";

const directory = mkdtempSync(join(tmpdir(), "drayage-figures-"));
after(() => rmSync(directory, { recursive: true }));

const { figures, timeline } = sampleRun();
const context = { command: "drayage run", facts: [], files: [], timeline };
await writeRunOutputs(new RunDirectory(directory), figures, context);
const folder = join(directory, "figures");
const names = readdirSync(folder);
const ending = (suffix: string): string[] => names.filter((name) => name.endsWith(suffix));
const text = (name: string): string => readFileSync(join(folder, name), "utf8");

test("figures: every chart has a picture, data and a script for each of three programs", () => {
  const charts = ending(".svg").map((name) => name.replace(".svg", ""));
  assert.ok(charts.includes("curve") && charts.includes("heat") && charts.includes("sizes"));
  for (const suffix of [".csv", ".gp", ".py", ".tex"])
    for (const chart of charts) assert.ok(names.includes(`${chart}${suffix}`), `${chart}${suffix}`);
  assert.ok(names.includes("heat-cells.csv"));
});

test("figures: pictures have lines, axes with texts, and no number that is none", () => {
  for (const name of ending(".svg")) {
    const picture = text(name);
    assert.match(picture, /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"/, name);
    assert.match(picture, /<path d="M[^"]*L/, name);
    assert.ok((picture.match(/<text /g) ?? []).length > 6, name);
    assert.doesNotMatch(picture, /NaN|Infinity|undefined/, name);
  }
});

test("figures: cells of the heatmap count every success", () => {
  const [, ...rows] = text("heat-cells.csv").trimEnd().split("\n");
  const counted = rows.reduce((sum, row) => sum + Number(row.split(",")[4]), 0);
  assert.equal(
    counted,
    figures.totals.classes.reduce((sum, { response }) => sum + response.total, 0),
  );
});

for (const { seconds, text: expected } of [
  { seconds: 119.5, text: "119.5 s" },
  { seconds: 125, text: "2:05 min" },
  { seconds: 179.7, text: "3:00 min" },
  { seconds: 3599.6, text: "1:00:00 h" },
  { seconds: 3661, text: "1:01:01 h" },
])
  test(`figures: ${seconds} s stand as ${expected}`, () => {
    assert.equal(placeText("seconds", seconds), expected);
  });

test("figures: names of many lines go on in further rows, and none leaves the picture", () => {
  const lines = Array.from({ length: 8 }, (_, at) => ({
    label: `box-${at}.cluster.example:8081`,
    colour: "first",
    values: [1, 2],
  }));
  const head = { name: "n", x: "seconds", y: "ms", logarithmic: true, at: [0, 1] } as const;
  const picture = svgChart({ ...head, lines }, "Latency by node");
  const places = [...picture.matchAll(/x="([\d.]+)" y="(\d+)">(box-[^<]+)</g)];
  assert.equal(places.length, 8);
  const top = Number(/<path d="M74 (\d+)V/.exec(picture)?.[1]);
  for (const [, x, y, label] of places) {
    assert.ok(Number(x) + 6.6 * (label ?? "").length <= 640 && Number(y) < top, `${label}`);
  }
  const one = svgChart({ ...head, lines: lines.slice(0, 2) }, "Latency by node");
  assert.match(one, /viewBox="0 0 640 380"/);
});

test("figures: an axis of no bytes has whole ones", () => {
  assert.deepEqual(byteTicks(1, 6), [0, 1]);
  assert.deepEqual(byteTicks(4096, 4), [0, 1024, 2048, 3072, 4096]);
});

/** Runs every script of a kind and looks at the PDF that it leaves. */
function drawAll(suffix: string, program: string, flags: readonly string[] = []): void {
  for (const name of ending(suffix)) {
    const ended = spawnSync(program, [...flags, name], { cwd: folder, encoding: "utf8" });
    assert.equal(ended.status, 0, `${name}: ${ended.stderr}`);
  }
  requireDrawn(suffix);
}

function requireDrawn(suffix: string): void {
  for (const name of ending(suffix)) {
    const pdf = join(folder, name.replace(suffix, ".pdf"));
    assert.ok(statSync(pdf).size > 2000, `${pdf} is empty`);
    rmSync(pdf);
  }
}

test("figures: a name that means something to one of the three programs is nothing but a name", () => {
  const label = 'a"b`touch x`c\\input{y}$z$~^\n_';
  const line = { label, colour: "ink", values: [1, 2] } as const;
  const chart: Chart = {
    name: "n",
    x: "seconds",
    y: "ms",
    logarithmic: false,
    at: [0, 1],
    lines: [line],
  };
  assert.match(gnuplotScript("n", chart), / title "abtouch xcinput\{y\}\$z\$~\^_"$/m);
  assert.ok(matplotlibScript("n", chart).includes(JSON.stringify(label.replaceAll("$", "\\$"))));
  const inTex = String.raw`\addlegendentry{a"b${"`"}touch x${"`"}c\textbackslash{}input\{y\}\$z\$\textasciitilde{}\textasciicircum{}\_}`;
  assert.ok(pgfplotsScript("n", chart).includes(inTex));
});

test("figures: gnuplot draws all of them", (t) => {
  if (spawnSync("gnuplot", ["--version"]).status !== 0) {
    t.skip("needs gnuplot: apt-get install gnuplot-nox");
    return;
  }
  drawAll(".gp", "gnuplot");
});

test("figures: matplotlib draws all of them", (t) => {
  const python = existsSync("/usr/bin/python3") ? "/usr/bin/python3" : "python3";
  if (spawnSync(python, ["-c", "import matplotlib"]).status !== 0) {
    t.skip("needs matplotlib: apt-get install python3-matplotlib");
    return;
  }
  // Loading it takes longer than drawing: one process runs all scripts, each as if it were the only one.
  const each =
    "import runpy, sys\nfor name in sys.argv[1:]: runpy.run_path(name, run_name='__main__')";
  const ended = spawnSync(python, ["-c", each, ...ending(".py")], {
    cwd: folder,
    encoding: "utf8",
  });
  assert.equal(ended.status, 0, ended.stderr);
  requireDrawn(".py");
});

test("figures: LaTeX draws all of them", (t) => {
  if (spawnSync("pdflatex", ["--version"]).status !== 0) {
    t.skip("needs pdflatex with pgfplots: apt-get install texlive-latex-extra texlive-pictures");
    return;
  }
  drawAll(".tex", "pdflatex", ["-interaction=nonstopmode", "-halt-on-error"]);
});

test("figures: LaTeX files close what they open, and read columns that are there", () => {
  for (const name of ending(".tex")) {
    const source = text(name).replace(/\\[%&#_$]/g, "");
    for (const [open, close] of ["{}", "[]"].map((pair) => [...pair]) as [string, string][])
      assert.equal(source.split(open).length, source.split(close).length, `${name}: ${open}`);
    const begun = [...source.matchAll(/\\begin\{(\w+)\}/g)].map(([, what]) => what);
    const ended = [...source.matchAll(/\\end\{(\w+)\}/g)].map(([, what]) => what);
    assert.deepEqual(begun, ended.toReversed(), name);
    const head = (text(name.replace(".tex", ".csv")).split("\n")[0] ?? "").split(",");
    const columns = [...source.matchAll(/y index=(\d+)/g)].map(([, at]) => Number(at));
    assert.ok(columns.length > 0 && columns.every((at) => at < head.length), name);
    assert.equal(source.split("\\addlegendentry").length - 1, columns.length, name);
    const colours = [...source.matchAll(/color=(c\d+)/g)].map(([, colour]) => colour);
    for (const colour of colours) assert.ok(source.includes(`\\definecolor{${colour}}`), name);
  }
});

test("percentiles: a table for each operation and measure that has values", () => {
  const tables = readdirSync(join(directory, "percentiles"));
  for (const name of ["all.response", "get-blob.service", "lateness"])
    assert.ok(tables.includes(`${name}.hgrm`), name);
});
