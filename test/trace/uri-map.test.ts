import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import fc from "fast-check";
import { DrayageError, UsageError } from "../../src/core/errors.ts";
import { readUriMap, type UriMap } from "../../src/trace/uri-map.ts";
import { UriMapParser } from "../../src/trace/uri-map-parser.ts";
import { UriMapWriter } from "../../src/trace/uri-map-writer.ts";

const directory = mkdtempSync(join(tmpdir(), "drayage-uri-map-"));
after(() => rmSync(directory, { recursive: true, force: true }));
const path = join(directory, "interm.json");

const hex = "0123456789abcdef".repeat(4);

function mapFrom(text: string | Buffer): UriMap {
  writeFileSync(path, text);
  return readUriMap(path);
}

/** "bad", the digest's hex digits, or undefined where the map has no such URI. */
function look(map: UriMap, uri: string): string | undefined {
  const key = Buffer.from(uri);
  const entry = map.find(key, 0, key.length);
  if (entry < 0) return undefined;
  if (map.isBad(entry)) return "bad";
  const digest = Buffer.alloc(32);
  map.copyDigest(entry, digest);
  return digest.toString("hex");
}

for (const { name, text, entries } of [
  { name: "an empty object", text: "{}", entries: {} },
  { name: "an empty object with white space", text: " \r\n\t{ \n } \n", entries: {} },
  {
    name: "one line as Python writes it",
    text: `{"v2/a/blobs/1": "sha256:${hex}", "v2/a/blobs/2": "bad"}`,
    entries: { "v2/a/blobs/1": hex, "v2/a/blobs/2": "bad" },
  },
  {
    name: "no white space at all",
    text: `{"a":"bad","b":"sha256:${hex}"}`,
    entries: { a: "bad", b: hex },
  },
  {
    name: "escapes in keys and values",
    text: `{"caf\\u00e9 \\"x\\" \\/ \\ud83d\\ude00": "b\\u0061d", "\\\\": "sha256\\u003a${hex}"}`,
    entries: { 'café "x" / 😀': "bad", "\\": hex },
  },
  {
    name: "a repeated URI: the last one counts",
    text: '{"a": "bad", "a": "bad"}',
    entries: { a: "bad" },
  },
  {
    name: "a repeated URI whose state changes",
    text: `{"a": "bad", "a": "sha256:${hex}"}`,
    entries: { a: hex },
  },
  { name: "digits in capitals", text: `{"a": "sha256:${hex.toUpperCase()}"}`, entries: { a: hex } },
] as { name: string; text: string; entries: Record<string, string> }[]) {
  test(`uri map: reads ${name}`, () => {
    const map = mapFrom(text);
    assert.equal(map.size, Object.keys(entries).length);
    for (const [uri, state] of Object.entries(entries)) assert.equal(look(map, uri), state);
    assert.equal(look(map, "absent"), undefined);
  });
}

for (const { name, text, offset, says } of [
  { name: "an empty file", text: "", offset: 0, says: /ends in the middle/ },
  { name: "an array", text: "[]", offset: 0, says: /expected "\{"/ },
  { name: "a file cut within a text", text: '{"v2/a', offset: 6, says: /ends in the middle/ },
  { name: "a file cut between entries", text: '{"a": "bad",', offset: 12, says: /ends/ },
  { name: "a missing colon", text: '{"a" "bad"}', offset: 5, says: /":"/ },
  { name: "a comma too many", text: '{"a": "bad",}', offset: 12, says: /a URI in quotes/ },
  { name: "a number as value", text: '{"a": 7}', offset: 6, says: /expected "sha256/ },
  { name: "another word as value", text: '{"a": "good"}', offset: 11, says: /neither/ },
  {
    name: "a digest too short",
    text: `{"a": "sha256:${hex.slice(1)}"}`,
    offset: 77,
    says: /neither/,
  },
  {
    name: "a digest that is not hex",
    text: `{"a": "sha256:${hex.slice(1)}g"}`,
    offset: 78,
    says: /neither/,
  },
  { name: "a malformed escape", text: '{"a\\x": "bad"}', offset: 5, says: /escape/ },
  { name: "a line break in a text", text: '{"a\n": "bad"}', offset: 3, says: /control/ },
  { name: "text behind the object", text: '{"a": "bad"} {', offset: 13, says: /nothing behind/ },
]) {
  test(`uri map: refuses ${name} and names the byte`, () => {
    assert.throws(
      () => mapFrom(text),
      (error: unknown) => {
        assert.ok(error instanceof DrayageError);
        assert.equal(error.code, "map-corrupt");
        assert.match(error.message, says);
        assert.ok(error.message.includes(`at byte ${offset}:`), error.message);
        assert.ok(error.message.includes(path));
        return true;
      },
    );
  });
}

test("uri map: a missing file is the user's to mend", () => {
  assert.throws(() => readUriMap(join(directory, "absent.json")), UsageError);
});

const entriesOfMaps = fc.uniqueArray(
  fc.tuple(
    fc.string({ unit: "grapheme" }),
    fc.option(fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes))),
  ),
  { selector: ([uri]) => Buffer.from(uri).toString("hex") },
);

