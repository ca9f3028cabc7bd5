// Files that people write: checked with places, described by schemas, begun by init. Every example is held to all three.
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { Ajv2020 } from "ajv/dist/2020.js";
import { parse } from "yaml";
import { verbs } from "../../src/cli/commands.ts";
import { fileWith } from "./config-file.ts";
import { drayage } from "./fake-terminal.ts";

const folder = mkdtempSync(join(tmpdir(), "drayage-files-"));
after(() => rmSync(folder, { recursive: true }));

const env = { REGISTRY_PASSWORD: "x" };
const ask = (...argv: readonly string[]) => drayage(argv, { verbs, env });

const KINDS = ["run", "warmup", "simulate", "record", "pull", "load", "profile"];
const schemaName = (kind: string): string =>
  ["run", "warmup", "simulate"].includes(kind) ? "config" : kind;

const checks = new Map<string, ReturnType<Ajv2020["compile"]>>();
async function conforms(name: string, data: unknown): Promise<void> {
  let check = checks.get(name);
  if (check === undefined) {
    const { out } = await ask("schema", name);
    check = new Ajv2020({
      allErrors: true,
      allowUnionTypes: true,
      strictTuples: false,
      validateFormats: false,
    }).compile(JSON.parse(out));
    checks.set(name, check);
  }
  assert.ok(check(data), JSON.stringify(check.errors, null, 1));
}

/** Each with the kind that it is told to be. */
const examples: readonly (readonly [file: string, kind: string])[] = [
  ...readdirSync("examples")
    .filter((name) => name.endsWith(".yaml"))
    .map((name) => [join("examples", name), name.startsWith("record") ? "record" : "run"] as const),
];

for (const [file, kind] of examples) {
  test(`files: ${file} is valid, and conforms to its schema`, async () => {
    const { exit, out, err } = await ask("validate", "-i", file);
    assert.equal(exit, 0, err);
    assert.match(out, new RegExp(`valid configuration of drayage ${kind}\\n$`));
    await conforms(schemaName(kind), parse(readFileSync(file, "utf8"), { merge: true }));
  });
}
test("files: there are examples", () => assert.ok(examples.length >= 4));

/** Blocks of YAML in the pages that are a configuration, or the beginning of one, by the key that gives them away. */
const blocks = [
  "README.md",
  ...readdirSync("docs")
    .filter((name) => name.endsWith(".md"))
    .map((name) => join("docs", name)),
].flatMap((page) =>
  [...readFileSync(page, "utf8").matchAll(/^```yaml\n(.*?)^```/gms)].flatMap(([, text = ""]) => {
    const data: unknown = parse(text, { merge: true });
    if (typeof data !== "object" || data === null) return [];
    const schema =
      "archive_directory" in data
        ? "record"
        : "trace" in data
          ? "config"
          : "url" in data
            ? "load"
            : undefined;
    return schema === undefined ? [] : [{ page, schema, text }];
  }),
);

test("files: configurations in the pages conform to their schemas", async () => {
  assert.ok(blocks.length >= 3, String(blocks.length));
  for (const { schema, text } of blocks) await conforms(schema, parse(text, { merge: true }));
});

test("files: the configuration of README.md is valid, and so is the file of flags of docs/files.md", async () => {
  for (const page of ["README.md", "docs/files.md"]) {
    const block = blocks.find((found) => found.page === page);
    const { exit, err } = await ask("validate", "-i", fileWith(block?.text ?? ""));
    assert.equal(exit, 0, err);
  }
});

