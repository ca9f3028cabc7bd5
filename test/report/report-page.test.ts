import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { pathToFileURL } from "node:url";
import { type Browser, chromium } from "playwright-core";
import { HeatGrid } from "../../src/report/heat-grid.ts";
import { escaped, scriptData } from "../../src/report/html.ts";
import { type PageContext, renderReportPage } from "../../src/report/report-page.ts";
import type { RunFigures } from "../../src/report/run-figures.ts";
import { SERIES_POINTS_MAX, Series } from "../../src/report/series.ts";
import type { SeriesPoint } from "../../src/report/timeseries.ts";
import { allocateTally } from "../../src/stats/tally-layout.ts";
import { TallyReader } from "../../src/stats/tally-reader.ts";
import { type SampleRun, sampleRun } from "./sample-run.ts";

const CHROMIUM = "/usr/bin/chromium";
const PAGE_BYTES_MAX = 2_000_000;

const directory = mkdtempSync(join(tmpdir(), "drayage-page-"));
after(() => rmSync(directory, { recursive: true }));

let browser: Promise<Browser> | undefined;
const openedBrowser = (): Promise<Browser> => {
  const args = ["--no-sandbox", "--disable-gpu"];
  browser ??= chromium.launch({ executablePath: CHROMIUM, args });
  return browser;
};
after(async () => (await browser)?.close());

const contextOf = (series: Series): PageContext => ({
  command: "drayage run -i config.yaml",
  facts: [
    ["target", "http://127.0.0.1:5000"],
    ["seed", "0"],
  ],
  files: [{ name: "results.json", holds: "all figures" }],
  timeline: { series, heat: new HeatGrid() },
});
const pageOf = ({ figures, series }: SampleRun): string =>
  renderReportPage(figures, contextOf(series));

const run = sampleRun();
const paced = pageOf(run);

test("page: tells the verdict, the command, every operation and how it was measured", () => {
  assert.match(paced, /<span class="verdict good">PASS \(22 of 4000 operations failed\)<\/span>/);
  assert.match(paced, /drayage run -i config\.yaml/);
  for (const { operation } of run.figures.totals.classes) assert.ok(paced.includes(operation));
  assert.match(paced, /coordinated omission/);
  assert.match(paced, /http:503/);
});

test("page: an invalid run says why before anything else", () => {
  const figures: RunFigures = {
    ...run.figures,
    validity: { verdict: "INVALID", cause: "generator saturated", reasons: ["40 % were late"] },
  };
  const page = renderReportPage(figures, contextOf(run.series));
  assert.match(page, /<span class="verdict bad">INVALID \(generator saturated\)<\/span>/);
  assert.match(page, /<li>40 % were late<\/li>/);
});

test("page: text from servers and the command line stays text", () => {
  const evil = '</script><img src=x onerror="alert(1)">';
  const figures: RunFigures = {
    ...run.figures,
    verb: evil,
    examples: { "http:503": evil },
    skipped: { [evil]: 1 },
  };
  const page = renderReportPage(figures, { ...contextOf(run.series), command: evil });
  assert.doesNotMatch(page, /<img/);
  assert.equal(page.split("</script>").length, paced.split("</script>").length);
  assert.equal(escaped(`<a b="c">&'`), "&#60;a b=&#34;c&#34;&#62;&#38;&#39;");
  assert.deepEqual(JSON.parse(scriptData({ a: "</script>\u2028" })), { a: "</script>\u2028" });
});

function longSeries(): Series {
  const series = new Series();
  const point = run.series.points[3] as SeriesPoint;
  for (let second = 0; second < SERIES_POINTS_MAX * 3; second++) {
    const noise = 1 + Math.sin(second / 50);
    const responseP99 = Number((noise * 12.3456).toFixed(6));
    series.add({ ...point, second, responseP99, responseMax: responseP99 * 9 });
  }
  return series;
}

test("page: stays below 2 MB for a run of hours", () => {
  const page = renderReportPage(run.figures, contextOf(longSeries()));
  assert.ok(page.length < PAGE_BYTES_MAX, `${page.length} bytes`);
});

const nothing: RunFigures = {
  ...run.figures,
  totals: new TallyReader([allocateTally()]).totals(),
  ending: "signal",
  seconds: 0,
};

for (const { name, page, charts } of [
  { name: "a paced run", page: paced, charts: 8 },
  { name: "a run without due times", page: pageOf(sampleRun({ paced: false })), charts: 6 },
  {
    name: "a run of hours",
    page: renderReportPage(run.figures, contextOf(longSeries())),
    charts: 8,
  },
  { name: "a run of nothing", page: renderReportPage(nothing, contextOf(new Series())), charts: 0 },
]) {
  test(`page: ${name} draws ${charts} charts in Chromium, without an error or a request`, async (t) => {
    if (!existsSync(CHROMIUM)) {
      t.skip(`needs ${CHROMIUM}: apt-get install chromium`);
      return;
    }
    const path = join(directory, `${name.replaceAll(" ", "-")}.html`);
    writeFileSync(path, page);
    const tab = await (await openedBrowser()).newPage({ colorScheme: "dark" });
    try {
      const complaints: string[] = [];
      tab.on("console", (message) => complaints.push(message.text()));
      tab.on("pageerror", (error) => complaints.push(error.message));
      tab.on("request", (request) => {
        if (request.url() !== pathToFileURL(path).href) complaints.push(request.url());
      });
      await tab.goto(pathToFileURL(path).href);
      assert.equal(await drawnCharts(tab), charts);
      await tab.emulateMedia({ colorScheme: "light" });
      assert.equal(await drawnCharts(tab), charts, "after a change of colours");
      if (charts > 0) {
        await tab.selectOption("select", { index: 1 });
        await tab.focus(".u-legend [role=button]");
        await tab.keyboard.press("Enter");
        assert.equal(await tab.locator(".u-legend .u-off").count(), 1);
      }
      if (name === "a paced run") {
        await tab.pdf({ format: "A4" });
        assert.equal(await drawnCharts(tab), charts, "after printing");
      }
      assert.deepEqual(complaints, []);
    } finally {
      await tab.close();
    }
  });
}

/** Canvases with more than one colour in them. */
function drawnCharts(tab: { evaluate(script: string): Promise<unknown> }): Promise<unknown> {
  return tab.evaluate(`new Promise((done) => setTimeout(() => {
    const drawn = [...document.querySelectorAll("canvas")].filter((canvas) => {
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      return new Set(new Uint32Array(data.buffer)).size > 20;
    });
    done(drawn.length);
  }, 100))`);
}
