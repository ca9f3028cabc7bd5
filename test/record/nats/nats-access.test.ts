import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { connect, credsAuthenticator, nkeys } from "@nats-io/transport-node";
import { DrayageError, UsageError } from "../../../src/core/errors.ts";
import { selfSignedCertificate } from "../../fakes/certificate.ts";
import { natsOperator } from "../../fakes/nats-operator.ts";
import { Kept, natsServer, startSource, until } from "./kept-batches.ts";

describe("access to a NATS server", () => {
  test("is let in by token, by user and password, by nkey", async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "drayage-nkey-"));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const pair = nkeys.createUser();
    const file = join(folder, "user.nk");
    writeFileSync(file, `${Buffer.from(pair.getSeed()).toString()}\n`);
    const ways = [
      ["authorization { token: secret }", { kind: "token", token: "secret" }],
      [
        "authorization { user: u, password: secret }",
        { kind: "user", user: "u", password: "secret" },
      ],
      [`authorization { users: [{ nkey: ${pair.getPublicKey()} }] }`, { kind: "nkey", file }],
    ] as const;
    for (const [config, credentials] of ways) {
      const peer = await natsServer(t, { config });
      if (peer === undefined) return;
      const { source } = await startSource(peer.url, new Kept(), { nats: { credentials } });
      await source.stop();
      await assert.rejects(
        startSource(peer.url, new Kept()),
        (error) =>
          error instanceof DrayageError &&
          error.code === "auth-failed" &&
          !error.message.includes("secret"),
      );
    }
  });

  test("is let in by a credentials file in operator mode; not without, and not once it has expired", async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "drayage-creds-"));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const operator = natsOperator();
    const peer = await natsServer(t, { config: operator.config });
    if (peer === undefined) return;
    const [file, old] = [join(folder, "user.creds"), join(folder, "old.creds")];
    writeFileSync(file, operator.credentials());
    writeFileSync(old, operator.credentials(1_000_000_000));
    const sink = new Kept();
    const credentials = { kind: "creds", file } as const;
    const { source } = await startSource(peer.url, sink, { nats: { credentials } });
    const client = await connect({
      servers: peer.url,
      authenticator: credsAuthenticator(Buffer.from(operator.credentials())),
    });
    client.publish("a.b", "hello");
    await client.flush();
    await until(() => sink.texts.length === 1, "the message");
    assert.deepEqual(sink.texts, ["/a/b=hello"]);
    await client.close();
    await source.stop();
    const isRefused = (error: unknown): boolean =>
      error instanceof DrayageError && error.code === "auth-failed";
    await assert.rejects(startSource(peer.url, new Kept()), isRefused);
    const expired = { credentials: { kind: "creds", file: old } } as const;
    await assert.rejects(startSource(peer.url, new Kept(), { nats: expired }), isRefused);
    const missing = { credentials: { kind: "creds", file: join(folder, "none") } } as const;
    await assert.rejects(startSource(peer.url, new Kept(), { nats: missing }), UsageError);
  });

  test("speaks TLS, and shows a certificate where one is asked for", async (t) => {
    const made = selfSignedCertificate();
    if (made === undefined) return t.skip("needs openssl: apt-get install openssl");
    const folder = mkdtempSync(join(tmpdir(), "drayage-nats-tls-"));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const [cert, key] = [join(folder, "cert.pem"), join(folder, "key.pem")];
    writeFileSync(cert, made.cert);
    writeFileSync(key, made.key);
    const peer = await natsServer(t, { tls: { cert, key, clients: cert } });
    if (peer === undefined) return;
    const sink = new Kept();
    const tls = { ca: cert, cert, key, serverName: "localhost" };
    const { source } = await startSource(peer.url, sink, { nats: { tls } });
    await source.stop();
    await assert.rejects(startSource(peer.url, new Kept()), DrayageError);
  });

  test("says so when no server is there, and when it may not listen", async (t) => {
    await assert.rejects(
      startSource("nats://127.0.0.1:1", new Kept()),
      (error) => error instanceof DrayageError && error.code === "target-unreachable",
    );
    const config =
      'authorization { users: [{ user: u, password: p, permissions: { subscribe: ["b.>"] } }] }';
    const peer = await natsServer(t, { config });
    if (peer === undefined) return;
    const credentials = { kind: "user", user: "u", password: "p" } as const;
    await assert.rejects(
      startSource(peer.url, new Kept(), { specs: ["/a/**"], nats: { credentials } }),
      (error) => error instanceof DrayageError && error.code === "auth-failed",
    );
  });
});
