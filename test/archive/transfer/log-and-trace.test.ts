// Archives as message logs and as registry traces, and back, by the commands.
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { type TestContext, test } from "node:test";
import fc from "fast-check";
import { verbs } from "../../../src/cli/commands.ts";
import { dispatch } from "../../../src/cli/dispatch.ts";

const STAMP = 1_767_225_600_000_000;
const DIGEST = `sha256:${"5e".repeat(32)}`;

function workplace(t: Pick<TestContext, "after">) {
  const folder = mkdtempSync(join(tmpdir(), "drayage-transfer-"));
  t.after(() => rmSync(folder, { recursive: true }));
  let count = 0;
  const type = async (...line: string[]) => {
    const said: string[] = [];
    const sink = (): Writable =>
      new Writable({
        write(piece, _encoding, done) {
          said.push(String(piece));
          done();
        },
      });
    const terminal = { out: sink(), err: sink(), env: {} };
    return { exit: await dispatch(line, { verbs, terminal }), said: () => said.join("") };
  };
  return {
    type,
    path: (name: string) => join(folder, name),
    fresh: () => join(folder, String(count++)),
    file(lines: readonly object[]): string {
      const path = join(folder, `${count++}.ndjson`);
      writeFileSync(path, lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
      return path;
    },
    async done(...line: string[]): Promise<string> {
      const { exit, said } = await type(...line);
      assert.equal(exit, 0, said());
      return said();
    },
  };
}

type Line = { us: number; events: { path: string }[] };

const linesOf = (text: string): Line[] =>
  text
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line));

const event = fc.record({ path: fc.constantFrom("/a", "/b c/ü", "/'q'"), text: fc.string() });
const batch = fc.record({
  step: fc.integer({ min: 1, max: 3_000_000 }),
  events: fc.array(event, { minLength: 1, maxLength: 3 }),
});

test("export to mcl and import give the same values in the same order, stamps to 10 us", async (t) => {
  const { done, file, fresh } = workplace(t);
  await fc.assert(
    fc.asyncProperty(fc.array(batch, { minLength: 1, maxLength: 8 }), async (steps) => {
      let us = STAMP;
      const written = steps.map(({ step, events }) => {
        us += step;
        return { type: "batch", us, events: events.map((each) => ({ ...each })) };
      });
      const [archive, logs, back] = [fresh(), fresh(), fresh()];
      await done("archive", "import", file(written), "-o", archive);
      await done("archive", "export", archive, "--format", "mcl", "-o", logs);
      await done("archive", "import", logs, "--format", "mcl", "-o", back);
      const events = linesOf(await done("archive", "dump", back, "--json")).flatMap((line) =>
        line.events.map((each) => ({ us: line.us, each })),
      );
      const wanted = written.flatMap((line) => line.events.map((each) => ({ us: line.us, each })));
      assert.deepEqual(
        events.map(({ each }) => each),
        wanted.map(({ each }) => each),
      );
      for (const [index, { us: at }] of events.entries())
        assert.ok(Math.abs(at - (wanted[index]?.us ?? 0)) <= 10 + events.length);
    }),
    { numRuns: 12 },
  );
});

test("what replay-log prints of an exported message log are the values of the archive, in their order", async (t) => {
  const { done, file, fresh } = workplace(t);
  const texts = Array.from({ length: 40 }, (_, index) => `value ${index}`);
  const batches = texts.map((text, index) => ({
    type: "batch",
    us: STAMP + index * 1000,
    events: [{ path: `/tmp/${index % 3}`, text }],
  }));
  const [archive, logs] = [fresh(), fresh()];
  await done("archive", "import", file(batches), "-o", archive);
  await done("archive", "export", archive, "--format", "mcl", "-o", logs);
  const said = await done("replay-log", logs, "--stdout", "--speed", "1000");
  const items = linesOf(said) as unknown as { topic: string; payload: string }[];
  assert.deepEqual(
    items.map(({ topic, payload }) => [topic, payload]),
    texts.map((text, index) => [`/tmp/${index % 3}`, text]),
  );
});

