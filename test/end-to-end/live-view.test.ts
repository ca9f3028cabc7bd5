// The live view as a person sees it: in a terminal, with keys, against the embedded registry.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Ajv2020 } from "ajv/dist/2020.js";
import type { EmbeddedRegistry } from "../../src/embedded/embedded-registry.ts";
import { startEmbeddedRegistryThread } from "../../src/embedded/registry-thread.ts";
import { startRawServer } from "../fakes/raw-server.ts";
import { TmuxTerminal, tmuxMissing } from "../fakes/tmux.ts";
import { folderFor } from "../trace/fixtures.ts";
import { Workplace } from "./workplace.ts";

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
const program = fileURLToPath(new URL("../../bin/drayage.js", import.meta.url));
const schema = fileURLToPath(new URL("../../docs/formats/progress.schema.json", import.meta.url));
const place = new Workplace();
let registry: EmbeddedRegistry;

before(async () => {
  registry = await startEmbeddedRegistryThread();
});
after(async () => {
  await registry.close();
  place.leave();
});

async function answered(): Promise<number> {
  const { requests } = await registry.stats();
  return requests.reduce((sum, { requests: count }) => sum + count, 0);
}

type Size = { readonly columns: number; readonly rows: number };

/** Types a load into a terminal; it would go on for a minute. */
function startLoad(t: TestContext, size: Size, { env = "" }: { env?: string } = {}) {
  const terminal = new TmuxTerminal(t, size);
  const folder = folderFor(t);
  const words = `load ${registry.url} --rate 200/s --duration 60s --out ${join(folder, "run")} --allow-invalid`;
  terminal.type(
    `env -u CI ${env} '${process.execPath}' '${program}' ${words}; echo ENDED=$?; stty -a`,
  );
  return { terminal, record: () => JSON.parse(readFileSync(join(folder, "run/run.json"), "utf8")) };
}

const missing = tmuxMissing();
const whenTmux = (name: string, body: (t: TestContext) => Promise<void>): void => {
  test(name, (t) => (missing === undefined ? body(t) : t.skip(missing)));
};

for (const size of [
  { columns: 80, rows: 24 },
  { columns: 120, rows: 40 },
]) {
  whenTmux(
    `live view: a frame at ${size.columns}x${size.rows}, and the terminal is given back`,
    async (t) => {
      const { terminal } = startLoad(t, size);
      const shown = await terminal.until(/target [12]\d\d\/s/);
      for (const part of [
        / running$/m,
        /% {2}.* to go$/m,
        /target \d\d\d\/s/,
        /lateness p99/,
        /^p pause/m,
      ])
        assert.match(shown, part);
      assert.equal(terminal.cursorIsVisible(), false);
      terminal.press("q");
      const end = await terminal.until(/ENDED=130[\s\S]* icanon/, { history: true });
      assert.match(end, /ABORTED \(interrupted\)/);
      assert.doesNotMatch(end, /p pause/, "the frame is gone");
      assert.equal(terminal.cursorIsVisible(), true);
    },
  );
}

whenTmux(
  "live view: p pauses the run and resumes it, + changes its speed, s writes results, q drains",
  async (t) => {
    await registry.reset();
    const { terminal, record } = startLoad(t, { columns: 80, rows: 24 });
    await terminal.until(/^request +[\d,]{3,} /m);
    terminal.press("p");
    await terminal.until(/ paused$/m);
    await sleep(300);
    const before = await answered();
    await sleep(1000);
    assert.equal(await answered(), before, "nothing arrives in a pause");
    terminal.press("s");
    await terminal.until(/results so far: .*results\.json/);
    terminal.press("p");
    await terminal.until(/ running$/m);
    terminal.press("+", "+");
    await terminal.until(/speed 2x/);
    await terminal.until(/target (39\d|40\d)\/s/);
    assert.ok((await answered()) > before);
    terminal.press("q");
    await terminal.until(/ENDED=130/);
    const { controls } = record() as { controls: { kind: string; speed: number }[] };
    assert.deepEqual(
      controls.map(({ kind, speed }) => [kind, speed]),
      [
        ["pause", 1],
        ["resume", 1],
        ["speed", 1.5],
        ["speed", 2],
        ["drain", 2],
      ],
    );
  },
);

