// The table of trace-replay.md section 7, as trace info measures it.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { describeTrace } from "../../../src/trace/info/describe-trace.ts";
import type { Popularity } from "../../../src/trace/info/popularity.ts";
import { synthesize } from "../../../src/trace/synth/synthesize.ts";
import { MANIFEST_FLOOR } from "./described.ts";

const RECORDS = 200_000;
const outDir = mkdtempSync(join(tmpdir(), "drayage-synthetic-"));
after(() => rmSync(outDir, { recursive: true }));

const { files } = await synthesize({ outDir, records: RECORDS, seed: "section 7" });
const { description, profile } = await describeTrace({
  traces: files.map(({ path }) => path),
  manifestFloor: MANIFEST_FLOOR,
});
const { requests, sizes, popularity, distinct, arrivals, durations } = description;

const records = (wanted: { method?: string; kind?: string }): number =>
  requests.classes
    .filter(({ method }) => wanted.method === undefined || method === wanted.method)
    .filter(({ kind }) => wanted.kind === undefined || kind === wanted.kind)
    .reduce((sum, row) => sum + row.records, 0);
const gets = (kind: string): number =>
  records({ method: "GET", kind }) / records({ method: "GET" });
const top = ({ topShares }: Popularity, n: number): number =>
  topShares.find(([rank]) => rank === n)?.[1] ?? Number.NaN;
const objects = requests.segments.filter(({ segments }) => segments > 1);
const segmentShare = (wanted: number): number =>
  (objects.find(({ segments }) => segments === wanted)?.records ?? 0) /
  objects.reduce((sum, row) => sum + row.records, 0);
const blobs = sizes.find(({ method, kind }) => method === "GET" && kind === "blob");
const smallBlobs = durations.find(({ kind, decade }) => kind === "blob" && decade === 3);
const { blobGets } = arrivals?.start ?? { blobGets: undefined };

for (const [property, measured, wanted, tolerance] of [
  ["share of GET", records({ method: "GET" }) / RECORDS, 0.7896, 0.01],
  ["share of HEAD", records({ method: "HEAD" }) / RECORDS, 0.1104, 0.01],
  ["share of PUT", records({ method: "PUT" }) / RECORDS, 0.0524, 0.01],
  ["share of POST", records({ method: "POST" }) / RECORDS, 0.0287, 0.01],
  ["share of PATCH", records({ method: "PATCH" }) / RECORDS, 0.0189, 0.01],
  ["share of the bare v2 among GETs", gets("ping"), 0.46, 0.01],
  ["share of blobs among GETs", gets("blob"), 0.357, 0.01],
  ["share of manifests among GETs", gets("manifest"), 0.183, 0.01],
  ["share of blob GETs below 1 MB", blobs?.below1MB, 0.66, 0.04],
  ["share of blob GETs below 10 MB", blobs?.below10MB, 0.805, 0.04],
  ["share of the top 100 blobs", top(popularity.blobs, 100), 0.332, 0.04],
  ["share of blobs fetched once", popularity.blobs.once, 0.68, 0.04],
  ["share of the top 100 manifests", top(popularity.manifests, 100), 0.838, 0.04],
  ["share of manifests fetched once", popularity.manifests.once, 0.84, 0.04],
  ["share of the common reference", popularity.reference?.share, 0.49, 0.01],
  ["median of blobs per name", profile.blobsPerName?.find(([p]) => p === 0.5)?.[1], 7, 2],
  ["share of shared blobs", distinct.sharedBlobs / distinct.fetchedBlobs, 0.14, 0.02],
  ["share of 4 segments", segmentShare(4), 0.011, 0.005],
  ["share of 5 segments", segmentShare(5), 0.985, 0.005],
  ["share of 6 segments", segmentShare(6), 0.0033, 0.005],
  ["share of 7 segments", segmentShare(7), 0.0007, 0.005],
  [
    "bursts: p50 of the time between starts over its mean",
    (blobGets?.quantiles.p50 ?? Number.NaN) / (blobGets?.mean ?? Number.NaN),
    0.15,
    0.15,
  ],
  ["p50 of a small blob's duration", smallBlobs?.quantiles.p50, 0.9, 0.18],
  ["p90 of a small blob's duration", smallBlobs?.quantiles.p90, 1.1, 0.22],
  ["requests per second over a day", profile.requestsPerSecond, 6.2, 0.2],
] as const) {
  test(`measured by info, ${property}: ${wanted} ± ${tolerance}`, () => {
    assert.ok(
      measured !== undefined && Math.abs(measured - wanted) <= tolerance,
      `measured ${measured}`,
    );
  });
}

test("info finds that timestamps of a synthetic trace are ends", () => {
  assert.equal(arrivals?.recommended, "start");
});
