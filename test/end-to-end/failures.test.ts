// What goes wrong: refused uploads, objects that were never pushed, maps that do not fit, registries that do not let us in.
import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { seconds } from "../../src/core/units.ts";
import {
  type EmbeddedRegistry,
  startEmbeddedRegistry,
} from "../../src/embedded/embedded-registry.ts";
import {
  type DockerRegistry,
  needsDockerRegistry,
  startDockerRegistry,
} from "../fakes/docker-registry.ts";
import { blobGets, trace } from "./traced.ts";
import { type Results, Workplace } from "./workplace.ts";

type Failure = {
  readonly uri: string;
  readonly size: number;
  readonly step: string;
  readonly error: string;
  readonly status: number | null;
  readonly attempts: number;
};

const setFaults = async ({ url }: EmbeddedRegistry, rules: readonly string[]): Promise<void> => {
  const answer = await fetch(`${url}/_drayage/faults`, {
    method: "PUT",
    body: JSON.stringify(rules),
  });
  assert.equal(answer.status, 200);
};

describe("a registry that refuses every fifth upload", () => {
  const gets = blobGets(20);
  const place = new Workplace();
  let registry: EmbeddedRegistry;
  before(async () => {
    registry = await startEmbeddedRegistry({ faults: ["PUT upload=status(500)@every 5"] });
    place.configure(trace(gets), { registry: [registry.url], "warmup.threads": 1 });
  });
  after(async () => {
    place.leave();
    await registry.close();
  });
  const bad = (): string[] =>
    Object.entries(place.map())
      .filter(([, digest]) => digest === "bad")
      .map(([uri]) => uri);

  test("the warm-up ends with 8, lists what failed and calls it bad in the map", async () => {
    const ended = await place.drayage(["warmup", "-i", "config.yaml"]);
    assert.equal(ended.code, 8, ended.err);
    const failures = place.lines<Failure>("map.json.failures.ndjson");
    assert.deepEqual(
      failures.map(({ size, step, error, status, attempts }) => ({
        size,
        step,
        error,
        status,
        attempts,
      })),
      Array.from({ length: 4 }, () => ({
        size: 1000,
        step: "put",
        error: "http:500",
        status: 500,
        attempts: 1,
      })),
    );
    assert.deepEqual(bad().toSorted(), failures.map(({ uri }) => uri).toSorted());
    assert.equal(Object.keys(place.map()).length, gets.length);
    assert.match(ended.out, /^FAIL \(4 of 20 operations failed\)/);
    for (const { uri } of failures) assert.ok(ended.err.includes(uri));
  });

  test("the run skips what failed, with its reason", async () => {
    const ended = await place.run();
    assert.equal(ended.code, 0, ended.err);
    assert.equal(place.rows().length, 16);
    const skipped = place.skipped();
    assert.deepEqual(
      skipped.map(({ uri, method, reason }) => [uri, method, reason]),
      gets.filter(({ uri }) => bad().includes(uri)).map(({ uri }) => [uri, "GET", "warmup_failed"]),
    );
    assert.deepEqual(place.summary().skipped, { warmup_failed: 4 });
  });

  test("--allow-failures ends with 0; without faults the same command pushes the rest only", async () => {
    await setFaults(registry, ["PUT upload=status(500)"]);
    const allowed = await place.drayage(["warmup", "-i", "config.yaml", "--allow-failures"]);
    assert.equal(allowed.code, 0, allowed.err);
    assert.equal(bad().length, 4);
    await setFaults(registry, []);
    const { besides } = JSON.parse((await place.warmup("--json")).out) as Results;
    assert.deepEqual([besides.pushed, besides.existing], [4, 0]);
    assert.deepEqual(bad(), []);
    assert.equal(place.has("map.json.failures.ndjson"), false);
  });

  test("a run in which no request succeeds ends with 8", async () => {
    await setFaults(registry, ["GET blob=status(404)"]);
    const ended = await place.run();
    assert.equal(ended.code, 8, ended.err);
    assert.match(ended.out, /^FAIL \(no operation succeeded\)/);
    assert.deepEqual(new Set(place.rows().map(({ error }) => error)), new Set(["http:404"]));
    assert.deepEqual(place.summary().compat?.["Average Latency"], null);
    const allowed = await place.run("--allow-failures");
    assert.equal(allowed.code, 0, allowed.err);
  });

  test("corrupt and cut bodies are failures that keep the bytes received", async () => {
    await setFaults(registry, ["GET blob=corrupt@every 2", "GET blob=truncate(0.5)@every 3"]);
    const ended = await place.run("--set", "client_info.threads=1");
    assert.equal(ended.code, 0, ended.err);
    for (const { error, size } of place.rows()) {
      if (error === "truncated_body") assert.ok(size > 0 && size < 1000, String(size));
      else assert.equal(size, 1000);
    }
    const errors = place.rows().map(({ error }) => error);
    for (const cause of ["digest_mismatch", "truncated_body", null]) {
      assert.ok(errors.includes(cause), String(cause));
    }
    await setFaults(registry, ["GET blob=corrupt"]);
    const unverified = await place.run("--set", "run.verify=false");
    assert.equal(unverified.code, 0, unverified.err);
    assert.equal(place.summary().totals.failed, 0);
  });
});

