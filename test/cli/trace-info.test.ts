import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { readProfile } from "../../src/cli/synth-profile.ts";
import { traceInfo } from "../../src/cli/trace-info.ts";
import { describeTrace } from "../../src/trace/info/describe-trace.ts";
import { checkProfile, defaultProfile, type SynthProfile } from "../../src/trace/synth/profile.ts";
import { synthesize } from "../../src/trace/synth/synthesize.ts";
import { drayage as dispatched } from "./fake-terminal.ts";

const scratch = mkdtempSync(join(tmpdir(), "drayage-trace-info-"));
after(() => rmSync(scratch, { recursive: true }));

const verb = { name: traceInfo.name, summary: traceInfo.summary, load: async () => traceInfo };
const drayage = (...args: string[]) => dispatched(["trace", "info", ...args], { verbs: [verb] });
const inScratch = (name: string): string => join(scratch, name);

async function synthetic(
  records: number,
  { seed, profile = {} }: { seed: string; profile?: Partial<SynthProfile> },
): Promise<string[]> {
  const outDir = mkdtempSync(join(scratch, "trace-"));
  const { files } = await synthesize({ outDir, records, seed, profile });
  return files.map(({ path }) => path);
}

const measured = async (traces: readonly string[]): Promise<Partial<SynthProfile>> =>
  (await describeTrace({ traces, manifestFloor: 446 })).profile;

// Before the first test: the folder goes with the last one that is known.
const trace = await synthetic(3000, { seed: "info" });
const first = await synthetic(40_000, { seed: "first" });
const once = await measured(first);
const twice = await measured(await synthetic(40_000, { seed: "second", profile: once }));

test("the text has the twelve parts", async () => {
  const { exit, out, err } = await drayage(...trace);
  assert.equal(exit, 0);
  assert.equal(err, "");
  const titles = out.match(/^\d+\. .+$/gm);
  assert.deepEqual(titles, [
    "1. Files",
    "2. Accounting",
    "3. Requests",
    "4. Who and what",
    "5. Sizes",
    "6. Durations",
    "7. Time between requests",
    "8. Rate and concurrency",
    "9. Popularity",
    "10. What follows what",
    "11. Warm-up",
    "12. User agents",
  ]);
  assert.match(out, /^read +3,000$/m);
});

test("--json prints one object with all parts, and nothing else", async () => {
  const { out } = await drayage(...trace, "--json");
  const found = JSON.parse(out);
  assert.equal(found.account.read, 3000);
  assert.equal(out.trimEnd().split("\n").length, 1);
});

test("--page writes one file that fetches nothing and holds five plots", async () => {
  const { exit, err } = await drayage(...trace, "--page", inScratch("info.html"));
  assert.deepEqual([exit, err], [0, `wrote ${inScratch("info.html")}\n`]);
  const page = readFileSync(inScratch("info.html"), "utf8");
  for (const plot of ["rate", "concurrency", "sizes", "popularity", "gaps"])
    assert.ok(page.includes(`<div id="${plot}"></div>`), plot);
  assert.doesNotMatch(page, /<(link|img|iframe|script)[^>]*(src|href)=|@import/);
  assert.ok(page.length < 1 << 20);
});

test("texts of a trace are data on the page and do not steer the terminal", async () => {
  const path = inScratch("hostile.json");
  const [record] = JSON.parse(readFileSync(trace[0] ?? "", "utf8"));
  const hostile = { ...record, host: "</script><b>\u001b[2J", "http.request.useragent": "<i>/1" };
  writeFileSync(path, JSON.stringify([hostile, hostile]));
  const { out } = await drayage(path, "--page", inScratch("hostile.html"));
  assert.ok(!out.includes("\u001b"));
  const page = readFileSync(inScratch("hostile.html"), "utf8");
  assert.ok(!page.includes("<b>") && !page.includes("<i>"));
});

