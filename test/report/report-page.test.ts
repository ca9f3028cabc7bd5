import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import type { Page } from "playwright-core";
import { nanos } from "../../src/core/units.ts";
import { escaped, scriptData } from "../../src/report/html.ts";
import { type PageContext, renderReportPage } from "../../src/report/report-page.ts";
import type { RunFigures } from "../../src/report/run-figures.ts";
import { RunTimeline } from "../../src/report/run-timeline.ts";
import type { IntervalSnapshot } from "../../src/stats/figures.ts";
import { allocateTally } from "../../src/stats/tally-layout.ts";
import { TallyReader } from "../../src/stats/tally-reader.ts";
import { CHROMIUM, drawnCharts, openedBrowser, redrawnCharts } from "./opened-page.ts";
import { type SampleRun, sampleRun } from "./sample-run.ts";

const PAGE_BYTES_MAX = 2_000_000;

const directory = mkdtempSync(join(tmpdir(), "drayage-page-"));
after(() => rmSync(directory, { recursive: true }));

const contextOf = (timeline: PageContext["timeline"]): PageContext => ({
  command: "drayage run -i config.yaml",
  facts: [
    ["target", "http://127.0.0.1:5000"],
    ["seed", "0"],
  ],
  files: [{ name: "runs/2026-11-22T07-01-33Z_run_a1b2c3/results.json", holds: "all figures" }],
  timeline,
});
const pageOf = ({ figures, timeline }: SampleRun): string =>
  renderReportPage(figures, contextOf(timeline));

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
  const page = renderReportPage(figures, contextOf(run.timeline));
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
  const page = renderReportPage(figures, { ...contextOf(run.timeline), command: evil });
  assert.doesNotMatch(page, /<img/);
  assert.equal(page.split("</script>").length, paced.split("</script>").length);
  assert.equal(escaped(`<a b="c">&'`), "&#60;a b=&#34;c&#34;&#62;&#38;&#39;");
  assert.deepEqual(JSON.parse(scriptData({ a: "</script>\u2028" })), { a: "</script>\u2028" });
});

/** An hour, a second at a time: the seconds of the sample again and again, through the real recorder of its course. */
function hour(): RunTimeline {
  const timeline = new RunTimeline();
  for (let second = 0; second < 3600; second++) {
    const snapshot = run.snapshots[second % run.snapshots.length] as IntervalSnapshot;
    const start = nanos(second * 1e9);
    timeline.add({ snapshot: { ...snapshot, start, end: nanos(start + 1e9) }, planned: 200 });
  }
  return timeline;
}

const ofAnHour = renderReportPage(run.figures, contextOf(hour()));

test("page: stays below 2 MB for a run of an hour, and says how it was thinned", () => {
  assert.ok(ofAnHour.length < PAGE_BYTES_MAX, `${ofAnHour.length} bytes`);
  assert.match(ofAnHour, /2 neighbouring windows are one point/);
});

const nothing: RunFigures = {
  ...run.figures,
  totals: new TallyReader([allocateTally()]).totals(),
  ending: "signal",
  seconds: 0,
};

for (const { name, page, charts } of [
  { name: "a paced run", page: paced, charts: 13 },
  { name: "a run without due times", page: pageOf(sampleRun({ paced: false })), charts: 11 },
  {
    name: "a run of an hour",
    page: ofAnHour,
    charts: 13,
  },
  {
    name: "a run of nothing",
    page: renderReportPage(nothing, contextOf(new RunTimeline())),
    charts: 0,
  },
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
      assert.equal(await redrawnCharts(tab), charts, "after a change of colours");
      if (charts > 0) {
        await tab.selectOption("select", { index: 1 });
        await readByKeys(tab);
        await openTable(tab);
        await exportAll(tab, name === "a paced run" ? charts : 1);
        await tab.focus(".u-legend [role=button]");
        await tab.keyboard.press("Enter");
        assert.equal(await tab.locator(".u-legend .u-off").count(), 1);
      }
      if (name === "a paced run") {
        await tab.pdf({ format: "A4" });
        assert.equal(await redrawnCharts(tab), charts, "after printing");
        await fitsPaper(tab);
        await fitsPhone(tab, charts);
      }
      assert.deepEqual(complaints, []);
    } finally {
      await tab.close();
    }
  });
}

