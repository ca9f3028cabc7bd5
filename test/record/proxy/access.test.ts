// Acceptance case 28 where credentials are in play: nothing of them may be in any byte of the archive.
import { deepEqual, equal, ok } from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { bytes, millis } from "../../../src/core/units.ts";
import { startEmbeddedRegistry } from "../../../src/embedded/embedded-registry.ts";
import { archiveFolder } from "../../fakes/archive-folder.ts";
import { selfSignedCertificate } from "../../fakes/certificate.ts";
import { needsDockerRegistry, startDockerRegistry } from "../../fakes/docker-registry.ts";
import { makeOciImage, needsUmoci } from "../../fakes/oci-image.ts";
import { startProxyArchive } from "../../fakes/proxy-archive.ts";
import { ask, digestOf, pushInChunks } from "./recorded-proxy.ts";

const run = promisify(execFile);
const needsSkopeo = "needs skopeo: apt-get install skopeo";
const needsCurl = "needs curl: apt-get install curl";
const username = "harbourmaster";
const password = "correct-horse-battery";
const basic = Buffer.from(`${username}:${password}`).toString("base64");

const has = (program: string): boolean => {
  try {
    execFileSync(program, ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
};

test("a push and a pull with htpasswd leave no credentials in any byte of the archive", async (t) => {
  const registry = await startDockerRegistry({ auth: { username, password } });
  if (registry === undefined) return t.skip(needsDockerRegistry);
  t.after(() => registry.stop());
  if (!has("skopeo")) return t.skip(needsSkopeo);
  const image = makeOciImage();
  if (image === undefined) return t.skip(needsUmoci);
  t.after(() => image.remove());
  const { proxy, close } = await startProxyArchive(t, registry.url, {});
  const through = `docker://127.0.0.1:${proxy.port}/lib/app:v1`;
  const creds = `${username}:${password}`;
  const to = ["--dest-tls-verify=false", "--dest-creds", creds, image.reference, through];
  const from = [
    "--src-tls-verify=false",
    "--src-creds",
    creds,
    through,
    `oci:${image.directory}/o:v1`,
  ];
  await run("skopeo", ["copy", ...to]);
  await run("skopeo", ["copy", ...from]);
  const pushed = join(image.directory, "img", "blobs", "sha256");
  deepEqual(readdirSync(join(image.directory, "o", "blobs", "sha256")), readdirSync(pushed));
  const { archived, exchanges, items } = await close();
  ok(exchanges.length > 8);
  equal(items.filter(({ kind }) => kind === "batch").length, exchanges.length);
  ok(exchanges.some(({ status }) => status === 401));
  for (const secret of [password, basic, basic.slice(0, 20), username])
    equal(archived.indexOf(secret), -1, secret);
  // Sessions of uploads can be written to by whoever knows them.
  const sessions = registry
    .accessLog()
    .flatMap((line) => /uploads\/([0-9a-f-]{36})/.exec(line)?.[1] ?? []);
  ok(sessions.length > 0);
  for (const session of sessions) equal(archived.indexOf(session), -1, session);
  for (const state of registry
    .accessLog()
    .flatMap((line) => /_state=([^&\s]+)/.exec(line)?.[1] ?? []))
    equal(archived.indexOf(state.slice(0, 24)), -1, state);
  // What a layer holds is not in the archive, whereas its digest is.
  equal(archived.indexOf(Buffer.alloc(64, 65)), -1);
  ok(archived.includes("sha256:"));
});

test("tokens are fetched through the proxy, and none is in any byte of the archive", async (t) => {
  const hash = (await import("bcryptjs")).hashSync(password, 4);
  const upstream = await startEmbeddedRegistry({
    tokenAuth: true,
    htpasswd: `${username}:${hash}\n`,
  });
  t.after(() => upstream.close(millis(0)));
  const { proxy, close } = await startProxyArchive(t, upstream.url, {});
  const challenged = await ask(proxy.url, { path: "/v2/lib/app/tags/list" });
  equal(challenged.status, 401);
  const realm = /realm="([^"]+)"/.exec(challenged.headers["www-authenticate"] ?? "")?.[1] ?? "";
  equal(new URL(realm).origin, proxy.url);
  const scope = "service=x&scope=repository:lib/app:pull,push";
  const given = await ask(proxy.url, {
    path: `${new URL(realm).pathname}?${scope}&account=${username}`,
    headers: { authorization: `Basic ${basic}` },
  });
  equal(given.status, 200);
  const { token } = JSON.parse(given.body.toString()) as { token: string };
  const headers = { authorization: `Bearer ${token}`, cookie: "crumb=do-not-write" };
  const listed = await ask(proxy.url, { path: "/v2/lib/app/tags/list", headers });
  equal(listed.status, 404);
  const queried = await ask(proxy.url, { path: `/v2/?access_token=${token}&n=5`, headers });
  ok(queried.status < 500);
  const { archived, exchanges } = await close();
  deepEqual(
    exchanges.map(({ class: kind }) => kind),
    ["tags", "token", "tags", "ping"],
  );
  for (const secret of [token, token.slice(0, 16), basic, password, "do-not-write"])
    equal(archived.indexOf(secret), -1, secret);
});

