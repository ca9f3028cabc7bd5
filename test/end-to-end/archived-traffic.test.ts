// Acceptance case 29: what a recording proxy saw is warmed up and replayed against a second, empty registry.
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { execFile } from "node:child_process";
import { type TestContext, test } from "node:test";
import { promisify } from "node:util";
import type { HttpExchange } from "../../src/archive/exchange.ts";
import { micros } from "../../src/core/units.ts";
import { needsDockerRegistry, startDockerRegistry } from "../fakes/docker-registry.ts";
import { makeOciImage, needsUmoci } from "../fakes/oci-image.ts";
import { startProxyArchive } from "../fakes/proxy-archive.ts";
import { type Row, Workplace } from "./workplace.ts";

const run = promisify(execFile);
const everything = [
  ...["blob:GET", "blob:PUT", "blob:HEAD", "manifest:GET", "manifest:PUT", "manifest:HEAD"],
  "ping",
];

const counted = (texts: readonly string[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const text of texts.toSorted()) counts[text] = (counts[text] ?? 0) + 1;
  return counts;
};

/** What a replay repeats of a recording; the POST and PATCHes of an upload are part of its PUT. */
function repeated({ class: kind, method, status }: HttpExchange): string[] {
  if (kind === "upload-put") return [`PUT upload ${status}`];
  if (kind === "ping") return [`PING ping ${status}`];
  if (kind === "blob") return [`${method} blob ${status}`];
  return kind.startsWith("manifest-") ? [`${method} manifest ${status}`] : [];
}

/** The same with what was asked for and the bytes that came. Tags that a PUT moves are read by digest in a replay. */
function moved(exchange: HttpExchange): string[] {
  const { method, res_bytes, req_headers } = exchange;
  const bytes = method === "GET" && exchange.class === "blob" ? res_bytes : "-";
  return repeated(exchange).map((text) => `${text} ${req_headers.Range ?? "whole"} ${bytes}`);
}

/** results.json, summary and page set what was recorded beside what the run saw. */
function checkComparison(place: Workplace, out: string, part: readonly HttpExchange[]): void {
  const directory = place.runDirectory("run");
  const results = JSON.parse(place.text(`${directory}/results.json`));
  const pulls = part.filter(({ method, class: kind }) => method === "GET" && kind === "blob");
  const recorded = results.recorded.find(({ operation }: Of) => operation === "get-blob");
  const replayed = results.classes.find(({ operation }: Of) => operation === "get-blob");
  equal(recorded.requests, pulls.length);
  deepEqual(recorded.statuses, counted(pulls.map(({ status }) => String(status))));
  deepEqual(replayed.statuses, recorded.statuses);
  equal(replayed.bytesIn, recorded.bytes);
  equal(recorded.serviceNs.count, pulls.length);
  const took = pulls.reduce((sum, { marks }) => sum + marks.end * 1000, 0);
  equal(recorded.serviceNs.sum, took);
  match(out, /Recorded and replayed\n.*statuses\n/);
  match(out, /get-blob +recorded +\d+ .*200: \d+, 206: 3\n +replayed +\d+ .*200: \d+, 206: 3\n/);
  match(place.text(`${directory}/report.html`), /<h2>Recorded and replayed<\/h2>/);
}

type Of = { readonly operation: string };

const replayed = ({ op, kind, status }: Row): string => `${op} ${kind} ${status}`;

async function recordedTraffic(t: TestContext) {
  const registry = await startDockerRegistry();
  if (registry === undefined) return t.skip(needsDockerRegistry);
  t.after(() => registry.stop());
  const [first, second] = [makeOciImage(), makeOciImage()];
  if (first === undefined || second === undefined) return t.skip(needsUmoci);
  for (const image of [first, second]) t.after(() => image.remove());
  const archive = await startProxyArchive(t, registry.url);
  const at = `docker://127.0.0.1:${archive.proxy.port}/lib`;
  await run("skopeo", ["copy", "--dest-tls-verify=false", first.reference, `${at}/one:v1`]);
  const pushed = micros(Date.now() * 1000);
  await new Promise((resolve) => setTimeout(resolve, 5));
  const to = `oci:${first.directory}/out:v1`;
  await run("skopeo", ["copy", "--src-tls-verify=false", `${at}/one:v1`, to]);
  await readParts(archive.proxy.url);
  await run("skopeo", ["copy", "--dest-tls-verify=false", second.reference, `${at}/two:v2`]);
  const { exchanges } = await archive.close();
  return { directory: archive.directory, exchanges, pushed };
}

/** Parts of the largest blob that was pulled, as clients do that go on where they stopped. */
async function readParts(origin: string): Promise<void> {
  const manifest = await (
    await fetch(`${origin}/v2/lib/one/manifests/v1`, { headers: accept })
  ).json();
  const { layers } = manifest as { layers: { digest: string; size: number }[] };
  const { digest, size } = layers.toSorted((a, b) => b.size - a.size)[0] ?? { digest: "", size: 0 };
  ok(size > 20);
  for (const range of ["bytes=0-9", `bytes=${size - 7}-`, "bytes=-5"]) {
    const answer = await fetch(`${origin}/v2/lib/one/blobs/${digest}`, { headers: { range } });
    equal(answer.status, 206);
    await answer.arrayBuffer();
  }
}

const accept = { accept: "application/vnd.oci.image.manifest.v1+json" };

