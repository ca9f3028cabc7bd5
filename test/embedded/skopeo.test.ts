// An independent client against the embedded registry: what skopeo pushes it gets back, digest by digest.
import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import type { BehaviourName } from "../../src/embedded/behaviour.ts";
import {
  type EmbeddedRegistry,
  startEmbeddedRegistry,
} from "../../src/embedded/embedded-registry.ts";
import { selfSignedCertificate } from "../fakes/certificate.ts";
import { makeOciImage, needsUmoci, type OciImage } from "../fakes/oci-image.ts";

const missing =
  spawnSync("skopeo", ["--version"]).status === 0
    ? undefined
    : "needs skopeo: apt-get install skopeo";
const SKOPEO_MS_MAX = 60_000;

const skopeo = async (...args: string[]): Promise<string> => {
  const options = { timeout: SKOPEO_MS_MAX };
  return (await promisify(execFile)("skopeo", ["--insecure-policy", ...args], options)).stdout;
};
const plain = {
  from: "--src-tls-verify=false",
  to: "--dest-tls-verify=false",
  look: "--tls-verify=false",
};

let image: OciImage | undefined;
let registry: EmbeddedRegistry;
before(async () => {
  image = missing === undefined ? makeOciImage() : undefined;
  registry = await startEmbeddedRegistry({
    generate: "repos=1,layers=2,sizes=2000,compress=gzip,platforms=linux/amd64+linux/arm64",
  });
});
after(async () => {
  image?.remove();
  await registry.close();
});

const at = (one: EmbeddedRegistry, path: string): string =>
  `docker://127.0.0.1:${one.port}/${path}`;
const digestAt = async (reference: string): Promise<string> =>
  (await skopeo("inspect", plain.look, "--format", "{{.Digest}}", reference)).trim();
const layoutDigest = async (reference: string): Promise<string> =>
  (await skopeo("inspect", "--format", "{{.Digest}}", reference)).trim();

for (const { behave, settings } of [
  { behave: "strict", settings: {} },
  { behave: "strict", settings: { relativeLocations: true, stateQuery: true } },
  { behave: "distribution-2.8", settings: {} },
  { behave: "crane", settings: {} },
] satisfies { behave: BehaviourName; settings: object }[]) {
  test(`skopeo: push and pull back, ${behave} ${JSON.stringify(settings)}`, async (t) => {
    if (missing !== undefined) return t.skip(missing);
    if (image === undefined) return t.skip(needsUmoci);
    const own = await startEmbeddedRegistry({ ...settings, behave });
    try {
      await skopeo("copy", plain.to, image.reference, at(own, "lib/app:v1"));
      const back = `oci:${join(image.directory, `back-${own.port}`)}:v1`;
      await skopeo("copy", plain.from, at(own, "lib/app:v1"), back);
      const pushed = await layoutDigest(image.reference);
      assert.equal(await digestAt(at(own, "lib/app:v1")), pushed);
      assert.equal(await layoutDigest(back), pushed);
    } finally {
      await own.close();
    }
  });
}

test("skopeo: docker schema 2, tags and inspection", async (t) => {
  if (missing !== undefined) return t.skip(missing);
  if (image === undefined) return t.skip(needsUmoci);
  await skopeo(
    "copy",
    plain.to,
    "--format",
    "v2s2",
    image.reference,
    at(registry, "lib/docker:v2s2"),
  );
  await skopeo(
    "copy",
    plain.to,
    "--format",
    "v2s2",
    image.reference,
    at(registry, "lib/docker:again"),
  );
  const listed = JSON.parse(await skopeo("list-tags", plain.look, at(registry, "lib/docker")));
  assert.deepEqual(listed.Tags, ["again", "v2s2"]);
  const raw = JSON.parse(
    await skopeo("inspect", "--raw", plain.look, at(registry, "lib/docker:v2s2")),
  );
  assert.equal(raw.mediaType, "application/vnd.docker.distribution.manifest.v2+json");
  const back = join(image.directory, "docker-back");
  await skopeo("copy", plain.from, at(registry, "lib/docker:v2s2"), `dir:${back}`);
  assert.equal(await digestAt(at(registry, "lib/docker:v2s2")), await layoutDigest(`dir:${back}`));
});

test("skopeo: all platforms of a generated image, copied from one registry to another", async (t) => {
  if (missing !== undefined) return t.skip(missing);
  const target = await startEmbeddedRegistry();
  try {
    const listing = await (await fetch(`${registry.url}/v2/_catalog`)).json();
    const name =
      (listing as { repositories: string[] }).repositories.find((each) => each.includes("-")) ?? "";
    await skopeo(
      "copy",
      "--all",
      plain.from,
      plain.to,
      at(registry, `${name}:v1`),
      at(target, "copy:v1"),
    );
    const [from, to] = await Promise.all([
      skopeo("inspect", "--raw", plain.look, at(registry, `${name}:v1`)),
      skopeo("inspect", "--raw", plain.look, at(target, "copy:v1")),
    ]);
    assert.equal(from, to);
    assert.equal((await target.stats()).stored.manifests, 3);
  } finally {
    await target.close();
  }
});

test("skopeo: mounts between repositories, and deletes", async (t) => {
  if (missing !== undefined) return t.skip(missing);
  if (image === undefined) return t.skip(needsUmoci);
  const own = await startEmbeddedRegistry();
  try {
    await skopeo("copy", plain.to, image.reference, at(own, "one:v1"));
    const before = (await own.stats()).stored;
    await skopeo("copy", plain.from, plain.to, at(own, "one:v1"), at(own, "two:v1"));
    assert.equal((await own.stats()).stored.blobs, before.blobs, "blobs are shared");
    await skopeo("delete", plain.look, at(own, "two:v1"));
    assert.equal((await own.stats()).stored.tags, 1);
  } finally {
    await own.close();
  }
});

test("skopeo: TLS with our own authority, and tokens for a user of the password file", async (t) => {
  if (missing !== undefined) return t.skip(missing);
  if (image === undefined) return t.skip(needsUmoci);
  const tls = selfSignedCertificate();
  const made = spawnSync("htpasswd", ["-Bbn", "-C", "4", "alice", "s3cret"], { encoding: "utf8" });
  if (tls === undefined || made.status !== 0) {
    return t.skip("needs openssl and htpasswd: apt-get install openssl apache2-utils");
  }
  const trust = mkdtempSync(join(tmpdir(), "drayage-trust-"));
  writeFileSync(join(trust, "ca.crt"), tls.cert);
  const own = await startEmbeddedRegistry({ tls, htpasswd: made.stdout, tokenAuth: true });
  try {
    assert.match(own.url, /^https:/);
    const target = at(own, "lib/app:v1");
    const login = ["--dest-cert-dir", trust, "--dest-creds"];
    await skopeo("copy", ...login, "alice:s3cret", image.reference, target);
    await assert.rejects(skopeo("copy", ...login, "alice:wrong", image.reference, target));
    const look = [
      "inspect",
      "--cert-dir",
      trust,
      "--creds",
      "alice:s3cret",
      "--format",
      "{{.Digest}}",
    ];
    assert.equal((await skopeo(...look, target)).trim(), await layoutDigest(image.reference));
  } finally {
    await own.close();
    rmSync(trust, { recursive: true });
  }
});
