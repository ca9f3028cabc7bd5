// What a ramp tells while it goes on, and what its directory tells when it is over or killed: against the embedded registry.
import assert from "node:assert/strict";
import { cpSync } from "node:fs";
import { after, before, type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { EmbeddedRegistry } from "../../src/embedded/embedded-registry.ts";
import { startEmbeddedRegistryThread } from "../../src/embedded/registry-thread.ts";
import { TmuxTerminal, tmuxMissing } from "../fakes/tmux.ts";
import { folderFor } from "../trace/fixtures.ts";
import { type Ended, until, Workplace } from "./workplace.ts";

const program = fileURLToPath(new URL("../../bin/drayage.js", import.meta.url));
const place = new Workplace();
let registry: EmbeddedRegistry;

before(async () => {
  registry = await startEmbeddedRegistryThread({
    generate: "repos=4,layers=3,sizes=900,tag=v1,suffix=-0001..-0002,type=docker",
    latencies: ["GET manifest=fixed(3ms)"],
  });
});
after(async () => {
  await registry.close();
  place.leave();
});

const ramp = (results: string, ...flags: readonly string[]): string[] => [
  ...["pull", `--pullthrough-url=${registry.url}`, `--registry-url=${registry.url}`],
  ...["--namespace-form=none", "--patterns=-0001,-0002", "--tally-seconds=0.5"],
  ...["--results", results, "--metrics-file", "m.txt", "--log-file", "l.txt", ...flags],
];

type Figures = {
  readonly verdict: string;
  readonly ending: string;
  readonly pulls: { readonly done: number; readonly failed: number };
  readonly steps: readonly {
    readonly step: number;
    readonly level: number;
    readonly pulls: number;
  }[];
  readonly thresholds: readonly {
    readonly text: string;
    readonly passed: boolean;
    readonly note: string | null;
  }[];
};
const figuresOf = (results: string): Figures => place.json<Figures>(`${results}/results.json`);

test("drayage report makes page, figures, steps and results of a ramp again, the same to the last digit", async () => {
  const ended = await place.drayage(ramp("whole", "--iteration-seconds=0.6", "--ui=none"));
  assert.equal(ended.code, 0, ended.err);
  cpSync(place.path("whole"), place.path("again"), { recursive: true });
  const reported = await place.drayage(["report", "again"]);
  assert.equal(reported.code, 0, reported.err);
  for (const name of [
    "results.json",
    "steps.tsv",
    "figures/heat.csv",
    "figures/curve.csv",
    "figures/rate.csv",
  ])
    assert.equal(place.text(`again/${name}`), place.text(`whole/${name}`), name);
  assert.match(place.text("again/report.html"), /<h2>Latency over time<\/h2>/);
  assert.equal(place.json<{ ending: string }>("whole/run.json").ending, "finished");
  const sum = place
    .lines<{ classes: { name: string; done: number }[] }>("whole/counts.ndjson")
    .flatMap(({ classes }) => classes.filter(({ name }) => name.startsWith("pull-")))
    .reduce((total, { done }) => total + done, 0);
  assert.equal(sum, figuresOf("whole").pulls.done);
});

test("a ramp that is killed keeps the steps it had, and is reported", async () => {
  const run = place.start(ramp("killed", "--iteration-seconds=1", "--ui=none"));
  await until(
    () =>
      place.has("killed/counts.ndjson") &&
      place.text("killed/counts.ndjson").split("\n").length > 2,
    "there are two seconds",
  );
  run.child.kill("SIGKILL");
  await run.ended;
  assert.ok(!place.has("killed/results.json"));
  const reported = await place.drayage(["report", "killed"]);
  assert.equal(reported.code, 0, reported.err);
  assert.match(reported.err, /the run was killed/);
  assert.match(reported.out, /^ABORTED \(ended without a report\)/);
  const { steps, pulls, ending } = figuresOf("killed");
  assert.equal(ending, "cut");
  assert.equal(steps[0]?.level, 1);
  assert.ok(pulls.done > 0);
  const compared = await place.drayage(["compare", "killed", "whole", "--json"]);
  assert.equal(compared.code, 0, compared.err);
  const { rows, warnings } = JSON.parse(compared.out) as {
    rows: { level: number; measure: string; a: number; b: number; difference: number }[];
    warnings: string[];
  };
  const { level, measure, a, b, difference } = rows[0] ?? assert.fail("it compares a step");
  assert.deepEqual([level, measure], [1, "rate"]);
  assert.ok(a > 0 && b > 0 && Math.abs(b / a - 1 - difference) < 1e-9);
  assert.match(warnings.join(), /steps are not in all of them and left out: the schedules differ/);
  const merged = await place.drayage(["merge", "killed", "whole", "--out", "sum"]);
  assert.equal(merged.code, 0, merged.err);
  assert.match(merged.err, /^2 ramps, repetitions/m);
  assert.equal(figuresOf("sum").pulls.done, pulls.done + figuresOf("whole").pulls.done);
});

test("thresholds of a ramp: of pulls, of a type of request, of errors and of the rate; exit 99", async () => {
  const wanted = ["p50 < 10s", "layer.ttfb.p50 < 1us", "pull.errors.count < 1", "rate.done > 0/s"];
  const flags = wanted.flatMap((text) => ["-T", text]);
  const ended = await place.drayage(
    ramp("held", "--iteration-seconds=0.5", "--steps=flat", ...flags),
  );
  assert.equal(ended.code, 99, ended.err);
  assert.match(ended.out, /^FAIL \(1 threshold\)/m);
  const { thresholds } = figuresOf("held");
  assert.deepEqual(
    thresholds.map(({ text, passed }) => [text, passed]),
    wanted.map((text, at) => [text, at !== 1]),
  );
});

test("a window that misses with abort ends a ramp early: exit 6", async () => {
  const ended = await place.drayage(
    ramp("cut-short", "--iteration-seconds=30", "-T", "window(1s).rate.done > 1000000/s abort"),
  );
  assert.equal(ended.code, 6, ended.err);
  assert.match(ended.err, /aborted by a threshold: window\(1s\)\.rate\.done/);
  const { verdict, ending } = figuresOf("cut-short");
  assert.deepEqual([verdict, ending], ["ABORTED (a limit was reached)", "limit"]);
});

for (const { text, says } of [
  { text: "response.p99 < 1s", says: /unknown word "response"/ },
  { text: "lateness.p99 < 1ms", says: /unknown word "lateness"/ },
  { text: "rate.achieved > 99%", says: /rate has no "achieved"/ },
  { text: "get-blob.p99 < 1s", says: /unknown word "get-blob"/ },
]) {
  test(`a ramp has nothing due: ${text} ends with 2`, async () => {
    const ended: Ended = await place.drayage(ramp("none", "-T", text));
    assert.equal(ended.code, 2);
    assert.match(ended.err, says);
    assert.ok(!place.has("none"));
  });
}

test("--ui json: a line a second with active pullers, and --metrics with the ramp's names", async () => {
  const run = place.start(
    ramp("told", "--iteration-seconds=8", "--ui=json", "--metrics=127.0.0.1:0"),
  );
  await until(() => run.said().includes('"type":"progress"'), "it tells of its course");
  const lines = run
    .said()
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  const url = /metrics at (\S+)/.exec(String(lines[0]?.text))?.[1] ?? "";
  const progress = lines.find(({ type }) => type === "progress");
  assert.deepEqual(progress?.pullers, { active: 1, most: 2, phase: "run, step 1 of 3" });
  const page = await (await fetch(url)).text();
  for (const line of [
    /^drayage_pulls_total\{kind="first",result="done"\} [1-9]/m,
    /^drayage_requests_total\{op="layer",code="200"\} [1-9]/m,
    /^drayage_active_pullers 1$/m,
    /^drayage_step\{phase="run"\} 1$/m,
    /^drayage_pull_seconds_count\{kind="repeat"\} [1-9]/m,
  ])
    assert.match(page, line);
  assert.doesNotMatch(page, /response_seconds/);
  run.child.kill("SIGINT");
  assert.equal((await run.ended).code, 130);
});

test("the live view of a ramp: pullers, step, rows; p says why not, s writes results, q ends it", async (t: TestContext) => {
  const missing = tmuxMissing();
  if (missing !== undefined) {
    t.skip(missing);
    return;
  }
  const terminal = new TmuxTerminal(t, { columns: 110, rows: 30 });
  const results = `${folderFor(t)}/run`;
  const words = ramp(results, "--iteration-seconds=60").map((word) => `'${word}'`);
  terminal.type(
    `cd ${place.directory}; clear; env -u CI '${process.execPath}' '${program}' ${words.join(" ")}; echo ENDED=$?`,
  );
  const frame = await terminal.until(/layer .*\d/);
  assert.match(frame, /pullers 1 of 2 {2}phase run, step 1 of 3/);
  assert.match(frame, /^pull +\d/m);
  assert.match(frame, /s snapshot {2}q drain/);
  terminal.press("p");
  await terminal.until(/a ramp keeps its schedule/);
  terminal.press("s");
  await terminal.until(/results so far: /);
  terminal.press("q");
  await terminal.until(/ENDED=130/);
});
