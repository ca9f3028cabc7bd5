// Report pages in Chromium, as tests open them.
import { after } from "node:test";
import { type Browser, chromium } from "playwright-core";

export const CHROMIUM = "/usr/bin/chromium";

let browser: Promise<Browser> | undefined;
/** One for all tests of a file; closed after the last of them. */
export const openedBrowser = (): Promise<Browser> => {
  const args = ["--no-sandbox", "--disable-gpu"];
  browser ??= chromium.launch({ executablePath: CHROMIUM, args });
  return browser;
};
after(async () => (await browser)?.close());

/** Canvases with more than one colour in them. */
export function drawnCharts(tab: { evaluate(script: string): Promise<unknown> }): Promise<unknown> {
  return tab.evaluate(`new Promise((done) => setTimeout(() => {
    const drawn = [...document.querySelectorAll("canvas")].filter((canvas) => {
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      return new Set(new Uint32Array(data.buffer)).size > 20;
    });
    done(drawn.length);
  }, 100))`);
}