const work = (t: TestContext): Workplace => {
  const place = new Workplace();
  t.after(() => place.leave());
  return place;
};

test("an archive warms a registry up from its registry image, and its run counts what was recorded, by class and status", async (t) => {
  const recorded = await recordedTraffic(t);
  if (recorded === undefined) return;
  const { directory, exchanges, pushed } = recorded;
  const empty = await startDockerRegistry();
  if (empty === undefined) return t.skip(needsDockerRegistry);
  t.after(() => empty.stop());
  const second = await startProxyArchive(t, empty.url);
  const place = work(t);
  const from = new Date(pushed / 1000).toISOString();
  place.writeConfig("config.yaml", {
    registry: [second.proxy.url],
    "trace.traces": [`archive:${directory}?from=${from}`],
    "trace.include": everything,
    "trace.output": "output.json",
    "warmup.repository": "traced",
    "warmup.manifests": "manifest",
  });
  const warmed = await place.warmup();
  match(warmed.err, /archive:.*: \d+ records of \d+ exchanges/);
  // The second image was pushed in the part that is replayed, and nobody read it.
  const uris = Object.keys(place.map());
  ok(uris.includes("v2/lib/one/manifests/v1"));
  ok(!uris.some((uri) => uri.includes("lib/two")), uris.join(" "));
  const begun = Date.now() * 1000;
  const ended = await place.run();
  equal(ended.code, 0, ended.err);
  const part = exchanges.filter(({ arrival }) => arrival >= pushed);
  const again = (await second.close()).exchanges.filter(({ arrival }) => arrival >= begun);
  // What the second recording has of the replay is what the first one has of the traffic, ranges included. A run asks once
  // whether the registry is there, and before each upload whether the blob is.
  const uploads = part.filter(({ class: kind }) => kind === "upload-put");
  const besides = ["PING ping 200 whole -", ...uploads.map(() => "HEAD blob 404 whole -")];
  deepEqual(counted(again.flatMap(moved)), counted([...part.flatMap(moved), ...besides]));
  checkComparison(place, ended.out, part);
  ok(part.length > 8);
  deepEqual(counted(place.rows().map(replayed)), counted(part.flatMap(repeated)));
  const bytes = (rows: readonly number[]): number[] => rows.toSorted((a, b) => a - b);
  deepEqual(
    bytes(
      place.rows().flatMap(({ op, kind, size }) => (op === "GET" && kind === "blob" ? [size] : [])),
    ),
    bytes(
      part.flatMap(({ method, class: kind, res_bytes }) =>
        method === "GET" && kind === "blob" ? [res_bytes] : [],
      ),
    ),
  );
});

test("an archive as a whole is replayed, described and extracted", async (t) => {
  const recorded = await recordedTraffic(t);
  if (recorded === undefined) return;
  const { directory, exchanges } = recorded;
  const empty = await startDockerRegistry();
  if (empty === undefined) return t.skip(needsDockerRegistry);
  t.after(() => empty.stop());
  const place = work(t);
  place.writeConfig("config.yaml", {
    registry: [empty.url],
    "trace.traces": [`archive:${directory}`],
    "trace.include": everything,
    "trace.output": "output.json",
    "warmup.repository": "traced",
    "warmup.manifests": "manifest",
    "client_info.wait": true,
  });
  await place.warmup();
  const dry = await place.run("--dry-run");
  equal(dry.code, 0, dry.err);
  const ended = await place.run();
  equal(ended.code, 0, ended.err);
  deepEqual(counted(place.rows().map(replayed)), counted(exchanges.flatMap(repeated)));
  const info = await place.drayage(["trace", "info", `archive:${directory}`, "--json"]);
  equal(info.code, 0, info.err);
  equal(JSON.parse(info.out).files[0].file, `archive:${directory}`);
  const simulated = await place.drayage([
    "simulate",
    "-i",
    "config.yaml",
    "--json",
    "--set",
    "simulate.name=builtin:cache",
  ]);
  equal(simulated.code, 0, simulated.err);
  const { records, result } = JSON.parse(simulated.out);
  const blobs = exchanges.filter(({ method, class: kind }) => method === "GET" && kind === "blob");
  deepEqual([result.requests, records.read > result.requests], [blobs.length, true]);
  const extract = ["extract", "registry-log", `archive:${directory}`, "-o", "masked.json"];
  const extracted = await place.drayage([...extract, "--masking", "none"]);
  equal(extracted.code, 0, extracted.err);
  match(place.text("masked.json"), /lib\/one/);
  match(extracted.err, /records of \d+ exchanges; left out: steps of uploads \d+/);
});

for (const { name, says } of [
  { name: "archive:", says: /name the archive's directory/ },
  { name: "archive:x?since=1", says: /since=1 is not one of from=TIME, to=TIME, filter=GLOB/ },
  { name: "archive:x?from=yesterday", says: /from wants a time such as/ },
  { name: "archive:x?filter=a/b", says: /filter: glob paths must be absolute/ },
  { name: "archive:nowhere", says: /there is no archive/ },
  { name: "archive:.", says: /no exchange with a registry in it/ },
])
  test(`${name} is refused with one line that says why`, async (t) => {
    const place = work(t);
    const ended = await place.drayage(["trace", "info", name]);
    equal(ended.code, 2);
    match(ended.err, says);
    equal(ended.err.trim().split("\n").length, 1);
  });
