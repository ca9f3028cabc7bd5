import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import {
  type ArrivalsPlan,
  eachPull,
  type Pull,
  PullRequests,
} from "../../../src/extract/arrivals/arrivals.ts";
import { type Image, syntheticImages } from "../../../src/extract/arrivals/image.ts";
import { RankedChoice, uniform } from "../../../src/extract/arrivals/ranked-choice.ts";
import { eventFilter } from "../../../src/extract/arrivals/selection.ts";
import { scratch } from "../golden-events.ts";

for (const { key, x, rank } of [
  { key: "a", x: 0.375134, rank: 1 },
  { key: "b", x: 0.184859, rank: 1 },
  { key: "c", x: 0.681898, rank: 2 },
]) {
  test(`key ${key} under seed 1 draws ${x} and rank ${rank} of four`, () => {
    assert.equal(uniform("1", key).toFixed(6), String(x));
    assert.equal(new RankedChoice(4, { seed: "1", zipf: 1 }).of(key) + 1, rank);
  });
}

const images = syntheticImages(10, "1");
const planFor = (input: string, changes: Partial<ArrivalsPlan["images"]> = {}): ArrivalsPlan => ({
  input,
  selects: eventFilter(["build"]),
  result: undefined,
  keepUnscheduled: false,
  images: {
    rule: "project",
    images,
    seed: "1",
    zipf: 1,
    setSize: 3,
    defaultImage: undefined,
    ...changes,
  },
  cache: { kind: "unlimited" },
  memoryBytes: 8 << 20,
});

const header =
  "INSTANCE_UUID,EVENT,START_TIME,RESULT,MEMORY_MB,DISK_GB,VCPUS,USER_ID,PROJECT_ID,HOST_NAME (PHYSICAL)";
const rows = Array.from(
  { length: 40 },
  (_, at) =>
    `i${at},compute__do_build_and_run_instance,2015-09-17T00:00:${String(59 - at).padStart(2, "0")},Success,${512 << (at % 3)},1,1,u,p${at % 4},h${at % 5}`,
);

async function pullsOf(plan: ArrivalsPlan) {
  const pulls: Pull[] = [];
  const report = await eachPull(plan, (pull) => pulls.push(pull));
  return { pulls, report };
}

function written(folder: string, lines: readonly string[], end = "\n"): string {
  const path = join(folder, "trace.csv");
  writeFileSync(path, [header, ...lines, ""].join(end));
  return path;
}

test("pulls come in the order of time, and what is pulled does not depend on the order of rows", async (t) => {
  const folder = scratch(t);
  const one = await pullsOf(planFor(written(folder, rows)));
  const other = await pullsOf(planFor(written(folder, rows.toReversed(), "\r\n")));
  const times = one.pulls.map(({ time }) => time);
  assert.deepEqual(
    times,
    times.toSorted((a, b) => a - b),
  );
  const choices = ({ pulls }: typeof one) =>
    pulls.map(({ time, client, image }) => [time, client, image.repo]);
  assert.deepEqual(choices(one), choices(other));
  assert.equal(one.pulls.length, rows.length);
});

test("a project pulls from a few images only", async (t) => {
  const { pulls } = await pullsOf(planFor(written(scratch(t), rows), { setSize: 2 }));
  const ofFirst = pulls.filter((_, at) => (39 - at) % 4 === 0).map(({ image }) => image.repo);
  assert.ok(new Set(ofFirst).size <= 2);
});

test("larger flavors pull larger images", async (t) => {
  const { pulls } = await pullsOf(planFor(written(scratch(t), rows), { rule: "flavor" }));
  assert.equal(new Set(pulls.map(({ image }) => image.repo)).size, 3);
});

