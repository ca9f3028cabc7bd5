// The published trace against docker-registry: everything that a warm-up and a run leave behind, and that it agrees.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import hdr from "hdr-histogram-js";
import {
  type DockerRegistry,
  needsDockerRegistry,
  startDockerRegistry,
} from "../fakes/docker-registry.ts";
import { type Access, accessesOf, countOf } from "./access.ts";
import { needsSample, sample, type TraceRecord } from "./traced.ts";
import { type Ended, type Results, type Row, Workplace } from "./workplace.ts";

/** Most of the sample's objects, few of its bytes. */
const SIZE_MAX = 100_000;

const rowFields: Readonly<Record<keyof Row, readonly string[]>> = {
  time: ["number"],
  duration: ["number"],
  onTime: ["string"],
  size: ["number"],
  uri: ["string"],
  method: ["string"],
  kind: ["string"],
  op: ["string"],
  client: ["string", "null"],
  status: ["number", "null"],
  worker: ["number"],
  slot: ["number", "null"],
  seq: ["number"],
  lateness: ["number", "null"],
  response: ["number", "null"],
  ttfb: ["number", "null"],
  error: ["string", "null"],
  registry: ["number"],
  attempts: ["number"],
  traceDuration: ["number"],
};

const typeOf = (value: unknown): string => (value === null ? "null" : typeof value);
const sizeOf = (record: TraceRecord | undefined): number =>
  Number(record?.["http.response.written"]);

const byArrival = (records: readonly TraceRecord[]): TraceRecord[] =>
  records.toSorted((a, b) => String(a.timestamp).localeCompare(String(b.timestamp)));

