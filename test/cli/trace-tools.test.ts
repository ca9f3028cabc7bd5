// convert, validate and slice as they are typed: what they print, what they refuse, how they exit.
import assert from "node:assert/strict";
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { verbs } from "../../src/cli/commands.ts";
import { native, nativeAt } from "../trace/fixtures.ts";
import { drayage } from "./fake-terminal.ts";

const scratch = mkdtempSync(join(tmpdir(), "drayage-trace-tools-"));
after(() => rmSync(scratch, { recursive: true }));

const path = (name: string): string => join(scratch, name);
const trace = (...args: string[]) => drayage(["trace", ...args], { verbs });

writeFileSync(
  path("good.json"),
  JSON.stringify([nativeAt(0, { id: "a" }), nativeAt(1, { id: "b", data: 1 })]),
);
writeFileSync(
  path("late.json"),
  JSON.stringify([nativeAt(1, { id: "b" }), nativeAt(0, { id: "b" })]),
);
writeFileSync(
  path("broken.ndjson"),
  `${JSON.stringify(native({ id: "a" }))}\n{"x": oops}\n${JSON.stringify(native({ timestamp: "then" }))}\n`,
);
symlinkSync("good.json", path("link.json"));
writeFileSync(path("hopeless.ndjson"), '{"x": 1}\n');
writeFileSync(path("empty.json"), "[]");

const mistakes: readonly { readonly type: readonly string[]; readonly says: RegExp }[] = [
  { type: ["convert", path("good.json")], says: /--out FILE \(or -o FILE\) is missing/ },
  { type: ["convert", "-o", path("x.csv")], says: /INPUT\.\.\. is missing/ },
  { type: ["convert", path("no.json"), "-o", path("x.csv")], says: /no\.json: no such file/ },
  { type: ["convert", path("no*.json"), "-o", path("x.csv")], says: /no file matches/ },
  {
    type: ["convert", "archive:dir", "-o", path("x.csv")],
    says: /archive:dir: this command reads no archives/,
  },
  { type: ["convert", path("good.json"), "-o", path("x")], says: /say --to FORMAT/ },
  {
    type: ["convert", path("good.json"), "-o", path("x"), "--to", "cvs"],
    says: /--to cannot be "cvs"; did you mean "csv"/,
  },
  {
    type: ["convert", path("good.json"), "-o", path("x.parquet.zst")],
    says: /Parquet is compressed inside: leave out \.zst/,
  },
  { type: ["convert", path("good.json"), "-o", path("good.json")], says: /is an input, too/ },
  {
    type: ["convert", path("good.json"), "-o", path("no/x.csv")],
    says: /cannot write .*no\/x\.csv: ENOENT/,
  },
  {
    type: ["convert", path("good.json"), "-o", scratch, "--to", "csv"],
    says: /is a folder: name the file/,
  },
  {
    type: ["convert", path("hopeless.ndjson"), "-o", path("x.csv")],
    says: /no record of the trace can be read: read 1, kept 0/,
  },
  {
    type: ["convert", path("broken.ndjson"), "-o", path("x.csv"), "--strict"],
    says: /record 2, line 2, byte \d+: .*\(syntax\)/,
  },
  {
    type: ["convert", path("good.json"), "-o", path("x.csv"), "--masking", "none"],
    says: /--masking goes with an access log/,
  },
  {
    type: ["convert", path("good.json"), "-o", path("x.csv"), "--from", "apache"],
    says: /--from cannot be "apache"/,
  },
  {
    type: ["convert", path("good.json"), "-o", "-", "--to", "csv"],
    says: /- is no file: traces are written to files only/,
  },
  { type: ["slice", path("good.json"), "-o", path("x")], says: /say --format FORMAT/ },
  {
    type: ["slice", path("good.json"), "-o", path("x.csv"), "--sample", "0"],
    says: /--sample wants a share above 0 and at most 1 and got 0/,
  },
  {
    type: ["slice", path("good.json"), "-o", path("x.csv"), "--from", "noon"],
    says: /--from: noon is neither a time/,
  },
  {
    type: ["slice", path("good.json"), "-o", path("x.csv"), "--from", "2", "--to", "1"],
    says: /--from must be before --to/,
  },
  {
    type: ["slice", path("good.json"), "-o", path("x.csv"), "--limit", "0"],
    says: /--limit wants/,
  },
  {
    type: ["slice", path("good.json"), "-o", path("x.csv"), "--clients-from", path("no")],
    says: /cannot read --clients-from/,
  },
  {
    type: ["slice", path("good.json"), "-o", path("x.csv"), "--clients-from", path("empty.txt")],
    says: /empty\.txt names no client/,
  },
  {
    type: ["slice", path("good.json"), "-o", path("x.csv"), "--client", "nobody"],
    says: /no record is left: read 2, client 2/,
  },
  {
    type: ["slice", path("good.json"), "-o", path("x.csv"), "--salt", "s"],
    says: /--salt goes with --anonymise/,
  },
  {
    type: ["convert", path("good.json"), "-o", path("x.csv"), "--errors", path("x.csv")],
    says: /--out and --errors want files of their own/,
  },
  {
    type: ["convert", path("good.json"), "-o", path("x.csv"), "--errors", path("good.json")],
    says: /the errors file .*good\.json is one of the traces: name another file/,
  },
  {
    type: ["slice", path("good.json"), "-o", path("x.csv"), "--errors", path("good.json")],
    says: /the errors file .*good\.json is one of the traces/,
  },
  { type: ["validate"], says: /FILE\.\.\. is missing/ },
  {
    type: ["validate", path("good.json"), "--errors", path("link.json")],
    says: /the errors file .*link\.json is one of the traces/,
  },
  { type: ["validate", path("broken.ndjson"), "--strict"], says: /record 2, line 2/ },
];
writeFileSync(path("empty.txt"), "\n");

