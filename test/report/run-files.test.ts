import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { Float64Histogram, HistogramLogReader, listTags } from "hdr-histogram-js";
import { HistogramLog } from "../../src/report/hlog.ts";
import { runResults } from "../../src/report/results.ts";
import { createRunDirectory, type RunRecord, runName } from "../../src/report/run-directory.ts";
import { SERIES_POINTS_MAX, Series } from "../../src/report/series.ts";
import { type SeriesPoint, seriesPoint, TimeseriesFile } from "../../src/report/timeseries.ts";
import { HIGHEST_NS } from "../../src/stats/histogram.ts";
import { STARTED_AT, sampleRun } from "./sample-run.ts";

const directory = mkdtempSync(join(tmpdir(), "drayage-report-"));
after(() => rmSync(directory, { recursive: true }));

const run = sampleRun();

function writtenLog(name: string): string {
  const path = join(directory, name);
  const log = new HistogramLog(path, { tool: "drayage 0.1.0", startedAt: STARTED_AT });
  for (const snapshot of run.snapshots) log.add(snapshot);
  log.close();
  return readFileSync(path, "utf8");
}

test("hlog: HdrHistogram's own reader finds every tag, and sums that equal results.json", () => {
  const text = writtenLog("a.hlog");
  const sums = new Map<string, Float64Histogram>();
  const reader = new HistogramLogReader(text, 64);
  for (let next = reader.nextIntervalHistogram(); next; next = reader.nextIntervalHistogram()) {
    const sum = sums.get(next.tag) ?? new Float64Histogram(1, HIGHEST_NS, 3);
    sum.add(next as Float64Histogram);
    sums.set(next.tag, sum);
  }
  assert.deepEqual([...sums.keys()].sort(), [...listTags(text)].sort());
  const { classes, latenessNs } = runResults(run.figures);
  assert.ok(classes.length > 2);
  for (const { operation, responseNs, serviceNs, ttfbNs } of classes) {
    for (const [measure, expected] of Object.entries({
      response: responseNs,
      service: serviceNs,
      ttfb: ttfbNs,
    })) {
      const sum = sums.get(`${operation}.${measure}`);
      assert.equal(sum?.totalCount, expected.count);
      assert.equal(sum?.getValueAtPercentile(100), expected.max);
      assert.equal(sum?.getValueAtPercentile(75), expected.percentiles.p75);
    }
  }
  assert.equal(sums.get("lateness")?.getValueAtPercentile(99), latenessNs.percentiles.p99);
});

test("hlog: lines carry seconds since the base time, their length, and the maximum in ms", () => {
  const lines = writtenLog("b.hlog").split("\n");
  assert.deepEqual(
    lines.filter((line) => line.startsWith("#")),
    [
      "#[Logged with drayage 0.1.0; values in nanoseconds]",
      "#[Histogram log format version 1.3]",
      `#[StartTime: ${(STARTED_AT / 1000).toFixed(3)} (seconds since epoch), 2026-11-22T07:01:33.250Z]`,
      `#[BaseTime: ${(STARTED_AT / 1000).toFixed(3)} (seconds since epoch)]`,
    ],
  );
  const stall = lines.find((line) => line.startsWith("Tag=get-blob.response,12.000,"));
  const [, , length, maximum] = (stall ?? "").split(",");
  assert.equal(length, "1.000");
  assert.ok(Number(maximum) > 2500 && Number(maximum) < 3500, maximum);
});

test("hlog: the reader dates intervals by the base time", () => {
  const first = new HistogramLogReader(writtenLog("c.hlog"), 64).nextIntervalHistogram();
  assert.equal(first?.startTimeStampMsec, STARTED_AT);
  assert.equal(first?.endTimeStampMsec, STARTED_AT + 1000);
});

test("time series: one line per interval, columns named, sums equal the totals", () => {
  const path = join(directory, "timeseries.csv");
  const file = new TimeseriesFile(path);
  for (const snapshot of run.snapshots) file.add(seriesPoint(snapshot, 200), snapshot);
  file.close();
  const [head = "", ...lines] = readFileSync(path, "utf8").trimEnd().split("\n");
  const names = head.split(",");
  const column = (name: string) => lines.map((line) => line.split(",")[names.indexOf(name)] ?? "?");
  const sum = (name: string) => column(name).reduce((total, field) => total + Number(field), 0);
  const { totals: all } = runResults(run.figures);
  assert.equal(lines.length, run.snapshots.length);
  assert.ok(lines.every((line) => line.split(",").length === names.length));
  assert.equal(sum("sent"), all.started);
  assert.equal(sum("done"), all.done);
  assert.equal(sum("failed"), all.failed);
  assert.equal(sum("bytes_in"), all.bytesIn + all.failedBytesIn);
  assert.equal(column("in_flight").at(-1), "0");
  assert.equal(column("window_response_p99_ms")[0], "", "200 requests cannot tell a p99");
  assert.ok(Number(column("window_response_p50_ms")[0]) > 1);
});

