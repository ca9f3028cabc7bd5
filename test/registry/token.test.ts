import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "../../src/core/clock.ts";
import { DrayageError } from "../../src/core/errors.ts";
import { nanosFromSeconds, seconds } from "../../src/core/units.ts";
import { Authorization } from "../../src/registry/authorization.ts";
import type { ControlFetch, ControlRequest } from "../../src/registry/control-transport.ts";
import type { EndpointAuth } from "../../src/registry/endpoint.ts";
import { Secret } from "../../src/registry/secret.ts";

const origin = "https://registry.example";
const realm = "https://auth.example/token?x=1";
const bearerLine = `Bearer realm="${realm}",service="reg",scope="repository:a:pull"`;
const pull = { client: "c1", scopes: ["repository:a:pull"] };
const credentials = { username: "load", password: new Secret("s3cret") };
const withPassword: EndpointAuth = { type: "bearer", credentials, token: undefined };
const anonymous: EndpointAuth = { type: "none" };

type Answer = { status?: number; body?: unknown; location?: string };

/** A token service that gives token t1, t2, … with a life, or what the test's table says. */
function harness(auth: EndpointAuth, answers: (request: ControlRequest, n: number) => Answer) {
  const clock = new ManualClock();
  const requests: ControlRequest[] = [];
  const fetch: ControlFetch = async (request) => {
    requests.push(request);
    await Promise.resolve();
    clock.advance(nanosFromSeconds(seconds(0.5)));
    const { status = 200, body = {}, location } = answers(request, requests.length);
    return {
      status,
      headers: (name) => (name === "location" && location !== undefined ? [location] : []),
      body: Buffer.from(typeof body === "string" ? body : JSON.stringify(body)),
    };
  };
  const authorization = new Authorization({ origin, auth, insecure: false, fetch, clock });
  return {
    authorization,
    requests,
    clock,
    wait: (s: number) => clock.advance(nanosFromSeconds(seconds(s))),
  };
}

const tokens =
  (more: object = {}) =>
  (_: ControlRequest, n: number): Answer => ({ body: { token: `t${n}`, ...more } });

async function rejection(promise: Promise<unknown>): Promise<DrayageError> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof DrayageError, String(error));
  return error;
}

test("token: a 401 is answered by a token for the operation's scopes, and the next request has it at once", async () => {
  const { authorization, requests } = harness(withPassword, tokens());
  assert.equal(authorization.header(pull), undefined);
  const header = await authorization.answer(pull, [bearerLine], undefined);
  assert.equal(header.expose(), "Bearer t1");
  assert.equal(authorization.header(pull)?.expose(), "Bearer t1");
  const asked = new URL(requests[0]?.url ?? "");
  assert.equal(asked.origin + asked.pathname, "https://auth.example/token");
  assert.deepEqual(
    [...asked.searchParams],
    [
      ["x", "1"],
      ["service", "reg"],
      ["scope", "repository:a:pull"],
      ["account", "load"],
    ],
  );
  const basic = `Basic ${Buffer.from("load:s3cret").toString("base64")}`;
  assert.equal(requests[0]?.headers?.authorization, basic);
  assert.deepEqual(authorization.tokenCounts, { requests: 1, failed: 0, nanos: 5e8 });
});

test("token: several scopes are several parameters; without any, the registry's own are asked for", async () => {
  const { authorization, requests } = harness(anonymous, tokens());
  const mount = { client: "c1", scopes: ["repository:a:pull,push", "repository:b:pull"] };
  await authorization.answer(mount, [bearerLine], undefined);
  await authorization.answer({ client: "c1", scopes: [] }, [bearerLine], undefined);
  const scopes = requests.map(({ url }) => new URL(url).searchParams.getAll("scope"));
  assert.deepEqual(scopes, [mount.scopes, ["repository:a:pull"]]);
  assert.equal(requests[0]?.headers?.authorization, undefined);
});

