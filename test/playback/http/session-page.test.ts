// The page at the adapter's root, in a browser: lists sessions and drives one, by mouse and by keyboard.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { after, type TestContext, test } from "node:test";
import { type Browser, chromium, type Page } from "playwright-core";
import { at, Stage } from "../session/stage.ts";
import { HttpClient } from "./http-client.ts";

const CHROMIUM = "/usr/bin/chromium";
const BEGINNING = "2025-12-31T23:59:59.999999Z";
const skip = existsSync(CHROMIUM) ? false : "needs chromium: apt-get install chromium";

/** One for all tests; each has a profile of its own in it. */
let browser: Promise<Browser> | undefined;
after(async () => (await browser)?.close());

type Opened = { page: Page; client: HttpClient; requests: string[]; complaints: string[] };

async function open(t: TestContext, options: { token?: string } = {}): Promise<Opened> {
  const stage = new Stage();
  for (let second = 0; second < 10; second++) stage.record(second, `/a/${second % 3}`);
  const publish = { ...options };
  const client = await HttpClient.start(t, { reader: stage.archive, publish });
  const args = ["--no-sandbox", "--disable-gpu"];
  browser ??= chromium.launch({ executablePath: CHROMIUM, args });
  const profile = await (await browser).newContext();
  t.after(() => profile.close());
  const page = await profile.newPage();
  const requests: string[] = [];
  const complaints: string[] = [];
  page.on("request", (request) => requests.push(request.url()));
  page.on("pageerror", (error) => complaints.push(error.message));
  await page.goto(`${client.playback.url}/`);
  return { page, client, requests, complaints };
}

const position = (page: Page, text: string): Promise<unknown> =>
  page.waitForFunction((wanted) => {
    const view = globalThis as unknown as {
      document: { getElementById(id: string): { textContent: string } };
    };
    return view.document.getElementById("pos").textContent === wanted;
  }, text);

test("page: lists sessions, makes one, drives it by buttons and seek bar, and ends it", {
  skip,
}, async (t) => {
  const { page, client, requests, complaints } = await open(t);
  await page.getByText("No session yet.").waitFor();
  await page.getByRole("button", { name: "New session" }).click();
  await position(page, BEGINNING);
  assert.equal(client.playback.host.size, 1);
  await page.getByRole("button", { name: "+1" }).click();
  await position(page, at(0));
  await page.getByText("/a/0").waitFor();
  await page.getByRole("button", { name: "−1" }).click();
  await position(page, BEGINNING);
  await page.getByLabel("Position", { exact: true }).fill("500");
  await position(page, "2026-01-01T00:00:04.500000Z");
  await page.getByLabel("Speed").fill("unlimited");
  await page.getByLabel("Speed").blur();
  await page.getByRole("button", { name: "Play" }).click();
  await page.locator('[data-state="tail"][aria-pressed="true"]').waitFor();
  await position(page, at(9));
  await page.getByRole("button", { name: "Pause" }).click();
  await page.locator('[data-state="pause"][aria-pressed="true"]').waitFor();
  await page.getByRole("button", { name: "End session" }).click();
  await page.getByText("No session yet.").waitFor();
  assert.equal(client.playback.host.size, 0);
  assert.deepEqual(complaints, []);
  assert.ok(
    requests.every((url) => url.startsWith(client.playback.url ?? "-") || url === "data:,"),
  );
});

test("page: keys play, step and jump, and a refused write is shown", { skip }, async (t) => {
  const { page, client } = await open(t);
  const id = await client.create({ speed: "unlimited", pos: "beginning" });
  await page.getByRole("button", { name: "Drive" }).click();
  await position(page, BEGINNING);
  await page.locator("h1").click();
  await page.keyboard.press("ArrowRight");
  await position(page, at(0));
  await page.keyboard.press("ArrowRight");
  await position(page, at(1));
  await page.keyboard.press("ArrowLeft");
  await position(page, at(0));
  await page.keyboard.press("End");
  await position(page, at(9));
  await page.keyboard.press("Home");
  await position(page, BEGINNING);
  await page.keyboard.press(" ");
  await position(page, at(9));
  await page.getByLabel("Speed").fill("0");
  await page.getByLabel("Speed").blur();
  const refusal = page.getByText("0 is not a valid speed");
  await refusal.waitFor();
  await page.evaluate("poll()");
  assert.equal(await refusal.count(), 1, "asking for the list leaves it to be read");
  assert.equal((await client.ask(`/session/${id}/control/state`)).value.value, "tail");
});

test("page: asks for the token that the host wants, and works with it", { skip }, async (t) => {
  const { page } = await open(t, { token: "secret" });
  await page.getByLabel("Token").fill("secret");
  await page.getByRole("button", { name: "Use" }).click();
  await page.getByRole("button", { name: "New session" }).click();
  await position(page, BEGINNING);
});

test("page: text in its two themes is told apart from its ground", { skip }, async (t) => {
  const { page } = await open(t);
  const inks: string[] = [];
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    inks.push(
      String(
        await page.evaluate(
          "getComputedStyle(document.body).color + getComputedStyle(document.body).backgroundColor",
        ),
      ),
    );
  }
  assert.notEqual(inks[0], inks[1]);
});
