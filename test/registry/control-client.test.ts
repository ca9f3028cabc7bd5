import assert from "node:assert/strict";
import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { ManualClock } from "../../src/core/clock.ts";
import { DrayageError } from "../../src/core/errors.ts";
import { ControlClient, type PingProblem } from "../../src/registry/control-client.ts";
import type { EndpointAuth } from "../../src/registry/endpoint.ts";
import { Secret } from "../../src/registry/secret.ts";
import {
  type DockerRegistryOptions,
  needsDockerRegistry,
  startDockerRegistry,
} from "../fakes/docker-registry.ts";

const userAgent = "drayage/0.1 test";
const alice = { username: "alice", password: "s3cret" };
const credentials = { username: "alice", password: new Secret("s3cret") };
const wrong = { username: "alice", password: new Secret("hunter2") };
const basic: EndpointAuth = { type: "basic", credentials };
const bearer: EndpointAuth = { type: "bearer", credentials, token: undefined };

type Entry = {
  readonly url: string;
  readonly auth?: EndpointAuth;
  readonly ca?: string | undefined;
  readonly insecure?: boolean;
};

function clientOf(t: TestContext, { url, auth, ca, insecure = false }: Entry): ControlClient {
  const { origin, pathname } = new URL(url);
  const endpoint = {
    index: 2,
    origin,
    pathPrefix: pathname.replace(/\/$/, ""),
    auth: auth ?? { type: "none" as const },
    ca,
    insecure,
  };
  const client = new ControlClient({ endpoint, clock: new ManualClock(), userAgent });
  t.after(() => client.close());
  return client;
}