test("uri map: what is written is valid JSON and reads back the same", () => {
  fc.assert(
    fc.property(entriesOfMaps, (entries) => {
      const writer = new UriMapWriter(path);
      for (const [uri, digest] of entries) writer.add(Buffer.from(uri), digest ?? undefined);
      writer.close();
      const expected = entries.map(([uri, digest]) => [uri, digest?.toString("hex") ?? "bad"]);
      const parsed = new Map(Object.entries(JSON.parse(readFileSync(path, "utf8"))));
      const map = readUriMap(path);
      assert.equal(map.size, entries.length);
      for (const [uri, state] of expected) {
        assert.equal(look(map, uri as string), state);
        assert.equal(parsed.get(uri as string), state === "bad" ? "bad" : `sha256:${state}`);
      }
    }),
    { numRuns: 60 },
  );
});

test("uri map: pieces cut anywhere read the same as JSON.parse reads the whole", () => {
  const documents = fc.tuple(
    fc.dictionary(fc.string({ unit: "grapheme" }), fc.constantFrom("bad", `sha256:${hex}`)),
    fc.integer({ min: 0, max: 3 }),
    fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }),
  );
  fc.assert(
    fc.property(documents, ([object, indent, cuts]) => {
      const text = Buffer.from(JSON.stringify(object, null, indent));
      const seen = new Map<string, string>();
      const parser = new UriMapParser((key, keyBytes, digest) =>
        seen.set(key.toString("utf8", 0, keyBytes), digest?.toString("hex") ?? "bad"),
      );
      for (let at = 0, turn = 0; at < text.length; turn++) {
        const length = Math.min(cuts[turn % cuts.length] ?? 1, text.length - at);
        parser.push(text.subarray(at, at + length), length);
        at += length;
      }
      parser.end();
      const expected = Object.entries(object).map(([uri, value]) => [
        uri,
        value.replace("sha256:", ""),
      ]);
      assert.deepEqual([...seen].sort(), expected.sort());
    }),
  );
});

test("uri map: many entries survive every buffer boundary", () => {
  const count = 40_000;
  const writer = new UriMapWriter(path);
  for (let number = 0; number < count; number++) {
    const digest = Buffer.alloc(32);
    digest.writeUInt32BE(number);
    writer.add(Buffer.from(`v2/repo/blobs/${number}`), number % 7 === 0 ? undefined : digest);
  }
  assert.equal(writer.entries, count);
  writer.close();
  const map = readUriMap(path);
  assert.equal(map.size, count);
  const digest = Buffer.alloc(32);
  for (let number = 0; number < count; number++) {
    const key = map.uriOf(number);
    assert.equal(key.toString(), `v2/repo/blobs/${number}`);
    assert.equal(map.isBad(number), number % 7 === 0);
    map.copyDigest(number, digest);
    assert.equal(digest.readUInt32BE(), number % 7 === 0 ? 0 : number);
  }
});

test("uri map: an unfinished map never takes the place of a finished one", () => {
  writeFileSync(path, '{"old": "bad"}');
  const writer = new UriMapWriter(path);
  writer.add(Buffer.from("new"), undefined);
  assert.equal(look(readUriMap(path), "old"), "bad");
  writer.abandon();
  assert.equal(look(readUriMap(path), "old"), "bad");
  assert.ok(!existsSync(`${path}.partial`));
});

test("uri map: a map that cannot be written is a storage error that names it", () => {
  const nowhere = join(directory, "absent", "interm.json");
  assert.throws(
    () => new UriMapWriter(nowhere),
    (error: unknown) =>
      error instanceof DrayageError && error.code === "storage" && error.message.includes(nowhere),
  );
});