for (const relativeUrls of [false, true]) {
  const form = relativeUrls ? "relative" : "absolute";
  describe(`the sample against docker-registry with ${form} Locations`, () => {
    const records = sample(SIZE_MAX);
    const uris = new Set(records?.map((each) => each["http.request.uri"]));
    const place = new Workplace();
    let registry: DockerRegistry | undefined;
    let warmed: Ended;
    let pushes: Access[];
    let ended: Ended;

    before(async () => {
      registry = await startDockerRegistry({ relativeUrls });
      if (registry === undefined || records === undefined) return;
      place.configure(records, { registry: [`127.0.0.1:${registry.port}`] });
      warmed = await place.warmup("--json");
      pushes = await accessesOf(registry);
      ended = await place.run();
    });
    after(async () => {
      place.leave();
      await registry?.stop();
    });

    const check = (name: string, body: (registry: DockerRegistry) => void | Promise<void>) =>
      test(name, (t) => {
        if (records === undefined) t.skip(needsSample);
        else if (registry === undefined) t.skip(needsDockerRegistry);
        else return body(registry);
        return undefined;
      });

    check("the warm-up pushes every URI once", () => {
      const { records: counts, besides } = JSON.parse(warmed.out) as Results;
      assert.deepEqual([counts.distinct, besides.pushed], [uris.size, uris.size]);
      const bodies = pushes.filter(({ method }) => method === "PUT");
      assert.equal(bodies.length, uris.size);
      assert.deepEqual(new Set(bodies.map(({ status }) => status)), new Set([201]));
      const digests = bodies.map(({ path }) => /digest=([^&]+)/.exec(path)?.[1]);
      assert.equal(new Set(digests).size, uris.size);
    });

    check("the map has a digest of its own for every URI", () => {
      const map = place.map();
      assert.deepEqual(new Set(Object.keys(map)), uris);
      assert.equal(new Set(Object.values(map)).size, uris.size);
      for (const digest of Object.values(map)) assert.match(digest, /^sha256:[0-9a-f]{64}$/);
      assert.equal(
        map["v2/64431afe/eec8974d/blobs/793c8a2b"],
        "sha256:b7f5213d2854b07058e6b89f453fe9362bfc70ce1202dc747795dc3e7c503367",
      );
    });

    check("the meta file says how the map was made, and the journal is gone", ({ url }) => {
      const meta = place.json<Record<string, unknown>>("map.json.meta.json");
      const { version, seed, random, identity, repository, manifests, registries } = meta;
      assert.deepEqual(
        { version, seed, random, identity, repository, manifests, registries },
        {
          version: 1,
          seed: "0",
          random: true,
          identity: "uri",
          repository: "single",
          manifests: "blob",
          registries: [url],
        },
      );
      const counts = meta.counts as Record<string, number>;
      assert.deepEqual([counts.uris, counts.pushed], [uris.size, uris.size]);
      assert.equal(place.has("map.json.journal"), false);
    });

    check("the run has a row for every record, none failed, sizes as traced", () => {
      assert.equal(ended.code, 0, ended.err);
      const rows = place.rows();
      const traced = byArrival(records ?? []);
      assert.deepEqual(
        rows.map(({ seq, size, error, status, op }) => ({ seq, size, error, status, op })),
        traced.map((record, seq) => ({
          seq,
          size: sizeOf(record),
          error: null,
          status: 200,
          op: "GET",
        })),
      );
      assert.deepEqual(
        rows.map(({ uri }) => uri),
        traced.map((record) => record["http.request.uri"]),
      );
    });

    check("every row has every documented field, and no other", () => {
      for (const row of place.rows()) {
        assert.deepEqual(Object.keys(row).toSorted(), Object.keys(rowFields).toSorted());
        for (const [field, types] of Object.entries(rowFields)) {
          const type = typeOf(row[field as keyof Row]);
          assert.ok(types.includes(type), `${field} is a ${type}`);
        }
        assert.deepEqual([row.lateness, row.response, row.onTime], [null, null, "no"]);
      }
    });

    check("summary, run directory and histograms count what the rows count", () => {
      const rows = place.rows();
      const bytes = rows.reduce((sum, { size }) => sum + size, 0);
      const summary = place.summary();
      const { totals, compat, valid, interrupted } = summary;
      assert.deepEqual([totals.done, totals.failed, totals.bytesIn], [rows.length, 0, bytes]);
      assert.deepEqual([valid, interrupted], [true, false]);
      assert.deepEqual(
        [compat?.["Successful Requests"], compat?.["Data Transfered"]],
        [rows.length, bytes],
      );
      const directory = place.runDirectory("run");
      // The same but for the names of the classic figures: results.json has ours.
      const results = place.json<typeof summary>(join(directory, "results.json"));
      assert.deepEqual({ ...results, compat: null }, { ...summary, compat: null });
      assert.deepEqual(Object.values(results.compat ?? {}), Object.values(compat ?? {}));
      assert.match(place.text(join(directory, "report.html")), /<html/);
      const run = place.json<{ verb: string; ending: string }>(join(directory, "run.json"));
      assert.deepEqual([run.verb, run.ending], ["run", "finished"]);
      const logged = loggedCounts(place.text(join(directory, "histograms.hlog")));
      assert.deepEqual(
        Object.fromEntries(summary.classes.map(({ operation, done }) => [operation, done])),
        // Body sizes have tags of their own.
        Object.fromEntries(
          Object.entries(logged.service ?? {}).filter(([tag]) => !tag.startsWith("size-")),
        ),
      );
      assert.equal(secondsOf(place.text(join(directory, "timeseries.csv")), "done"), rows.length);
      assert.equal(secondsOf(place.text(join(directory, "timeseries.csv")), "sent"), rows.length);
    });

    check("the seven classic lines are printed from the rows", () => {
      const rows = place.rows();
      const bytes = rows.reduce((sum, { size }) => sum + size, 0);
      const lines = ended.out.split("\n");
      const at = lines.indexOf("Statistics");
      assert.deepEqual(
        lines.slice(at + 1, at + 8).map((line) => line.split(":")[0]),
        [
          "Successful Requests",
          "Failed Requests",
          "Duration",
          "Data Transfered",
          "Average Latency",
          "% requests on time",
          "Throughput",
        ],
      );
      assert.ok(lines.includes(`Successful Requests: ${rows.length}`));
      assert.ok(lines.includes(`Data Transfered: ${bytes} bytes`));
    });

    check("a second warm-up sends heads only, and the map stays as it was", async (peer) => {
      const before = place.map();
      const seen = (await accessesOf(peer)).length;
      const again = await place.warmup("--json");
      const { besides } = JSON.parse(again.out) as Results;
      assert.deepEqual([besides.existing, besides.pushed], [uris.size, 0]);
      const asked = (await accessesOf(peer)).slice(seen);
      assert.equal(countOf(asked, "HEAD"), uris.size);
      // The one GET asks for /v2/ before the start.
      assert.equal(asked.length, uris.size + 1);
      assert.deepEqual(place.map(), before);
    });
  });
}

/** Values logged, by measure and operation. */
function loggedCounts(log: string): Record<string, Record<string, number>> {
  const counts: Record<string, Record<string, number>> = {};
  for (const line of log.split("\n")) {
    const [tag = "", , , , encoded] = line.split(",");
    const [operation = "", measure] = tag.replace(/^Tag=/, "").split(".");
    if (!tag.startsWith("Tag=") || measure === undefined || encoded === undefined) continue;
    counts[measure] ??= {};
    const sums = counts[measure];
    const { totalCount } = hdr.decodeFromCompressedBase64(encoded);
    sums[operation] = (sums[operation] ?? 0) + totalCount;
  }
  return counts;
}

function secondsOf(csv: string, column: string): number {
  const [head = "", ...lines] = csv.trimEnd().split("\n");
  const at = head.split(",").indexOf(column);
  return lines.reduce((sum, line) => sum + Number(line.split(",")[at]), 0);
}
