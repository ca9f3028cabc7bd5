// `drayage pull` with servers that do not take everybody: TLS, passwords, client certificates, HTTP/2.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startEmbeddedRegistryThread } from "../../src/embedded/registry-thread.ts";
import { selfSignedCertificate } from "../fakes/certificate.ts";
import {
  type DockerRegistry,
  needsDockerRegistry,
  startDockerRegistry,
} from "../fakes/docker-registry.ts";
import { startNginx } from "../fakes/nginx.ts";
import { pushImages } from "../fakes/pushed-images.ts";
import { resultsOf } from "./pull-results.ts";
import { Workplace } from "./workplace.ts";

const place = new Workplace();
const LAYERS = 3;
const PASSWORD = "s3cret: with a colon";
const images = ["-0001", "-0002"].map((suffix) => ({ repository: `lib/ab${suffix}`, tag: "v1" }));
const common = [
  ...["--metrics-file=metrics.txt", "--log-file=log.txt", "--results=results", "--force"],
  ...["--namespace-form=none", "--verify", "--patterns=-0001,-0002", "--iteration-seconds=0.3"],
  ...["--error-backoff=50ms..50ms"],
];
let locked: DockerRegistry | undefined;
let vouched: DockerRegistry | undefined;

before(async () => {
  const auth = { username: "alice", password: PASSWORD };
  locked = await startDockerRegistry({ auth, tls: true });
  vouched = await startDockerRegistry({ tls: true, clientCertificates: true });
  if (locked === undefined || vouched === undefined) return;
  const { ca, key } = vouched;
  await pushImages(locked.url, images, LAYERS, { ca: locked.ca, user: `alice:${PASSWORD}` });
  await pushImages(vouched.url, images, LAYERS, { ca, cert: ca, key });
  place.write("ca.pem", locked.ca ?? "");
  place.write("vouched.pem", ca ?? "");
  place.write("vouched.key", key ?? "");
  const pair = Buffer.from(`alice:${PASSWORD}`).toString("base64");
  const host = new URL(locked.url).host;
  place.write("config.json", JSON.stringify({ auths: { [host]: { auth: pair } } }));
  place.write(
    "values.yaml",
    [
      `pullthrough-url: ${locked.url}`,
      `registry-url: ${locked.url}`,
      "auth-file: config.json",
      "registry-auth-file: config.json",
      "registry-ca: ca.pem",
    ].join("\n"),
  );
  place.write("images.txt", images.map(({ repository, tag }) => `${repository}:${tag}\n`).join(""));
});
after(async () => {
  await locked?.stop();
  await vouched?.stop();
  place.leave();
});

const served = ({ url }: DockerRegistry): string[] => [
  `--pullthrough-url=${url}`,
  `--registry-url=${url}`,
];
const trust = ["--ca=ca.pem", "--registry-ca=ca.pem"];
const upstreamSecret = ["--registry-user=alice", "--registry-password-env=UPSTREAM_SECRET"];
const env = { UPSTREAM_SECRET: PASSWORD, CACHE_SECRET: PASSWORD };

