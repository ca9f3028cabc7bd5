// Report pages in Chromium, as tests open them.
import { after } from "node:test";
import { type Browser, chromium, type Page } from "playwright-core";

export const CHROMIUM = "/usr/bin/chromium";

let browser: Promise<Browser> | undefined;
/** One for all tests of a file; closed after the last of them. */
export const openedBrowser = (): Promise<Browser> => {
  const args = ["--no-sandbox", "--disable-gpu"];
  browser ??= chromium.launch({ executablePath: CHROMIUM, args });
  return browser;
};
after(async () => (await browser)?.close());

/**
 * Canvases with more than one colour in them. Reads copies: Chromium complains on the page's console of a canvas that is read
 * twice.
 */
export function drawnCharts(tab: { evaluate(script: string): Promise<unknown> }): Promise<unknown> {
  return tab.evaluate(`new Promise((done) => setTimeout(() => {
    const drawn = [...document.querySelectorAll("canvas")].filter((canvas) => {
      canvas.dataset.counted = "yes";
      const { width, height } = canvas;
      const copy = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
      copy.drawImage(canvas, 0, 0);
      return new Set(new Uint32Array(copy.getImageData(0, 0, width, height).data.buffer)).size > 20;
    });
    done(drawn.length);
  }, 100))`);
}

/** The same, as soon as none of the canvases is left that were counted before: a busy browser draws anew when it can. */
export async function redrawnCharts(tab: Page): Promise<unknown> {
  await tab.locator("canvas[data-counted]").first().waitFor({ state: "detached" });
  return drawnCharts(tab);
}