for (const { name, args, says } of [
  { name: "no trace is named", args: [], says: /FILE\.\.\. is missing/ },
  { name: "a trace is not there", args: ["absent.json"], says: /absent\.json: no such file/ },
  {
    name: "two outputs are one file",
    args: ["x", "--page", "same", "--profile", "same"],
    says: /want files of their own/,
  },
  {
    name: "an output is a trace",
    args: ["--page", ...trace.slice(0, 1), ...trace],
    says: /want files of their own/,
  },
  {
    name: "the errors file is the trace",
    args: [dirname(trace[0] ?? ""), "--errors", trace[0] ?? ""],
    says: /the errors file .* is one of the traces/,
  },
  {
    name: "an output cannot be written",
    args: [...trace, "--profile", "/nonexistent/profile.yaml"],
    says: /cannot write --profile \/nonexistent\/profile\.yaml/,
  },
]) {
  test(`exit 2 and one line when ${name}`, async () => {
    const { exit, out, err } = await drayage(...args);
    assert.equal(exit, 2);
    assert.equal(out, "");
    assert.match(err, says);
  });
}

test("a profile reads back as it was measured, and is one that a trace can follow", async () => {
  const file = inScratch("profile.yaml");
  await drayage(...trace, "--profile", file);
  const read = readProfile(file);
  checkProfile(read);
  assert.deepEqual(read, { ...defaultProfile, ...(await measured(trace)) });
});

test("a list of URIs makes a profile that leaves times and sizes to the defaults", async () => {
  const list = inScratch("uris.txt");
  writeFileSync(list, "v2\nv2/a/b/blobs/1\nv2/a/b/blobs/1\nv2/a/b/manifests/x\n");
  const file = inScratch("uris.yaml");
  const { exit, out } = await drayage(list, "--profile", file);
  assert.equal(exit, 0);
  assert.match(
    out,
    /^5\. Sizes\n +the trace has no sizes\n\n6\. Durations\n +the trace has no dur/m,
  );
  const profile = readProfile(file);
  assert.deepEqual(profile.getKinds, { ping: 1, blob: 2, manifest: 1 });
  assert.deepEqual(profile.blobBytes, defaultProfile.blobBytes);
  assert.match(readFileSync(file, "utf8"), /# Not in this trace.*blob_bytes.*duration/);
});

const shareAt = (profile: Partial<SynthProfile>, rank: number): number =>
  profile.blobPopularity?.topShares.find(([n]) => n === rank)?.[1] ?? Number.NaN;
const bytesAt = (profile: Partial<SynthProfile>, share: number): number =>
  profile.blobBytes?.find(([p]) => p === share)?.[1] ?? Number.NaN;
const smallSeconds = ({ duration }: Partial<SynthProfile>): number =>
  (duration?.floor ?? 0) + (duration?.overheadMedian ?? 0);

// Figure by figure: what a trace made by a measured profile shows again, and how far it may be off, as a factor.
for (const { name, of, within } of [
  { name: "GETs", of: (p) => p.methods?.GET, within: 1e-9 },
  { name: "PATCHes", of: (p) => p.methods?.PATCH, within: 1e-9 },
  { name: "GETs of the bare v2", of: (p) => p.getKinds?.ping, within: 1e-9 },
  { name: "the median blob", of: (p) => bytesAt(p, 0.5), within: 0.02 },
  { name: "the 90th percentile of blobs", of: (p) => bytesAt(p, 0.9), within: 0.02 },
  { name: "the median manifest", of: (p) => p.manifestBytes?.median, within: 0.1 },
  { name: "the share of the 10 most fetched blobs", of: (p) => shareAt(p, 10), within: 0.02 },
  { name: "the share of the 100 most fetched blobs", of: (p) => shareAt(p, 100), within: 0.02 },
  { name: "the share fetched once", of: (p) => p.blobPopularity?.once, within: 0.02 },
  { name: "the share of the common reference", of: (p) => p.latestShare, within: 0.02 },
  { name: "blobs under two names", of: (p) => p.sharedBlobs, within: 0.15 },
  { name: "the rate", of: (p) => p.requestsPerSecond, within: 0.06 },
  { name: "the time of a small request", of: (p) => smallSeconds(p), within: 0.02 },
  { name: "clients", of: (p) => p.clients, within: 0.02 },
  { name: "hosts", of: (p) => p.hosts, within: 1e-9 },
] satisfies {
  name: string;
  of: (p: Partial<SynthProfile>) => number | undefined;
  within: number;
}[]) {
  test(`synth, info --profile, synth: ${name} stays`, () => {
    const [before, after] = [of(once) ?? Number.NaN, of(twice) ?? Number.NaN];
    assert.ok(Math.abs(after / before - 1) <= within, `${before}, then ${after}`);
  });
}