whenTmux("live view: q twice stops at once what gets no answer", async (t) => {
  const terminal = new TmuxTerminal(t, { columns: 80, rows: 24 });
  const out = join(folderFor(t), "run");
  // The first request is the one that asks whether anybody is there.
  const server = await startRawServer(t, [{ bytes: OK }, {}]);
  terminal.type(
    `env -u CI '${process.execPath}' '${program}' load 127.0.0.1:${server.port} --rate 50/s --duration 60s --out ${out} --allow-invalid; echo ENDED=$?`,
  );
  await terminal.until(/in flight \d\d/);
  terminal.press("q");
  await terminal.until(/ draining$/m);
  await sleep(500);
  assert.doesNotMatch(terminal.screen(), /^ENDED=/m, "what is under way may end");
  terminal.press("q");
  await terminal.until(/ENDED=130/);
});

whenTmux(
  "live view: a terminal that is resized in mid-run gets frames of its size, and no rest of the old",
  async (t) => {
    const { terminal } = startLoad(t, { columns: 120, rows: 40 });
    await terminal.until(/^request +[\d,]{3,} /m);
    for (const [columns, rows] of [
      [60, 20],
      [120, 40],
      [40, 24],
      [80, 24],
    ] as const) {
      terminal.resize(columns, rows);
      await sleep(1200);
      const shown = terminal.screen();
      assert.equal(shown.match(/^load /gm)?.length, 1, shown);
      assert.equal(shown.match(/^p pause/gm)?.length, 1, shown);
    }
    terminal.press("C-c");
    await terminal.until(/ENDED=130/);
  },
);

whenTmux("live view: ctrl-Z gives the terminal back, and fg goes on", async (t) => {
  const { terminal } = startLoad(t, { columns: 80, rows: 24 });
  await terminal.until(/^request +[\d,]{3,} /m);
  terminal.press("C-z");
  await terminal.until(/Stopped/i);
  assert.equal(terminal.cursorIsVisible(), true);
  terminal.type("fg");
  await terminal.until(/ running$/m);
  terminal.press("q");
  await terminal.until(/ABORTED/, { history: true });
});

const without: readonly { name: string; env: string }[] = [
  { name: "CI is set", env: "CI=true" },
  { name: "the terminal is dumb", env: "TERM=dumb" },
];

for (const { name, env } of without) {
  whenTmux(`live view: none where ${name}`, async (t) => {
    const { terminal } = startLoad(t, { columns: 80, rows: 24 }, { env });
    await terminal.until(/^12 s: [\d,]+ done|^1[01] s: [\d,]+ done/m);
    assert.doesNotMatch(terminal.screen(), /p pause/);
    terminal.press("C-c");
    await terminal.until(/ENDED=130/);
  });
}

const piped = ["--rate", "50/s", "--duration", "2500ms", "--allow-invalid", "--json"];

test("live view: piped, standard output holds data only and nothing holds a sequence", async () => {
  const { out, err, code } = await place.drayage(["load", registry.url, ...piped]);
  assert.equal(code, 0, err);
  assert.equal(JSON.parse(out).totals.done, 125);
  assert.ok(!(out + err).includes("\u001b"));
});

test("live view: --ui live without a terminal is a user's mistake, and leaves no run behind", async () => {
  const before = place.runDirectories("load");
  const { err, code } = await place.drayage(["load", registry.url, ...piped, "--ui", "live"]);
  assert.equal(code, 2);
  assert.match(err, /--ui live needs a terminal/);
  assert.deepEqual(place.runDirectories("load"), before);
});

test("live view: --ui json writes lines of the published schema to standard error", async () => {
  const { err, code } = await place.drayage(["load", registry.url, ...piped, "--ui", "json"]);
  assert.equal(code, 0, err);
  const validate = new Ajv2020({ strict: false, validateFormats: false }).compile(
    JSON.parse(readFileSync(schema, "utf8")),
  );
  const events = err
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  for (const event of events) assert.ok(validate(event), JSON.stringify([event, validate.errors]));
  const kinds = events.map(({ type }) => type);
  assert.ok(kinds.filter((kind) => kind === "progress").length >= 2);
  assert.equal(kinds.at(-1), "end");
});
