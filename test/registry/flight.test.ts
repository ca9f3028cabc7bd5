import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { type RawServer, type Reply, startRawServer } from "../fakes/raw-server.ts";
import { created, digest, missing, opened, SIZE } from "./flight-cases.ts";
import {
  clientFor,
  fieldOf,
  fly,
  noRetries,
  ordersFor,
  originOf,
  reply,
  requestLine,
} from "./flights.ts";

const GET = "GET /v2/lib/app/blobs/x HTTP/1.1";

test("flight: credentials stay with the registry when a redirect leads elsewhere", async (context) => {
  const elsewhere = await startRawServer(context, [reply(200, {}, "hello")]);
  const server = await startRawServer(context, [
    reply(307, { Location: `${originOf(elsewhere)}/signed?x=%2F` }),
  ]);
  const auth = { type: "basic", username: "u", password: "p" } as const;
  const landed = await fly(
    clientFor(context, server, { auth }),
    ordersFor(server).getManifest("hello"),
  );
  assert.equal(landed.error, "none", landed.flight.detail);
  const [first] = server.requests;
  const [second] = elsewhere.requests;
  assert.ok(first !== undefined && second !== undefined);
  assert.match(fieldOf(first, "Authorization") ?? "", /^Basic /);
  assert.equal(fieldOf(second, "Authorization"), undefined);
  assert.equal(requestLine(second), "GET /signed?x=%2F HTTP/1.1");
  assert.equal(fieldOf(second, "Host"), `127.0.0.1:${elsewhere.port}`);
  assert.equal(fieldOf(second, "Accept"), "application/json");
});

test("flight: another origin that answers 401 is given no credentials and sends us to no token service", async (context) => {
  const replies: Reply[] = [];
  const elsewhere = await startRawServer(context, replies);
  const realm = `Bearer realm="${originOf(elsewhere)}/token",service="s"`;
  replies.push(reply(401, { "WWW-Authenticate": realm }), reply(200, {}, '{"token":"t"}'));
  const server = await startRawServer(context, [
    reply(307, { Location: `${originOf(elsewhere)}/x` }),
  ]);
  const auth = { type: "bearer", username: "u", password: "p" } as const;
  const landed = await fly(clientFor(context, server, { auth }), ordersFor(server).get("hello"));
  assert.equal(landed.error, "http");
  assert.equal(landed.flight.status, 401);
  assert.equal(elsewhere.requests.length, 1);
  assert.equal(server.requests.length, 1);
});

test("flight: an upload to another host carries no credentials and the whole body", async (context) => {
  const elsewhere = await startRawServer(context, [created]);
  const place = `${originOf(elsewhere)}/put?_state=z`;
  const server = await startRawServer(context, [missing, reply(202, { Location: place })]);
  const auth = { type: "basic", username: "u", password: "p" } as const;
  const landed = await fly(clientFor(context, server, { auth }), ordersFor(server).put(SIZE));
  assert.equal(landed.error, "none", landed.flight.detail);
  const [upload] = elsewhere.requests;
  assert.ok(upload !== undefined);
  assert.equal(requestLine(upload), `PUT /put?_state=z&digest=${digest} HTTP/1.1`);
  assert.equal(upload.bodyBytes, SIZE);
  assert.equal(fieldOf(upload, "Authorization"), undefined);
});

/** A registry with its own token service: challenges are filled in once the port is known. */
async function bearerRegistry(
  context: TestContext,
  script: (challenge: Reply, token: (text: string) => Reply) => readonly Reply[],
): Promise<RawServer> {
  const replies: Reply[] = [];
  const server = await startRawServer(context, replies);
  const realm = `Bearer realm="${originOf(server)}/token",service="s"`;
  const challenge = reply(401, { "WWW-Authenticate": realm });
  replies.push(...script(challenge, (token) => reply(200, {}, JSON.stringify({ token }))));
  return server;
}

const bearer = { type: "bearer", username: "u", password: "p" } as const;

test("flight: a Bearer challenge is answered, and the token's time is no part of the operation", async (context) => {
  const server = await bearerRegistry(context, (challenge, token) => [
    challenge,
    token("t1"),
    reply(200, {}, "hello"),
  ]);
  const client = clientFor(context, server, { auth: bearer });
  const { flight, error } = await fly(client, ordersFor(server).get("hello"));
  assert.equal(error, "none", flight.detail);
  const [first, , third] = server.requests;
  assert.ok(first !== undefined && third !== undefined);
  assert.equal(fieldOf(first, "Authorization"), undefined);
  assert.equal(fieldOf(third, "Authorization"), "Bearer t1");
  assert.equal(client.tokenCounts().requests, 1);
  assert.ok(flight.firstByteAt >= flight.sentAt && flight.firstByteAt <= flight.doneAt);
});

