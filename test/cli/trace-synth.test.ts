import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { after, test } from "node:test";
import { dispatch } from "../../src/cli/dispatch.ts";
import { readProfile } from "../../src/cli/synth-profile.ts";
import { traceSynth } from "../../src/cli/trace-synth.ts";
import { defaultProfile } from "../../src/trace/synth/profile.ts";

const scratch = mkdtempSync(join(tmpdir(), "drayage-trace-synth-"));
after(() => rmSync(scratch, { recursive: true }));

const folder = () => mkdtempSync(join(scratch, "out-"));

async function drayage(...args: string[]) {
  const out = new PassThrough();
  const err = new PassThrough();
  const load = async () => traceSynth;
  const exit = await dispatch(["trace", "synth", ...args], {
    verbs: [{ name: traceSynth.name, summary: traceSynth.summary, load }],
    terminal: { out, err, env: {} },
  });
  const text = (stream: PassThrough) => String(stream.read() ?? "");
  return { exit, out: text(out), err: text(err) };
}

function profileFile(text: string): string {
  const path = join(folder(), "profile.yaml");
  writeFileSync(path, text);
  return path;
}

test("what was written is told on standard error, and nothing on standard output", async () => {
  const dir = folder();
  const { exit, out, err } = await drayage("--out", dir, "--records", "1200");
  assert.equal(exit, 0);
  assert.equal(out, "");
  assert.match(
    err,
    /data_centers\/dal09\/prod-dal09-logstash-2017\.06\.20-0\.json {2}1,200 records\n1 file, 1,200 records, [\d,]+ bytes\n$/,
  );
});

test("--json prints files, records and bytes", async () => {
  const dir = folder();
  const { out } = await drayage("--out", dir, "--records", "10", "--json", "--zstd");
  const { files, records, bytes } = JSON.parse(out);
  assert.equal(records, 10);
  assert.equal(bytes, readFileSync(files[0].path).length);
  assert.match(files[0].path, /\.json\.zst$/);
});

test("zone, start, rate, clients and hosts are followed", async () => {
  const dir = folder();
  await drayage(
    ...[
      "--out",
      dir,
      "--records",
      "500",
      "--zone",
      "dev-mon01",
      "--start",
      "2020-02-29T06:00:00+02:00",
    ],
    ...["--rate", "50", "--clients", "3", "--hosts", "1"],
  );
  const zone = join(dir, "data_centers/dev-mon01");
  const [name = ""] = readdirSync(zone);
  assert.equal(name, "dev-mon01-logstash-2020.02.29-0.json");
  const records: { [key: string]: string }[] = JSON.parse(readFileSync(join(zone, name), "utf8"));
  assert.ok(records.every(({ timestamp = "" }) => timestamp >= "2020-02-29T04:00:00"));
  assert.ok(new Set(records.map((r) => r["http.request.remoteaddr"])).size <= 3);
  assert.equal(new Set(records.map(({ host }) => host)).size, 1);
});

test("a second run into the same folder needs --force", async () => {
  const dir = folder();
  const args = ["--out", dir, "--records", "5"];
  assert.equal((await drayage(...args)).exit, 0);
  const again = await drayage(...args);
  assert.equal(again.exit, 2);
  assert.match(again.err, /already holds files of a trace; name another --out, or add --force/);
  assert.equal((await drayage(...args, "--force")).exit, 0);
});

