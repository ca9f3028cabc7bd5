// Traces that went through convert and slice, from the shell: a replay makes the same plan of them as of the original.
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import {
  type EmbeddedRegistry,
  startEmbeddedRegistry,
} from "../../src/embedded/embedded-registry.ts";
import { record } from "./traced.ts";
import { Workplace } from "./workplace.ts";

/** GETs, PUTs, polls and POSTs of several clients, not in order of time. */
const traced = Array.from({ length: 60 }, (_, n) => {
  const at = (n * 37) % 60;
  const client = `client-${n % 4}`;
  if (n % 10 === 0) return record({ uri: "v2", at, client }, n);
  if (n % 7 === 0)
    return record({ uri: "v2/aa/bb/blobs/uploads/17", method: "POST", at, client }, n);
  if (n % 5 === 0)
    return record({ uri: `v2/aa/bb/blobs/uploads/${n}`, method: "PUT", at, client, size: n }, n);
  const kind = n % 3 === 0 ? "manifests" : "blobs";
  return record(
    { uri: `v2/aa/bb/${kind}/${n % 12}`, at, client, size: 100 + (n % 12), duration: 0.25 },
    n,
  );
});

type Planned = Readonly<Record<string, unknown>>;

describe("traces after convert and slice", () => {
  const place = new Workplace();
  let registry: EmbeddedRegistry;
  let original: readonly Planned[];

  /** What `run` would send for the trace of this name. */
  const planOf = async (name: string): Promise<readonly Planned[]> => {
    const ended = await place.run(
      "--dry-run",
      "--plan",
      "plan.ndjson",
      "--set",
      `trace.traces=["${name}"]`,
    );
    assert.equal(ended.code, 0, ended.err);
    return place.lines<Planned>("plan.ndjson");
  };

  before(async () => {
    registry = await startEmbeddedRegistry();
    place.configure(traced, { registry: [registry.url] });
    await place.warmup();
    original = await planOf("trace.json");
  });
  after(async () => {
    place.leave();
    await registry.close();
  });

  for (const name of ["trace.parquet", "trace.csv.zst", "trace.ndjson.gz"]) {
    test(`the plan of ${name} is that of the original`, async () => {
      const ended = await place.drayage(["trace", "convert", "trace.json", "-o", name]);
      assert.equal(ended.code, 0, ended.err);
      assert.ok(original.length > 30);
      assert.deepEqual(await planOf(name), original);
    });
  }

  test("slices that cover the trace, merged again, have the plan of the original", async () => {
    const slices = [
      ["trace", "slice", "trace.json", "-o", "early.csv", "--to", "25"],
      ["trace", "slice", "trace.json", "-o", "late.parquet", "--from", "25"],
      ["trace", "slice", "late.parquet", "early.csv", "-o", "merged.json"],
    ];
    for (const words of slices) {
      const ended = await place.drayage(words);
      assert.equal(ended.code, 0, ended.err);
    }
    assert.deepEqual(await planOf("merged.json"), original);
  });

  test("an interrupted conversion leaves neither a file nor a part of one", async () => {
    const line = `${JSON.stringify(traced[1])}\n`;
    place.write("large.ndjson", line.repeat(400_000));
    const started = place.start(["trace", "convert", "large.ndjson", "-o", "large.csv.gz"]);
    const begun = async (): Promise<void> => {
      while (!readdirSync(place.directory).some((name) => name.includes(".partial-")))
        await new Promise((resolve) => setTimeout(resolve, 10));
    };
    await begun();
    started.child.kill("SIGINT");
    const { code, err } = await started.ended;
    assert.equal(code, 130, err);
    assert.match(err, /interrupted: nothing was written\n$/);
    assert.deepEqual(
      readdirSync(place.directory).filter((name) => name.includes("large.csv")),
      [],
    );
  });
});
