// Several machines, whatever carries what they say: the same runs over every transport.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Float64Histogram, HistogramLogReader } from "hdr-histogram-js";
import { verbs } from "../../src/cli/commands.ts";
import {
  type EmbeddedRegistry,
  startEmbeddedRegistry,
} from "../../src/embedded/embedded-registry.ts";
import { HIGHEST_NS } from "../../src/stats/histogram.ts";
import type { NodeReport } from "../../src/workers/node-report.ts";
import { drayage } from "../cli/fake-terminal.ts";
import { blobGets, trace } from "./traced.ts";
import { type Transport, transports, underWay } from "./transports.ts";
import { warmMap } from "./warm-map.ts";
import { type Row, type Started, Workplace } from "./workplace.ts";

const seqs = (rows: readonly { readonly seq: number }[]): number[] => rows.map(({ seq }) => seq);
const upTo = (count: number): number[] => Array.from({ length: count }, (_, seq) => seq);
const sharesOf = (rows: readonly Row[]): [number, number][] =>
  rows.map(({ seq, worker }) => [seq, worker]);

/**
 * Service times in ns, counted in the buckets of histograms: those of rows, one by one. Rows have them rounded, histograms count
 * what they are: of a row at a bucket's lower border only `merged` knows on which side of it the time was.
 */
function bucketsOf(times: readonly number[], merged: Float64Histogram): Float64Histogram {
  const histogram = new Float64Histogram(1, HIGHEST_NS, 3);
  const countAt = (counted: Float64Histogram, time: number): number =>
    counted.getCountAtIndex(counted.countsArrayIndex(time));
  const rounded = times.map((time) => Math.round(time));
  const isBorder = (time: number): boolean => histogram.lowestEquivalentValue(time) === time;
  for (const time of rounded) if (!isBorder(time)) histogram.recordValue(time);
  for (const time of rounded.filter(isBorder)) {
    const isBelow = countAt(merged, time - 1) > countAt(histogram, time - 1);
    histogram.recordValue(isBelow ? time - 1 : time);
  }
  return histogram;
}

/** The same out of the log of merged intervals. */
function mergedIn(log: string, operation: string): Float64Histogram {
  const merged = new Float64Histogram(1, HIGHEST_NS, 3);
  const reader = new HistogramLogReader(log, 64);
  for (let next = reader.nextIntervalHistogram(); next; next = reader.nextIntervalHistogram())
    if (next.tag === `${operation}.service`) merged.add(next as Float64Histogram);
  return merged;
}

/** Without mean and maximum, which the log keeps as buckets only. */
const countsOf = (histogram: Float64Histogram): string[] =>
  histogram
    .outputPercentileDistribution(100)
    .split("\n")
    .filter((line) => !line.startsWith("#"));

/** Also of the last second of a node that was killed: nothing of what has a row counts as not sent. */
function assertFiguresOfRows(place: Workplace, allSent: boolean): void {
  const { totals, validity } = place.summary();
  assert.equal(totals.done + totals.failed, place.rows().length);
  const notSent = validity.reasons.filter((reason) => reason.startsWith("not sent"));
  assert.equal(notSent.length, allSent ? 0 : 1);
}

// At the same time: they wait for nodes and schedules rather than for the processor.
describe("transports", { concurrency: true }, () => {
  for (const [name, start] of Object.entries(transports)) suite(name, start);
});

