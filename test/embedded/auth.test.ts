import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { after, before, test } from "node:test";
import { UsageError } from "../../src/core/errors.ts";
import { seconds } from "../../src/core/units.ts";
import {
  type EmbeddedRegistry,
  startEmbeddedRegistry,
} from "../../src/embedded/embedded-registry.ts";
import { parseHtpasswd } from "../../src/embedded/htpasswd.ts";
import { converse, runCases, send } from "./exchange-script.ts";
import { blob, digestOf, pushBlob } from "./sample-content.ts";

// alice:s3cret and bob:hunter2, cost 4.
const htpasswd = `# users
alice:$2y$04$TjHSGSn7yjK.yoDfgc.tHuLaw246tMjzgmUd1HGWJz45BX5u7XTOW

bob:$2b$04$a3CQZ8pge5scUOtcvnd1FOpotEAKO8tZLwZ.PKyEuSZLedYuVluBW
`;

const basic = (user: string, password: string) => ({
  authorization: `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`,
});
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

let withPasswords: EmbeddedRegistry;
let withTokens: EmbeddedRegistry;
let withBoth: EmbeddedRegistry;
before(async () => {
  withPasswords = await startEmbeddedRegistry({ htpasswd });
  withTokens = await startEmbeddedRegistry({ tokenAuth: true });
  withBoth = await startEmbeddedRegistry({ htpasswd, tokenAuth: true, tokenTtl: seconds(0.2) });
});
after(() => Promise.all([withPasswords, withTokens, withBoth].map((registry) => registry.close())));

const asked = (challenge: RegExp) => ({
  status: 401,
  code: "UNAUTHORIZED",
  headers: { "www-authenticate": challenge },
});

runCases("Basic", () => withPasswords.url, [
  {
    name: "good credentials come in, others are asked again",
    steps: [
      { when: "GET /v2/", expect: asked(/^Basic realm="drayage"$/) },
      { when: "GET /v2/", headers: basic("alice", "s3cret"), expect: 200 },
      { when: "GET /v2/", headers: basic("alice", "s3cret"), expect: 200 },
      { when: "GET /v2/", headers: basic("bob", "hunter2"), expect: 200 },
      { when: "GET /v2/", headers: basic("alice", "hunter2"), expect: 401 },
      { when: "GET /v2/", headers: basic("carol", "s3cret"), expect: 401 },
      { when: "GET /v2/", headers: { authorization: "Basic !" }, expect: 401 },
      { when: "GET /v2/", headers: bearer("x"), expect: 401 },
      { when: "POST /v2/a/blobs/uploads/", expect: 401 },
      { when: "GET /token", expect: 404 },
    ],
  },
  { name: "the control pages stay open", steps: [{ when: "GET /_drayage/stats", expect: 200 }] },
]);

async function token(registry: EmbeddedRegistry, query: string, headers = {}): Promise<string> {
  const answer = await send({ method: "GET", url: `${registry.url}/token?${query}`, headers });
  assert.equal(answer.status, 200);
  return JSON.parse(String(answer.body)).token;
}

runCases("Bearer", () => withTokens.url, [
  {
    name: "the challenge names the token service and the scope that the request needs",
    steps: [
      {
        when: "GET /v2/",
        expect: asked(/^Bearer realm="http:\/\/127\.0\.0\.1:\d+\/token",service="drayage"$/),
      },
      { when: "GET /v2/a/b/manifests/v1", expect: asked(/scope="repository:a\/b:pull"$/) },
      { when: "POST /v2/a/b/blobs/uploads/", expect: asked(/scope="repository:a\/b:pull,push"$/) },
      {
        when: "POST /v2/a/b/blobs/uploads/?mount=x&from=c/d",
        expect: asked(/scope="repository:a\/b:pull,push repository:c\/d:pull"$/),
      },
      { when: "DELETE /v2/a/b/manifests/v1", expect: asked(/scope="repository:a\/b:delete"$/) },
      { when: "GET /v2/_catalog", expect: asked(/scope="registry:catalog:\*"$/) },
    ],
  },
  {
    name: "a name that no head takes is left out of the challenge",
    steps: [
      { when: "GET /v2/a%0d%0aX:%20y/manifests/v1", expect: asked(/service="drayage"$/) },
      { when: "GET /v2/a%22,x=/tags/list", expect: asked(/service="drayage"$/) },
      { when: "GET /v2/%E4%B8%AD/tags/list", expect: asked(/service="drayage"$/) },
      {
        when: "POST /v2/a/b/blobs/uploads/?mount=x&from=c%0Ad",
        expect: asked(/scope="repository:a\/b:pull,push"$/),
      },
    ],
  },
]);

