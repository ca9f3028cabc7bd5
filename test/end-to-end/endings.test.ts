// Runs and warm-ups that end before their time: the registry dies, the user interrupts, the process is killed.
import assert from "node:assert/strict";
import { join } from "node:path";
import { afterEach, before, beforeEach, describe, test } from "node:test";
import {
  type EmbeddedRegistry,
  startEmbeddedRegistry,
} from "../../src/embedded/embedded-registry.ts";
import {
  type DockerRegistry,
  needsDockerRegistry,
  startDockerRegistry,
} from "../fakes/docker-registry.ts";
import { accessesOf } from "./access.ts";
import { blobGets, type Traced, trace } from "./traced.ts";
import { type Row, type Started, until, Workplace } from "./workplace.ts";

const dueOf = ({ time, lateness }: Row): number => time - (lateness ?? Number.NaN);

test("a registry killed in mid-run: the rest are failed rows with their cause, and the run ends", async (t) => {
  const registry = await startDockerRegistry();
  if (registry === undefined) return t.skip(needsDockerRegistry);
  const place = new Workplace();
  t.after(async () => {
    place.leave();
    await registry.stop();
  });
  const count = 120;
  place.configure(trace(blobGets(count, { every: 0.02 })), {
    registry: [`127.0.0.1:${registry.port}`],
    "client_info.wait": true,
  });
  await place.warmup();
  const warm = registry.accessLog().length;
  // A busy machine makes short runs invalid; what that means has tests of its own.
  const run = place.start(["run", "-i", "config.yaml", "--allow-invalid"]);
  await until(() => registry.accessLog().length > warm + 20, "some requests are answered");
  await registry.stop();
  const killedAt = Date.now() / 1000;
  const ended = await run.ended;
  assert.equal(ended.code, 0, ended.err);

  const rows = place.rows();
  assert.deepEqual(
    rows.map(({ seq }) => seq),
    Array.from({ length: count }, (_, seq) => seq),
  );
  const remaining = rows.filter((row) => dueOf(row) > killedAt);
  assert.ok(remaining.length > 0);
  for (const { error, onTime, status } of remaining) {
    assert.deepEqual(
      { error, onTime, status },
      { error: "connect", onTime: "failed", status: null },
    );
  }
  const causes = new Set(rows.map(({ error }) => error));
  for (const cause of causes) {
    assert.ok([null, "connect", "reset", "truncated_body"].includes(cause), String(cause));
  }
  const failed = rows.filter(({ error }) => error !== null).length;
  const { totals } = place.summary();
  assert.deepEqual([totals.done, totals.failed], [count - failed, failed]);
  const directory = place.runDirectory("run");
  for (const name of ["results.json", "run.json"]) place.json(join(directory, name));
  assert.match(ended.out, /cannot connect to 127\.0\.0\.1/);
});

/** More records than fit the ring between feeder and request thread, of few objects. */
const many = (count: number, every: number): Traced[] => {
  const objects = blobGets(10);
  return Array.from({ length: count }, (_, index) => ({
    uri: objects[index % objects.length]?.uri ?? "",
    at: index * every,
  }));
};

describe("interrupts of a run", () => {
  const count = 6000;
  let registry: EmbeddedRegistry;
  let place: Workplace;

  const begin = async (latency: string, every: number): Promise<Started> => {
    registry = await startEmbeddedRegistry({ latencies: [`GET blob=fixed(${latency})`] });
    place = new Workplace();
    place.configure(trace(many(count, every)), {
      registry: [registry.url],
      "client_info.wait": true,
      "client_info.threads": 50,
    });
    await place.warmup();
    const run = place.start(["run", "-i", "config.yaml"]);
    return run;
  };
  const answered = async (): Promise<number> => {
    const { requests } = await registry.stats();
    const blobs = requests.filter(({ method, type }) => method === "GET" && type === "blob");
    return blobs.reduce((sum, { requests: count }) => sum + count, 0);
  };

  const end = async () => {
    place.leave();
    await registry.close();
  };

  const accounted = (): void => {
    const seqs = [...place.rows(), ...place.skipped()].map(({ seq }) => seq);
    assert.deepEqual(
      seqs.toSorted((a, b) => a - b),
      Array.from({ length: count }, (_, seq) => seq),
    );
    for (const { reason } of place.skipped()) assert.equal(reason, "interrupted");
    const { interrupted, verdict, skipped, totals, records } = place.summary();
    assert.deepEqual([interrupted, verdict], [true, "ABORTED (interrupted)"]);
    assert.equal(skipped.interrupted, place.skipped().length);
    assert.equal(totals.done + totals.failed, place.rows().length);
    assert.equal(records.kept, count);
  };

  for (const { signal, code } of [
    { signal: "SIGINT", code: 130 },
    { signal: "SIGTERM", code: 143 },
  ] as const) {
    test(`one ${signal} lets requests under way end, and accounts for all others`, async (t) => {
      const run = await begin("200ms", 0.01);
      t.after(end);
      await untilAsync(async () => (await answered()) > 20, "some requests are answered");
      run.child.kill(signal);
      const ended = await run.ended;
      assert.equal(ended.code, code, ended.err);
      accounted();
      for (const { error } of place.rows()) assert.equal(error, null);
      assert.match(ended.out, /^ABORTED/);
    });
  }

  test("a second SIGINT cuts off what is under way, and the files are valid", async (t) => {
    const run = await begin("100s", 0.01);
    t.after(end);
    // No answer ever comes: the run itself tells when requests are under way.
    await until(() => secondsWritten(place) > 0, "the first second is over");
    run.child.kill("SIGINT");
    await until(() => run.said().includes("once more stops at once"), "the first is heard");
    run.child.kill("SIGINT");
    const ended = await run.ended;
    assert.equal(ended.code, 130, ended.err);
    accounted();
    const rows = place.rows();
    assert.ok(rows.length > 0);
    for (const { error, onTime, status } of rows) {
      assert.deepEqual(
        { error, onTime, status },
        { error: "aborted", onTime: "failed", status: null },
      );
    }
  });
});