describe("a map that does not fit", () => {
  const place = new Workplace();
  let registry: EmbeddedRegistry;
  before(async () => {
    registry = await startEmbeddedRegistry();
    place.configure(trace(blobGets(3)), { registry: [registry.url] });
    await place.warmup();
    place.write("trace.json", JSON.stringify(trace(blobGets(4))));
  });
  after(async () => {
    place.leave();
    await registry.close();
  });

  test("run.unmapped: put uploads what the map does not have", async () => {
    const ended = await place.run();
    assert.equal(ended.code, 0, ended.err);
    assert.deepEqual(
      place.rows().map(({ method, op, error, size }) => [method, op, error, size]),
      ["GET", "GET", "GET", "PUT"].map((op) => ["GET", op, null, 1000]),
    );
  });

  test("run.unmapped: skip lists it, and verbose: true says what is run and what was read", async () => {
    const ended = await place.run("--set", "run.unmapped=skip", "--set", "verbose=true");
    assert.equal(ended.code, 0, ended.err);
    for (const said of [/^places: 8 on 1 thread$/m, /^records: read 4, kept 4$/m])
      assert.match(ended.err, said);
    assert.equal(place.rows().length, 3);
    assert.deepEqual(
      place.skipped().map(({ seq, reason }) => [seq, reason]),
      [[3, "unmapped"]],
    );
  });

  test("a run in which every record is skipped ends with 8", async () => {
    place.write("others.json", JSON.stringify(trace(blobGets(4).slice(3))));
    const others = ["--set", "trace.traces=[others.json]", "--set", "run.unmapped=skip"];
    const ended = await place.run(...others);
    assert.equal(ended.code, 8, ended.err);
    assert.match(ended.out, /^FAIL \(no operation succeeded\)/);
  });

  test("run.unmapped: error ends with 2 before the first request, and leaves no run behind", async () => {
    await registry.reset();
    const before = place.runDirectories("run");
    const ended = await place.run("--set", "run.unmapped=error");
    assert.equal(ended.code, 2);
    assert.match(ended.err, /1 GETs? asks? for .*map\.json/);
    assert.ok(ended.err.includes("v2/aaaa1111/bbbb2222/blobs/00000004"));
    assert.deepEqual(place.runDirectories("run"), before);
    const { requests } = await registry.stats();
    assert.ok(requests.every(({ type }) => type === "ping"));
  });

  for (const { setting, says } of [
    { setting: "run.seed=1", says: /run\.seed 0, the configuration says 1/ },
    { setting: "warmup.random=false", says: /warmup\.random true, the configuration says false/ },
    { setting: "warmup.identity=digest", says: /warmup\.identity uri, .* digest/ },
    { setting: "warmup.repository=traced", says: /warmup\.repository single, .* traced/ },
    { setting: "warmup.manifests=manifest", says: /warmup\.manifests blob, .* manifest/ },
  ]) {
    test(`a run with ${setting} is refused with 2, naming the difference`, async () => {
      const ended = await place.run("--set", setting);
      assert.equal(ended.code, 2);
      assert.match(ended.err, says);
    });
  }

  test("a map that is missing is named", async () => {
    const ended = await place.run("--set", "warmup.output=nowhere.json");
    assert.equal(ended.code, 2, ended.err);
    assert.match(ended.err, /nowhere\.json/);
  });
});

const password = "correct-horse-battery";
const basic = { type: "basic", username: "load", password: `\${E2E_PASSWORD}` };