test("a part of an archive goes into a log: from, to and a filter; gaps are told to be missing", async (t) => {
  const { done, file, fresh } = workplace(t);
  const at = (n: number, path: string) => ({
    type: "batch",
    us: STAMP + n,
    events: [{ path, text: "x" }],
  });
  const gap = { type: "gap", from: STAMP + 25, to: STAMP + 26, dropped: 3, why: "overload" };
  const lines = [at(10, "/a"), at(20, "/a"), gap, at(30, "/b"), at(40, "/a"), at(50, "/a")];
  const [archive, logs] = [fresh(), fresh()];
  await done("archive", "import", file(lines), "-o", archive);
  const part = ["--from", String(STAMP + 20), "--to", String(STAMP + 40), "--filter", "/a"];
  const said = await done("archive", "export", archive, "--format", "mcl", "-o", logs, ...part);
  assert.match(said, /2 batches, 2 events, 1 gaps -> .*\.log\nthe gaps are left out/);
});

const client = fc.constantFrom("10.0.0.1", "10.0.0.2");
const request = fc.oneof(
  fc.record({
    method: fc.constant("GET"),
    uri: fc.constant(`v2/lib/a/blobs/${DIGEST}`),
    status: fc.constant(200),
  }),
  fc.record({
    method: fc.constant("GET"),
    uri: fc.constant("v2/lib/a/manifests/v1"),
    status: fc.constant(200),
  }),
  fc.record({
    method: fc.constant("PUT"),
    uri: fc.constant("v2/lib/b/manifests/v1"),
    status: fc.constant(201),
  }),
  fc.record({
    method: fc.constant("PUT"),
    uri: fc.nat(99).map((id) => `v2/lib/a/blobs/uploads/${id}`),
    status: fc.constant(201),
  }),
  fc.record({
    method: fc.constant("HEAD"),
    uri: fc.constant("v2/lib/a/manifests/v2-absent"),
    status: fc.constant(404),
  }),
  fc.record({ method: fc.constant("GET"), uri: fc.constant("v2/"), status: fc.constant(200) }),
  fc.record({
    method: fc.constant("GET"),
    uri: fc.constant(`v2/lib/a/blobs/${DIGEST}`),
    status: fc.constant(206),
    range: fc.constantFrom("bytes=0-9", "bytes=5-", "bytes=-1"),
  }),
);
const record = fc.record({
  step: fc.integer({ min: 1, max: 2_000_000 }),
  duration: fc.integer({ min: 0, max: 5_000_000 }),
  size: fc.nat(1e9),
  client,
  agent: fc.option(fc.constant("skopeo/1"), { nil: undefined }),
  request,
});

test("a registry trace becomes an archive and comes back record by record, in order of arrival", async (t) => {
  const { done, file, fresh } = workplace(t);
  await fc.assert(
    fc.asyncProperty(fc.array(record, { minLength: 1, maxLength: 12 }), async (steps) => {
      let us = STAMP;
      const records = steps.map(
        ({ step, duration, size, agent, client: address, request: sent }) => {
          us += step;
          return {
            "http.request.duration": duration / 1e6,
            "http.request.method": sent.method,
            "http.request.remoteaddr": address,
            "http.request.uri": sent.uri,
            ...(agent === undefined ? {} : { "http.request.useragent": agent }),
            "http.response.status": sent.status,
            "http.response.written": size,
            timestamp: new Date(Math.floor(us / 1000))
              .toISOString()
              .replace("Z", `${String(us % 1000).padStart(3, "0")}Z`),
            ...("range" in sent ? { "http.request.range": sent.range } : {}),
          };
        },
      );
      const [archive, back] = [fresh(), `${fresh()}.ndjson`];
      await done(
        "archive",
        "import",
        file(records.toReversed()),
        "--format",
        "trace",
        "-o",
        archive,
      );
      await done("archive", "export", archive, "--format", "trace", "-o", back);
      const read = readFileSync(back, "utf8")
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line));
      const shortened = records.map(({ timestamp, ...rest }) => ({
        ...rest,
        timestamp: timestamp.replace("000Z", "Z"),
      }));
      assert.deepEqual(read, shortened);
    }),
    { numRuns: 12 },
  );
});