test("time series: a run without due times leaves planned, response and lateness empty", () => {
  const { snapshots } = sampleRun({ paced: false, seconds: 1 });
  const [snapshot] = snapshots;
  assert.ok(snapshot);
  const point = seriesPoint(snapshot, null);
  assert.deepEqual(
    [point.planned, point.responseP50, point.responseMax, point.latenessMax],
    [null, null, null, null],
  );
  assert.ok((point.serviceMax ?? 0) > 0);
});

const quiet = run.timeline.series.points[0] as SeriesPoint;
for (const { intervals, stride } of [
  { intervals: 1, stride: 1 },
  { intervals: SERIES_POINTS_MAX, stride: 1 },
  { intervals: SERIES_POINTS_MAX + 1, stride: 2 },
  { intervals: 100_003, stride: 64 },
]) {
  test(`series: ${intervals} intervals fit, none is lost, peaks survive`, () => {
    const series = new Series();
    for (let i = 0; i < intervals; i++) {
      const serviceMax = i === Math.floor(intervals / 3) ? 987 : 1;
      const length = 1;
      series.add({ ...quiet, second: i, length, sent: 3, planned: 4, inFlight: i % 7, serviceMax });
    }
    assert.ok(series.points.length <= SERIES_POINTS_MAX);
    assert.equal(series.stride, stride);
    const sum = (of: (point: SeriesPoint) => number) =>
      series.points.reduce((total, point) => total + of(point), 0);
    assert.equal(
      sum((point) => point.sent),
      3 * intervals,
    );
    assert.equal(
      sum((point) => point.planned ?? 0),
      4 * intervals,
    );
    assert.equal(
      sum((point) => point.length),
      intervals,
    );
    assert.equal(Math.max(...series.points.map((point) => point.serviceMax ?? 0)), 987);
    let end = 0;
    for (const point of series.points) {
      assert.equal(point.second, end);
      end += point.length;
    }
  });
}

const record: RunRecord = {
  tool: { name: "drayage", version: "0.1.0" },
  verb: "run",
  arguments: ["run", "-i", "config.yaml"],
  startedAt: new Date(STARTED_AT).toISOString(),
  endedAt: null,
  ending: null,
  plan: { speed: 10 },
  seed: 0,
  traces: [{ file: "a.json", sha256: null }],
  clocks: { originWall: new Date(STARTED_AT).toISOString(), originMonotonicNs: "123" },
};

test("run directory: named after time, verb and chance", () => {
  const name = runName("run", STARTED_AT);
  assert.match(name, /^2026-11-22T07-01-33Z_run_[0-9a-f]{6}$/);
  assert.notEqual(name, runName("run", STARTED_AT));
});

test("run directory: run.json is written whole, replaced whole, and leaves no draft", async () => {
  const out = join(directory, "deep", "run");
  const made = await createRunDirectory({ verb: "run", startedAt: STARTED_AT, out });
  await made.writeRun(record);
  await made.writeRun({ ...record, endedAt: "later", ending: "finished" });
  const read = JSON.parse(readFileSync(made.file("run.json"), "utf8"));
  assert.equal(read.version, 1);
  assert.equal(read.ending, "finished");
  assert.deepEqual(read.arguments, record.arguments);
  assert.equal(read.runtime.version, process.versions.node);
  assert.ok(read.machine.cpus >= 1 && read.machine.memoryBytes > 0);
  assert.deepEqual(readdirSync(out), ["run.json"]);
});

test("run directory: one that holds files is refused with what to type", async () => {
  const out = mkdtempSync(join(directory, "full-"));
  writeFileSync(join(out, "notes.txt"), "mine");
  await assert.rejects(createRunDirectory({ verb: "run", startedAt: STARTED_AT, out }), {
    code: "usage",
    message: /is not empty: give --out a directory that is new or empty$/,
  });
  assert.deepEqual(readdirSync(out), ["notes.txt"]);
});

test("run directory: a path below a file is a storage error that names it", async () => {
  const file = join(directory, "plain");
  writeFileSync(file, "");
  const out = join(file, "run");
  await assert.rejects(createRunDirectory({ verb: "run", startedAt: STARTED_AT, out }), {
    code: "storage",
    message: new RegExp(`^cannot write ${out}`),
  });
});

test("append file: never appends to what is there", () => {
  const path = join(directory, "mine.csv");
  writeFileSync(path, "mine");
  assert.throws(() => new TimeseriesFile(path), { code: "storage" });
  assert.equal(readFileSync(path, "utf8"), "mine");
});