/** Charts were drawn for the screen, and paper has no bars to scroll by. */
async function fitsPaper(tab: Page): Promise<void> {
  await tab.emulateMedia({ media: "print" });
  const wide = await tab.evaluate(`(document.documentElement.style.width = "718px",
    [...document.querySelectorAll("section")]
      .filter((part) => part.scrollWidth > part.clientWidth)
      .map((part) => part.textContent.slice(0, 40)))`);
  assert.deepEqual(wide, []);
  await tab.evaluate(`document.documentElement.style.width = ""`);
  await tab.emulateMedia({ media: "screen" });
}

/** At the width of a phone nothing but tables has to be scrolled sideways; that its height changes draws nothing anew. */
async function fitsPhone(tab: Page, charts: number): Promise<void> {
  await tab.setViewportSize({ width: 390, height: 844 });
  assert.equal(await redrawnCharts(tab), charts, "after becoming narrow");
  const wide =
    await tab.evaluate(`[document.documentElement, ...document.querySelectorAll("section")]
    .filter((part) => part.scrollWidth > part.clientWidth && part.querySelector("table:not(.u-legend)") === null)
    .map((part) => part.textContent.slice(0, 40))`);
  assert.deepEqual(wide, []);
  // A long name beside them leaves texts room for more than a letter a line.
  const narrow = await tab.evaluate(
    `[...document.querySelectorAll(".facts dd")].filter((text) => text.clientWidth < 100).length`,
  );
  assert.equal(narrow, 0);
  await tab.setViewportSize({ width: 390, height: 700 });
  await tab.waitForTimeout(50);
  assert.equal(await tab.locator("canvas[data-counted]").count(), charts);
}

/** The arrow keys walk along a chart, and what stands there is told. */
async function readByKeys(tab: Page): Promise<void> {
  const chart = tab.locator("#curve [role=application]");
  await chart.focus();
  await tab.keyboard.press("Home");
  const first = await tab.locator("#curve [role=status]").textContent();
  await tab.keyboard.press("ArrowRight");
  const second = await tab.locator("#curve [role=status]").textContent();
  assert.match(first ?? "", /^0%: .*service \d/);
  assert.notEqual(second, first);
}

async function openTable(tab: Page): Promise<void> {
  await tab.locator("#curve summary").click();
  // The rows are made when the table opens, which the browser tells a turn later.
  await tab.locator("#curve details tbody tr").nth(10).waitFor({ state: "attached" });
  const rows = await tab.locator("#curve details tbody tr").count();
  assert.ok(rows > 10 && rows <= 100, `${rows} rows`);
}

/** Chromium silently drops what a frame downloads beyond ten times within a second: nobody clicks so fast, but a test does. */
const BETWEEN_DOWNLOADS_MS = 110;

/** Every chart hands out a picture and its values. */
async function exportAll(tab: Page, charts: number): Promise<void> {
  for (const [kind, content] of [
    ["SVG", /^<svg xmlns=[\s\S]*<path d="M[\s\S]*<\/svg>\n$/],
    ["CSV", /^[a-z]+,[^\n]+\n[\d.]+,/],
  ] as const) {
    const buttons = tab.getByRole("button", { name: kind, exact: true });
    assert.ok((await buttons.count()) >= charts);
    for (let at = 0; at < charts; at++) {
      const [download] = await Promise.all([tab.waitForEvent("download"), buttons.nth(at).click()]);
      assert.match(download.suggestedFilename(), new RegExp(`\\.${kind.toLowerCase()}$`));
      assert.match(readFileSync(await download.path(), "utf8"), content);
      await sleep(BETWEEN_DOWNLOADS_MS);
    }
  }
}
