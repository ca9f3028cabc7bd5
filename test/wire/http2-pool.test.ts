import assert from "node:assert/strict";
import { createSecureServer, type Http2SecureServer, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import { after, test } from "node:test";
import { createServer as createTlsServer } from "node:tls";
import { Failure } from "../../src/core/failure.ts";
import { nanos } from "../../src/core/units.ts";
import { Http2Pool } from "../../src/wire/http2-pool.ts";
import { connectTarget } from "../../src/wire/origin.ts";
import type { RequestConnection } from "../../src/wire/request-pool.ts";
import { selfSignedCertificate } from "../fakes/certificate.ts";
import { RecordingOwner } from "../fakes/recording-owner.ts";
import { wireFor } from "./wires.ts";

const certificate = selfSignedCertificate();
const needsOpenssl = "needs openssl: apt-get install openssl";
const LARGE = 9_000_000;

type Answer = (stream: ServerHttp2Stream) => void;

/** What is answered by path. */
const answers: Readonly<Record<string, Answer>> = {
  "/hello": (stream) => {
    stream.respond({ ":status": 200, "content-length": "5", "x-kind": "plain" });
    stream.end("hello");
  },
  "/large": (stream) => {
    stream.respond({ ":status": 200 });
    stream.end(Buffer.alloc(LARGE, "x"));
  },
  "/missing": (stream) => {
    stream.respond({ ":status": 404 });
    stream.end("no");
  },
  "/cut": (stream) => {
    stream.respond({ ":status": 200, "content-length": "10" });
    stream.write("half");
    setTimeout(() => stream.close(2), 20);
  },
  "/refused": (stream) => stream.close(7),
  "/silent": () => undefined,
  "/stalled": (stream) => {
    stream.respond({ ":status": 200 });
    stream.write("half");
  },
  "/gone": (stream) => stream.session?.destroy(),
};

const servers: Http2SecureServer[] = [];
const pools: Http2Pool[] = [];
after(() => {
  for (const pool of pools) pool.closeAll();
  for (const server of servers) server.close();
});

async function started(): Promise<{ pool: Http2Pool; sessions: () => number }> {
  const { key, cert } = certificate ?? { key: "", cert: "" };
  const server = createSecureServer({ key, cert });
  let sessions = 0;
  server.on("session", () => sessions++);
  server.on("stream", (stream, fields) => {
    stream.on("error", () => {});
    if (fields[":path"] === "/echo") {
      stream.respond({ ":status": 200 });
      stream.end(
        JSON.stringify([
          fields[":method"],
          fields[":authority"],
          fields.accept,
          fields["user-agent"],
        ]),
      );
    } else answers[String(fields[":path"])]?.(stream);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  servers.push(server);
  const { port } = server.address() as AddressInfo;
  const timeouts = { firstByte: nanos(4e8), idle: nanos(4e8), connect: nanos(2e9) };
  const target = connectTarget(`https://127.0.0.1:${port}`, { ca: cert });
  const pool = new Http2Pool(target, wireFor(timeouts));
  pools.push(pool);
  return { pool, sessions: () => sessions };
}

const headOf = (path: string, method = "GET"): Buffer =>
  Buffer.from(
    `${method} ${path} HTTP/1.1\r\nHost: cache.example\r\nUser-Agent: drayage/x\r\nAccept: a\r\nAccept: b\r\n\r\n`,
  );

function asked(
  connection: RequestConnection,
  path: string,
  method?: string,
): Promise<RecordingOwner> {
  const owner = new RecordingOwner(["x-kind"]);
  const head = headOf(path, method);
  connection.exchange(owner, head, head.length, method !== "HEAD");
  return owner.done;
}

for (const { name, path, told, failure = "", status = 200, body, method } of [
  { name: "a plain response", path: "/hello", told: "head body end", body: "hello" },
  { name: "a response to HEAD", path: "/hello", method: "HEAD", told: "head end" },
  { name: "a large body of unknown length", path: "/large", told: "head body end" },
  { name: "a status that is no success", path: "/missing", told: "head body end", status: 404 },
  {
    name: "a stream that is cut off inside the body",
    path: "/cut",
    told: "head body failure",
    failure: "truncated_body",
  },
  {
    name: "a stream that is refused",
    path: "/refused",
    told: "failure",
    failure: "reset",
    status: 0,
  },
  {
    name: "no answer",
    path: "/silent",
    told: "failure",
    failure: "timeout:first_byte",
    status: 0,
  },
  {
    name: "a body that stalls",
    path: "/stalled",
    told: "head body failure",
    failure: "timeout:idle",
  },
  {
    name: "a connection that breaks",
    path: "/gone",
    told: "failure",
    failure: "reset",
    status: 0,
  },
]) {
  test(`http2: ${name}`, async (t) => {
    if (certificate === undefined) return t.skip(needsOpenssl);
    const { pool } = await started();
    const owner = await asked(pool.take(), path, method);
    assert.equal(owner.told.join(" "), told);
    assert.equal(owner.failure, failure, owner.message);
    assert.equal(owner.status, status);
    if (body !== undefined) assert.equal(owner.body.toString(), body);
    if (path === "/large") assert.equal(owner.bodyBytes, LARGE);
    // Whatever became of it, the next exchange goes well.
    assert.equal((await asked(pool.take(), "/hello")).told.join(" "), "head body end");
  });
}

test("http2: exchanges at the same time share a connection, a fresh one has its own", async (t) => {
  if (certificate === undefined) return t.skip(needsOpenssl);
  const { pool, sessions } = await started();
  const owners = await Promise.all(Array.from({ length: 20 }, () => asked(pool.take(), "/hello")));
  assert.ok(owners.every(({ failure, contentLength }) => failure === "" && contentLength === 5));
  assert.deepEqual([pool.opened, sessions()], [1, 1]);
  const fresh = pool.takeFresh();
  assert.equal((await asked(fresh, "/hello")).failure, "");
  fresh.close();
  assert.equal((await asked(pool.take(), "/hello")).fields["x-kind"], "plain");
  assert.deepEqual([pool.opened, sessions()], [2, 2]);
});

test("http2: what was said for HTTP/1.1 arrives as fields", async (t) => {
  if (certificate === undefined) return t.skip(needsOpenssl);
  const { pool } = await started();
  const { body } = await asked(pool.take(), "/echo");
  assert.deepEqual(JSON.parse(body.toString()), ["GET", "cache.example", "a, b", "drayage/x"]);
});

test("http2: a request that a used connection did not carry may be sent again", async (t) => {
  if (certificate === undefined) return t.skip(needsOpenssl);
  const { pool } = await started();
  await asked(pool.take(), "/hello");
  const owner = await asked(pool.take(), "/gone");
  assert.deepEqual([owner.failure, owner.untouched], ["reset", true]);
});

test("http2: an exchange is cut off, and the others of its connection go on", async (t) => {
  if (certificate === undefined) return t.skip(needsOpenssl);
  const { pool } = await started();
  await asked(pool.take(), "/hello");
  const connection = pool.take();
  const cut = asked(connection, "/silent");
  const other = asked(pool.take(), "/large");
  connection.abort(Failure.aborted, "enough");
  assert.deepEqual([(await cut).failure, (await cut).untouched], ["aborted", false]);
  assert.equal((await other).bodyBytes, LARGE);
  assert.equal(pool.opened, 1);
});

test("http2: a server that speaks HTTP/1.1 alone is told apart", async (t) => {
  if (certificate === undefined) return t.skip(needsOpenssl);
  const server = createTlsServer({ ...certificate });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const target = connectTarget(`https://127.0.0.1:${port}`, { ca: certificate.cert });
  const owner = await asked(new Http2Pool(target, wireFor()).take(), "/hello");
  assert.equal(owner.failure, "protocol");
  assert.match(owner.message, /does not speak HTTP\/2/);
  server.close();
});

test("http2: nobody there, and a certificate that nobody vouches for", async (t) => {
  if (certificate === undefined) return t.skip(needsOpenssl);
  const nowhere = new Http2Pool(connectTarget("https://127.0.0.1:1"), wireFor());
  assert.equal((await asked(nowhere.take(), "/hello")).failure, "connect");
  const { pool } = await started();
  const distrusting = new Http2Pool(connectTarget(pool.target.origin), wireFor());
  assert.equal((await asked(distrusting.take(), "/hello")).failure, "tls");
});
