// What a run does besides GETs of blobs: uploads, HEADs, pings, manifests as such, mounts, several registries.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, describe, test } from "node:test";
import {
  type EmbeddedRegistry,
  startEmbeddedRegistry,
} from "../../src/embedded/embedded-registry.ts";
import {
  type DockerRegistry,
  needsDockerRegistry,
  startDockerRegistry,
} from "../fakes/docker-registry.ts";
import { accessesOf, countOf } from "./access.ts";
import { blobGets, type Traced, trace } from "./traced.ts";
import { type Results, Workplace } from "./workplace.ts";

const everything = [
  ...["blob:GET", "blob:PUT", "blob:HEAD", "manifest:GET", "manifest:PUT", "manifest:HEAD"],
  "ping",
];

const blob = (ref: string, rest: Omit<Traced, "uri"> = {}): Traced => ({
  uri: `v2/aaaa1111/bbbb2222/blobs/${ref}`,
  ...rest,
});
const manifest = (ref: string, rest: Omit<Traced, "uri"> = {}): Traced => ({
  uri: `v2/aaaa1111/bbbb2222/manifests/${ref}`,
  ...rest,
});

/** One of each operation, in the order of time. */
const mixed: readonly Traced[] = [
  { uri: "v2", size: 0 },
  manifest("817c8a39", { size: 1500 }),
  blob("00000001"),
  blob("00000002", { size: 5000 }),
  blob("00000001", { method: "HEAD", size: 0 }),
  { uri: "v2/aaaa1111/bbbb2222/blobs/uploads/9999ffff", method: "PUT", size: 7000 },
  { uri: "v2/aaaa1111/bbbb2222/blobs/uploads/9999ffff", method: "PATCH", size: 7000 },
  { uri: "v2/aaaa1111/bbbb2222/blobs/uploads/9999ffff", method: "PUT", size: 7000 },
  manifest("817c8a39", { method: "HEAD", size: 0 }),
  manifest("817c8a39", { method: "PUT", size: 2000 }),
  manifest("817c8a39", { size: 1500 }),
  manifest("12121212", { method: "PUT", size: 2000 }),
].map((record, index) => ({ ...record, at: index * 0.02 }));

const replayed = mixed.filter(({ method }) => method !== "PATCH");
const opOf = ({ uri, method = "GET" }: Traced): string => (uri === "v2" ? "PING" : method);
const kindOf = ({ uri }: Traced): string => {
  if (uri === "v2") return "ping";
  if (uri.includes("/uploads/")) return "upload";
  return uri.includes("/manifests/") ? "manifest" : "blob";
};

const oci = "application/vnd.oci.image.manifest.v1+json";

