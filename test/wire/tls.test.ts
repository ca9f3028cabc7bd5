import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { Connection } from "../../src/wire/connection.ts";
import { connectTarget, type TlsOptions } from "../../src/wire/origin.ts";
import { type Certificate, selfSignedCertificate } from "../fakes/certificate.ts";
import { startRawServer } from "../fakes/raw-server.ts";
import { RecordingOwner } from "../fakes/recording-owner.ts";
import { CountingBody, connectionTo, fetchOn, putHead, wireFor } from "./wires.ts";

const certificate = selfSignedCertificate();
const large = 2_000_000;
const bytes = `HTTP/1.1 200 OK\r\nContent-Length: ${large}\r\n\r\n${"x".repeat(large)}`;

/** Runs with a certificate, or is skipped by name. */
const tlsTest = (name: string, run: (t: TestContext, tls: Certificate) => Promise<void>): void => {
  test(`tls: ${name}`, async (t) => {
    if (certificate === undefined) t.skip("needs openssl: apt-get install openssl");
    else await run(t, certificate);
  });
};

const trust: readonly {
  readonly name: string;
  readonly host: string;
  readonly options: (ca: string) => TlsOptions;
  readonly failure: string;
  readonly message: RegExp;
}[] = [
  {
    name: "a certificate that signed itself is refused",
    host: "127.0.0.1",
    options: () => ({}),
    failure: "tls",
    message: /^cannot connect to 127\.0\.0\.1:\d+: self-signed certificate \(DEPTH_ZERO_SELF/,
  },
  {
    name: "insecure takes any certificate",
    host: "127.0.0.1",
    options: () => ({ insecure: true }),
    failure: "",
    message: /^$/,
  },
  {
    name: "an additional CA is trusted, for an address",
    host: "127.0.0.1",
    options: (ca) => ({ ca }),
    failure: "",
    message: /^$/,
  },
  {
    name: "an additional CA is trusted, for a name",
    host: "localhost",
    options: (ca) => ({ ca }),
    failure: "",
    message: /^$/,
  },
  {
    name: "a trusted certificate for another name is refused",
    host: "127.0.0.1",
    options: (ca) => ({ ca, servername: "registry.example" }),
    failure: "tls",
    message: /ERR_TLS_CERT_ALTNAME_INVALID/,
  },
  {
    name: "a servername replaces the host's name",
    host: "127.0.0.1",
    options: (ca) => ({ ca, servername: "localhost" }),
    failure: "",
    message: /^$/,
  },
];

for (const { name, host, options, failure, message } of trust) {
  tlsTest(name, async (t, tls) => {
    const server = await startRawServer(t, [{ bytes }], { tls });
    const connection = connectionTo(`https://${host}:${server.port}`, options(tls.cert));
    const owner = await fetchOn(connection);
    assert.equal(owner.failure, failure, owner.message);
    assert.match(owner.message, message);
    assert.equal(owner.bodyBytes, failure === "" ? large : 0);
    connection.close();
  });
}

tlsTest("a server that speaks no TLS is a failure of TLS, not of the connection", async (t) => {
  const server = await startRawServer(t, [{ bytes: "HTTP/1.1 400 Bad\r\n\r\n" }]);
  const connection = connectionTo(`https://127.0.0.1:${server.port}`);
  const done = fetchOn(connection);
  while (server.sockets.length === 0) await new Promise(setImmediate);
  server.sockets[0]?.write("HTTP/1.1 400 Bad Request\r\n\r\n");
  assert.equal((await done).failure, "tls");
});

tlsTest("a server that hangs up in the handshake", async (t) => {
  const server = await startRawServer(t, [{}]);
  const done = fetchOn(connectionTo(`https://127.0.0.1:${server.port}`));
  while (server.sockets.length === 0) await new Promise(setImmediate);
  server.sockets[0]?.destroy();
  assert.equal((await done).failure, "tls");
});

tlsTest("nobody listens is a failure of the connection", async (t, tls) => {
  const server = await startRawServer(t, [], { tls });
  const { port } = server;
  await server.stop();
  const owner = await fetchOn(connectionTo(`https://127.0.0.1:${port}`));
  assert.equal(owner.failure, "connect");
});

tlsTest("the second connection to a target resumes the session of the first", async (t, tls) => {
  const server = await startRawServer(t, [{ bytes }], { tls });
  const target = connectTarget(`https://127.0.0.1:${server.port}`, { ca: tls.cert });
  const wire = wireFor();
  for (let round = 0; round < 2; round++) {
    const connection = new Connection(target, wire);
    const owner = await fetchOn(connection);
    assert.equal(owner.bodyBytes, large, owner.message);
    connection.close();
  }
  assert.deepEqual([server.connections, server.resumedSessions], [2, 1]);
});

tlsTest("100 small exchanges use one connection", async (t, tls) => {
  const small = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
  const server = await startRawServer(t, [{ bytes: small }], { tls });
  const connection = connectionTo(`https://127.0.0.1:${server.port}`, { ca: tls.cert });
  for (let round = 0; round < 100; round++) await fetchOn(connection);
  assert.deepEqual([connection.served, connection.state, server.connections], [100, "idle", 1]);
});

tlsTest("keep-alive, an upload, and a body that is cut short", async (t, tls) => {
  const server = await startRawServer(
    t,
    [{ bytes }, { bytes }, { bytes: bytes.slice(0, 1_000_000), ending: "close" }],
    { tls },
  );
  const connection = connectionTo(`https://127.0.0.1:${server.port}`, { ca: tls.cert });
  assert.equal((await fetchOn(connection)).bodyBytes, large);
  const owner = new RecordingOwner();
  const head = putHead(5_000_000);
  connection.upload(owner, head, head.length, new CountingBody(5_000_000), 5_000_000);
  assert.equal((await owner.done).bodyBytes, large);
  assert.equal(server.requests[1]?.bodyBytes, 5_000_000);
  const cut = await fetchOn(connection);
  assert.deepEqual([cut.failure, connection.served, server.connections], ["truncated_body", 2, 1]);
});
