import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { contentDigest } from "../../src/registry/content.ts";
import type { Order } from "../../src/registry/order.ts";
import { Disposition } from "../../src/ring/outcome-record.ts";
import { type RawServer, type Reply, startRawServer } from "../fakes/raw-server.ts";
import {
  type ClientOptions,
  clientFor,
  digestText,
  fieldOf,
  fly,
  KEY,
  noRetries,
  ordersFor,
  originOf,
  reply,
  requestLine,
  sha256,
} from "./flights.ts";

const SIZE = 1000;
const digest = digestText(contentDigest({ seed: "0", key: KEY, size: SIZE, random: false }));
const MANIFEST = '{"schemaVersion":2}';
const retry503: ClientOptions["retries"] = { count: 1, backoffMs: 1, on: [503] };

type Case = {
  readonly name: string;
  readonly order: (of: ReturnType<typeof ordersFor>) => (order: Order) => Order;
  readonly replies: readonly Reply[];
  readonly client?: ClientOptions;
  /** Kind of failure; "none" if left out. */
  readonly error?: string;
  readonly status?: number;
  readonly bytes?: number;
  readonly attempts?: number;
  readonly how?: number;
  readonly detail?: RegExp;
  /** Request lines as the server saw them. */
  readonly sent: readonly string[];
};

const GET = "GET /v2/lib/app/blobs/x HTTP/1.1";
const HEAD = "HEAD /v2/lib/app/blobs/x HTTP/1.1";
const CHECK = `HEAD /v2/lib/app/blobs/${digest} HTTP/1.1`;
const OPEN = "POST /v2/lib/app/blobs/uploads/ HTTP/1.1";
const MOUNT = `POST /v2/lib/app/blobs/uploads/?mount=${digest}&from=lib%2Fbase HTTP/1.1`;
const PUT_MANIFEST = "PUT /v2/lib/app/manifests/v1 HTTP/1.1";
const UPLOAD = "/v2/lib/app/blobs/uploads/7";
const missing = reply(404);
const opened = reply(202, { Location: UPLOAD });
const created = reply(201);

