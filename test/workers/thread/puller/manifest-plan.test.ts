import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { manifestPlan } from "../../../../src/workers/thread/puller/manifest-plan.ts";

const platform = { os: "linux", architecture: "amd64", variant: undefined };
const digest = (digit: string): string => `sha256:${digit.repeat(64)}`;
const blob = (digit: string, size = 7) => ({ mediaType: "x", digest: digest(digit), size });
const plan = (manifest: unknown, wanted: Parameters<typeof manifestPlan>[1] = platform) =>
  manifestPlan(Buffer.from(JSON.stringify(manifest)), wanted);
const entry = (digit: string, os: string, architecture: string, variant?: string) => ({
  ...blob(digit),
  platform: { os, architecture, ...(variant === undefined ? {} : { variant }) },
});

test("layers come in the manifest's order, once each, and the config apart", () => {
  const read = plan({ config: blob("c"), layers: [blob("1"), blob("2"), blob("1")] });
  assert.equal(read.kind, "image");
  if (read.kind !== "image") return;
  assert.deepEqual(
    read.layers.map((layer) => layer.digest),
    [digest("1"), digest("2")],
  );
  assert.deepEqual(read.config, { digest: digest("c"), size: 7, isConfig: true });
});

test("layers that are somewhere else are left out and counted", () => {
  const foreign = { ...blob("1"), urls: ["https://example.com/layer"] };
  const read = plan({ config: blob("c"), layers: [foreign, blob("2")] });
  assert.deepEqual(read.kind === "image" && [read.foreign, read.layers.length], [1, 1]);
});

for (const { name, wanted, digits } of [
  { name: "the first that fits", wanted: platform, digits: ["1"] },
  {
    name: "the variant",
    wanted: { ...platform, architecture: "arm", variant: "v7" },
    digits: ["3"],
  },
  { name: "all", wanted: "all" as const, digits: ["1", "4", "2", "3"] },
  { name: "none", wanted: { ...platform, os: "windows" }, digits: undefined },
]) {
  test(`of an index ${name} is taken`, () => {
    const read = plan(
      {
        manifests: [
          entry("1", "linux", "amd64"),
          entry("4", "linux", "amd64"),
          entry("2", "linux", "arm", "v6"),
          entry("3", "linux", "arm", "v7"),
        ],
      },
      wanted,
    );
    if (digits === undefined) assert.equal(read.kind, "no-platform");
    else
      assert.deepEqual(
        read.kind === "index" && read.children.map((child) => child.digest),
        digits.map(digest),
      );
  });
}

test("schema 1 and artifact manifests are pulled as they are", () => {
  const old = plan({ fsLayers: [{ blobSum: digest("1") }, { blobSum: digest("1") }] });
  assert.deepEqual(old.kind === "image" && old.layers, [
    { digest: digest("1"), size: -1, isConfig: false },
  ]);
  const artifact = plan({ blobs: [blob("5")] });
  assert.equal(artifact.kind === "image" && artifact.layers.length, 1);
});

for (const bad of [
  "",
  "[]",
  "7",
  "null",
  '{"layers":[{"digest":"../../etc"}]}',
  '{"manifests":[{"digest":"x","platform":{"os":"linux","architecture":"amd64"}}]}',
])
  test(`${bad === "" ? "nothing" : bad} is unreadable, in words`, () => {
    assert.equal(manifestPlan(Buffer.from(bad), platform).kind, "unreadable");
  });

test("no manifest makes it throw, and every digest that it hands on is one", () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      const read = manifestPlan(Buffer.from(text), "all");
      if (read.kind !== "image") return;
      for (const layer of read.layers) assert.match(layer.digest, /^[a-z0-9]/);
    }),
  );
});
