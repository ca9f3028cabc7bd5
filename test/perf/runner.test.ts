import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, test } from "node:test";
import { pathToFileURL } from "node:url";
import { runBenches } from "../../perf/runner.ts";

const folder = mkdtempSync(join(tmpdir(), "drayage-benches-"));
after(() => rmSync(folder, { recursive: true }));

const measure = pathToFileURL(resolve("perf/measure.ts")).href;
const bench = (name: string, body: string, exported = name) =>
  writeFileSync(
    join(folder, `${name}.bench.ts`),
    `import { MissingProgram } from "${measure}";
     export const bench = { name: "${exported}", question: "How fast?", topology: "a -> b",
       async run(ctx) { ${body} } };`,
  );
bench(
  "ring-good",
  `return [{ metric: "rate", unit: "1/s", value: ctx.quick ? 1 : 2, spread: 0.5, rounds: 3 }];`,
);
bench("ring-wrong", `throw new Error("the answer was 41");`);
bench("ring-empty", "return [];");
bench("ring-absent", `throw new MissingProgram("hey", "apt-get install hey");`);
bench("aim-high", `return [{ metric: "rate", unit: "1/s", value: 1, spread: 0, rounds: 1 }];`);
bench("lie", "return [];", "other");
bench(
  "aim",
  `const one = (metric, value, target) => ({ metric, unit: "ms", value, spread: 0, rounds: 1, target });
   return [one("late", 1, { atMost: 1 }), one("later", ctx.quick ? 3 : 2.5, { atMost: 2 }), one("rate", 9, { atLeast: 8 })];`,
);

async function run(patterns: string[], quick = true) {
  const lines: string[] = [];
  const print = (line: string) => void lines.push(line);
  const endings = await runBenches({ folder, patterns, quick, print });
  return { endings: Object.fromEntries(endings), text: lines.join("\n") };
}

test("every ending is told, and only figures are kept", async () => {
  const { endings, text } = await run(["ring"]);
  const kinds = Object.fromEntries(Object.entries(endings).map(([name, { kind }]) => [name, kind]));
  assert.deepEqual(kinds, {
    "ring-absent": "not-run",
    "ring-empty": "failed",
    "ring-good": "measured",
    "ring-wrong": "failed",
  });
  assert.match(text, /not run: needs hey: apt-get install hey/);
  assert.match(text, /FAILED: the answer was 41/);
  assert.match(text, /FAILED: no figure for anything/);
  assert.match(text, /rate {2}1\.000 {2}1\/s {2}± 0\.5000 {2}3 rounds/);
  assert.deepEqual(readdirSync(join(folder, "results")), ["ring-good.jsonl"]);
});

test("a line of results says what was measured, where and on which commit", async () => {
  await run(["good"]);
  const lines = readFileSync(join(folder, "results/ring-good.jsonl"), "utf8").trim().split("\n");
  const line = JSON.parse(lines.at(-1) ?? "");
  assert.equal(line.name, "ring-good");
  assert.equal(line.quick, true);
  assert.equal(line.machine.node, process.version);
  assert.ok(line.machine.cores > 0);
  assert.ok("commit" in line && Date.parse(line.date) > 0);
  assert.deepEqual(line.results, [
    { metric: "rate", unit: "1/s", value: 1, spread: 0.5, rounds: 3 },
  ]);
});

test("a full run that misses a target says so and has missed; a quick one only says so", async () => {
  const full = await run(["aim"], false);
  assert.equal(full.endings.aim?.kind, "missed");
  assert.match(full.text, /late +1\.000 .* ≤ 1\.000 met/);
  assert.match(full.text, /later +2\.500 .* ≤ 2\.000 MISSED/);
  assert.match(full.text, /rate +9\.000 .* ≥ 8\.000 met/);
  const quick = await run(["aim"]);
  assert.equal(quick.endings.aim?.kind, "measured");
  assert.match(quick.text, /later +3\.000 .* ≤ 2\.000 MISSED/);
});

test("a whole name means that bench and none that begins like it", async () => {
  assert.deepEqual(Object.keys((await run(["aim"])).endings), ["aim"]);
  assert.deepEqual(Object.keys((await run(["ai"])).endings), ["aim", "aim-high"]);
});

test("a pattern that matches nothing is refused, with the names there are", async () => {
  await assert.rejects(
    run(["good", "rnig"]),
    /no bench is named like rnig; there are: aim, aim-high, lie, ring-/,
  );
});

test("a bench that has another name than its file is refused", async () => {
  await assert.rejects(run(["lie"]), /lie\.bench\.ts must export const bench with the name "lie"/);
});

test("a folder without benches is refused", async () => {
  const print = () => {};
  await assert.rejects(
    runBenches({ folder: join(folder, "results"), patterns: [], quick: true, print }),
    /no bench in/,
  );
});