describe("a registry behind TLS and a password", () => {
  const place = new Workplace();
  let registry: DockerRegistry | undefined;
  const env = { E2E_PASSWORD: password };
  before(async () => {
    registry = await startDockerRegistry({ tls: true, auth: { username: "load", password } });
    if (registry === undefined) return;
    place.write("ca.pem", registry.ca ?? "");
    place.configure(trace(blobGets(10)), {
      registry: [{ url: registry.url, ca: "ca.pem", auth: basic }],
    });
  });
  after(async () => {
    place.leave();
    await registry?.stop();
  });

  test("is filled and replayed, and the password stands nowhere", async (t) => {
    if (registry === undefined) return t.skip(needsDockerRegistry);
    const said: string[] = [];
    for (const verb of ["warmup", "run"]) {
      const ended = await place.drayage([verb, "-i", "config.yaml"], { env });
      assert.equal(ended.code, 0, ended.err);
      said.push(ended.out, ended.err);
    }
    assert.equal(place.summary().totals.done, 10);
    const encoded = Buffer.from(`load:${password}`).toString("base64");
    for (const text of [...said, ...textsBelow(place.directory)]) {
      assert.ok(!text.includes(password) && !text.includes(encoded));
    }
  });

  for (const { name, change, secret, says } of [
    { name: "a wrong password", change: {}, secret: "guessed", says: /password|credentials|401/ },
    {
      name: "no credentials",
      change: { auth: { type: "none" } },
      secret: password,
      says: /401|credentials|auth/,
    },
    {
      name: "an unknown certificate",
      change: { ca: undefined },
      secret: password,
      says: /certificate/,
    },
  ]) {
    test(`${name} ends both commands with 4 before the start`, async (t) => {
      if (registry === undefined) return t.skip(needsDockerRegistry);
      place.writeConfig("other.yaml", {
        registry: [{ url: registry.url, ca: "ca.pem", auth: basic, ...change }],
      });
      for (const verb of ["warmup", "run"]) {
        const ended = await place.drayage([verb, "-i", "other.yaml"], {
          env: { E2E_PASSWORD: secret },
        });
        assert.equal(ended.code, 4, ended.err);
        assert.match(ended.err, says);
        assert.ok(ended.err.includes(registry.url), ended.err);
        assert.ok(!ended.err.includes(secret));
      }
    });
  }

  test("insecure: true goes without the certificate, and warns", async (t) => {
    if (registry === undefined) return t.skip(needsDockerRegistry);
    place.writeConfig("other.yaml", {
      registry: [{ url: registry.url, insecure: true, auth: basic }],
    });
    const ended = await place.drayage(["run", "-i", "other.yaml"], { env });
    assert.equal(ended.code, 0, ended.err);
    assert.match(ended.err, /insecure|not verified|certificate/);
  });
});

function textsBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: "utf8" })
    .map((name) => `${directory}/${name}`)
    .filter((path) => statSync(path).isFile())
    .map((path) => readFileSync(path, "utf8"));
}

test("a registry that does not answer ends both commands with 4, naming it", async (t) => {
  const registry = await startEmbeddedRegistry();
  const place = new Workplace();
  t.after(() => place.leave());
  place.configure(trace(blobGets(3)), { registry: [registry.url] });
  await place.warmup();
  await registry.close();
  for (const verb of ["warmup", "run"]) {
    const ended = await place.drayage([verb, "-i", "config.yaml"]);
    assert.equal(ended.code, 4);
    assert.ok(ended.err.includes(registry.url) && /ECONNREFUSED|refused/.test(ended.err));
  }
});

test("tokens that expire in mid-run are renewed, and no request fails", async (t) => {
  const registry = await startEmbeddedRegistry({ tokenAuth: true, tokenTtl: seconds(0.4) });
  const place = new Workplace();
  t.after(async () => {
    place.leave();
    await registry.close();
  });
  place.configure(trace(blobGets(60, { every: 0.03 })), {
    registry: [{ url: registry.url, auth: { type: "bearer" } }],
    "client_info.wait": true,
  });
  await place.warmup();
  const ended = await place.run();
  assert.equal(ended.code, 0, ended.err);
  const { totals, besides } = place.summary();
  assert.deepEqual([totals.done, totals.failed], [60, 0]);
  assert.ok((besides["token requests"] ?? 0) >= 3, JSON.stringify(besides));
  for (const { attempts, ttfb, duration } of place.rows()) {
    assert.equal(attempts, 1);
    assert.ok(ttfb !== null && ttfb >= 0 && ttfb <= duration);
  }
});