for (const { type, says } of mistakes) {
  const spelt = type
    .map((word) => word.replace(`${scratch}/`, "").replace(scratch, "DIR"))
    .join(" ");
  test(`trace ${spelt} is refused in one line`, async () => {
    const { exit, out, err } = await trace(...type);
    assert.equal(exit, 2);
    assert.equal(out, "");
    assert.match(err, says);
    assert.equal(err.trimEnd().split("\n").length, 1);
    assert.ok(!existsSync(path("x.csv")));
    assert.deepEqual(
      readdirSync(scratch).filter((name) => name.includes("partial")),
      [],
    );
  });
}

test("broken records are left out of a conversion, named, counted, and told by the exit code", async () => {
  const errors = path("errors.ndjson");
  const { exit, out, err } = await trace(
    "convert",
    path("broken.ndjson"),
    "-o",
    path("b.csv"),
    "--errors",
    errors,
    "--json",
  );
  assert.equal(exit, 8);
  assert.match(
    err,
    /broken\.ndjson: record 2, line 2, byte \d+: .*\(syntax\)\n.*record 3, line 3, byte \d+: timestamp is no time: then/,
  );
  assert.match(
    err,
    /b\.csv {2}csv, 1 record, [\d,]+ bytes, of 3 read; left out: broken:syntax 1, broken:timestamp 1\n$/,
  );
  const { records, read, broken } = JSON.parse(out);
  assert.deepEqual(
    { records, read, broken },
    { records: 1, read: 3, broken: { syntax: 1, timestamp: 1 } },
  );
  assert.deepEqual(
    readFileSync(errors, "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line).reason),
    ["syntax", "timestamp"],
  );
  const forgiven = await trace(
    "convert",
    path("broken.ndjson"),
    "-o",
    path("b.csv"),
    "--allow-failures",
  );
  assert.equal(forgiven.exit, 0);
});

test("keys that a form has no place for are named", async () => {
  const { exit, err } = await trace("convert", path("good.json"), "-o", path("g.csv"));
  assert.equal(exit, 0);
  assert.match(err, /notice: keys that are not written, with records: data 1\n/);
  assert.doesNotMatch(
    (await trace("convert", path("good.json"), "-o", path("g.ndjson"))).err,
    /notice/,
  );
});

test("columns that are not read are named, also those without a name", async () => {
  const header = "http.request.method,http.request.uri,timestamp,,zone";
  writeFileSync(path("pandas.csv"), `${header}\nGET,v2,2017-06-20 02:41:18,5,x\n`);
  const { err } = await trace("convert", path("pandas.csv"), "-o", path("p.json"));
  assert.match(err, /notice: .*pandas\.csv: columns that are not read: one without a name, zone\n/);
});

test("an empty trace may be converted", async () => {
  assert.equal((await trace("convert", path("empty.json"), "-o", path("e.csv"))).exit, 0);
  assert.equal((await trace("convert", path("e.csv"), "-o", path("e2.json"))).exit, 0);
  assert.deepEqual(JSON.parse(readFileSync(path("e2.json"), "utf8")), []);
});

const validations: readonly {
  readonly type: readonly string[];
  readonly exit: number;
  readonly says: RegExp;
}[] = [
  {
    type: [path("good.json")],
    exit: 0,
    says: /2 sound records, in order, 0 repeated ids, 2017-06-20T00:00:00\.000Z to 2017-06-20T00:00:01\.000Z\nread 2, kept 2\nvalid\n$/,
  },
  {
    type: [path("late.json")],
    exit: 0,
    says: /record 2, line 1, byte \d+: out of order\n.*record 2, .*: its id came before\n/,
  },
  { type: [path("late.json"), "--ordered"], exit: 2, says: /NOT VALID: 1 record out of order\n$/ },
  { type: [path("late.json"), "--unique"], exit: 2, says: /NOT VALID: 1 repeated id\n$/ },
  {
    type: [path("good.json"), path("late.json"), "--unique"],
    exit: 2,
    says: /NOT VALID: 2 repeated ids\n$/,
  },
  {
    type: [path("broken.ndjson")],
    exit: 2,
    says: /broken:syntax 1, broken:timestamp 1\nNOT VALID: 2 broken records\n$/,
  },
  { type: [path("empty.json")], exit: 0, says: /0 sound records/ },
];

for (const { type, exit, says } of validations) {
  const spelt = type.map((word) => word.replace(`${scratch}/`, "")).join(" ");
  test(`trace validate ${spelt} exits ${exit}`, async () => {
    const said = await trace("validate", ...type);
    assert.equal(said.exit, exit, said.err);
    assert.match(said.out, says);
    assert.equal(said.err, "");
  });
}

test("validate --json is one object with counts, places and files", async () => {
  const { exit, out } = await trace("validate", path("broken.ndjson"), path("late.json"), "--json");
  assert.equal(exit, 2);
  const { valid, read, sound, broken, unordered, duplicates, files } = JSON.parse(out);
  assert.deepEqual(
    { valid, read, sound, broken },
    { valid: false, read: 5, sound: 3, broken: { syntax: 1, timestamp: 1 } },
  );
  assert.equal(unordered.first[0].row, 2);
  assert.equal(duplicates.count, 1);
  assert.deepEqual(
    files.map(({ format, sound: each }: { format: string; sound: number }) => [format, each]),
    [
      ["ndjson", 1],
      ["json", 2],
    ],
  );
});

test("an anonymised slice shows none of the names, keeps sizes and equality, and begins at the epoch", async () => {
  const uri = "v2/acme/secret-project/blobs/sha256:";
  const digest = "0123456789abcdef".repeat(4);
  const agent = "docker/17.03.1-ce go/go1.7.5 os/linux arch/amd64 host/secret";
  const records = Array.from({ length: 12 }, (_, n) =>
    nativeAt(n, {
      "http.request.uri": `${uri}${digest}`,
      "http.request.remoteaddr": `192.0.2.${n % 6}`,
      "http.request.useragent": agent,
      id: `request-${n}`,
      data: "extra",
    }),
  );
  writeFileSync(
    path("named.json"),
    JSON.stringify([...records, nativeAt(3, { "http.request.uri": "metrics" })]),
  );
  writeFileSync(path("mask.key"), "0".repeat(64), { mode: 0o600 });
  const { exit, err } = await trace(
    "slice",
    path("named.json"),
    "-o",
    path("masked.ndjson"),
    "--anonymise",
    "--key-file",
    path("mask.key"),
  );
  assert.equal(exit, 0, err);
  const text = readFileSync(path("masked.ndjson"), "utf8");
  assert.doesNotMatch(text, /acme|secret|192\.0\.2|request-|extra|dc118836|0123456789abcdef0123/);
  const masked = text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  assert.equal(masked.length, 12);
  assert.match(
    masked[0]["http.request.uri"],
    /^v2\/r[0-9a-f]{24}\/r[0-9a-f]{24}\/blobs\/sha256:[0-9a-f]{64}$/,
  );
  assert.equal(new Set(masked.map((each) => each["http.request.uri"])).size, 1);
  assert.equal(new Set(masked.map((each) => each["http.request.remoteaddr"])).size, 6);
  assert.equal(masked[0]["http.request.useragent"], "docker/17.03 linux amd64");
  assert.deepEqual(
    [masked[0].timestamp, masked[1].timestamp],
    ["1970-01-01T00:00:00.000Z", "1970-01-01T00:00:01.000Z"],
  );
  assert.equal(masked[0]["http.response.written"], 9576);
  assert.match(err, /not_of_the_api 1/);
  assert.match(err, /keys that are not written, with records: data 12/);
});

test("an access log of distribution becomes a masked trace in any form", async () => {
  const line = {
    msg: "response completed",
    time: "2026-11-23T06:56:40.316527011Z",
    "http.request.host": "127.0.0.1:5871",
    "http.request.id": "c9bc2056",
    "http.request.method": "GET",
    "http.request.remoteaddr": "127.0.0.1:44004",
    "http.request.uri": `/v2/acme/app/blobs/sha256:${"ab".repeat(32)}`,
    "http.request.useragent": "docker/20.10",
    "http.response.duration": "957.654µs",
    "http.response.status": 200,
    "http.response.written": 2,
  };
  writeFileSync(path("registry.log"), `${JSON.stringify(line)}\n`);
  const tmp = mkdtempSync(join(scratch, "tmp-"));
  const { exit, err } = await trace(
    "convert",
    path("registry.log"),
    "--from",
    "distribution",
    "-o",
    path("log.parquet"),
    "--tmp",
    tmp,
  );
  assert.equal(exit, 0, err);
  assert.deepEqual(readdirSync(tmp), []);
  await trace("convert", path("log.parquet"), "-o", path("log.csv"));
  const [, row] = readFileSync(path("log.csv"), "utf8").split("\n");
  assert.match(
    row ?? "",
    /^[0-9a-f]{32},0\.000957654,GET,[0-9a-f]{32},v2\/r[0-9a-f]+\/r[0-9a-f]+\/blobs\/sha256:[0-9a-f]{64},other,200,2,[0-9a-f]{32},1970-01-01T00:00:00\.000Z$/,
  );
});
