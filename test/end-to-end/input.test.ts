// Traces that are not as they should be, through the command line: counted, reported with their place, or refused.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import {
  type EmbeddedRegistry,
  startEmbeddedRegistry,
} from "../../src/embedded/embedded-registry.ts";
import { blobGets, record, type TraceRecord, trace } from "./traced.ts";
import { Workplace } from "./workplace.ts";

type Broken = {
  readonly reason: string;
  readonly file: string;
  readonly row: number;
  readonly offset: number;
  readonly line: number;
};

const good = trace(blobGets(6, { every: 1 }));
const text = (each: TraceRecord): string => JSON.stringify(each);

function without(key: string): string {
  const { [key]: _, ...rest } = record({ uri: "v2/aaaa1111/bbbb2222/blobs/00000099" });
  return JSON.stringify(rest);
}
const withValue = (key: string, value: unknown): string =>
  JSON.stringify({ ...record({ uri: "v2/aaaa1111/bbbb2222/blobs/00000099" }), [key]: value });

const breakages = [
  { name: "a syntax error", middle: '{"host": "x", oops}' },
  { name: "a missing key", middle: without("http.request.method") },
  { name: "a missing size", middle: without("http.response.written") },
  { name: "a wrong type", middle: withValue("http.request.uri", 17) },
  { name: "a bad timestamp", middle: withValue("timestamp", "yesterday") },
  { name: "a negative duration", middle: withValue("http.request.duration", -1) },
];

/** Good records, each of them behind one of these. */
const mixedWith = (middles: readonly string[]): string =>
  `[\n${good.flatMap((each, index) => [...middles.slice(index, index + 1), text(each)]).join(",\n")}\n]\n`;

describe("broken records in a trace", () => {
  const place = new Workplace();
  let registry: EmbeddedRegistry;
  before(async () => {
    registry = await startEmbeddedRegistry();
    place.configure(good, { registry: [registry.url] });
    await place.warmup();
  });
  after(async () => {
    place.leave();
    await registry.close();
  });

  test("broken records are counted by reason and reported with their place, the others replayed", async () => {
    const whole = mixedWith(breakages.map(({ middle }) => middle));
    place.write("trace.json", whole);
    const ended = await place.run("--dry-run", "--json", "--errors", "errors.ndjson");
    assert.equal(ended.code, 0, ended.err);
    const { account, emitted } = JSON.parse(ended.out) as {
      account: { read: number; kept: number; broken: Record<string, number> };
      emitted: number;
    };
    assert.deepEqual([emitted, account.kept, account.read], [6, 6, 12]);
    const errors = place.lines<Broken>("errors.ndjson");
    assert.equal(errors.length, breakages.length);
    assert.deepEqual(account.broken, Object.fromEntries(errors.map(({ reason }) => [reason, 1])));
    for (const [index, { name, middle }] of breakages.entries()) {
      const { row, offset, reason } = errors[index] as Broken;
      assert.equal(row, 2 * index + 1, name);
      const begins = Buffer.from(whole).indexOf(Buffer.from(middle));
      assert.ok(offset >= begins && offset < begins + middle.length, name);
      assert.match(ended.err, new RegExp(`trace\\.json: record ${row}, .*\\(${reason}\\)`), name);
    }
  });

  for (const { name, middle } of breakages.slice(0, 2)) {
    test(`--strict stops at ${name} with 2`, async () => {
      place.write("trace.json", mixedWith([middle]));
      const ended = await place.run("--dry-run", "--strict");
      assert.equal(ended.code, 2);
      assert.match(ended.err, /^\S*trace\.json: record 1, line 2, byte \d+: /);
      assert.equal(ended.out, "");
    });
  }

  test("a truncated end yields the complete records, and the counts add up in the summary", async () => {
    const whole = mixedWith([text(record({ uri: "v2/x/blobs/y", method: "HEAD", at: 9 }))]);
    place.write("trace.json", whole.slice(0, whole.length - 60));
    const ended = await place.run();
    assert.equal(ended.code, 0, ended.err);
    const { records } = place.summary();
    assert.equal(place.rows().length, 5);
    assert.equal(records["broken:truncated"], 1);
    assert.equal(records["filtered:method"], 1);
    const parts = Object.entries(records).filter(
      ([key]) => key === "kept" || key === "folded" || /^(filtered|broken):/.test(key),
    );
    assert.equal(
      records.read,
      parts.reduce((sum, [, count]) => sum + count, 0),
    );
  });

  for (const { name, content, settings, says } of [
    { name: "an empty array", content: "[]", settings: [], says: /no record/ },
    {
      name: "a trace of which the filters keep nothing",
      content: JSON.stringify(good),
      settings: ["--set", "trace.include=[manifest:PUT]"],
      says: /no record.*method|method.*6/,
    },
    { name: "no trace at all", content: "hello", settings: [], says: /trace\.json/ },
    {
      name: "a file that is not there",
      content: "[]",
      settings: ["--set", 'trace.traces=["nowhere.json"]'],
      says: /nowhere\.json/,
    },
    {
      name: "an expression without a match",
      content: "[]",
      settings: ["--set", 'trace.traces=["no-*.json"]'],
      says: /no-\*\.json/,
    },
  ]) {
    test(`${name} ends with 2 and one explanation`, async () => {
      place.write("trace.json", content);
      const ended = await place.run("--dry-run", ...settings);
      assert.equal(ended.code, 2, ended.err);
      assert.match(ended.err, says);
    });
  }

  test("a warm-up that is refused leaves nothing behind that binds the next", async () => {
    place.write("trace.json", "[]");
    const args = ["warmup", "-i", "config.yaml", "--set", "warmup.output=other.json"];
    assert.equal((await place.drayage(args)).code, 2);
    assert.equal(place.has("other.json.journal"), false);
    place.write("trace.json", JSON.stringify(good));
    const ended = await place.drayage(args);
    assert.equal(ended.code, 0, ended.err);
  });
});
