// What happens to the results file when a run ends before its start, or its disk is full.
import assert from "node:assert/strict";
import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import {
  type EmbeddedRegistry,
  startEmbeddedRegistry,
} from "../../src/embedded/embedded-registry.ts";
import { blobGets, record, trace } from "./traced.ts";
import { type Results, type Settings, until, Workplace } from "./workplace.ts";

/** Reading takes a few tenths of a second. */
const LARGE = 60_000;
const GETS = 30;

describe("the results file", () => {
  const warm = new Workplace();
  let registry: EmbeddedRegistry;
  let place: Workplace;
  before(async () => {
    registry = await startEmbeddedRegistry();
    warm.configure(trace(blobGets(GETS)), { registry: [registry.url] });
    await warm.warmup();
  });
  after(async () => {
    warm.leave();
    await registry.close();
  });
  beforeEach(() => {
    place = new Workplace();
    for (const name of ["map.json", "map.json.meta.json"]) place.write(name, warm.text(name));
  });
  afterEach(() => place.leave());

  /** Ready for a run over a trace that is warmed. */
  const prepare = (settings: Settings = {}): void =>
    place.configure(trace(blobGets(GETS)), { registry: [registry.url], ...settings });

  for (const { signals, code } of [
    { signals: ["SIGINT"], code: 130 },
    { signals: ["SIGTERM"], code: 143 },
    { signals: ["SIGINT", "SIGINT"], code: 130 },
  ] as const) {
    test(`${signals.join(" and ")} while the trace is read ends with ${code} and whole files`, async () => {
      prepare();
      const lines = Array.from({ length: LARGE }, (_, index) =>
        JSON.stringify(record({ uri: `v2/a/blobs/${index}`, at: index }, index)),
      );
      place.write("trace.json", lines.join("\n"));
      place.write("output.json.skipped.ndjson", "of an earlier run");
      const run = place.start(["run", "-i", "config.yaml"]);
      await until(() => place.has("output.json"), "the results file is there");
      for (const signal of signals) {
        run.child.kill(signal);
        await until(() => run.said().includes("interrupted"), "the first is heard");
      }
      const ended = await run.ended;
      assert.equal(ended.code, code, ended.err);
      assert.match(ended.out, /^ABORTED/);
      const isThere = place.has("output.json.skipped.ndjson");
      assert.equal(ended.out.includes("skipped.ndjson"), isThere);
      assert.doesNotMatch(isThere ? place.text("output.json.skipped.ndjson") : "", /earlier/);
      assert.deepEqual(place.rows(), []);
      assert.equal(place.summary().interrupted, true);
      const directory = place.runDirectory("run");
      assert.equal(place.json<Results>(join(directory, "results.json")).interrupted, true);
      assert.equal(place.json<{ ending: string }>(join(directory, "run.json")).ending, "signal");
      assert.ok(place.text(join(directory, "report.html")).endsWith("</html>\n"));
    });
  }

  for (const name of ["full.json", "full.json.gz"]) {
    test(`on a full disk ${name} ends the run with 1, and says why`, async () => {
      prepare({ "trace.output": name });
      symlinkSync("/dev/full", place.path(name));
      const { code, err } = await place.run();
      assert.equal(code, 1, err);
      assert.match(err, /cannot write full\.json.*ENOSPC.*free space or name another file/);
      assert.ok(err.includes(`drayage report ${place.runDirectory("run")} makes its page`), err);
      assert.doesNotMatch(err, /internal error| {4}at /);
    });
  }

  test("in a folder that is not there is refused with 2, before anything is sent", async () => {
    prepare({ "trace.output": "nowhere/rows.json" });
    const { code, err } = await place.run();
    assert.equal(code, 2, err);
    assert.match(err, /^cannot write nowhere\/rows\.json: /m);
    assert.deepEqual(place.runDirectories("run"), []);
  });

  test("is left alone by a run whose directory is refused", async () => {
    prepare();
    place.write("output.json", "kept");
    mkdirSync(place.path("taken"));
    place.write("taken/file", "");
    const { code, err } = await place.run("--out", "taken");
    assert.equal(code, 2, err);
    assert.equal(place.text("output.json"), "kept");
  });

  for (const { list, says } of [
    {
      list: ["a:1"],
      says: "the worker of client_info.client_list runs in this process (a:1 is not asked)",
    },
    {
      list: ["a:1", "b:2"],
      says: "the 2 workers of client_info.client_list run in this process (a:1, b:2 are not asked)",
    },
  ]) {
    test(`${list.length} workers of which ${list.join(" and ")} are elsewhere run here, which is said`, async () => {
      prepare({ "client_info.client_list": list });
      const { code, err } = await place.run();
      assert.equal(code, 0, err);
      assert.ok(err.includes(`${says}\n`), err);
    });
  }
});