for (const [mistake, args, sentence] of [
  ["no folder", ["--records", "5"], /--out/],
  ["no number", ["--out", "x"], /--records/],
  ["two compressions", ["--out", "x", "--records", "5", "--gzip", "--zstd"], /--gzip and --zstd/],
  [
    "a day that is none",
    ["--out", "x", "--records", "5", "--start", "2017-06-31"],
    /--start wants/,
  ],
  ["a word for a time", ["--out", "x", "--records", "5", "--start", "noon"], /--start wants/],
  ["no rate", ["--out", "x", "--records", "5", "--rate", "0"], /--rate wants/],
  ["long shards", ["--out", "x", "--records", "5", "--shard-hours", "25"], /shard-hours must be/],
  ["a path as zone", ["--out", "x", "--records", "5", "--zone", "../up"], /zone must be/],
  [
    "a profile that is not there",
    ["--out", "x", "--records", "5", "--profile", "none.yaml"],
    /none\.yaml does not exist/,
  ],
] as const) {
  test(`${mistake}: one line that says what to type, exit 2`, async () => {
    const { exit, err } = await drayage(...args);
    assert.equal(exit, 2);
    assert.match(err, sentence);
  });
}

test("a folder that cannot be made is an error of the world with its path", async () => {
  const file = join(folder(), "file");
  writeFileSync(file, "");
  const { exit, err } = await drayage("--out", file, "--records", "5");
  assert.equal(exit, 1);
  assert.match(err, /^cannot write .*prod-dal09-logstash/);
  assert.doesNotMatch(err, /internal error/);
});

test("a profile overrides single figures, in sections too", () => {
  const profile = readProfile(
    profileFile(
      "x-note: mine\nmethods: {GET: 50}\nblob_bytes: [[0, 10], [1, 20]]\nduration:\n  floor: 0\n",
    ),
  );
  assert.deepEqual(profile, {
    ...defaultProfile,
    methods: { ...defaultProfile.methods, GET: 50 },
    blobBytes: [
      [0, 10],
      [1, 20],
    ],
    duration: { ...defaultProfile.duration, floor: 0 },
  });
});

test("the profile in the documentation is the default one", () => {
  const text = readFileSync("docs/synthetic-traces.md", "utf8");
  const block = /```yaml\n(.*?)```/s.exec(text)?.[1] ?? "";
  assert.deepEqual(readProfile(profileFile(block)), defaultProfile);
  const keys = block.match(/^[a-z_]+(?=:)/gm) ?? [];
  assert.equal(keys.length, Object.keys(defaultProfile).length);
});

test("an empty profile is the default one", () => {
  assert.deepEqual(readProfile(profileFile("# nothing\n")), defaultProfile);
});

for (const { text, sentences } of [
  {
    text: "blob_byte: []\n",
    sentences: [/:1:1: unknown key "blob_byte"; did you mean "blob_bytes"\?$/],
  },
  {
    text: "diurnal: 2\nduration:\n  flor: 1\n",
    sentences: [
      /:1:10: diurnal: expected a number from 0 to 1, found 2$/,
      /:3:3: unknown key "duration.flor"; did you mean "floor"\?$/,
    ],
  },
  { text: "blob_bytes: 5\n", sentences: [/:1:13: blob_bytes: expected a list of pairs/] },
  { text: "blob_bytes: [[0, 1, 2]]\n", sentences: [/blob_bytes.*expected a list of pairs/] },
  {
    text: "blob_bytes: [[0, 5], [1, 3]]\n",
    sentences: [/profile\.yaml:1:13: blob_bytes must ascend/],
  },
  { text: "methods: [1]\n", sentences: [/:1:10: methods: expected a mapping, found a list$/] },
  { text: "- 1\n", sentences: [/expected a mapping, found a list/] },
  {
    text: "clients: 1.5\n",
    sentences: [/clients: expected a whole number of at least 1, found 1\.5/],
  },
]) {
  test(`the profile ${JSON.stringify(text)} is refused with the place of each mistake`, async () => {
    const path = profileFile(text);
    const { exit, err } = await drayage("--out", folder(), "--records", "5", "--profile", path);
    assert.equal(exit, 2);
    const lines = err.trimEnd().split("\n");
    assert.equal(lines.length, sentences.length, err);
    for (const sentence of sentences)
      assert.ok(
        lines.some((line) => sentence.test(line)),
        err,
      );
  });
}
