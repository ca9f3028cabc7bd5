// The whole way of an operator's trace: a registry's own log, extracted and masked, replayed elsewhere.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import {
  type DockerRegistry,
  needsDockerRegistry,
  startDockerRegistry,
} from "../fakes/docker-registry.ts";
import { trace } from "./traced.ts";
import { type Ended, until, Workplace } from "./workplace.ts";

type Line = Readonly<Record<string, string | number>>;

const layers = [
  { name: "base", size: 40_000 },
  { name: "tools", size: 7001 },
  { name: "app", size: 512 },
  { name: "data", size: 123_456 },
];
const repositories = ["corp-payments/ledger", "corp-payments/wallet", "library/sitevault"];

/** Each repository pulls the layers, which they share. */
const pulls = repositories.flatMap((repository, number) =>
  layers.map(({ name, size }, at) => ({
    uri: `v2/${repository}/blobs/${name}`,
    size,
    at: number * 0.2 + at * 0.03,
    client: `client${number}`,
  })),
);

const settings = {
  "warmup.repository": "traced",
  "warmup.identity": "digest",
  "client_info.wait": true,
};

const completed = (lines: readonly string[]): Line[] =>
  lines
    .map((line) => JSON.parse(line) as Line)
    .filter(({ msg }) => String(msg).startsWith("response completed"));
const isBlobGet = (line: Line): boolean =>
  line["http.request.method"] === "GET" && String(line["http.request.uri"]).includes("/blobs/");
const arrivalMs = (line: Line): number => Date.parse(String(line.time));
const digestOf = (line: Line): string =>
  /sha256:[0-9a-f]{64}/.exec(String(line["http.request.uri"]))?.[0] ?? "";
const sizeOf = (line: Line): number => Number(line["http.response.written"]);

/** Ends are cut to milliseconds in the trace: what arrived within one of each other may come in either order. */
const RESOLUTION_NS = 1_000_000n;

function arrivedTogether(records: readonly Line[]): Line[][] {
  const groups: Line[][] = [];
  let last = -RESOLUTION_NS;
  for (const record of records) {
    const arrival = BigInt(record["drayage.arrival_ns"] as string);
    if (arrival - last < RESOLUTION_NS) groups.at(-1)?.push(record);
    else groups.push([record]);
    last = arrival;
  }
  return groups;
}