for (const { name, row, reason } of [
  {
    name: "another event",
    row: "x,compute_stop_instance,2015-09-17T00:00:00,,1,1,1,u,p,h",
    reason: "event not selected",
  },
  {
    name: "no start",
    row: "x,compute__do_build_and_run_instance,None,,1,1,1,u,p,h",
    reason: "no start time",
  },
  {
    name: "no host",
    row: "x,compute__do_build_and_run_instance,2015-09-17T00:00:00,,1,1,1,u,p,",
    reason: "unscheduled",
  },
  {
    name: "a comma that the original did not quote",
    row: "x,compute__do_build_and_run_instance,2015-09-17T00:00:00,,1,1,1,u,db,1,h",
    reason: "row with more or fewer fields than the header",
  },
]) {
  test(`an event with ${name} is dropped and counted`, async (t) => {
    const { pulls, report } = await pullsOf(planFor(written(scratch(t), [row])));
    assert.equal(pulls.length, 0);
    assert.deepEqual(report.dropped, { [reason]: 1 });
  });
}

test("rows behind a quote that does not end are not lost in silence", async (t) => {
  const open = `"${rows[0]}`;
  await assert.rejects(
    pullsOf(planFor(written(scratch(t), [...rows, open]))),
    /a quote that does not end: is it a trace\?/,
  );
});

test("v0.3 rows and JSON lines are read as well", async (t) => {
  const folder = scratch(t);
  const path = join(folder, "trace.csv");
  const columns = "INSTANCE_UUID,EVENT,START_TIME,PROJECT_ID,HOST_NAME (PHYSICAL),PROPERTIES";
  const row = `i1,compute_do_build_and_run_instance,2015-09-17T00:00:00,p,h,"{'memory_mb': 512, 'root_gb': 1, 'vcpus': 2}"`;
  writeFileSync(path, `${columns}\r\n${row}\r\n`);
  const csv = await pullsOf(planFor(path, { rule: "flavor" }));
  assert.equal(csv.pulls.length, 1);
  const object = {
    INSTANCE_UUID: "i1",
    EVENT: "compute__do_build_and_run_instance",
    START_TIME: "2015-09-17T00:00:00",
    PROJECT_ID: "p",
    "HOST_NAME (PHYSICAL)": "h",
    PROPERTIES: { memory_mb: "512", root_gb: 1, vcpus: 2 },
  };
  writeFileSync(path, `${JSON.stringify(object)}\n`);
  const json = await pullsOf(planFor(path, { rule: "flavor" }));
  assert.deepEqual(json.pulls, csv.pulls);
});

const part = (name: string, size: number) => ({ digest: `sha256:${name.repeat(64)}`, size });
const image = (repo: string, layers: readonly string[]): Image => ({
  repo,
  tag: "v1",
  manifest: part(repo, 10),
  config: part("c", 5),
  layers: layers.map((layer) => part(layer, 100)),
});
const requests = (pulls: PullRequests, made: Image, client = "h"): string[] =>
  pulls
    .of({ number: 0, time: 0, client, image: made })
    .map(({ method, uri }) => `${method} ${uri.replace(/sha256:(.).*/, "$1")}`);

test("a node asks for what it does not hold, another node for all of it", () => {
  const pulls = new PullRequests({ kind: "unlimited" });
  const [a, b] = [image("a", ["1", "2"]), image("b", ["2", "3"])];
  const first = ["HEAD v2/a/manifests/v1", "GET v2/a/manifests/a", "GET v2/a/blobs/c"];
  assert.deepEqual(requests(pulls, a), [...first, "GET v2/a/blobs/1", "GET v2/a/blobs/2"]);
  assert.deepEqual(requests(pulls, a), ["HEAD v2/a/manifests/v1"]);
  assert.deepEqual(requests(pulls, b).slice(3), ["GET v2/b/blobs/3"]);
  assert.equal(requests(pulls, a, "other").length, 5);
});

test("a node with little room pulls again what it had to give up", () => {
  const pulls = new PullRequests({ kind: "lru", bytes: 200 });
  const [a, b] = [image("a", ["1", "2"]), image("b", ["3"])];
  assert.equal(requests(pulls, a).length, 5);
  assert.equal(requests(pulls, b).length, 4);
  assert.deepEqual(requests(pulls, a).slice(3), ["GET v2/a/blobs/1"]);
});

test("a node that keeps nothing asks for everything each time", () => {
  const pulls = new PullRequests({ kind: "none" });
  const a = image("a", ["1", "1", "2"]);
  assert.equal(requests(pulls, a).length, 5);
  assert.equal(requests(pulls, a).length, 5);
});
