// What a run leaves behind, read back by other programs' readers and by our own: the same figures wherever they stand.
import assert from "node:assert/strict";
import { cpSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { parse as parseCsv } from "csv-parse/sync";
import { Float64Histogram, HistogramLogReader } from "hdr-histogram-js";
import { parquetReadObjects } from "hyparquet";
import type { EmbeddedRegistry } from "../../src/embedded/embedded-registry.ts";
import { startEmbeddedRegistryThread } from "../../src/embedded/registry-thread.ts";
import {
  maximumOf,
  mergeDistributions,
  supportsPercentile,
  valueAtPercentile,
} from "../../src/stats/distribution.ts";
import { decodeHdr } from "../../src/stats/hdr.ts";
import { HIGHEST_NS, indexOf } from "../../src/stats/histogram.ts";
import { distributionOf } from "../stats/samples.ts";
import { type Ended, Workplace } from "./workplace.ts";

const place = new Workplace();
let registry: EmbeddedRegistry;

type Latency = {
  readonly count: number;
  readonly sum: number;
  readonly max: number | null;
  readonly percentiles: Readonly<Record<string, number | null>>;
  readonly histogram: string | null;
};
type Class = { readonly done: number; readonly failed: number } & Readonly<Record<string, Latency>>;
type Stored = {
  readonly verdict: string;
  readonly seconds: number;
  readonly totals: Class;
  readonly classes: readonly ({ readonly operation: string } & Class)[];
  readonly latenessNs: Latency;
  readonly connectNs: Latency;
  readonly sizes: readonly { readonly fromBytes: number; readonly serviceNs: Latency }[];
  readonly nodes: readonly { readonly name: string; readonly done: number }[];
  readonly steps: readonly { readonly name: string; readonly done: number }[];
};
const stored = (out: string): Stored => place.json(`${out}/results.json`);

const formats = ["ndjson", "csv", "parquet"] as const;

const rates = { ndjson: 300, csv: 200, parquet: 250 } as const;
/** Two seconds, the second one faster. */
const stepsOf = (rate: number): string => `${rate}/s:1s,${2 * rate}/s:1s`;

/** Three loads of the same seconds, one for each form of the requests file. */
before(async () => {
  registry = await startEmbeddedRegistryThread();
  const ended = await Promise.all(
    formats.map((format) =>
      place.drayage([
        ...["load", `${registry.url}${format === "csv" ? "/v2/nowhere/manifests/v1" : ""}`],
        ...["--steps", stepsOf(rates[format]), "--out", place.path(format)],
        ...["--log-requests", "all", "--log-format", format],
        ...["--allow-invalid", "--allow-failures"],
      ]),
    ),
  );
  for (const { code, err } of ended) assert.equal(code, 0, err);
});
after(async () => {
  await registry.close();
  place.leave();
});

const measures = {
  responseNs: "response",
  serviceNs: "service",
  ttfbNs: "ttfb",
  transferNs: "transfer",
  failedResponseNs: "failed-response",
  failedServiceNs: "failed-service",
} as const;

/** Every latency of results.json by the tag of its lines in histograms.hlog. */
function taggedLatencies({ classes, latenessNs, connectNs, sizes }: Stored): [string, Latency][] {
  return [
    ...classes.flatMap((part) =>
      Object.entries(measures).map(([key, measure]): [string, Latency] => [
        `${part.operation}.${measure}`,
        part[key] as Latency,
      ]),
    ),
    ["lateness", latenessNs],
    ["connect", connectNs],
    ...sizes.map(({ fromBytes, serviceNs }): [string, Latency] => [
      `size-${fromBytes}.service`,
      serviceNs,
    ]),
  ];
}

test("histograms.hlog, added up by HdrHistogram's reader, has the counts, percentiles and maxima of results.json, tag by tag", () => {
  for (const out of formats) {
    const sums = new Map<string, Float64Histogram>();
    const reader = new HistogramLogReader(place.text(`${out}/histograms.hlog`), 64);
    for (let next = reader.nextIntervalHistogram(); next; next = reader.nextIntervalHistogram()) {
      const sum = sums.get(next.tag) ?? new Float64Histogram(1, HIGHEST_NS, 3);
      sum.add(next as Float64Histogram);
      sums.set(next.tag, sum);
    }
    const told = taggedLatencies(stored(out)).filter(([, { count }]) => count > 0);
    assert.deepEqual(told.map(([tag]) => tag).sort(), [...sums.keys()].sort());
    for (const [tag, { count, max, percentiles }] of told) {
      const sum = sums.get(tag);
      assert.equal(sum?.totalCount, count, tag);
      assert.equal(sum?.getValueAtPercentile(100), max, tag);
      for (const [name, value] of Object.entries(percentiles)) {
        const percent = Number(name.slice(1));
        assert.equal(value === null, !supportsPercentile(count, percent), `${tag} ${name}`);
        if (value !== null)
          assert.equal(sum?.getValueAtPercentile(percent), value, `${tag} ${name}`);
        assert.ok((value ?? 0) <= (max ?? 0), `${tag} ${name} exceeds the maximum`);
      }
    }
  }
});

type LoggedRequest = {
  readonly error: string | null;
  readonly status: number | null;
  readonly service_ns: number;
  readonly response_ns: number;
  readonly lateness_ns: number;
};

async function loggedRequests(format: (typeof formats)[number]): Promise<LoggedRequest[]> {
  const path = `${format}/requests.${format}`;
  const rows: Record<string, unknown>[] =
    format === "ndjson"
      ? place.lines<Record<string, unknown>>(path)
      : format === "csv"
        ? parseCsv(place.text(path), { columns: true })
        : await parquetReadObjects({ file: fileBytes(place.path(path)) });
  const textOf = (value: unknown): string | null =>
    value === null || value === "" ? null : String(value);
  return rows.map((row) => ({
    error: textOf(row.error),
    status: textOf(row.status) === null ? null : Number(row.status),
    service_ns: Number(row.service_ns),
    response_ns: Number(row.response_ns),
    lateness_ns: Number(row.lateness_ns),
  }));
}

function fileBytes(path: string): ArrayBuffer {
  const bytes = readFileSync(path);
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer;
}

for (const format of formats) {
  test(`requests.${format}: its rows count and last what results.json says`, async () => {
    const rows = await loggedRequests(format);
    const { totals, latenessNs } = stored(format);
    const done = rows.filter(({ error }) => error === null);
    const failed = rows.filter(({ error }) => error !== null);
    assert.deepEqual([done.length, failed.length], [totals.done, totals.failed]);
    if (format === "csv")
      assert.ok(failed.every(({ error, status }) => error === "http:404" && status === 404));
    for (const [times, { count, sum, histogram }] of [
      [done.map(({ service_ns }) => service_ns), totals.serviceNs],
      [done.map(({ response_ns }) => response_ns), totals.responseNs],
      [failed.map(({ service_ns }) => service_ns), totals.failedServiceNs],
      [rows.map(({ lateness_ns }) => lateness_ns), latenessNs],
    ] as [number[], Latency][]) {
      assert.equal(times.length, count);
      if (histogram === null) continue;
      const ofRows = distributionOf(times.map((time) => Math.max(0, time)));
      const ofResults = decodeHdr(histogram);
      // Rows have whole nanoseconds: a value may stand on the other side of a bucket's edge, and the sum is off by as many halves.
      assert.ok(Math.abs(times.reduce((all, time) => all + time, 0) - sum) <= count);
      for (const percent of [1, 50, 90, 99, 100]) {
        const [one, other] = [ofRows, ofResults].map((times) => valueAtPercentile(times, percent));
        assert.ok(Math.abs(indexOf(one as number) - indexOf(other as number)) <= 1);
      }
    }
  });
}

test("report makes every output of a whole run again, to the byte", async () => {
  cpSync(place.path("ndjson"), place.path("kept"), { recursive: true });
  const made = ["report.html", "results.json", "timeseries.csv", "percentiles", "figures"];
  // Of results.json, what only the end of the run knew is kept.
  for (const name of made.filter((one) => one !== "results.json"))
    rmSync(place.path(`ndjson/${name}`), { recursive: true });
  const said = await place.drayage(["report", "ndjson"]);
  assert.equal(said.code, 0, said.err);
  const files = (folder: string): string[] =>
    readdirSync(place.path(folder), { recursive: true, encoding: "utf8" }).sort();
  assert.deepEqual(files("ndjson"), files("kept"));
  for (const name of files("kept").filter((one) => /\./.test(one) && one !== "report.html"))
    assert.equal(place.text(`ndjson/${name}`), place.text(`kept/${name}`), name);
  const plots = (out: string) => place.text(`${out}/report.html`).split("drawPage(").at(-1);
  assert.equal(plots("ndjson"), plots("kept"), "the page draws the same values");
});

// How runs are placed by their clocks is tried in merge.test.ts: on a busy machine these may not have met.
test("runs of the same seconds are added up second by second, and told apart as nodes", async () => {
  const paths = formats.map((format) => place.path(format));
  const said = await place.drayage([
    ...["merge", ...paths, "--as", "together", "--out", place.path("sum")],
  ]);
  assert.equal(said.code, 0, said.err);
  assert.match(said.err, /3 runs of the same time, added up second by second/);
  const parts = formats.map(stored);
  const sum = stored("sum");
  const all = mergeDistributions(
    parts
      .map(({ totals }) => (totals.serviceNs as Latency).histogram)
      .filter((histogram) => histogram !== null)
      .map((histogram) => decodeHdr(histogram)),
  );
  const added = decodeHdr((sum.totals.serviceNs as Latency).histogram ?? "");
  for (const percent of [50, 90, 99, 99.9])
    assert.equal(valueAtPercentile(added, percent), valueAtPercentile(all, percent));
  assert.equal(maximumOf(added), maximumOf(all));
  assert.deepEqual(
    sum.nodes.map(({ name, done }) => [name, done]),
    formats.map((format, at) => [format, parts[at]?.totals.done]),
  );
  const longest = Math.max(...parts.map(({ seconds }) => seconds));
  assert.ok(sum.seconds < 2 * longest, "they stand beside each other, not behind");
  for (const name of ["timeseries.csv", "figures/curve.svg", "percentiles/all.service.hgrm"])
    assert.ok(place.has(`sum/${name}`) || name.startsWith("percentiles"), name);
});

test("runs that cannot be added up leave no directory behind", async () => {
  const said = await place.drayage([
    "merge",
    place.path("csv"),
    "nowhere",
    "--out",
    place.path("not"),
  ]);
  assert.equal(said.code, 2);
  assert.match(said.err, /nowhere holds no run/);
  assert.equal(place.has("not"), false);
});

test("runs that the user wants in turn are set one behind the other", async () => {
  const paths = formats.map((format) => place.path(format));
  const said = await place.drayage([
    "merge",
    ...paths,
    "--as",
    "in-turn",
    "--out",
    place.path("row"),
  ]);
  assert.match(said.err, /3 runs, set one behind the other/);
  const { seconds, steps, totals } = stored("row");
  assert.ok(seconds >= 6);
  assert.deepEqual(
    steps.map(({ name }) => name),
    Object.values(rates).flatMap((rate) => [`${rate}/s`, `${2 * rate}/s`]),
  );
  assert.equal(
    steps.reduce((sum, { done }) => sum + done, 0),
    totals.done,
  );
  const parts = formats.flatMap((format) => stored(format).steps);
  assert.deepEqual(
    steps.map(({ done }) => done),
    parts.map(({ done }) => done),
  );
});

test("compare writes a page and figures of both sides, and says how to type several runs", async () => {
  const [a = "", b = "", c = ""] = formats.map((format) => place.path(format));
  const files = ["--page", place.path("compare.html"), "--figures", place.path("curves")];
  const said = await place.drayage(["compare", a, c, ...files]);
  assert.equal(said.code, 0, said.err);
  assert.match(place.text("compare.html"), /Ratio by percentile/);
  assert.match(
    place.text("curves/ratio.csv"),
    /^nines,percentile,B_A_ratio,no_difference_ratio\n0,/,
  );
  // A run counts once; copies stand for repetitions.
  const copies = [a, a, c, c].map((run, at) => {
    cpSync(run, place.path(`copy-${at}`), { recursive: true });
    return place.path(`copy-${at}`);
  });
  const sides = [a, ...copies.slice(2), "--against", [c, ...copies.slice(0, 2)].join(",")];
  const several = await place.drayage(["compare", ...sides, "--json"]);
  assert.equal(JSON.parse(several.out).basis, "runs");
  const wrong = await place.drayage(["compare", a, b, c]);
  assert.equal(wrong.code, 2);
  assert.match(wrong.err, /which are side B, compare A1 A2 --against B1,B2/);
});

test("a run killed with -9 keeps every second that it had: counts, latencies and rows agree", async () => {
  const run = place.start([
    ...[
      "load",
      registry.url,
      "--rate",
      "100/s",
      "--duration",
      "60s",
      "--out",
      place.path("killed"),
    ],
    ...["--log-requests", "all"],
  ]);
  const seconds = (): number =>
    place.has("killed/counts.ndjson")
      ? place.text("killed/counts.ndjson").split("\n").length - 1
      : 0;
  while (seconds() < 3 && run.child.exitCode === null) await sleep(20);
  run.child.kill("SIGKILL");
  await run.ended;
  const kept = seconds();
  const reported: Ended = await place.drayage(["report", place.path("killed")]);
  assert.equal(reported.code, 0, reported.err);
  const { totals, seconds: length, verdict } = stored("killed");
  assert.match(verdict, /^ABORTED/);
  assert.ok(length >= 0.9 * kept, `${length} s of ${kept} intervals`);
  const counted = place
    .lines<{ classes?: { done: number }[] }>("killed/counts.ndjson")
    .reduce((sum, { classes = [] }) => sum + classes.reduce((all, { done }) => all + done, 0), 0);
  assert.equal(totals.done, counted);
  // Threads go on while they are read: an operation may have been timed in the last second, and counted in the next.
  const ahead = (totals.serviceNs as Latency).count - totals.done;
  assert.ok(ahead >= 0 && ahead <= 5, `${ahead} timed that were not counted`);
  // Rows are written at least once a second; the last one may be cut off.
  const rows = place.text("killed/requests.ndjson").split("\n").length - 1;
  assert.ok(rows >= totals.done - 200, `${rows} rows of ${totals.done}`);
  for (const name of ["figures/curve.svg", "percentiles/request.service.hgrm", "report.html"])
    assert.ok(place.has(`killed/${name}`), name);
});