test("token: clients and scopes have tokens of their own, the order of scopes does not matter", async () => {
  const { authorization } = harness(anonymous, tokens());
  const two = { client: "c1", scopes: ["x", "y"] };
  await authorization.answer(pull, [bearerLine], undefined);
  await authorization.answer({ ...pull, client: "c2" }, [bearerLine], undefined);
  await authorization.answer(two, [bearerLine], undefined);
  assert.equal(authorization.header(pull)?.expose(), "Bearer t1");
  assert.equal(authorization.header({ ...pull, client: "c2" })?.expose(), "Bearer t2");
  assert.equal(authorization.header({ ...two, scopes: ["y", "x"] })?.expose(), "Bearer t3");
});

test("token: all who wait for the same token share one request", async () => {
  const { authorization, requests } = harness(anonymous, tokens());
  const answers = Array.from({ length: 50 }, () =>
    authorization.answer(pull, [bearerLine], undefined),
  );
  const given = (await Promise.all(answers)).map((header) => header.expose());
  assert.deepEqual(new Set(given), new Set(["Bearer t1"]));
  assert.equal(requests.length, 1);
});

for (const { name, more, renewedAt, expiredAt } of [
  { name: "no life means 60 s: renewed after 30", more: {}, renewedAt: 30, expiredAt: 60 },
  { name: "5 s are taken as 60", more: { expires_in: 5 }, renewedAt: 30, expiredAt: 60 },
  { name: "of 100 s, 30 before the end", more: { expires_in: 100 }, renewedAt: 70, expiredAt: 100 },
  { name: "of 1000 s, at 80 %", more: { expires_in: 1000 }, renewedAt: 800, expiredAt: 1000 },
  {
    name: "a life that is no number means 60 s",
    more: { expires_in: "900" },
    renewedAt: 30,
    expiredAt: 60,
  },
]) {
  test(`token: renewal: ${name}`, async () => {
    const { authorization, requests, clock, wait } = harness(anonymous, tokens(more));
    await authorization.answer(pull, [bearerLine], undefined);
    const elapsed = () => clock.now() / 1e9;
    wait(renewedAt - 0.1 - elapsed());
    authorization.header(pull);
    assert.equal(requests.length, 1, "not yet due");
    wait(0.2);
    // The old token is good until the new one is there.
    assert.equal(authorization.header(pull)?.expose(), "Bearer t1");
    authorization.header(pull);
    assert.equal(requests.length, 2, "asked for once");
    await new Promise(setImmediate);
    assert.equal(authorization.header(pull)?.expose(), "Bearer t2");
    wait(expiredAt + 1);
    assert.equal(authorization.header(pull), undefined);
  });
}

test("token: a renewal that fails leaves the good token, and is tried again only after a pause", async () => {
  const { authorization, requests, wait } = harness(anonymous, (_, n) =>
    n === 1 ? { body: { token: "t1", expires_in: 1000 } } : { status: 503 },
  );
  await authorization.answer(pull, [bearerLine], undefined);
  wait(801);
  for (let request = 0; request < 10; request++) {
    assert.equal(authorization.header(pull)?.expose(), "Bearer t1");
    await new Promise(setImmediate);
  }
  assert.equal(requests.length, 2);
  wait(6);
  authorization.header(pull);
  assert.equal(requests.length, 3);
  await new Promise(setImmediate);
  assert.equal(authorization.tokenCounts.failed, 2);
});

test("token: one refused before its time is replaced, by one request for all whom it failed", async () => {
  const { authorization, requests } = harness(anonymous, tokens({ expires_in: 1000 }));
  const first = await authorization.answer(pull, [bearerLine], undefined);
  const [a, b] = await Promise.all([
    authorization.answer(pull, [bearerLine], first),
    authorization.answer(pull, [bearerLine], first),
  ]);
  assert.deepEqual([a?.expose(), b?.expose()], ["Bearer t2", "Bearer t2"]);
  const late = await authorization.answer(pull, [bearerLine], first);
  assert.equal(late.expose(), "Bearer t2");
  assert.equal(requests.length, 2);
});

