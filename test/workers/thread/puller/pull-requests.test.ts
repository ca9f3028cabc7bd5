// What a puller sends after answers that lead elsewhere, break off or lie: one pull against a fake server, in a real thread.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import {
  clientProfiles,
  type PullProfile,
  plainProfile,
  retryRule,
} from "../../../../src/registry/pull-profile.ts";
import { TallyReader } from "../../../../src/stats/tally-reader.ts";
import { pullClassOf } from "../../../../src/workers/pull-classes.ts";
import { PullEngine } from "../../../../src/workers/pull-engine.ts";
import type { HerdClient, PullThreadEnd } from "../../../../src/workers/pull-messages.ts";
import type { PullPlan } from "../../../../src/workers/pull-plan.ts";
import { type Reply, startRawServer } from "../../../fakes/raw-server.ts";

const CONFIG = "0123456789";
const sha256 = (text: string): string =>
  `sha256:${createHash("sha256").update(text).digest("hex")}`;
const MANIFEST = JSON.stringify({
  schemaVersion: 2,
  config: { digest: sha256(CONFIG), size: CONFIG.length },
  layers: [],
});

const reply = (status: string, fields: readonly string[], body = ""): Reply => ({
  bytes: [`HTTP/1.1 ${status}`, ...fields, "", body].join("\r\n"),
});
const manifest = reply("200 OK", [`Content-Length: ${MANIFEST.length}`], MANIFEST);
const config = reply("200 OK", [`Content-Length: ${CONFIG.length}`], CONFIG);
const headOfManifest = (digest: string): Reply =>
  reply("200 OK", [
    `Content-Length: ${MANIFEST.length}`,
    "Content-Type: application/vnd.oci.image.manifest.v1+json",
    `Docker-Content-Digest: ${digest}`,
  ]);

type Options = { profile: PullProfile; save?: string; follow?: boolean };

const planFor = (port: number, { profile, save = "", follow = true }: Options): PullPlan => {
  const hostHeader = `127.0.0.1:${port}`;
  return {
    threads: 1,
    wire: {
      endpoint: {
        origin: `http://${hostHeader}`,
        pathPrefix: "",
        namePrefix: "",
        style: { hostHeader, userAgent: "drayage/test", keepAlive: true },
        insecure: false,
        auth: { type: "none" },
      },
      http2: false,
      form: "header",
      namespace: "up:5000",
      profile,
      concurrency: 1,
      platform: "all",
      follow,
      verify: follow,
      requestSeconds: 10,
      pullMs: 0,
      save,
    },
    images: [{ repository: "ab/cd", reference: "v1" }],
    lists: [[0]],
    pruneExpressions: [""],
    probe: "none",
    shuffle: false,
    dryRun: false,
    errorBackoff: { minMs: 1, maxMs: 1 },
    seed: "0",
  };
};

/** The requests that one pull consists of, and how it went. */
async function pulled(
  test: TestContext,
  replies: readonly Reply[],
  options: Options,
): Promise<{ requests: readonly string[]; end: PullThreadEnd | undefined }> {
  const server = await startRawServer(test, replies);
  const ended = Promise.withResolvers<void>();
  const engine = new PullEngine(planFor(server.port, options), ({ type }) => {
    if (type === "ended") ended.resolve();
  });
  try {
    await engine.ready;
    engine.toPuller(0, { type: "start", puller: 0, passes: "once", prune: false });
    await Promise.race([ended.promise, engine.ended]);
    engine.sendAll({ type: "finish" });
    const [end] = await engine.ended;
    return { requests: server.requests.map(({ head }) => head), end };
  } finally {
    await engine.close();
  }
}

const firstLines = (requests: readonly string[]): string[] =>
  requests.map((head) => head.slice(0, head.indexOf(" HTTP/1.1")));

test("a HEAD that is redirected stays one, with what it accepts, and names the upstream to the cache alone", async (t) => {
  const away = await startRawServer(t, [headOfManifest(sha256(MANIFEST))]);
  const { requests, end } = await pulled(
    t,
    [
      reply("307 Moved", ["Content-Length: 0", "Location: /moved/v1"]),
      reply("307 Moved", [
        "Content-Length: 0",
        `Location: http://127.0.0.1:${away.port}/far/v1?key=1`,
      ]),
      manifest,
      config,
    ],
    { profile: clientProfiles.containerd },
  );
  assert.deepEqual(end?.images, [{ puller: 0, image: 0, pulls: 1, failures: 0 }]);
  const digest = sha256(MANIFEST);
  assert.deepEqual(firstLines(requests), [
    "HEAD /v2/ab/cd/manifests/v1",
    "HEAD /moved/v1",
    `GET /v2/ab/cd/manifests/${digest}`,
    `GET /v2/ab/cd/blobs/${sha256(CONFIG)}`,
  ]);
  const [far = ""] = away.requests.map(({ head }) => head);
  assert.match(far, /^HEAD \/far\/v1\?key=1 /);
  for (const head of [requests[1] ?? "", far])
    assert.match(head, /^Accept: .*vnd\.oci\.image\.index/m);
  assert.match(requests[1] ?? "", /^X-Registry: up:5000$/m);
  assert.doesNotMatch(far, /X-Registry/i);
});