for (const kind of KINDS) {
  test(`init ${kind}: what it writes is valid, is told to be that, conforms and is not replaced unasked`, async () => {
    const file = join(folder, `${kind}.yaml`);
    const made = await ask("init", kind, "-o", file);
    assert.equal(made.exit, 0);
    assert.equal(made.out, "");
    assert.match(made.err, /Next: edit it, then drayage validate -i /);
    const { exit, out, err } = await ask("validate", "-i", file, "--json");
    assert.equal(exit, 0, out + err);
    assert.equal(JSON.parse(out).kind, kind);
    const text = readFileSync(file, "utf8");
    await conforms(schemaName(kind), parse(text));
    assert.match(
      text,
      new RegExp(`^# yaml-language-server: \\$schema=drayage-${schemaName(kind)}`, "m"),
    );
    writeFileSync(file, "mine");
    const again = await ask("init", kind, "-o", file);
    assert.equal(again.exit, 2);
    assert.match(again.err, /is there already: add --force/);
    assert.equal(readFileSync(file, "utf8"), "mine");
    assert.equal((await ask("init", kind, "-o", file, "--force")).exit, 0);
    assert.equal(readFileSync(file, "utf8"), text);
    assert.match((await ask("init", kind, "-o", "-")).out, /^# /);
  });
}

test("init: every key that is commented out has a sentence, and a value that is valid", async () => {
  const { out } = await ask("init", "run", "-o", "-");
  // Keys without a default are left empty: whoever takes the comment off fills them in.
  const lines = out.split("\n").filter((line) => !/^ *# [a-z_]+: #/.test(line));
  const commented = lines.filter((line) => /^ *# [a-z_]+: /.test(line));
  assert.ok(commented.length >= 35, String(commented.length));
  for (const line of commented) assert.match(line, /: \S.* # [A-Z]/);
  const text = lines.map((line) => line.replace(/^( *)# ([a-z_]+: )/, "$1$2")).join("\n");
  const file = fileWith(text);
  const said = await ask("validate", "-i", file, "--as", "run");
  assert.equal(said.exit, 0, said.err);
  await conforms("config", parse(text));
});

for (const { name, text, flags = [], kind, places } of [
  {
    name: "a replay",
    text: "trace: {traces: [a]}\nclient_info:\n  thread: 3\n  wait: maybe\nregistry: [x:1]\nwarmup: {output: m}\n",
    kind: "run",
    places: [
      "3:3 unknown key",
      '3:3 "client_info.client_list" is missing',
      "4:9 client_info.wait: expected true or false",
    ],
  },
  {
    name: "a warm-up",
    text: "trace: {traces: [a]}\nregistry: [x:1]\nwarmup: {output: m, threads: 0}\n",
    kind: "warmup",
    places: ["3:30 warmup.threads"],
  },
  {
    name: "a simulation",
    text: "trace: {traces: []}\nsimulate: {name: x}\n",
    kind: "simulate",
    places: ["1:17 trace.traces"],
  },
  {
    name: "a file that is told to be a warm-up",
    text: "trace: {traces: [a]}\n",
    flags: ["--as", "warmup"],
    kind: "warmup",
    places: ['1:1 "registry"', '1:1 "warmup.output"'],
  },
  {
    name: "a recorder",
    text: "archive_directory: a\nrecord:\n  spec: [/v2/**]\n  slac: 1\n  codec: gzip\n",
    kind: "record",
    places: ["4:3 record.slac: unknown key", "5:10 record.codec"],
  },
  {
    name: "a recorder, what its keys say together",
    text: "archive_directory: a\nrecord: {spec: [/v2/**]}\n",
    kind: "record",
    places: ["2:9 record: recording needs a source"],
  },
  {
    name: "a profile",
    text: "methods: {GET: 1}\nblob_bytes: [[0, 5], [1, 3]]\nclients: 0\n",
    kind: "profile",
    places: ["3:10 clients"],
  },
  {
    name: "a profile, what its figures say together",
    text: "methods: {GET: 1}\nblob_bytes: [[0, 5], [1, 3]]\n",
    kind: "profile",
    places: ["2:13 blob_bytes must ascend"],
  },
  {
    name: "flags of pull",
    text: "patterns: a\nregistry-url: x:1\npullthrough-url: x:2\nmatch: rfe\n",
    kind: "pull",
    places: ['4:8 match cannot be "rfe"; did you mean "ref"'],
  },
  {
    name: "flags of pull, what they say together",
    text: "patterns: a\nregistry-url: x:1\n",
    kind: "pull",
    places: ["null:null"],
  },
  {
    name: "flags of load",
    text: "url: x:1\nrate: fast\nlog-requests: bogus\n",
    kind: "load",
    places: ["2:7 rate wants a rate", "3:15 log-requests bogus"],
  },
  {
    name: "flags of load, what they say together",
    text: "url: x:1\nrate: 1/s\nsteps: 1/s:1s\n",
    kind: "load",
    places: ["null:null"],
  },
  {
    name: "what is no YAML",
    text: "a: [\nb: }\n",
    kind: null,
    places: ["2:1 not YAML", "2:4 not YAML"],
  },
]) {
  test(`validate: ${name}: every mistake has its place`, async () => {
    const file = fileWith(text);
    const { exit, out } = await ask("validate", "-i", file, "--json", ...flags);
    const found = JSON.parse(out);
    assert.equal(exit, 2);
    assert.equal(found.valid, false);
    assert.equal(found.kind, kind);
    const said = found.mistakes.map(
      ({ line, column, message }: { line: number; column: number; message: string }) =>
        `${line}:${column} ${message}`,
    );
    assert.equal(said.length, places.length, out);
    for (const [at, place] of places.entries())
      assert.ok(said[at].startsWith(place), `${said[at]} should begin with ${place}`);
    const plain = await ask("validate", "-i", file, ...flags);
    assert.equal(plain.out, "");
    assert.equal(plain.err.trimEnd().split("\n").length, places.length);
  });
}

test("validate: a file that is not there", async () => {
  const { exit, err } = await ask("validate", "-i", join(folder, "none.yaml"));
  assert.equal(exit, 2);
  assert.match(err, /does not exist/);
});

test("schema: the list names each, and each says its draft, its name and what it describes", async () => {
  const { out } = await ask("schema");
  const names = [...out.matchAll(/^(\S+) {2}\S/gm)].map(([, name = ""]) => name);
  for (const name of ["config", "record", "profile", "pull", "load", "results", "progress"])
    assert.ok(names.includes(name), name);
  for (const name of names) {
    const schema = JSON.parse((await ask("schema", name)).out);
    assert.equal(schema.$schema, "https://json-schema.org/draft/2020-12/schema", name);
    assert.match(schema.$id, /^urn:drayage:schema:[a-z-]+:\d+$/, name);
    assert.equal(typeof schema.title, "string", name);
    assert.doesNotMatch(JSON.stringify(schema), /"modes"/);
    new Ajv2020({ allowUnionTypes: true, strictTuples: false, validateFormats: false }).compile(
      schema,
    );
  }
});

for (const { name, schema, data } of [
  {
    name: "a misspelt key",
    schema: "config",
    data: { trace: { traces: ["a"] }, client_info: { thread: 1 } },
  },
  { name: "a value of the wrong type", schema: "config", data: { trace: { traces: "a" } } },
  {
    name: "a word that is none of the choices",
    schema: "record",
    data: { archive_directory: "a", record: { spec: ["x"], codec: "gzip" } },
  },
  { name: "an unknown flag", schema: "load", data: { url: "x", rat: 1 } },
  { name: "a number below the least", schema: "load", data: { connections: 0 } },
]) {
  test(`schema ${schema} refuses ${name}`, async () => {
    await assert.rejects(conforms(schema, data), /must/);
  });
}