describe("a log of docker-registry, extracted, masked and replayed", () => {
  const place = new Workplace();
  let first: DockerRegistry | undefined;
  let second: DockerRegistry | undefined;
  /** Of the run, as the registry logged it. */
  let logged: Line[] = [];
  let extracted: Ended;
  let records: Line[] = [];
  let replayed: Ended;

  before(async () => {
    [first, second] = [await startDockerRegistry(), await startDockerRegistry()];
    if (first === undefined || second === undefined) return;
    const [from, to] = [first, second];
    place.configure(trace(pulls), { registry: [from.url], ...settings });
    await place.warmup();
    await until(() => completed(from.jsonLog()).length > 0, "the warm-up is logged");
    const warmed = completed(from.jsonLog()).length;
    await place.run();
    const wanted = (): Line[] => completed(from.jsonLog()).slice(warmed);
    await until(() => wanted().filter(isBlobGet).length === pulls.length, "the run is logged");
    logged = wanted();
    place.write("registry.log", `${logged.map((line) => JSON.stringify(line)).join("\n")}\n`);
    await place.drayage(["keygen", "mask.key"]);
    extracted = await place.drayage(
      "extract registry-log registry.log -o masked.json --key-file mask.key".split(" "),
    );
    records = place.json<Line[]>("masked.json");
    place.write("trace.json", place.text("masked.json"));
    // By arrival: in order of their ends, requests that were slow on a busy machine would change places.
    place.writeConfig("config.yaml", { registry: [to.url], ...settings, "trace.arrival": "start" });
    await place.warmup("--restart");
    replayed = await place.run();
  });
  after(async () => {
    place.leave();
    await first?.stop();
    await second?.stop();
  });

  const check = (name: string, body: () => void) =>
    test(name, (t) => (first === undefined ? t.skip(needsDockerRegistry) : body()));

  check("every request of the log is in the trace, in the order of arrival", () => {
    assert.equal(extracted.code, 0, extracted.err);
    assert.equal(records.length, logged.length);
    const stamps = records.map((each) => BigInt(each["drayage.arrival_ns"] as string));
    assert.deepEqual(
      stamps,
      stamps.toSorted((a, b) => (a < b ? -1 : 1)),
    );
    assert.equal(stamps[0], 0n);
  });

  check("methods, statuses and sizes are those of the log", () => {
    const facts = (line: Line): string =>
      [line["http.request.method"], line["http.response.status"], sizeOf(line)].join(" ");
    assert.deepEqual(records.map(facts).toSorted(), logged.map(facts).toSorted());
  });

  check("layers are shared as they were, under other digests", () => {
    const pseudonyms = new Map<number, Set<string>>();
    for (const record of records.filter(isBlobGet)) {
      const seen = pseudonyms.get(sizeOf(record)) ?? new Set();
      pseudonyms.set(sizeOf(record), seen.add(digestOf(record)));
    }
    assert.deepEqual(
      [...pseudonyms.values()].map(({ size }) => size),
      layers.map(() => 1),
    );
    assert.equal(pseudonyms.size, layers.length);
    const names = new Set(
      records.map((each) => String(each["http.request.uri"]).split("/blobs/")[0]),
    );
    assert.ok(names.size >= repositories.length);
  });

  check("no name, address, digest or id of the log survives", () => {
    const text = place.text("masked.json") + place.text("masked.json.manifest.json");
    const secrets = new Set([
      ...repositories.flatMap((name) => name.split("/")),
      "corp-payments",
      "127.0.0.1",
      "localhost",
      ...logged.map((line) => digestOf(line).slice("sha256:".length)),
      ...logged.map((line) => String(line["http.request.id"])),
      ...logged.map((line) => String(line["http.request.host"])),
    ]);
    secrets.delete("");
    assert.ok(secrets.size > 2 * layers.length);
    assert.ok(place.text("registry.log").includes("/v2/corp-payments/ledger/blobs/sha256:"));
    for (const secret of secrets) assert.ok(!text.includes(secret), `${secret} is still there`);
  });

  check("the replay asks for the same mix, sizes and sharing in the same order", () => {
    assert.equal(replayed.code, 0, replayed.err);
    // Rows are written as requests end, and numbered as they came in the trace.
    const rows = place
      .rows()
      .filter(({ uri }) => uri.includes("/blobs/"))
      .toSorted((a, b) => a.seq - b.seq);
    const before = logged.filter(isBlobGet).toSorted((a, b) => arrivalMs(a) - arrivalMs(b));
    assert.equal(rows.length, before.length);
    assert.ok(rows.every(({ error }) => error === null));
    assert.deepEqual(
      rows.map(({ size }) => size).toSorted((a, b) => a - b),
      before.map(sizeOf).toSorted((a, b) => a - b),
    );
    const replayedGets = completed(second?.jsonLog() ?? []).filter(isBlobGet);
    assert.equal(new Set(replayedGets.map(digestOf)).size, layers.length);
    // In order: the trace's arrivals are those of the log, and rows are numbered by arrival.
    let at = 0;
    for (const together of arrivedTogether(records.filter(isBlobGet))) {
      const asked = rows.slice(at, at + together.length).map(({ size }) => size);
      assert.deepEqual(asked.toSorted(), together.map(sizeOf).toSorted(), `from row ${at}`);
      at += together.length;
    }
  });
});

describe("arrivals of instances", () => {
  const place = new Workplace();
  let registry: DockerRegistry | undefined;
  before(async () => {
    registry = await startDockerRegistry();
  });
  after(async () => {
    place.leave();
    await registry?.stop();
  });

  test("become a trace that a registry can be warmed up and loaded with", async (t) => {
    if (registry === undefined) return t.skip(needsDockerRegistry);
    const columns = "INSTANCE_UUID,EVENT,START_TIME,RESULT,USER_ID,PROJECT_ID,HOST_NAME (PHYSICAL)";
    const rows = ["a", "b", "c"].map(
      (id, at) =>
        `${id},compute__do_build_and_run_instance,2015-09-17T18:24:5${at},Success,u,p,host-${at % 2}`,
    );
    place.write("instances.csv", `${[columns, ...rows].join("\n")}\n`);
    const image = {
      repo: "shop/front",
      tag: "v1",
      manifest: { digest: `sha256:${"1".repeat(64)}`, size: 900 },
      config: { digest: `sha256:${"2".repeat(64)}`, size: 1200 },
      layers: [{ digest: `sha256:${"3".repeat(64)}`, size: 5000 }],
    };
    place.write("images.jsonl", `${JSON.stringify(image)}\n`);
    const made = await place.drayage(
      "extract arrivals instances.csv -o trace.json --images images.jsonl".split(" "),
    );
    assert.equal(made.code, 0, made.err);
    place.writeConfig("config.yaml", { registry: [registry.url] });
    await place.warmup();
    const ended = await place.run();
    assert.equal(ended.code, 0, ended.err);
    const gets = place.rows().filter(({ method }) => method === "GET");
    // Two nodes pull manifest, config and layer; the second instance of the first node finds all of it there.
    assert.equal(gets.length, 2 * 3);
    assert.ok(gets.every(({ error }) => error === null));
    return undefined;
  });
});