function suite(name: string, start: () => Promise<Transport>): void {
  // One after the other: each counts on a machine that has time for its nodes.
  describe(`two nodes over ${name}`, { concurrency: false }, () => {
    let transport: Transport;
    let registry: EmbeddedRegistry;
    let giveMap: (place: Workplace) => void;
    const places: Workplace[] = [];

    before(async () => {
      [transport, registry] = await Promise.all([start(), startEmbeddedRegistry()]);
      if (transport.missing === undefined) giveMap = await warmMap(registry.url, 500);
    });
    after(async () => {
      for (const place of places) place.leave();
      await registry.close();
      await transport.stop();
    });

    /** A place with a trace, whose objects the registry has, and two nodes. */
    async function prepared(
      count: number,
      every: number,
      settings: Record<string, unknown> = {},
    ): Promise<{ place: Workplace; nodes: Started[]; master: (...flags: string[]) => string[] }> {
      const place = new Workplace();
      places.push(place);
      place.configure(trace(blobGets(count, { every })), {
        registry: [registry.url],
        "client_info.wait": true,
        ...settings,
      });
      giveMap(place);
      const nodes = await transport.startNodes(place, 2);
      const flags = transport.flags(nodes);
      // A busy machine makes short runs invalid; what that means has tests of its own.
      const command = ["master", "-c", "run", "-i", "config.yaml", "--allow-invalid"];
      return { place, nodes, master: (...more) => [...command, ...flags, ...more] };
    }

    for (const verb of ["warmup", "run"])
      test(`a ${verb} that cannot begin ends once it has found its nodes, and they are free for the next`, async (t) => {
        if (transport.missing !== undefined) return t.skip(transport.missing);
        const { place, nodes } = await prepared(4, 0.01);
        const command = ["master", "-c", verb, "-i", "config.yaml", "--allow-invalid"];
        const flags = transport.flags(nodes);
        const nothing = ["--set", 'trace.traces=["none.json"]'];
        const failed = await place.drayage([...command, ...flags, ...nothing]);
        assert.equal(failed.code, 2);
        assert.match(failed.err, /none\.json: no such file/);
        const next = await place.drayage([...command, ...flags]);
        assert.equal(next.code, 0, next.err);
      });

    test("without due times every node sends as fast as it can, and merged histograms are those of the rows", async (t) => {
      if (transport.missing !== undefined) return t.skip(transport.missing);
      const { place, master } = await prepared(500, 0, { "client_info.wait": false });
      const ended = await place.drayage(master());
      assert.equal(ended.code, 0, ended.err);
      const rows = place.rows();
      assert.deepEqual(seqs(rows), upTo(500));
      const log = place.text(`${place.runDirectory("run")}/histograms.hlog`);
      const times = rows.map(({ duration }) => duration * 1e9);
      const merged = mergedIn(log, "get-blob");
      assert.deepEqual(countsOf(merged), countsOf(bucketsOf(times, merged)));
    });

    test("split: local: nodes read the trace themselves, and rows, shares and skipped records are the same", async (t) => {
      if (transport.missing !== undefined) return t.skip(transport.missing);
      const { place, master } = await prepared(80, 0.01, { "run.unmapped": "skip" });
      // Of both nodes: they are on one machine, and each keeps its own until the end.
      const bad = Array.from({ length: 20 }, (_, at) => ({ uri: `v2/a/b/blobs/bad${at}`, at: 1 }));
      const records = [...trace([...blobGets(80, { every: 0.01 }), ...bad]), { broken: true }];
      place.write("trace.json", JSON.stringify(records));
      const errors = (file: string): string[] => ["--errors", file];
      const streamed = await place.drayage(
        master("--set", "trace.output=streamed.json", ...errors("streamed.ndjson")),
      );
      assert.equal(streamed.code, 0, streamed.err);
      const ended = await place.drayage(
        master("--set", "cluster.split=local", ...errors("local.ndjson")),
      );
      assert.equal(ended.code, 0, ended.err);
      assert.equal(place.lines("local.ndjson").length, 1);
      assert.equal(place.text("local.ndjson"), place.text("streamed.ndjson"));
      assert.deepEqual(sharesOf(place.rows()), sharesOf(place.rows("streamed.json")));
      const after = await place.drayage(
        master(
          ...["--set", "cluster.split=local", "--set", "cluster.rows=after"],
          ...["--set", "trace.output=after.json"],
        ),
      );
      assert.equal(after.code, 0, after.err);
      assert.equal(after.err.match(/hand their rows over/g)?.length, 1, after.err);
      assert.deepEqual(sharesOf(place.rows("after.json")), sharesOf(place.rows()));
      assert.equal(place.summary("after.json").totals.done, 80);
      assert.equal(place.skipped().length, bad.length);
      assert.deepEqual(place.skipped(), place.skipped("streamed.json"));
      assert.deepEqual(place.summary().records, place.summary("streamed.json").records);
      const planned = (file: string): unknown =>
        (place.summary(file) as unknown as { planned: number }).planned;
      assert.equal(planned("output.json"), planned("streamed.json"));
      const dry = [
        "run",
        "-i",
        "config.yaml",
        "--dry-run",
        "--plan",
        "plan.ndjson",
        "--local",
        "2",
      ];
      await place.drayage(dry);
      assert.deepEqual(
        sharesOf(place.rows()),
        place
          .lines<{ seq: number; node: number }>("plan.ndjson")
          .map(({ seq, node }) => [seq, node]),
      );
    });

    test("a load: every node takes each second request of one schedule, and merged histograms are those of the rows", async (t) => {
      if (transport.missing !== undefined) return t.skip(transport.missing);
      const place = new Workplace();
      places.push(place);
      const nodes = await transport.startNodes(place, 2);
      const load = ["load", registry.url, "--rate", "300/s", "--duration", "1s", "--allow-invalid"];
      const tooFew = await drayage([...load, ...transport.typed(nodes, 1), "--wait", "200ms"], {
        verbs,
      });
      assert.equal(tooFew.exit, 4, tooFew.err);
      assert.match(
        tooFew.err,
        /^node .*(?:3 of 3|127\.0\.0\.1:1): nobody .*; start it: drayage client/,
      );
      const flags = ["--log-requests", "all", "--out", "out", ...transport.typed(nodes)];
      const ended = await place.drayage([...load, ...flags]);
      assert.equal(ended.code, 0, ended.err);
      type Request = Record<"seq" | "node" | "due_ns" | "service_ns" | "status", number>;
      const rows = place.lines<Request>("out/requests.ndjson").toSorted((a, b) => a.seq - b.seq);
      assert.deepEqual(
        rows.map(({ seq, node, due_ns: due, status }) => [seq, node, Math.round(due), status]),
        upTo(300).map((seq) => [seq, seq % 2, Math.round((seq * 1e9) / 300), 200]),
      );
      const times = rows.map(({ service_ns: time }) => time);
      const merged = mergedIn(place.text("out/histograms.hlog"), "request");
      assert.deepEqual(countsOf(merged), countsOf(bucketsOf(times, merged)));
      const { machines } = place.json<{ machines: NodeReport[] }>("out/results.json");
      assert.deepEqual(
        machines.map(({ rows: sent, lost }) => [sent, lost]),
        [
          [150, null],
          [150, null],
        ],
      );
    });

    // What is told of them is the same over every transport.
    const endings = name === "direct" ? (["report", "redistribute"] as const) : ["redistribute"];
    for (const onLost of endings) {
      test(`a node is killed in mid-run, on_lost: ${onLost}`, async (t) => {
        if (transport.missing !== undefined) return t.skip(transport.missing);
        const count = 400;
        const { place, nodes, master } = await prepared(count, 0.01);
        // Far above what a busy machine keeps a process waiting, so that only the dead one is lost.
        const patience = ["--set", "cluster.heartbeat=0.5", "--set", "cluster.lost_after=5"];
        const run = place.start(master("--set", `cluster.on_lost=${onLost}`, ...patience));
        const [, second] = nodes as [Started, Started];
        await underWay(place);
        second.child.kill("SIGKILL");
        const ended = await run.ended;
        assert.equal(ended.code, 7, ended.err);
        assert.match(ended.err, /node \S+.* is lost: nothing was heard of it/);
        const rows = place.rows();
        const skipped = place.has("output.json.skipped.ndjson") ? place.skipped() : [];
        assert.ok(rows.some(({ worker }) => worker === 1));
        assert.deepEqual(
          [...seqs(rows), ...seqs(skipped)].toSorted((a, b) => a - b),
          upTo(count),
        );
        assertFiguresOfRows(place, onLost === "redistribute");
        if (onLost === "redistribute") assert.equal(skipped.length, 0);
        else assert.ok(skipped.length > 0 && skipped.every(({ reason }) => reason === "node_lost"));
      });
    }
  });
}