test("flight: of a path without a repository nothing is asked for but what the challenge names", async (context) => {
  for (const path of ["/v2/_catalog", "/v2/lib/app/tags/list"]) {
    const server = await bearerRegistry(context, (challenge, token) => [
      challenge,
      token("t1"),
      reply(200, {}, "{}"),
    ]);
    const landed = await fly(
      clientFor(context, server, { auth: bearer }),
      ordersFor(server).request(path),
    );
    assert.equal(landed.error, "none", landed.flight.detail);
    assert.deepEqual(server.requests.map(requestLine).slice(1, 2), [
      "GET /token?service=s&account=u HTTP/1.1",
    ]);
  }
});

test("flight: a token that expires in the middle of a push is renewed once, and the body sent again", async (context) => {
  const server = await bearerRegistry(context, (challenge, token) => [
    challenge,
    token("t1"),
    missing,
    opened,
    challenge,
    token("t2"),
    created,
  ]);
  const landed = await fly(
    clientFor(context, server, { auth: bearer }),
    ordersFor(server).put(SIZE),
  );
  assert.equal(landed.error, "none", landed.flight.detail);
  const uploads = server.requests.filter(({ head }) => head.startsWith("PUT "));
  assert.deepEqual(
    uploads.map((request) => [fieldOf(request, "Authorization"), request.bodyBytes]),
    [
      ["Bearer t1", SIZE],
      ["Bearer t2", SIZE],
    ],
  );
});

test("flight: a registry that refuses the token that it asked for is an auth failure", async (context) => {
  const server = await bearerRegistry(context, (challenge, token) => [
    challenge,
    token("t1"),
    challenge,
  ]);
  const landed = await fly(
    clientFor(context, server, { auth: bearer }),
    ordersFor(server).get("x"),
  );
  assert.equal(landed.error, "auth");
  assert.equal(landed.flight.status, 401);
  assert.equal(server.requests.length, 3);
});

test("flight: a request is sent again when the server had closed the reused connection", async (context) => {
  const server = await startRawServer(context, [
    reply(200, {}, "hello"),
    { bytes: "", ending: "reset" },
    reply(200, {}, "hello"),
  ]);
  const client = clientFor(context, server);
  const order = ordersFor(server).get("hello");
  await fly(client, order);
  const again = await fly(client, order);
  assert.equal(again.error, "none", again.flight.detail);
  assert.equal(again.flight.attempts, 1);
  assert.equal(client.counts.resent, 1);
  assert.deepEqual(server.requests.map(requestLine), [GET, GET, GET]);
  assert.equal(server.connections, 2);
});

test("flight: what a fresh connection loses is not sent again", async (context) => {
  const server = await startRawServer(context, [{ bytes: "", ending: "reset" }]);
  const client = clientFor(context, server);
  const landed = await fly(client, ordersFor(server).get("hello"));
  assert.equal(landed.error, "reset");
  assert.equal(client.counts.resent, 0);
  assert.equal(server.requests.length, 1);
});

test("flight: a push goes on over a reused connection that was closed, with a body made anew", async (context) => {
  const server = await startRawServer(context, [
    missing,
    opened,
    { bytes: "", ending: "reset" },
    created,
  ]);
  const client = clientFor(context, server);
  const landed = await fly(client, ordersFor(server).put(SIZE));
  assert.equal(landed.error, "none", landed.flight.detail);
  assert.deepEqual(
    server.requests.map(({ bodyBytes }) => bodyBytes),
    [0, 0, SIZE, SIZE],
  );
});

test("flight: a flight that is used again remembers nothing of the one before", async (context) => {
  const server = await startRawServer(context, [
    reply(503, { "Retry-After": "0" }, "busy"),
    reply(200, {}, "hello"),
  ]);
  const client = clientFor(context, server, { retries: noRetries });
  const one = await fly(client, ordersFor(server).get("hello"));
  assert.equal(one.error, "http");
  await one.launch();
  assert.equal(one.error, "none");
  assert.equal(one.flight.detail, "");
  assert.equal(one.flight.attempts, 1);
  await pause(5);
  assert.equal(one.landings, 2);
});