const cases: readonly Case[] = [
  {
    name: "a GET with the digest that was asked for succeeds",
    order: (of) => of.get("hello"),
    replies: [reply(200, {}, "hello")],
    bytes: 5,
    status: 200,
    sent: [GET],
  },
  {
    name: "a GET of nothing at all succeeds",
    order: (of) => of.get(""),
    replies: [reply(200)],
    sent: [GET],
  },
  {
    name: "a GET that comes in pieces is hashed as a whole",
    order: (of) => of.get("hello"),
    replies: [{ ...reply(200, {}, "hello"), cuts: [42, 43] }],
    bytes: 5,
    sent: [GET],
  },
  {
    name: "a GET of other bytes is a digest mismatch and keeps what was received",
    order: (of) => of.get("hello"),
    replies: [reply(200, {}, "jelly")],
    error: "digest_mismatch",
    bytes: 5,
    sent: [GET],
  },
  {
    name: "a GET that ends early is truncated and keeps what was received",
    order: (of) => of.get("hello"),
    replies: [{ ...reply(200, { "Content-Length": "5" }, "hel"), ending: "close" }],
    error: "truncated_body",
    bytes: 3,
    sent: [GET],
  },
  {
    name: "a refusal is told by status and in the words of the registry",
    order: (of) => of.get("hello"),
    replies: [reply(404, {}, '{"errors":[{"code":"BLOB_UNKNOWN"}]}')],
    error: "http",
    status: 404,
    bytes: 0,
    detail: /^GET: status 404 BLOB_UNKNOWN$/,
    sent: [GET],
  },
  {
    name: "redirects of all forms are followed, and the plain head goes along",
    order: (of) => of.get("hello"),
    replies: [
      reply(307, { Location: "/a/b?_state=x%2Fy==" }),
      reply(302, { Location: "../c" }),
      reply(301, { Location: "?q" }),
      reply(200, {}, "hello"),
    ],
    sent: [GET, "GET /a/b?_state=x%2Fy== HTTP/1.1", "GET /c HTTP/1.1", "GET /c?q HTTP/1.1"],
  },
  {
    name: "a loop of redirects ends after five hops",
    order: (of) => of.get("hello"),
    replies: [reply(307, { Location: "/v2/lib/app/blobs/x" })],
    error: "redirect",
    status: 307,
    detail: /^more than 5 redirects$/,
    sent: [GET, GET, GET, GET, GET, GET],
  },
  {
    name: "a redirect to nowhere fails as one",
    order: (of) => of.get("hello"),
    replies: [reply(307)],
    error: "redirect",
    detail: /^307 to "": there is none$/,
    sent: [GET],
  },
  {
    name: "a password of the configuration goes along unasked",
    order: (of) => of.get("hello"),
    client: { auth: { type: "basic", username: "u", password: "p" } },
    replies: [reply(200, {}, "hello")],
    sent: [GET],
  },
  {
    name: "a password that is refused is an auth failure",
    order: (of) => of.get("hello"),
    client: { auth: { type: "basic", username: "u", password: "p" } },
    replies: [reply(401, { "WWW-Authenticate": 'Basic realm="r"' })],
    error: "auth",
    status: 401,
    detail: /refused the password of "u"/,
    sent: [GET],
  },
  {
    name: "a 401 without a challenge is an auth failure",
    order: (of) => of.get("hello"),
    replies: [reply(401)],
    error: "auth",
    detail: /without asking for Basic or Bearer/,
    sent: [GET],
  },
  {
    name: "a 503 is tried again after Retry-After, as often as configured",
    order: (of) => of.get("hello"),
    client: { retries: retry503 },
    replies: [reply(503, { "Retry-After": "0" }), reply(200, {}, "hello")],
    attempts: 2,
    bytes: 5,
    sent: [GET, GET],
  },
  {
    name: "the last of the attempts decides",
    order: (of) => of.get("hello"),
    client: { retries: retry503 },
    replies: [reply(503, { "Retry-After": "0" }, "busy")],
    error: "http",
    status: 503,
    attempts: 2,
    sent: [GET, GET],
  },
  {
    name: "a HEAD succeeds with 200, whatever length is announced",
    order: (of) => of.head,
    replies: [reply(200, { "Content-Length": "123" })],
    bytes: 0,
    sent: [HEAD],
  },
  {
    name: "a HEAD of what is missing is a failure",
    order: (of) => of.head,
    replies: [missing],
    error: "http",
    sent: [HEAD],
  },
  {
    name: "a HEAD of what is known to be missing succeeds with 404",
    order: (of) => of.headOfMissing,
    replies: [missing],
    status: 404,
    sent: [HEAD],
  },
  {
    name: "a blob that is there already is not sent",
    order: (of) => of.put(SIZE),
    replies: [reply(200, { "Content-Length": String(SIZE) })],
    how: Disposition.existing,
    bytes: 0,
    sent: [CHECK],
  },
  {
    name: "a blob of another length is sent all the same",
    order: (of) => of.put(SIZE),
    replies: [reply(200, { "Content-Length": "1" }), opened, created],
    bytes: SIZE,
    sent: [CHECK, OPEN, `PUT ${UPLOAD}?digest=${digest} HTTP/1.1`],
  },
  {
    name: "a blob is sent to a relative Location whose query comes back byte for byte",
    order: (of) => of.put(SIZE),
    replies: [missing, reply(202, { Location: `${UPLOAD}?_state=a%2Fb%3D&b=+` }), created],
    bytes: SIZE,
    status: 201,
    how: Disposition.sent,
    sent: [CHECK, OPEN, `PUT ${UPLOAD}?_state=a%2Fb%3D&b=+&digest=${digest} HTTP/1.1`],
  },
  {
    name: "a path-relative Location counts from the request that it answers",
    order: (of) => of.put(SIZE),
    replies: [
      missing,
      reply(307, { Location: "/other/uploads/" }),
      reply(202, { Location: "7" }),
      created,
    ],
    bytes: SIZE,
    sent: [
      CHECK,
      OPEN,
      "POST /other/uploads/ HTTP/1.1",
      `PUT /other/uploads/7?digest=${digest} HTTP/1.1`,
    ],
  },
  {
    name: "an upload that is sent elsewhere with 307 is made anew",
    order: (of) => of.put(SIZE),
    replies: [missing, opened, reply(307, { Location: "/store/7" }), created],
    bytes: SIZE,
    sent: [CHECK, OPEN, `PUT ${UPLOAD}?digest=${digest} HTTP/1.1`, "PUT /store/7 HTTP/1.1"],
  },
  {
    name: "an upload is not sent elsewhere with 302",
    order: (of) => of.put(SIZE),
    replies: [missing, opened, reply(302, { Location: "/store/7" })],
    error: "http",
    status: 302,
    sent: [CHECK, OPEN, `PUT ${UPLOAD}?digest=${digest} HTTP/1.1`],
  },
  {
    name: "a registry that opens no upload refuses it",
    order: (of) => of.put(SIZE),
    replies: [missing, reply(405)],
    error: "http",
    status: 405,
    detail: /^POST of an upload: status 405/,
    sent: [CHECK, OPEN],
  },
  {
    name: "a registry that stored other bytes says so in its digest",
    order: (of) => of.put(SIZE),
    replies: [missing, opened, reply(201, { "Docker-Content-Digest": digestText(sha256("")) })],
    error: "digest_mismatch",
    sent: [CHECK, OPEN, `PUT ${UPLOAD}?digest=${digest} HTTP/1.1`],
  },
  {
    name: "a retry of a push begins with a new session",
    order: (of) => of.put(SIZE),
    client: { retries: retry503 },
    replies: [missing, opened, reply(503, { "Retry-After": "0" }), missing, opened, created],
    attempts: 2,
    bytes: SIZE,
    sent: [
      CHECK,
      OPEN,
      `PUT ${UPLOAD}?digest=${digest} HTTP/1.1`,
      CHECK,
      OPEN,
      `PUT ${UPLOAD}?digest=${digest} HTTP/1.1`,
    ],
  },
  {
    name: "a blob that another repository has is mounted",
    order: (of) => of.push(SIZE),
    replies: [missing, created],
    how: Disposition.mounted,
    bytes: 0,
    sent: [CHECK, MOUNT],
  },
  {
    name: "a mount that opens a session instead is used as one",
    order: (of) => of.push(SIZE),
    replies: [missing, opened, created],
    how: Disposition.sent,
    bytes: SIZE,
    sent: [CHECK, MOUNT, `PUT ${UPLOAD}?digest=${digest} HTTP/1.1`],
  },
  {
    name: "a mount that is refused is followed by an upload",
    order: (of) => of.push(SIZE),
    replies: [missing, reply(405), opened, created],
    bytes: SIZE,
    sent: [CHECK, MOUNT, OPEN, `PUT ${UPLOAD}?digest=${digest} HTTP/1.1`],
  },
  {
    name: "a manifest is put at once",
    order: (of) => of.putManifest(MANIFEST),
    replies: [reply(201, { "Docker-Content-Digest": digestText(sha256(MANIFEST)) })],
    bytes: MANIFEST.length,
    sent: [PUT_MANIFEST],
  },
  {
    name: "a manifest that is sent elsewhere with 308 keeps its body and its type",
    order: (of) => of.putManifest(MANIFEST),
    replies: [reply(308, { Location: "/m" }), created],
    bytes: MANIFEST.length,
    sent: [PUT_MANIFEST, "PUT /m HTTP/1.1"],
  },
];

for (const { name, order, replies, client, sent, error = "none", ...wanted } of cases) {
  test(`flight: ${name}`, async (context) => {
    const server = await startRawServer(context, replies);
    const landed = await fly(clientFor(context, server, client), order(ordersFor(server)));
    const { flight } = landed;
    assert.equal(landed.error, error, flight.detail);
    assert.deepEqual(server.requests.map(requestLine), sent);
    for (const key of ["status", "bytes", "attempts", "how"] as const)
      if (wanted[key] !== undefined) assert.equal(flight[key], wanted[key], key);
    if (wanted.detail !== undefined) assert.match(flight.detail, wanted.detail);
    assert.equal(landed.landings, 1);
    assert.ok(flight.doneAt >= flight.sentAt);
  });
}

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
