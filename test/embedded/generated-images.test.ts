import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { UsageError } from "../../src/core/errors.ts";
import {
  type EmbeddedRegistry,
  startEmbeddedRegistry,
} from "../../src/embedded/embedded-registry.ts";
import { LayerMaker } from "../../src/embedded/generated-layer.ts";
import { parseImageSpec } from "../../src/embedded/image-spec.ts";
import { converse, type Received, send } from "./exchange-script.ts";
import { digestOf, ociIndex, ociManifest } from "./sample-content.ts";

const joined = (slices: Iterable<Buffer>): Buffer => Buffer.concat([...slices]);

const archive = (compress: boolean, size: number, key = "k"): Buffer => {
  const { content } = new LayerMaker("1", compress).layer(key, size);
  return joined(content.slices(0, content.size));
};

for (const size of [0, 1, 63, 64, 65, 511, 512, 513, 1500, 65_535, 65_536, 200_000]) {
  test(`generated layer: a file of ${size} bytes in a valid archive, digests over the bytes sent`, () => {
    for (const compress of [false, true]) {
      const layer = new LayerMaker("1", compress).layer("k", size);
      const sent = joined(layer.content.slices(0, layer.content.size));
      const tar = compress ? gunzipSync(sent) : sent;
      assert.equal(sent.length, layer.content.size);
      assert.equal(layer.digest, digestOf(sent));
      assert.equal(layer.diffId, digestOf(tar));
      assert.equal(tar.toString("latin1", 0, 9), "layer.bin");
      assert.equal(Number.parseInt(tar.toString("latin1", 124, 135), 8), size);
      assert.equal(tar.length, 512 + Math.ceil(size / 512) * 512 + 1024);
      assert.ok(tar.subarray(512 + size).every((byte) => byte === 0));
    }
  });
}

test("generated layer: any part is what stands at that place of the whole", () => {
  fc.assert(
    fc.property(
      fc.boolean(),
      fc.integer({ min: 0, max: 300_000 }),
      fc.nat(),
      fc.nat(),
      (compress, size, a, b) => {
        const { content } = new LayerMaker("1", compress).layer("k", size);
        const whole = archive(compress, size);
        const [from, to] = [a % (whole.length + 1), b % (whole.length + 1)].sort(
          (x, y) => x - y,
        ) as [number, number];
        assert.ok(joined(content.slices(from, to)).equals(whole.subarray(from, to)));
      },
    ),
    { numRuns: 60 },
  );
});

test("generated layer: seed, key and size all matter; the bytes do not shrink", () => {
  const digests = [
    new LayerMaker("1", false).layer("k", 5000).digest,
    new LayerMaker("2", false).layer("k", 5000).digest,
    new LayerMaker("1", false).layer("j", 5000).digest,
    new LayerMaker("1", false).layer("k", 5001).digest,
  ];
  assert.equal(new Set(digests).size, 4);
  const values = new Set(archive(false, 4096).subarray(512, 4608));
  assert.ok(values.size > 250, `${values.size} of 256 byte values`);
});

let registry: EmbeddedRegistry;
const generate =
  "repos=2,layers=3,sizes=2000:70K,suffix=-08..-10,platforms=linux/amd64+linux/arm64/v8,compress=gzip,tag=v*.*";
before(async () => {
  registry = await startEmbeddedRegistry({ generate, seed: "7", sharedLayers: 0.34 });
});
after(() => registry.close());

const getJson = async (path: string) => {
  const answer = await send({ method: "GET", url: registry.url + path });
  assert.equal(answer.status, 200, path);
  return JSON.parse(String(answer.body));
};

test("generated images: the same bytes for the same seed, for ever", async () => {
  const { repositories } = await getJson("/v2/_catalog");
  const tags = await Promise.all(
    repositories.map(async (name: string) => (await getJson(`/v2/${name}/tags/list`)).tags[0]),
  );
  assert.deepEqual(
    repositories.map((name: string, at: number) => `${name}:${tags[at]}`),
    EXPECTED_NAMES,
  );
  const first = await send({
    method: "HEAD",
    url: `${registry.url}/v2/${repositories[0]}/manifests/${tags[0]}`,
  });
  assert.equal(first.headers["docker-content-digest"], EXPECTED_DIGEST);
});