test("with --no-follow a blob that lies elsewhere is left there, and the pull succeeds", async (t) => {
  const moved = reply("307 Moved", ["Content-Length: 0", "Location: http://127.0.0.1:1/far"]);
  const { requests, end } = await pulled(t, [manifest, moved], {
    ...{ profile: plainProfile, follow: false },
  });
  assert.equal(requests.length, 2);
  assert.deepEqual(end?.images, [{ puller: 0, image: 0, pulls: 1, failures: 0 }]);
});

test("a digest that is none is not asked for, nor made a path of", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "drayage-pull-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const save = join(folder, "layout");
  const { requests, end } = await pulled(
    t,
    [headOfManifest("odd:../../../escaped"), manifest, config],
    { profile: clientProfiles.containerd, save },
  );
  assert.equal(firstLines(requests)[1], "GET /v2/ab/cd/manifests/v1");
  assert.deepEqual(readdirSync(folder), ["layout"]);
  assert.equal(end?.saved[0]?.digest, sha256(MANIFEST));
});

for (const { name, part, fails } of [
  { name: "the part that is missing", part: "4-9", fails: undefined },
  { name: "another part", part: "2-9", fails: /^status 206: another part/ },
]) {
  test(`a blob that broke off goes on where it was, in the same version; the server sends ${name}`, async (t) => {
    const profile = { ...plainProfile, retry: retryRule(1, 1) };
    const from = Number(part[0]);
    const broken = reply("200 OK", ["Content-Length: 10", 'ETag: "v7"'], CONFIG.slice(0, 4));
    const rest = reply(
      "206 Partial Content",
      [`Content-Length: ${10 - from}`, `Content-Range: bytes ${part}/10`],
      CONFIG.slice(from),
    );
    const { requests, end } = await pulled(t, [manifest, { ...broken, ending: "close" }, rest], {
      profile,
    });
    assert.match(requests[2] ?? "", /^Range: bytes=4-\r\nIf-Range: "v7"$/m);
    assert.deepEqual(
      end?.images.map(({ pulls, failures }) => [pulls, failures]),
      [fails === undefined ? [1, 0] : [0, 1]],
    );
    if (fails !== undefined)
      assert.match(end?.errors[0]?.sample.replace("config: ", "") ?? "", fails);
  });
}

test("a puller that was told to stop ends its pull without the pauses of retries", {
  timeout: 30_000,
}, async (t) => {
  const retry = { ...retryRule(1, 3_600_000), capMs: 3_600_000 };
  const refusal = reply("503 Busy", ["Content-Length: 0"]);
  const server = await startRawServer(t, [manifest, refusal, config]);
  const ended = Promise.withResolvers<void>();
  const profile = { ...plainProfile, retry };
  const engine = new PullEngine(planFor(server.port, { profile }), ({ type }) => {
    if (type === "ended") ended.resolve();
  });
  try {
    await engine.ready;
    engine.toPuller(0, { type: "start", puller: 0, passes: "endless", prune: false });
    engine.toPuller(0, { type: "stop", puller: 0 });
    await ended.promise;
    engine.sendAll({ type: "finish" });
    const [end] = await engine.ended;
    assert.deepEqual(end?.images, [{ puller: 0, image: 0, pulls: 1, failures: 0 }]);
    assert.equal(server.requests.length, 3);
  } finally {
    await engine.close();
  }
});

test("a prune that fails is a failed request, is not retried, and is a failure of its puller", async (t) => {
  const busy = reply("500 Busy", ["Content-Length: 4"], "busy");
  const server = await startRawServer(t, [manifest, config, busy]);
  const failed = Promise.withResolvers<string>();
  const profile = { ...plainProfile, retry: retryRule(3, 1) };
  const plan = { ...planFor(server.port, { profile }), errorBackoff: { minMs: 9999, maxMs: 9999 } };
  const engine = new PullEngine(plan, (message) => {
    if (message.type !== "events") return;
    for (const event of message.events)
      if (event.type === "prune-failed") failed.resolve(`${event.kind} ${event.message}`);
  });
  try {
    await engine.ready;
    engine.toPuller(0, { type: "start", puller: 0, passes: "endless", prune: true });
    assert.equal(await failed.promise, "status-5xx status 500: busy");
    engine.toPuller(0, { type: "stop", puller: 0 });
    engine.sendAll({ type: "finish" });
    await engine.ended;
    assert.equal(server.requests.length, 3);
    const { classes } = new TallyReader(engine.tallies).totals();
    const prune = classes.find(({ operation }) => pullClassOf(operation) === "prune");
    assert.deepEqual([prune?.done, prune?.failed], [0, 1]);
  } finally {
    await engine.close();
  }
});

test("a herd that is cut off before its release pulls nothing", async (t) => {
  const server = await startRawServer(t, [manifest, config]);
  const done = Promise.withResolvers<readonly HerdClient[]>();
  const engine = new PullEngine(planFor(server.port, { profile: plainProfile }), (message) => {
    if (message.type === "herd-done") done.resolve(message.clients);
  });
  try {
    await engine.ready;
    engine.sendAll({ type: "herd-prepare", image: 0, clients: 2, connected: false });
    const at = Number(process.hrtime.bigint() - engine.origin) + 300e6;
    engine.sendAll({ type: "herd-release", at });
    engine.sendAll({ type: "abort" });
    const clients = await done.promise;
    assert.deepEqual(
      clients.map(({ failed }) => failed),
      ["aborted", "aborted"],
    );
    assert.equal(server.requests.length, 0);
  } finally {
    await engine.close();
  }
});