test("Bearer: a token opens what its scopes say and nothing else", async () => {
  const push = bearer(await token(withTokens, "service=drayage&scope=repository:a/b:pull,push"));
  const pull = bearer(
    await token(withTokens, "scope=repository:a/b:pull&scope=registry:catalog:*"),
  );
  const path = `/v2/a/b/blobs/${digestOf(blob)}`;
  await converse(withTokens.url, [
    ...pushBlob("a/b").map((step) => ({ ...step, headers: push })),
    { when: `GET ${path}`, headers: pull, expect: { status: 200, body: blob } },
    { when: "GET /v2/_catalog", headers: pull, expect: 200 },
    { when: "GET /v2/", headers: pull, expect: 200 },
    {
      when: "POST /v2/a/b/blobs/uploads/",
      headers: pull,
      expect: asked(/error="insufficient_scope"$/),
    },
    { when: `DELETE ${path}`, headers: push, expect: 401 },
    { when: `GET ${path.replace("a/b", "a/c")}`, headers: pull, expect: 401 },
    { when: "GET /v2/", headers: bearer("made.up"), expect: 401 },
  ]);
});

test("Bearer: a mount needs the right to read its source", async () => {
  const both = "scope=repository:m/to:pull,push&scope=repository:m/from:pull,push";
  const all = bearer(await token(withTokens, both));
  const one = bearer(await token(withTokens, "scope=repository:m/to:pull,push"));
  const mount = `POST /v2/m/to/blobs/uploads/?mount=${digestOf(blob)}&from=m/from`;
  await converse(withTokens.url, [
    ...pushBlob("m/from").map((step) => ({ ...step, headers: all })),
    { when: mount, headers: one, expect: 202 },
    { when: mount, headers: all, expect: 201 },
  ]);
});

test("Bearer: with a password file only its users get tokens, by GET, by form and by refresh token", async () => {
  const url = `${withBoth.url}/token`;
  const scope = "scope=repository:a:pull";
  const form = (body: string) =>
    send({
      method: "POST",
      url,
      body,
      headers: { "content-type": "application/x-www-form-urlencoded" },
    });
  assert.equal((await send({ method: "GET", url })).status, 401);
  assert.equal(
    (await form(`grant_type=password&username=alice&password=wrong&${scope}`)).status,
    401,
  );
  const granted = await form(
    `grant_type=password&username=alice&password=s3cret&access_type=offline&${scope}`,
  );
  const answer = JSON.parse(String(granted.body));
  assert.equal(answer.token, answer.access_token);
  assert.equal(answer.expires_in, 0.2);
  const renewed = await form(
    `grant_type=refresh_token&refresh_token=${answer.refresh_token}&${scope}`,
  );
  assert.equal(renewed.status, 200);
  assert.equal((await form("grant_type=refresh_token&refresh_token=x")).status, 401);
  const misused = await send({
    method: "GET",
    url: `${withBoth.url}/v2/`,
    headers: bearer(answer.refresh_token),
  });
  assert.equal(misused.status, 401, "a refresh token is no access token");
});

test("Bearer: a token ends with its life", async () => {
  const headers = bearer(await token(withBoth, "scope=repository:a:pull", basic("bob", "hunter2")));
  await converse(withBoth.url, [{ when: "GET /v2/", headers, expect: 200 }]);
  await new Promise((resolve) => setTimeout(resolve, 220));
  await converse(withBoth.url, [{ when: "GET /v2/", headers, expect: 401 }]);
});

for (const { name, text } of [
  { name: "no colon", text: "alice" },
  { name: "a plain password", text: "alice:s3cret" },
  { name: "another kind of hash", text: "alice:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=" },
]) {
  test(`password file: ${name} is refused with its line`, () => {
    assert.throws(
      () => parseHtpasswd(`# comment\n${text}\n`),
      (error: unknown) => {
        return error instanceof UsageError && /line 2/.test(error.message);
      },
    );
  });
}

test("password file: what the htpasswd program writes is understood", async (t) => {
  const made = spawnSync("htpasswd", ["-Bbn", "-C", "4", "dora", "pass:word"], {
    encoding: "utf8",
  });
  if (made.status !== 0) return t.skip("needs htpasswd: apt-get install apache2-utils");
  const registry = await startEmbeddedRegistry({ htpasswd: made.stdout });
  t.after(() => registry.close());
  await converse(registry.url, [
    { when: "GET /v2/", headers: basic("dora", "pass:word"), expect: 200 },
  ]);
});