for (const { name, settings, repository, tags, real } of [
  {
    name: "manifests as blobs in one repository",
    settings: {},
    repository: "test_repo",
    tags: [],
    real: false,
  },
  {
    name: "manifests as such in one repository",
    settings: { "warmup.manifests": "manifest" },
    repository: "test_repo",
    tags: [],
    real: true,
  },
  {
    name: "manifests as such in the traced repositories",
    settings: { "warmup.manifests": "manifest", "warmup.repository": "traced" },
    repository: "aaaa1111/bbbb2222",
    tags: ["817c8a39", "12121212"],
    real: true,
  },
]) {
  describe(`every operation against docker-registry: ${name}`, () => {
    const place = new Workplace();
    let registry: DockerRegistry | undefined;
    before(async () => {
      registry = await startDockerRegistry();
      if (registry === undefined) return;
      place.configure(trace(mixed), {
        registry: [`127.0.0.1:${registry.port}`],
        "trace.include": everything,
        "client_info.threads": 1,
        ...settings,
      });
      await place.warmup();
    });
    after(async () => {
      place.leave();
      await registry?.stop();
    });

    test("each succeeds as what it was traced as", async (t) => {
      if (registry === undefined) return t.skip(needsDockerRegistry);
      const ended = await place.run("--json");
      assert.equal(ended.code, 0, ended.err);
      const rows = place.rows();
      assert.deepEqual(
        rows.map(({ uri, op, kind, error }) => ({ uri, op, kind, error })),
        replayed.map((record) => ({
          uri: record.uri,
          op: opOf(record),
          kind: kindOf(record),
          error: null,
        })),
      );
      for (const [index, { op, size }] of rows.entries()) {
        if (op === "GET" || op === "PUT") assert.equal(size, replayed[index]?.size ?? 1000);
      }
      const { records } = JSON.parse(ended.out) as Results;
      assert.equal(records.folded, 1);
    });

    test("each PUT of the trace was an upload of its own", async (t) => {
      if (registry === undefined) return t.skip(needsDockerRegistry);
      const puts = (await accessesOf(registry)).filter(({ method }) => method === "PUT");
      const blobs = puts.filter(({ path }) => path.includes("/blobs/uploads/"));
      const digests = blobs.map(({ path }) => /digest=([^&]+)/.exec(path)?.[1] ?? "");
      assert.equal(new Set(digests).size, digests.length);
      const manifests = puts.filter(({ path }) => path.includes("/manifests/"));
      // Warmed up: two blobs, and a manifest, which has a config; put by the run: two blobs and two manifests.
      assert.deepEqual([blobs.length, manifests.length], real ? [5, 3] : [7, 0]);
      for (const { status } of puts) assert.equal(status, 201);
    });

    if (!real) return;
    test("manifests stand under the expected reference, with the digest of the map", async (t) => {
      if (registry === undefined) return t.skip(needsDockerRegistry);
      const warmed = place.map()[manifest("817c8a39").uri] ?? "";
      const found = await fetchManifest(`${registry.url}/v2/${repository}/manifests/${warmed}`);
      // It names the two blobs that its client got after it.
      assert.deepEqual(found, { digest: warmed, bytes: 1500, layers: 2 });
      for (const tag of tags) {
        const { digest, ...put } = await fetchManifest(
          `${registry.url}/v2/${repository}/manifests/${tag}`,
        );
        assert.deepEqual(put, { bytes: 2000, layers: 1 });
        assert.notEqual(digest, warmed);
      }
    });
  });
}

async function fetchManifest(
  url: string,
): Promise<{ digest: string; bytes: number; layers: number }> {
  const answer = await fetch(url, { headers: { accept: oci } });
  assert.equal(answer.status, 200, url);
  assert.equal(answer.headers.get("content-type"), oci);
  const body = Buffer.from(await answer.arrayBuffer());
  const { layers } = JSON.parse(body.toString()) as { layers: unknown[] };
  const digest = `sha256:${createHash("sha256").update(body).digest("hex")}`;
  return { digest, bytes: body.length, layers: layers.length };
}

test("a HEAD of what no GET asks for expects 404", async (t) => {
  const registry = await startEmbeddedRegistry();
  const place = new Workplace();
  t.after(async () => {
    place.leave();
    await registry.close();
  });
  place.configure(trace([blob("00000001"), blob("00000002", { method: "HEAD", size: 0 })]), {
    registry: [registry.url],
  });
  await place.warmup();
  const ended = await place.run("--set", "trace.include=[blob:GET, blob:HEAD]");
  assert.equal(ended.code, 0, ended.err);
  assert.deepEqual(
    place.rows().map(({ op, status, error }) => [op, status, error]),
    [
      ["GET", 200, null],
      ["HEAD", 404, null],
    ],
  );
});

test("a second run uploads its PUTs again", async (t) => {
  const registry = await startEmbeddedRegistry();
  const place = new Workplace();
  t.after(async () => {
    place.leave();
    await registry.close();
  });
  place.configure(trace([blob("00000001"), blob("00000001", { method: "PUT", size: 4000 })]), {
    registry: [registry.url],
  });
  await place.warmup();
  const stored: number[] = [];
  for (let run = 0; run < 2; run++) {
    assert.equal((await place.run()).code, 0);
    assert.equal(place.summary().existed, 0);
    stored.push((await registry.stats()).stored.blobs);
  }
  assert.deepEqual(stored, [2, 3]);
});

