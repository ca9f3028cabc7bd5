import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { DrayageError } from "../../src/core/errors.ts";
import {
  type MapMeta,
  type MapSettings,
  mapDifferences,
  metaPathOf,
  readMapMeta,
  unwarmedRegistries,
  writeMapMeta,
} from "../../src/trace/map-meta.ts";

const directory = mkdtempSync(join(tmpdir(), "drayage-map-meta-"));
after(() => rmSync(directory, { recursive: true, force: true }));
const mapPath = join(directory, "interm.json");

const settings: MapSettings = {
  seed: "0",
  random: true,
  identity: "uri",
  repository: "single",
  manifests: "blob",
};
const meta: MapMeta = {
  version: 1,
  ...settings,
  registries: ["http://localhost:5000"],
  counts: { uris: 566, pushed: 500, existing: 60, mounted: 0, failed: 6, bytes: 11_200_000_000 },
  traces: [{ name: "dal09.json", size: 123 }],
};

test("map meta: what is written reads back, and nothing else is left behind", () => {
  const { version: _, ...given } = meta;
  writeMapMeta(mapPath, given);
  assert.deepEqual(readMapMeta(mapPath), meta);
  assert.deepEqual(readdirSync(directory), ["interm.json.meta.json"]);
});

test("map meta: a map without one has none", () => {
  assert.equal(readMapMeta(join(directory, "other.json")), undefined);
});

test("map meta: unknown keys of a later writer are let pass", () => {
  writeFileSync(metaPathOf(mapPath), JSON.stringify({ ...meta, more: 1 }));
  assert.equal(readMapMeta(mapPath)?.counts.uris, 566);
});

for (const { name, text, says } of [
  { name: "not JSON", text: "{", says: /not JSON/ },
  { name: "a list", text: "[]", says: /not an object/ },
  {
    name: "of another version",
    text: JSON.stringify({ ...meta, version: 2 }),
    says: /version is not 1/,
  },
  {
    name: "with a seed that is a number",
    text: JSON.stringify({ ...meta, seed: 0 }),
    says: /seed is not a text/,
  },
  {
    name: "with another word",
    text: JSON.stringify({ ...meta, identity: "URI" }),
    says: /identity is not "uri" or "digest"/,
  },
  {
    name: "without counts",
    text: JSON.stringify({ ...meta, counts: { uris: 1 } }),
    says: /counts is not an object of counts \(uris/,
  },
  {
    name: "with a trace without size",
    text: JSON.stringify({ ...meta, traces: [{ name: "a" }] }),
    says: /traces is not a list of \{name, size\}/,
  },
]) {
  test(`map meta: one ${name} is damage that names the file and the key`, () => {
    writeFileSync(metaPathOf(mapPath), text);
    assert.throws(
      () => readMapMeta(mapPath),
      (error: unknown) => {
        assert.ok(error instanceof DrayageError && error.code === "map-corrupt");
        assert.match(error.message, says);
        assert.ok(error.message.includes("interm.json.meta.json"));
        return true;
      },
    );
  });
}

for (const { name, made, wanted, sentences } of [
  { name: "the same settings", made: meta, wanted: {}, sentences: [] },
  {
    name: "another seed and other content",
    made: meta,
    wanted: { seed: "7", random: false },
    sentences: [
      "the map was made with run.seed 0, the configuration says 7",
      "the map was made with warmup.random true, the configuration says false",
    ],
  },
  {
    name: "every setting",
    made: meta,
    wanted: {
      seed: "1",
      random: false,
      identity: "digest",
      repository: "traced",
      manifests: "manifest",
    },
    sentences: 5,
  },
  {
    name: "a map of the original tool, in its ways",
    made: undefined,
    wanted: { seed: "5", random: false, identity: "digest" },
    sentences: [],
  },
  {
    name: "a map of the original tool, in ways that it did not have",
    made: undefined,
    wanted: { repository: "traced", manifests: "manifest" },
    sentences: [
      "a map without a meta file counts as made with warmup.repository single, the configuration says traced",
      "a map without a meta file counts as made with warmup.manifests blob, the configuration says manifest",
    ],
  },
] as {
  name: string;
  made?: MapMeta;
  wanted: Partial<MapSettings>;
  sentences: string[] | number;
}[]) {
  test(`map meta: differences of ${name}`, () => {
    const found = mapDifferences(made, { ...settings, ...wanted });
    if (typeof sentences === "number") assert.equal(found.length, sentences);
    else assert.deepEqual(found, sentences);
  });
}

test("map meta: entries that were not filled are named", () => {
  const urls = ["http://localhost:5000", "https://b"];
  assert.deepEqual(unwarmedRegistries(meta, urls), ["https://b"]);
  assert.deepEqual(unwarmedRegistries({ ...meta, registries: urls }, urls), []);
  // The original filled its first entry.
  assert.deepEqual(unwarmedRegistries(undefined, urls), ["https://b"]);
});

test("map meta: the file ends in a line break", () => {
  const { version: _, ...given } = meta;
  writeMapMeta(mapPath, given);
  assert.match(readFileSync(metaPathOf(mapPath), "utf8"), /\}\n$/);
});