test("TLS on both sides: the client trusts the proxy's certificate, the proxy the upstream's", async (t) => {
  const certificate = selfSignedCertificate();
  if (certificate === undefined) return t.skip("needs openssl: apt-get install openssl");
  const registry = await startDockerRegistry({ tls: true, clientCertificates: true });
  if (registry === undefined) return t.skip(needsDockerRegistry);
  t.after(() => registry.stop());
  const { ca = "", key = "" } = registry;
  const { proxy, close } = await startProxyArchive(t, registry.url, {
    tls: { listen: certificate, upstream: { ca, cert: ca, key } },
  });
  equal(proxy.url, `https://127.0.0.1:${proxy.port}`);
  const asked = { path: "/v2/", ca: certificate.cert };
  equal((await ask(proxy.url, asked)).status, 200);
  const opened = await ask(proxy.url, { ...asked, method: "POST", path: "/v2/a/blobs/uploads/" });
  equal(new URL(opened.headers.location ?? "").origin, proxy.url);
  const { exchanges } = await close();
  deepEqual(
    exchanges.map(({ status }) => status),
    [200, 202],
  );
});

test("an upstream whose certificate is not trusted is answered with 502 and recorded so", async (t) => {
  const registry = await startDockerRegistry({ tls: true });
  if (registry === undefined) return t.skip(needsDockerRegistry);
  t.after(() => registry.stop());
  const { proxy, close } = await startProxyArchive(t, registry.url, {});
  equal((await ask(proxy.url, { path: "/v2/" })).status, 502);
  const { exchanges } = await close();
  deepEqual(
    exchanges.map(({ status, aborted }) => [status, aborted]),
    [[502, "upstream"]],
  );
});

test("curl uploads in chunks and as a whole, with 100-continue, and reads ranges back", async (t) => {
  if (!has("curl")) return t.skip(needsCurl);
  const registry = await startDockerRegistry();
  if (registry === undefined) return t.skip(needsDockerRegistry);
  t.after(() => registry.stop());
  const { proxy, close } = await startProxyArchive(t, registry.url, {
    manifestBytesMax: bytes(1000),
  });
  const folder = archiveFolder(t);
  const content = Buffer.alloc(3_000_000, "curl ");
  writeFileSync(join(folder, "layer"), content);
  const opened = await ask(proxy.url, { method: "POST", path: "/v2/a/blobs/uploads/" });
  const to = new URL(opened.headers.location ?? "");
  to.searchParams.set("digest", digestOf(content));
  const sent = ["-sS", "-o", "-", "-w", "%{http_code}", "-H", "Expect: 100-continue"];
  const put = await run("curl", [...sent, "-T", join(folder, "layer"), to.href]);
  equal(put.stdout, "201");
  const blob = `${proxy.url}/v2/a/blobs/${digestOf(content)}`;
  const range = await run("curl", ["-sS", "-r", "10-29", blob]);
  equal(range.stdout, content.subarray(10, 30).toString());
  equal((await pushInChunks(proxy.url, { name: "b", content })).status, 201);
  const { exchanges } = await close();
  deepEqual(
    exchanges.map(({ class: kind, status, req_bytes }) => `${kind} ${status} ${req_bytes}`),
    [
      "upload-start 202 0",
      "upload-put 201 3000000",
      "blob 206 0",
      "upload-start 202 0",
      "upload-patch 202 3000000",
      "upload-put 201 0",
    ],
  );
});