test("identity: digest keeps layers shared across names, and mounts them", async (t) => {
  const registry = await startDockerRegistry();
  if (registry === undefined) return t.skip(needsDockerRegistry);
  const place = new Workplace();
  t.after(async () => {
    place.leave();
    await registry.stop();
  });
  const names = ["aaaa1111/bbbb2222", "aaaa1111/cccc3333", "dddd4444"];
  const layers = blobGets(5).map(({ uri }) => uri.split("/").at(-1) ?? "");
  const gets = names.flatMap((name) =>
    layers.map((layer): Traced => ({ uri: `v2/${name}/blobs/${layer}`, size: 3000 })),
  );
  place.configure(trace(gets), {
    registry: [`127.0.0.1:${registry.port}`],
    "warmup.identity": "digest",
    "warmup.repository": "traced",
  });
  const warmed = JSON.parse((await place.warmup("--json")).out) as Results;
  assert.deepEqual([warmed.besides.pushed, warmed.besides.mounted], [5, 10]);
  // No more connections than pushes at once.
  assert.ok((warmed.besides["connections opened"] ?? 99) <= 4);
  assert.equal(countOf(await accessesOf(registry), "PUT"), 5);
  assert.equal(new Set(Object.values(place.map())).size, 5);
  const ended = await place.run();
  assert.equal(ended.code, 0, ended.err);
  assert.deepEqual(
    place.rows().map(({ error, size }) => [error, size]),
    gets.map(() => [null, 3000]),
  );
  const again = JSON.parse((await place.warmup("--json")).out) as Results;
  assert.deepEqual([again.besides.pushed, again.besides.existing], [0, 15]);
});

describe("two registries", () => {
  const gets = blobGets(24);
  const place = new Workplace();
  let both: readonly EmbeddedRegistry[];
  before(async () => {
    both = await Promise.all([startEmbeddedRegistry(), startEmbeddedRegistry()]);
    place.configure(trace(gets), { registry: both.map(({ url }) => url) });
  });
  after(async () => {
    place.leave();
    await Promise.all(both.map((registry) => registry.close()));
  });
  const stored = () =>
    Promise.all(both.map(async (registry) => (await registry.stats()).stored.blobs));

  test("only the first is filled, and the run says so", async () => {
    await place.warmup();
    assert.deepEqual(await stored(), [24, 0]);
    const ended = await place.run("--set", "run.registry_choice=round_robin");
    assert.match(ended.err, /was not filled by the warm-up; set warmup\.all_registries/);
    assert.deepEqual(
      place.rows().map(({ registry, error }) => [registry, error]),
      gets.map((_, seq) => [seq % 2, seq % 2 === 0 ? null : "http:404"]),
    );
  });

  test("warmup.all_registries fills both, and each choice of registry finds its objects", async () => {
    const all = ["--set", "warmup.all_registries=true"];
    const warmed = await place.warmup(...all);
    assert.match(warmed.out, /drayage run -i config\.yaml --set warmup\.all_registries=true /);
    assert.deepEqual(await stored(), [24, 24]);
    const chosen: number[][] = [];
    for (const choice of ["random", "random", "hash"]) {
      const ended = await place.run(...all, "--set", `run.registry_choice=${choice}`);
      assert.equal(ended.code, 0, ended.err);
      assert.doesNotMatch(ended.err, /was not filled/);
      assert.equal(place.summary().totals.failed, 0);
      chosen.push(place.rows().map(({ registry }) => registry));
    }
    assert.deepEqual(chosen[0], chosen[1]);
    for (const registries of chosen) assert.equal(new Set(registries).size, 2);
  });
});