test("generated images: every blob has its digest and size, indexes name their platforms", async () => {
  const { repositories } = await getJson("/v2/_catalog");
  const seen = new Map<string, number>();
  for (const name of repositories) {
    const { tags } = await getJson(`/v2/${name}/tags/list`);
    const index = await getJson(`/v2/${name}/manifests/${tags[0]}`);
    assert.equal(index.mediaType, ociIndex);
    assert.deepEqual(
      index.manifests.map((child: { platform: object }) => child.platform),
      [
        { os: "linux", architecture: "amd64" },
        { os: "linux", architecture: "arm64", variant: "v8" },
      ],
    );
    for (const child of index.manifests) {
      const image = await getJson(`/v2/${name}/manifests/${child.digest}`);
      assert.equal(image.mediaType, ociManifest);
      for (const { digest, size } of [image.config, ...image.layers]) {
        const [got] = await converse(registry.url, [
          { when: `GET /v2/${name}/blobs/${digest}`, expect: 200 },
        ]);
        assert.equal((got as Received).body.length, size);
        assert.equal(digestOf((got as Received).body), digest);
        seen.set(digest, (seen.get(digest) ?? 0) + 1);
      }
    }
  }
  const shared = [...seen.values()].filter((count) => count === repositories.length);
  assert.equal(shared.length, 2, "one layer of three is common to all, per platform");
});

test("generated images: docker types, one platform, no compression; bodies take no memory", async (t) => {
  const docker = await startEmbeddedRegistry({
    generate: "repos=3,layers=2,sizes=64MiB:10,type=docker",
  });
  t.after(() => docker.close());
  const { stored } = await docker.stats();
  assert.deepEqual(
    [stored.repositories, stored.manifests, stored.tags, stored.blobs],
    [3, 3, 3, 9],
  );
  assert.ok(stored.bytes < 10_000);
  const [listing] = await converse(docker.url, [{ when: "GET /v2/_catalog", expect: 200 }]);
  const name = JSON.parse(String(listing?.body)).repositories[0];
  const [answer] = await converse(docker.url, [
    { when: `GET /v2/${name}/manifests/v1`, expect: 200 },
  ]);
  const image = JSON.parse(String(answer?.body));
  assert.equal(image.mediaType, "application/vnd.docker.distribution.manifest.v2+json");
  assert.equal(image.layers[0].mediaType, "application/vnd.docker.image.rootfs.diff.tar");
  const [part] = await converse(docker.url, [
    {
      when: `GET /v2/${name}/blobs/${image.layers[0].digest}`,
      headers: { range: "bytes=67108860-67108869" },
      expect: 206,
    },
  ]);
  assert.equal(part?.body.length, 10);
});

for (const wrong of [
  "repos=0",
  "repos=x",
  "repo=1",
  "layers=200",
  "sizes=1X",
  "sizes=9GiB",
  "tag=-",
  "suffix=-2..-1",
  "suffix=-1..+2",
  "suffix=A",
  "platforms=linux",
  "platforms=",
  "type=tar",
  "compress=zstd",
  "repos",
  "repos=60000,suffix=-1..-2",
]) {
  test(`--generate "${wrong}" is refused in one line`, () => {
    assert.throws(
      () => parseImageSpec(wrong),
      (error: unknown) => error instanceof UsageError && error.lines.length === 1,
    );
  });
}

const EXPECTED_NAMES = [
  "krmhzmkump-axwhpnfxrj-08:v0.8",
  "krmhzmkump-axwhpnfxrj-09:v8.4",
  "krmhzmkump-axwhpnfxrj-10:v2.7",
  "sobwmmyugy-avcdlsottl-08:v5.8",
  "sobwmmyugy-avcdlsottl-09:v6.7",
  "sobwmmyugy-avcdlsottl-10:v2.9",
];
const EXPECTED_DIGEST = "sha256:9a53923aac1527b78b6d33cf13b0221f92cc1c7b0b0a6b14394ed8ccde1c083c";
