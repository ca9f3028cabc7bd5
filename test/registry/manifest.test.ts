import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import {
  buildManifest,
  emptyDescriptor,
  type LayerDescriptor,
} from "../../src/registry/manifest.ts";
import { needsDockerRegistry, startDockerRegistry } from "../fakes/docker-registry.ts";

const key16 = "0123456789abcdef";
const layer = (number: number, size = 1000): LayerDescriptor => ({
  digest: `sha256:${number.toString(16).padStart(64, "0")}`,
  size,
});

type Parsed = {
  schemaVersion: number;
  config: LayerDescriptor;
  layers: LayerDescriptor[];
  annotations: Record<string, string>;
};
const parse = (bytes: Buffer): Parsed => JSON.parse(bytes.toString("utf8")) as Parsed;
const floorOf = (layers: LayerDescriptor[]): number =>
  buildManifest({ key16, size: 0, layers }).bytes.length;

test("manifest: every size from the smallest to 16 KiB is met to the byte", () => {
  for (const { layers, step } of [
    { layers: [layer(1)], step: 1 },
    { layers: [], step: 7 },
    // Forty layers no longer fit into the smaller sizes: one by one they come in.
    { layers: Array.from({ length: 40 }, (_, n) => layer(n, 10 ** (n % 9))), step: 23 },
  ]) {
    const floor = floorOf(layers);
    for (let size = floor; size <= 16_384; size += step) {
      const built = buildManifest({ key16, size, layers });
      if (built.bytes.length !== size || built.floor)
        assert.fail(`${size} gave ${built.bytes.length}`);
    }
  }
});

test("manifest: below the smallest size, the smallest is built and said so", () => {
  const floor = floorOf([layer(1)]);
  for (const size of [0, 1, floor - 1]) {
    const { bytes, layersUsed, ...built } = buildManifest({
      key16,
      size,
      layers: [layer(1), layer(2)],
    });
    assert.deepEqual(
      { length: bytes.length, layersUsed, ...built },
      { length: floor, layersUsed: 1, floor: true },
    );
  }
  assert.equal(buildManifest({ key16, size: floor, layers: [layer(1)] }).floor, false);
});

test("manifest: without layers it names the empty descriptor", () => {
  const { bytes, layersUsed } = buildManifest({ key16, size: 700, layers: [] });
  const { layers, config } = parse(bytes);
  assert.equal(layersUsed, 0);
  assert.equal(layers.length, 1);
  assert.equal(layers[0]?.digest, emptyDescriptor.digest);
  assert.equal(config.digest, emptyDescriptor.digest);
  const digest = createHash("sha256").update(emptyDescriptor.content).digest("hex");
  assert.equal(emptyDescriptor.digest, `sha256:${digest}`);
  assert.equal(emptyDescriptor.content.length, emptyDescriptor.size);
});

test("manifest: layers are taken in order, as many as fit, and the rest is padding", () => {
  const layers = fc.array(
    fc.tuple(fc.nat(), fc.integer({ min: 0, max: 2 ** 40 })).map(([n, size]) => layer(n, size)),
    { minLength: 1, maxLength: 30 },
  );
  fc.assert(
    fc.property(layers, fc.integer({ min: 0, max: 8000 }), (given, size) => {
      const { bytes, layersUsed, floor } = buildManifest({ key16, size, layers: given });
      const parsed = parse(bytes);
      assert.equal(parsed.schemaVersion, 2);
      assert.equal(parsed.annotations["drayage.key"], key16);
      assert.match(parsed.annotations["drayage.pad"] ?? "absent", /^x*$/);
      assert.ok(layersUsed >= 1 && parsed.layers.length === layersUsed);
      parsed.layers.forEach((named, at) => {
        assert.equal(named.digest, given[at]?.digest);
        assert.equal(named.size, given[at]?.size);
      });
      assert.ok(floor ? bytes.length > size && layersUsed === 1 : bytes.length === size);
      const next = given[layersUsed];
      if (next === undefined || floor) return;
      const { mediaType } = parsed.layers[0] as { mediaType?: string };
      const nextBytes = JSON.stringify({ mediaType, ...next }).length + 1;
      const padding = parsed.annotations["drayage.pad"]?.length ?? 0;
      assert.ok(padding < nextBytes, "one more layer would have fitted");
    }),
  );
});

test("manifest: docker-registry takes and returns it byte for byte", async (t) => {
  const registry = await startDockerRegistry();
  if (registry === undefined) return t.skip(needsDockerRegistry);
  try {
    const body = Buffer.from("a layer");
    const digest = `sha256:${createHash("sha256").update(body).digest("hex")}`;
    for (const [name, bytes] of [
      [emptyDescriptor.digest, Buffer.from(emptyDescriptor.content)],
      [digest, body],
    ] as const) {
      const opened = await fetch(`${registry.url}/v2/test_repo/blobs/uploads/`, { method: "POST" });
      const location = opened.headers.get("location") ?? "";
      const put = await fetch(`${location}&digest=${name}`, { method: "PUT", body: bytes });
      assert.equal(put.status, 201);
    }
    for (const { tag, layers } of [
      { tag: "empty", layers: [] },
      { tag: "one", layers: [{ digest, size: body.length }] },
    ]) {
      const { bytes } = buildManifest({ key16, size: 1234, layers });
      const type = "application/vnd.oci.image.manifest.v1+json";
      const url = `${registry.url}/v2/test_repo/manifests/${tag}`;
      const put = await fetch(url, {
        method: "PUT",
        body: bytes,
        headers: { "content-type": type },
      });
      assert.equal(put.status, 201, await put.text());
      const got = await fetch(url, { headers: { accept: type } });
      assert.equal(got.headers.get("content-type"), type);
      assert.ok(Buffer.from(await got.arrayBuffer()).equals(bytes));
    }
  } finally {
    await registry.stop();
  }
});