async function serve(t: TestContext, listener: RequestListener): Promise<string> {
  const server: Server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function listOf(names: AsyncGenerator<string>): Promise<string[]> {
  const list: string[] = [];
  for await (const name of names) list.push(name);
  return list;
}

async function registryOf(t: TestContext, options: DockerRegistryOptions) {
  const registry = await startDockerRegistry(options);
  if (registry === undefined) t.skip(needsDockerRegistry);
  else t.after(() => registry.stop());
  return registry;
}

for (const { name, options, entry, problem } of [
  { name: "open", options: {}, entry: {}, problem: undefined },
  {
    name: "Basic, right password",
    options: { auth: alice },
    entry: { auth: basic },
    problem: undefined,
  },
  {
    name: "Basic, asked of a bearer entry",
    options: { auth: alice },
    entry: { auth: bearer },
    problem: undefined,
  },
  {
    name: "Basic, wrong password",
    options: { auth: alice },
    entry: { auth: { type: "basic", credentials: wrong } },
    problem: { kind: "auth", says: /refused the password of "alice"/ },
  },
  {
    name: "Basic, no credentials",
    options: { auth: alice },
    entry: {},
    problem: { kind: "auth", says: /add auth: \{type: basic/ },
  },
  {
    name: "TLS, certificate trusted",
    options: { tls: true },
    entry: { trust: true },
    problem: undefined,
  },
  {
    name: "TLS, certificate not checked",
    options: { tls: true },
    entry: { insecure: true },
    problem: undefined,
  },
  {
    name: "TLS, certificate unknown",
    options: { tls: true },
    entry: {},
    problem: { kind: "tls", says: /certificate was refused: .*self-signed/ },
  },
  {
    name: "TLS, spoken to without",
    options: { tls: true },
    entry: { scheme: "http" },
    problem: { kind: "status", says: /400.*HTTPS server/ },
  },
  {
    name: "no TLS, spoken to with",
    options: {},
    entry: { scheme: "https" },
    problem: { kind: "tls", says: /does not speak TLS: is its url http/ },
  },
] as {
  name: string;
  options: DockerRegistryOptions;
  entry: { trust?: boolean; scheme?: string } & Omit<Entry, "url">;
  problem: { kind: PingProblem["kind"]; says: RegExp } | undefined;
}[]) {
  test(`ping: docker-registry, ${name}`, async (t) => {
    const registry = await registryOf(t, options);
    if (registry === undefined) return;
    const { trust = false, scheme, ...rest } = entry;
    const url = scheme === undefined ? registry.url : registry.url.replace(/^https?/, scheme);
    const client = clientOf(t, { url, ...(trust ? { ca: registry.ca } : {}), ...rest });
    const found = await client.ping();
    assert.equal(found?.kind, problem?.kind, found?.message);
    if (problem === undefined) return client.requireReachable();
    assert.match(found?.message ?? "", problem.says);
    await assert.rejects(client.requireReachable(), (error: unknown) => {
      assert.ok(error instanceof DrayageError);
      assert.equal(error.code, problem.kind === "auth" ? "auth-failed" : "target-unreachable");
      assert.match(error.message, /^registry\[2\] https?:\/\/127\.0\.0\.1:\d+/);
      assert.doesNotMatch(error.message, /\n|hunter2|s3cret/);
      return true;
    });
  });
}

test("ping: where nothing listens, it says so", async (t) => {
  const host = await serve(t, () => undefined);
  const closed = host.replace(/\d+$/, "1");
  const problem = await clientOf(t, { url: closed }).ping();
  assert.deepEqual(problem, {
    kind: "unreachable",
    message: "nothing listens there (connection refused)",
  });
});

test("ping: a name that nobody knows is named as such", async (t) => {
  const problem = await clientOf(t, { url: "http://registry.invalid:5000" }).ping();
  assert.equal(problem?.kind, "unreachable");
  assert.match(problem?.message ?? "", /its name is not known/);
});

for (const { name, status, headers = {}, body, kind, says } of [
  {
    name: "no registry at all",
    status: 404,
    body: "nope",
    kind: "status",
    says: /status 404: nope/,
  },
  {
    name: "a page elsewhere",
    status: 302,
    headers: { location: "/login" },
    body: "",
    kind: "status",
    says: /302 to \/login/,
  },
  {
    name: "no way in",
    status: 403,
    body: '{"errors":[{"code":"DENIED","message":"no"}]}',
    kind: "auth",
    says: /403: DENIED: no/,
  },
  { name: "401 without a challenge", status: 401, body: "", kind: "auth", says: /without asking/ },
]) {
  test(`ping: ${name} is a problem of kind ${kind}`, async (t) => {
    const host = await serve(t, (_, response) => response.writeHead(status, headers).end(body));
    const problem = await clientOf(t, { url: host }).ping();
    assert.equal(problem?.kind, kind);
    assert.match(problem?.message ?? "", says);
  });
}

test("ping: an abort ends it with the reason of its signal", async (t) => {
  const host = await serve(t, () => undefined);
  const controller = new AbortController();
  const ping = clientOf(t, { url: host }).ping(controller.signal);
  setTimeout(() => controller.abort(new Error("enough")), 20);
  await assert.rejects(ping, /enough/);
});

test("control: a token service on another port gets the password, the registry only the token", async (t) => {
  const seen: string[] = [];
  const note = (where: string, { headers, url }: IncomingMessage) =>
    seen.push(`${where} ${url} ${headers.authorization ?? "-"}`);
  const service = await serve(t, (request, response) => {
    note("service", request);
    response.end('{"token":"t1","expires_in":300}');
  });
  const registry = await serve(t, (request, response) => {
    note("registry", request);
    const challenge = [`Basic realm="r"`, `Bearer realm="${service}/token",service="reg"`];
    if (request.headers.authorization === "Bearer t1") response.end("{}");
    else response.writeHead(401, { "www-authenticate": challenge }).end();
  });
  const client = clientOf(t, { url: registry, auth: bearer });
  assert.equal(await client.ping(), undefined);
  assert.equal(await client.ping(), undefined);
  const basic = `Basic ${Buffer.from("alice:s3cret").toString("base64")}`;
  assert.deepEqual(seen, [
    "registry /v2/ -",
    `service /token?service=reg&account=alice ${basic}`,
    "registry /v2/ Bearer t1",
    "registry /v2/ Bearer t1",
  ]);
});

test("control: lists of several pages are followed, null is an empty list", async (t) => {
  const pages: Record<string, { names: string[] | null; link?: string }> = {
    "/base/v2/a/b/tags/list?n=1000": {
      names: ["v1", "v2"],
      link: '</base/v2/a/b/tags/list?last=v2&n=1000>; rel="next"',
    },
    "/base/v2/a/b/tags/list?last=v2&n=1000": {
      names: ["v3"],
      // Another host: its path is asked for here, where the credentials belong.
      link: '<http://evil.example/base/v2/a/b/tags/list?last=v3>; rel="prev", <http://evil.example/base/v2/a/b/tags/list?last=v4>; rel=next',
    },
    "/base/v2/a/b/tags/list?last=v4": { names: null },
  };
  const host = await serve(t, ({ url = "" }, response) => {
    const page = pages[url];
    const link = page?.link === undefined ? {} : { link: page.link };
    response.writeHead(page === undefined ? 404 : 200, link);
    response.end(JSON.stringify({ name: "a/b", tags: page?.names }));
  });
  const client = clientOf(t, { url: `${host}/base/` });
  assert.deepEqual(await listOf(client.tags("a/b")), ["v1", "v2", "v3"]);
  await assert.rejects(listOf(client.tags("absent")), /GET \/v2\/absent\/tags\/list: .*404/);
  await assert.rejects(listOf(client.repositories()), /_catalog: .*404/);
});

for (const { name, body } of [
  { name: "no JSON", body: "<html>" },
  { name: "no list", body: '{"tags":"v1"}' },
]) {
  test(`control: a listing that is ${name} is a protocol error`, async (t) => {
    const host = await serve(t, (_, response) => response.end(body));
    await assert.rejects(
      listOf(clientOf(t, { url: host }).tags("a")),
      (error: unknown) => error instanceof DrayageError && error.code === "protocol",
    );
  });
}

test("control: a page that leads to itself ends the list", async (t) => {
  const link = '</v2/_catalog?n=1000>; rel="next"';
  const host = await serve(t, (_, response) =>
    response.writeHead(200, { link }).end('{"repositories":["a"]}'),
  );
  assert.deepEqual(await listOf(clientOf(t, { url: host }).repositories()), ["a"]);
});

test("control: an answer beyond 4 MiB is refused, not collected", async (t) => {
  const host = await serve(t, (_, response) => response.end(Buffer.alloc(5 << 20, 32)));
  await assert.rejects(listOf(clientOf(t, { url: host }).repositories()), DrayageError);
});

test("control: tags and catalog of docker-registry", async (t) => {
  const registry = await registryOf(t, { auth: alice, tls: true });
  if (registry === undefined) return;
  const client = clientOf(t, { url: registry.url, ca: registry.ca, auth: basic });
  assert.deepEqual(await listOf(client.repositories()), []);
  await assert.rejects(listOf(client.tags("a")), /NAME_UNKNOWN/);
});