test("an imported trace holds what its requests prove: state before a part is found in it", async (t) => {
  const { done, file, fresh } = workplace(t);
  const archive = fresh();
  const read = {
    "http.request.duration": 0.5,
    "http.request.method": "GET",
    "http.request.uri": `v2/lib/a/blobs/${DIGEST}`,
    "http.response.status": 200,
    "http.response.written": 100,
    timestamp: "2026-01-01T00:00:00.000Z",
  };
  await done("archive", "import", file([read]), "--format", "trace", "-o", archive);
  const [line] = linesOf(await done("archive", "dump", archive, "--json"));
  assert.equal(line?.us, STAMP + 500_000, "stamped with its end");
  assert.deepEqual(line?.events[1], {
    path: `/$registry/blobs/${DIGEST}`,
    json: { size: 100, names: ["lib/a"] },
  });
});

test("broken records of a trace are told, and the exit code says that they are missing", async (t) => {
  const { type, done, file, fresh } = workplace(t);
  const archive = fresh();
  const sound = {
    "http.request.method": "GET",
    "http.request.uri": "v2/lib/a/manifests/v1",
    "http.response.status": 200,
    "http.response.written": 5,
    timestamp: "2026-01-01T00:00:00Z",
  };
  const input = file([sound, { ...sound, timestamp: "noon" }]);
  const { exit, said } = await type("archive", "import", input, "--format", "trace", "-o", archive);
  assert.equal(exit, 8);
  assert.match(said(), /not all records are sound: read 2, kept 1, broken:timestamp 1\n/);
  assert.match(said(), /1 batches, 1 events/);
  assert.equal(linesOf(await done("archive", "dump", archive, "--json")).length, 1);
});

test("each form of a trace is written by its name", async (t) => {
  const { done, file, fresh, path } = workplace(t);
  const archive = fresh();
  const read = {
    "http.request.method": "GET",
    "http.request.uri": "v2/lib/a/manifests/v1",
    "http.response.status": 200,
    "http.response.written": 5,
    timestamp: "2026-01-01T00:00:00Z",
  };
  await done("archive", "import", file([read]), "--format", "trace", "-o", archive);
  for (const name of ["t.json", "t.ndjson.gz", "t.csv", "t.parquet"]) {
    await done("archive", "export", archive, "--format", "trace", "-o", path(name));
    const info = await done("trace", "info", path(name), "--json");
    assert.match(info, /"manifest"/);
  }
});

for (const { name, line, says } of [
  {
    name: "a log on standard output",
    line: ["export", "ARCHIVE", "--format", "mcl", "-o", "-"],
    says: /standard output takes jsonl only: say -o FOLDER/,
  },
  {
    name: "a trace of no known kind",
    line: ["export", "ARCHIVE", "--format", "trace", "-o", "FRESH"],
    says: /its name ends in none of \.json/,
  },
  {
    name: "a trace of an archive without exchanges",
    line: ["export", "ARCHIVE", "--format", "trace", "-o", "FRESH.json"],
    says: /no exchange with a registry in it/,
  },
  {
    name: "logs that are not there",
    line: ["import", "/nowhere", "--format", "mcl", "-o", "FRESH"],
    says: /cannot read the log: \/nowhere/,
  },
  {
    name: "a trace that is none",
    line: ["import", "package.json", "--format", "trace", "-o", "FRESH"],
    says: /no record is left/,
  },
  {
    name: "a log with a broken line",
    line: ["import", "BROKEN", "--format", "mcl", "-o", "FRESH"],
    says: /\.log:\d+: /,
  },
]) {
  test(`${name} is one line and exit 2`, async (t) => {
    const { type, done, file, fresh, path } = workplace(t);
    const archive = fresh();
    const value = { type: "batch", us: STAMP, events: [{ path: "/a", text: "x" }] };
    await done("archive", "import", file([value]), "-o", archive);
    await done("archive", "export", archive, "--format", "mcl", "-o", path("log"));
    const [log = ""] = readdirSync(path("log"));
    writeFileSync(path("broken.log"), `${readFileSync(join(path("log"), log), "utf8")}nonsense\n`);
    const places: Record<string, string> = {
      ARCHIVE: archive,
      FRESH: path("fresh"),
      "FRESH.json": path("fresh.json"),
      BROKEN: path("broken.log"),
    };
    const { exit, said } = await type("archive", ...line.map((word) => places[word] ?? word));
    assert.equal(exit, 2, said());
    assert.match(said(), says);
    assert.equal(said().trim().split("\n").length, 1, said());
  });
}