for (const { name, flags, input, fromFile = false } of [
  {
    name: "--auth-file",
    flags: ["--auth-file=config.json", "--registry-auth-file=config.json"],
  },
  {
    name: "--user with --password-stdin",
    flags: ["--user=alice", "--password-stdin", ...upstreamSecret],
    input: `${PASSWORD}\nanother line\n`,
  },
  {
    name: "--user with --password-env",
    flags: ["--user", "alice", "--password-env", "CACHE_SECRET", ...upstreamSecret],
  },
  { name: "a --config that names them", flags: ["--config=values.yaml"], fromFile: true },
  {
    name: "--auth-file over HTTP/2",
    flags: ["--auth-file=config.json", "--http2", ...upstreamSecret],
  },
]) {
  test(`images come over TLS from an htpasswd registry with ${name}`, async (t) => {
    if (locked === undefined) return t.skip(needsDockerRegistry);
    const before = locked.accessLog().length;
    const ended = await place.drayage(
      [
        "pull",
        ...(fromFile ? ["--ca=ca.pem"] : [...served(locked), ...trust]),
        ...flags,
        ...common,
      ],
      { env, ...(input === undefined ? {} : { input }) },
    );
    assert.equal(ended.code, 0, ended.err);
    const { pulls, counts } = resultsOf(place);
    assert.ok(pulls.done > 0 && pulls.failed === 0);
    assert.ok((counts["401 rounds"] ?? 0) > 0);
    const own = locked
      .accessLog()
      .slice(before)
      .filter((line) => line.includes("drayage/") && /HTTP\/\d\.\d" 200 /.test(line));
    const manifests = own.filter((line) => line.includes('"GET /v2/lib/ab-000'));
    const blobs = manifests.filter((line) => line.includes("/blobs/"));
    assert.equal(manifests.length - blobs.length - listingOf(manifests), pulls.done);
    assert.equal(blobs.length, pulls.done * (LAYERS + 1));
    const isNew = flags.includes("--http2");
    assert.ok(blobs.every((line) => line.includes(isNew ? "HTTP/2.0" : "HTTP/1.1")));
    // One connection per puller: two of them, the second of which lives once.
    if (isNew) assert.equal(counts["connections opened"], 2);
    for (const file of ["run.json", "results.json", "summary.txt", "report.html"])
      assert.ok(!place.text(`results/${file}`).includes("s3cret"), `${file} tells the password`);
    assert.ok(!`${ended.out}${ended.err}`.includes("s3cret"));
  });
}

const listingOf = (lines: readonly string[]): number =>
  lines.filter((line) => line.includes("/tags/list")).length;

test("a password that is not on standard input ends with 2", async () => {
  const flags = ["--pullthrough-url=a", "--registry-url=b", "--patterns=c", "--user=alice"];
  const ended = await place.drayage(["pull", ...flags, "--password-stdin"]);
  assert.equal(ended.code, 2, ended.err);
  assert.match(ended.err, /standard input holds no password/);
});

test("a wrong password ends with 4 at the listing, and with 8 where only the cache has one", async (t) => {
  if (locked === undefined) return t.skip(needsDockerRegistry);
  const wrong = { CACHE_SECRET: "wrong", UPSTREAM_SECRET: "wrong" };
  const cacheSecret = ["--user=alice", "--password-env=CACHE_SECRET"];
  const flags = [...served(locked), ...trust, ...cacheSecret, ...upstreamSecret, ...common];
  const unlisted = await place.drayage(["pull", ...flags], { env: wrong });
  assert.equal(unlisted.code, 4, unlisted.err);
  assert.match(unlisted.err, /cannot list the upstream/);
  const refused = await place.drayage(["pull", ...flags, "--images=images.txt"], { env: wrong });
  assert.equal(refused.code, 8, refused.err);
  assert.ok(resultsOf(place).errors.every(({ kind }) => kind === "auth"));
});

test("a registry that wants a certificate of its clients is shown one", async (t) => {
  if (vouched === undefined) return t.skip(needsDockerRegistry);
  const shown = ["--cert=vouched.pem", "--key=vouched.key"];
  const listed = ["--registry-cert=vouched.pem", "--registry-key=vouched.key"];
  const trusting = ["--ca=vouched.pem", "--registry-ca=vouched.pem"];
  const flags = [...served(vouched), ...common, ...trusting];
  const ended = await place.drayage(["pull", ...flags, ...shown, ...listed]);
  assert.equal(ended.code, 0, ended.err);
  assert.ok(resultsOf(place).pulls.done > 0);
  const without = await place.drayage(["pull", ...flags, ...listed]);
  assert.ok(without.code === 8 || without.code === 4, without.err);
  const unlisted = await place.drayage(["pull", ...flags, ...shown]);
  assert.equal(unlisted.code, 4, unlisted.err);
});

test("HTTP/2 through nginx, several blobs at once: every request counted, none failed", async (t) => {
  const certificate = selfSignedCertificate();
  if (certificate === undefined) return t.skip("needs openssl: apt-get install openssl");
  const registry = await startEmbeddedRegistryThread({
    generate: "repos=4,layers=5,sizes=1500,tag=v1,suffix=-0001..-0002,type=docker",
  });
  const front = await startNginx({ certificate, upstream: registry.url, http2: true });
  if (front === undefined) {
    await registry.close();
    return t.skip("needs nginx: apt-get install nginx-light");
  }
  try {
    place.write("front.pem", certificate.cert);
    const ended = await place.drayage([
      ...["pull", `--pullthrough-url=${front.url}`, `--registry-url=${registry.url}`],
      ...[...common, "--ca=front.pem", "--http2", "--concurrency-per-puller=3"],
    ]);
    assert.equal(ended.code, 0, ended.err);
    const { pulls, counts } = resultsOf(place);
    assert.ok(pulls.done > 0);
    const own = front.accessLog().filter((line) => line.includes("/blobs/"));
    assert.equal(own.length, counts["blob GETs"]);
    assert.ok(own.every((line) => line.includes("HTTP/2.0")));
  } finally {
    await front.stop();
    await registry.close();
  }
});

test("--http2 without TLS ends with 2, with a cache that does not speak it with 4", async (t) => {
  const plain = await place.drayage([
    ...["pull", "--pullthrough-url=cache.example:5000", "--registry-url=a", "--patterns=a"],
    "--http2",
  ]);
  assert.equal(plain.code, 2, plain.err);
  assert.match(plain.err, /--pullthrough-url https:\/\/cache\.example:5000/);
  const tls = selfSignedCertificate();
  if (tls === undefined) return t.skip("needs openssl: apt-get install openssl");
  const old = await startEmbeddedRegistryThread({ generate: "repos=1,suffix=-0001", tls });
  try {
    place.write("old.pem", tls.cert);
    const ended = await place.drayage([
      ...["pull", `--pullthrough-url=${old.url}`, `--registry-url=${old.url}`, "--http2"],
      ...["--patterns=*", "--ca=old.pem", "--registry-ca=old.pem", "--results=old"],
    ]);
    assert.equal(ended.code, 4, ended.err);
    assert.match(ended.err, /does not speak HTTP\/2: leave --http2 out/);
  } finally {
    await old.close();
  }
});
