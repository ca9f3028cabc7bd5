// Stored runs that are not as they should be: killed ones that went on, results that are gone, files of others.
import assert from "node:assert/strict";
import {
  appendFileSync,
  copyFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { verbs } from "../../src/cli/commands.ts";
import { drayage } from "../cli/fake-terminal.ts";
import { drawRun } from "./drawn-run.ts";

const folder = mkdtempSync(join(tmpdir(), "stored-run-"));
after(() => rmSync(folder, { recursive: true }));
let drawn = 0;
const place = (): string => join(folder, `run-${drawn++}`);

type Results = {
  readonly verdict: string;
  readonly seconds: number;
  readonly totals: { readonly done: number; readonly perSecond: number };
};

async function reported(directory: string) {
  const { exit, err } = await drayage(["report", directory], { verbs });
  const path = join(directory, "results.json");
  const results = (): Results => JSON.parse(readFileSync(path, "utf8"));
  return { exit, err, results };
}

test("report: of a run that goes on, a second report has the seconds that came since, and the rates of all of them", async () => {
  const begun = await drawRun(place(), { seconds: 2 });
  await reported(begun);
  const later = await drawRun(place(), { seconds: 6 });
  copyFileSync(join(begun, "results.json"), join(later, "results.json"));
  const { results } = await reported(later);
  const { verdict, seconds, totals } = results();
  assert.equal(verdict, "ABORTED (ended without a report)");
  assert.equal(seconds, 6);
  assert.ok(Math.abs(totals.perSecond - totals.done / 6) < 1e-9);
});

test("report: a run whose results are gone is none that was killed, and what went with them is named", async () => {
  const endedAt = "2026-01-15T10:00:02.000Z";
  const { err, results } = await reported(await drawRun(place(), { ending: "finished", endedAt }));
  assert.match(
    err,
    /^warning: results\.json of the run's end is missing, and with it thresholds, /m,
  );
  assert.match(results().verdict, /^PASS/);
});

for (const content of ["null", "[]", "{}", '"text"', '{"verb":"run"}'])
  test(`report, merge and compare say that a directory whose run.json is ${content} holds no run`, async () => {
    const sound = await drawRun(place());
    const other = await drawRun(place());
    writeFileSync(join(other, "run.json"), content);
    for (const words of [
      ["report", other],
      ["merge", sound, other],
      ["compare", sound, other],
    ]) {
      const { exit, err } = await drayage(words, { verbs });
      assert.equal(exit, 2, err);
      assert.match(err, /holds no run: its run\.json is not one that drayage wrote\n$/);
    }
  });

for (const content of ["null", "[1]", "{}"])
  test(`report makes results again where results.json is ${content}`, async () => {
    const directory = await drawRun(place());
    writeFileSync(join(directory, "results.json"), content);
    const { exit, results } = await reported(directory);
    assert.equal(exit, 0);
    assert.ok(results().totals.done > 300);
  });

for (const { name, spoil, says } of [
  {
    name: "a line of the log that is none",
    spoil: (path: string) => appendFileSync(join(path, "histograms.hlog"), "Tag=get-blob,oops\n"),
    says: /^warning: histograms\.hlog, line \d+: no line of a histogram log$/m,
  },
  {
    name: "a log that is gone",
    spoil: (path: string) => rmSync(join(path, "histograms.hlog")),
    says: /^warning: histograms\.hlog is missing: without it there are no latencies$/m,
  },
  {
    name: "counts that are gone",
    spoil: (path: string) => rmSync(join(path, "counts.ndjson")),
    says: /^warning: counts\.ndjson is missing: without it there are no figures$/m,
  },
])
  test(`report tells of ${name}, and so does compare`, async () => {
    const [sound, directory] = [await drawRun(place()), await drawRun(place())];
    spoil(directory);
    const { exit, err } = await reported(directory);
    assert.equal(exit, 0);
    assert.match(err, says);
    const compared = await drayage(["compare", sound, directory], { verbs });
    assert.match(compared.err.replace(`${directory}: `, ""), says);
  });

test("compare tells what was chosen otherwise, not names of runs and what their machines went through", async () => {
  const planOf = (runId: string, address: string) => ({
    runId,
    config: { speed: 1, trace: { output: `${runId}.json` } },
    nodes: [{ name: "box", address, rows: runId.length, lost: null }],
  });
  const [a, b] = [
    await drawRun(place(), { plan: planOf("one", "box:8081") }),
    await drawRun(place(), { plan: planOf("other", "box:8082") }),
  ];
  const { out } = await drayage(["compare", a, b, "--json"], { verbs });
  assert.deepEqual(
    JSON.parse(out).dissimilarities.map(({ what }: { what: string }) => what),
    ["plan nodes.0.address"],
  );
});
