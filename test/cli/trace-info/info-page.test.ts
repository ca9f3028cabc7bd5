import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";
import { infoPage } from "../../../src/cli/trace-info/info-page.ts";
import { describeTrace } from "../../../src/trace/info/describe-trace.ts";
import { synthesize } from "../../../src/trace/synth/synthesize.ts";

const CHROMIUM = "/usr/bin/chromium";
const PLOTS = 5;

const directory = mkdtempSync(join(tmpdir(), "drayage-info-page-"));
after(() => rmSync(directory, { recursive: true }));

test("a browser draws five plots, fetches nothing and complains of nothing", async (t) => {
  if (!existsSync(CHROMIUM)) {
    t.skip(`needs ${CHROMIUM}: apt-get install chromium`);
    return;
  }
  const { files } = await synthesize({ outDir: directory, records: 2000, seed: "page" });
  const traces = files.map(({ path }) => path);
  const { description, curves } = await describeTrace({ traces, manifestFloor: 446 });
  const path = join(directory, "info.html");
  writeFileSync(path, infoPage({ description, curves, command: "drayage trace info" }));
  const browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: ["--no-sandbox", "--disable-gpu"],
  });
  try {
    const tab = await browser.newPage();
    const complaints: string[] = [];
    tab.on("console", (message) => complaints.push(message.text()));
    tab.on("pageerror", (error) => complaints.push(error.message));
    tab.on("request", (request) => {
      if (request.url() !== pathToFileURL(path).href) complaints.push(request.url());
    });
    await tab.goto(pathToFileURL(path).href);
    assert.equal(await tab.locator(".u-wrap canvas").count(), PLOTS);
    assert.deepEqual(complaints, []);
  } finally {
    await browser.close();
  }
});