for (const { status } of [{ status: 404 }, { status: 405 }]) {
  test(`token: a service that answers GET with ${status} is asked by POST with the password, then the refresh token`, async () => {
    const { authorization, requests } = harness(withPassword, ({ method }, n) =>
      method === "GET" ? { status } : { body: { access_token: `t${n}`, refresh_token: "again" } },
    );
    const first = await authorization.answer(pull, [bearerLine], undefined);
    assert.equal(first.expose(), "Bearer t2");
    await authorization.answer(pull, [bearerLine], first);
    const forms = requests
      .filter(({ method }) => method === "POST")
      .map(({ body }) => new URLSearchParams(body));
    assert.deepEqual(
      forms.map((form) => [
        form.get("grant_type"),
        form.get("password"),
        form.get("refresh_token"),
      ]),
      [
        ["password", "s3cret", null],
        ["refresh_token", null, "again"],
      ],
    );
    for (const form of forms) {
      assert.equal(form.get("service"), "reg");
      assert.equal(form.get("scope"), "repository:a:pull");
      assert.equal(form.get("client_id"), "drayage");
      assert.equal(form.get("access_type"), "offline");
    }
  });
}

for (const { name, answer, lines = [bearerLine], auth = withPassword, says } of [
  {
    name: "a wrong password",
    answer: { status: 401, body: { errors: [{ code: "UNAUTHORIZED", message: "who?" }] } },
    says: /auth\.example\/token answered 401: UNAUTHORIZED: who\?/,
  },
  {
    name: "a redirect",
    answer: { status: 307, location: "https://evil.example" },
    says: /elsewhere/,
  },
  { name: "an answer without a token", answer: { body: { hello: 1 } }, says: /without a token/ },
  { name: "an answer that is no JSON", answer: { body: "<html>" }, says: /without a token/ },
  {
    name: "a token that would break the header",
    answer: { body: { token: "a\r\nb" } },
    says: /without a token/,
  },
  {
    name: "a service without encryption",
    lines: ['Bearer realm="http://auth.example/t"'],
    says: /not encrypted/,
  },
  { name: "a realm that is no URL", lines: ['Bearer realm="file:///etc/passwd"'], says: /no URL/ },
  { name: "no challenge", lines: [], says: /without asking/ },
  {
    name: "Basic without a password to give",
    lines: ["Basic realm=x"],
    auth: anonymous,
    says: /type: basic/,
  },
  {
    name: "a token of the user that is refused",
    auth: { type: "bearer", credentials: undefined, token: new Secret("mine") },
    says: /token of the entry/,
  },
] as { name: string; answer?: Answer; lines?: string[]; auth?: EndpointAuth; says: RegExp }[]) {
  test(`token: ${name} is an authentication failure that shows no secret`, async () => {
    const { authorization } = harness(auth, () => answer ?? {});
    const error = await rejection(authorization.answer(pull, lines, undefined));
    assert.equal(error.code, "auth-failed");
    assert.match(error.message, says);
    assert.doesNotMatch(error.message, /s3cret|x=1/);
  });
}

test("authorization: Basic is sent at once where it is configured, and refused twice it is wrong", async () => {
  const { authorization, requests } = harness({ type: "basic", credentials }, () => ({}));
  const header = authorization.header(pull);
  assert.match(header?.expose() ?? "", /^Basic /);
  const error = await rejection(authorization.answer(pull, ['Basic realm="x"'], header));
  assert.match(error.message, /refused the password of "load"/);
  assert.equal(requests.length, 0);
});

test("authorization: a registry that asks a bearer entry for Basic gets it from then on", async () => {
  const { authorization } = harness(withPassword, () => ({}));
  const header = await authorization.answer(pull, ['Basic realm="x"'], undefined);
  assert.match(header.expose(), /^Basic /);
  assert.equal(authorization.header(pull), header);
});

test("authorization: a token of the user goes with every request", () => {
  const { authorization } = harness(
    { type: "bearer", credentials: undefined, token: new Secret("mine") },
    () => ({}),
  );
  assert.equal(authorization.header(pull)?.expose(), "Bearer mine");
});