function secondsWritten(place: Workplace): number {
  const [directory] = place.runDirectories("run");
  const file = directory === undefined ? undefined : join(directory, "timeseries.csv");
  if (file === undefined || !place.has(file)) return 0;
  return place.text(file).trimEnd().split("\n").length - 1;
}

describe("a warm-up that does not come to its end", () => {
  const objects = trace(blobGets(150));
  let registry: DockerRegistry | undefined;
  let place: Workplace;
  let wanted: Record<string, string>;

  before(async () => {
    const other = new Workplace();
    const embedded = await startEmbeddedRegistry();
    other.configure(objects, { registry: [embedded.url] });
    await other.warmup();
    wanted = other.map();
    other.leave();
    await embedded.close();
  });
  beforeEach(async () => {
    place = new Workplace();
    registry = await startDockerRegistry();
    if (registry === undefined) return;
    place.configure(objects, {
      registry: [`127.0.0.1:${registry.port}`],
      "warmup.threads": 2,
    });
  });
  afterEach(async () => {
    place.leave();
    await registry?.stop();
  });

  const uploaded = async (from: DockerRegistry): Promise<string[]> =>
    (await accessesOf(from))
      .filter(({ method, status }) => method === "PUT" && status === 201)
      .map(({ path }) => /digest=([^&]+)/.exec(path)?.[1] ?? "");

  /** Ends a warm-up in its middle with this signal. */
  const cut = async (from: DockerRegistry, signal: NodeJS.Signals): Promise<number | null> => {
    const warmup = place.start(["warmup", "-i", "config.yaml"]);
    const puts = (): number => from.accessLog().filter((line) => line.includes("PUT /v2/")).length;
    await until(() => puts() > 20, "some objects are pushed");
    warmup.child.kill(signal);
    const { code } = await warmup.ended;
    assert.ok((await uploaded(from)).length < objects.length);
    assert.equal(place.has("map.json"), false);
    assert.equal(place.has("map.json.journal"), true);
    return code;
  };

  const goOn = async (from: DockerRegistry): Promise<string> => {
    const ended = await place.warmup();
    const pushed = await uploaded(from);
    assert.equal(pushed.length, objects.length);
    assert.equal(new Set(pushed).size, objects.length);
    assert.deepEqual(place.map(), wanted);
    assert.equal(place.has("map.json.journal"), false);
    return ended.err;
  };

  test("SIGINT keeps the journal; the same command goes on and uploads nothing twice", async (t) => {
    if (registry === undefined) return t.skip(needsDockerRegistry);
    assert.equal(await cut(registry, "SIGINT"), 130);
    const journal = place.lines<object>("map.json.journal").length - 1;
    assert.ok(journal >= 20);
    const heads = (await accessesOf(registry)).filter(({ method }) => method === "HEAD").length;
    assert.match(await goOn(registry), new RegExp(`going on: ${journal} objects`));
    const asked = (await accessesOf(registry)).filter(({ method }) => method === "HEAD").length;
    assert.equal(asked - heads, objects.length - journal);
  });

  test("a warm-up from an archive goes on too, although the file made of the archive is another one", async (t) => {
    if (registry === undefined) return t.skip(needsDockerRegistry);
    const made = ["archive", "import", "trace.json", "--format", "trace", "-o", "recorded"];
    assert.equal((await place.drayage(made)).code, 0);
    const settings = { registry: [`127.0.0.1:${registry.port}`], "warmup.threads": 2 };
    place.writeConfig("config.yaml", { ...settings, "trace.traces": ["archive:recorded"] });
    assert.equal(await cut(registry, "SIGINT"), 130);
    assert.match(await goOn(registry), /going on: \d+ objects/);
    assert.match(place.text(`${place.runDirectory("warmup")}/run.json`), /"archive:recorded"/);
  });

  test("SIGKILL and a restart upload nothing twice, and the map is that of an uninterrupted warm-up", async (t) => {
    if (registry === undefined) return t.skip(needsDockerRegistry);
    assert.equal(await cut(registry, "SIGKILL"), null);
    await goOn(registry);
  });

  test("a restart with other settings is refused with the difference, and --restart begins anew", async (t) => {
    if (registry === undefined) return t.skip(needsDockerRegistry);
    await cut(registry, "SIGTERM");
    const refused = await place.drayage(["warmup", "-i", "config.yaml", "--set", "run.seed=7"]);
    assert.equal(refused.code, 2);
    assert.match(refused.err, /seed was 0 and is 7/);
    const anew = await place.drayage([
      ...["warmup", "-i", "config.yaml", "--set", "run.seed=7", "--restart"],
    ]);
    assert.equal(anew.code, 0, anew.err);
    assert.equal(Object.keys(place.map()).length, objects.length);
  });
});

const sleepMs = 20;
async function untilAsync(holds: () => Promise<boolean>, what: string): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (!(await holds())) {
    assert.ok(performance.now() < deadline, `waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, sleepMs));
  }
}
