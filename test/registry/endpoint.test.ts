import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { UsageError } from "../../src/core/errors.ts";
import {
  basicAuthorization,
  describeEndpoint,
  type EndpointEntry,
  resolveEndpoint,
} from "../../src/registry/endpoint.ts";
import { Secret } from "../../src/registry/secret.ts";

const basic = { type: "basic", username: "load", password: "hunter2" } as const;

for (const { name, entry, expected } of [
  {
    name: "host and port are plain HTTP",
    entry: "localhost:5000",
    expected: { url: "http://localhost:5000", hostHeader: "localhost:5000", pathPrefix: "" },
  },
  {
    name: "a host alone",
    entry: "registry",
    expected: { url: "http://registry", hostHeader: "registry" },
  },
  {
    name: "an IPv6 address",
    entry: "[::1]:5000",
    expected: { origin: "http://[::1]:5000", hostHeader: "[::1]:5000" },
  },
  {
    name: "a URL with default port and slash",
    entry: "HTTPS://Registry.Example:443/",
    expected: {
      url: "https://registry.example",
      origin: "https://registry.example",
      pathPrefix: "",
    },
  },
  {
    name: "a URL with a path",
    entry: "https://host:5443/mirror/eu/",
    expected: {
      url: "https://host:5443/mirror/eu",
      origin: "https://host:5443",
      pathPrefix: "/mirror/eu",
    },
  },
  {
    name: "a mapping with a prefix for names",
    entry: { url: "host:5000", prefix: "/load/test/", insecure: true },
    expected: { url: "http://host:5000", prefix: "load/test/", insecure: true },
  },
] as { name: string; entry: EndpointEntry; expected: object }[]) {
  test(`endpoint: ${name}`, () => {
    const endpoint = resolveEndpoint(entry, 3);
    assert.deepEqual({ ...endpoint, ...expected }, endpoint);
    assert.equal(endpoint.index, 3);
  });
}

for (const { name, entry, says } of [
  { name: "no address", entry: "http://", says: /host:port or http/ },
  { name: "another scheme", entry: "ftp://host", says: /http:\/\/ or https:\/\// },
  {
    name: "credentials in the url",
    entry: "http://load:hunter2@host",
    says: /auth: \{type: basic/,
  },
  {
    name: "credentials in what is no url",
    entry: "http://load:hunter2@ho st",
    says: /the url is no/,
  },
  { name: "a query", entry: "http://host/?x=1", says: /query/ },
  {
    name: "a prefix that is no name",
    entry: { url: "h:1", prefix: "Load" },
    says: /prefix "Load"/,
  },
  {
    name: "basic without a password",
    entry: { url: "h:1", auth: { type: "basic", username: "load" } },
    says: /username and password/,
  },
  { name: "basic without anything", entry: { url: "h:1", auth: { type: "basic" } }, says: /needs/ },
  {
    name: "credentials without a type",
    entry: { url: "h:1", auth: { username: "load", password: "hunter2" } },
    says: /no type/,
  },
  {
    name: "token and password together",
    entry: { url: "h:1", auth: { ...basic, type: "bearer", token: "hunter2" } },
    says: /not both/,
  },
  {
    name: "a colon in the user name",
    entry: { url: "h:1", auth: { ...basic, username: "a:b" } },
    says: /":"/,
  },
  {
    name: "an unknown type",
    entry: { url: "h:1", auth: { type: "digest" } } as unknown as EndpointEntry,
    says: /"digest"/,
  },
] as { name: string; entry: EndpointEntry; says: RegExp }[]) {
  test(`endpoint: ${name} is refused in a line that shows no secret`, () => {
    assert.throws(
      () => resolveEndpoint(entry, 1),
      (error: unknown) => {
        assert.ok(error instanceof UsageError);
        assert.match(error.message, says);
        assert.match(error.message, /^registry\[1\]: /);
        assert.ok(!error.message.includes("hunter2"));
        return true;
      },
    );
  });
}

test("endpoint: every mistake of an entry gets its line", () => {
  const entry = { url: "ftp://host?q", prefix: "A", auth: { username: "x" } };
  assert.throws(
    () => resolveEndpoint(entry, 0),
    (error: unknown) => error instanceof UsageError && error.lines.length === 5,
  );
});

for (const { name, entry, line } of [
  { name: "without credentials", entry: "host:1", line: "registry[1] http://host:1" },
  {
    name: "basic",
    entry: { url: "https://h", auth: basic },
    line: "registry[1] https://h (basic as load)",
  },
  {
    name: "bearer",
    entry: { url: "h", insecure: true, auth: { type: "bearer", token: "hunter2" } },
    line: "registry[1] http://h (bearer, token given, certificate not checked)",
  },
  {
    name: "bearer with credentials",
    entry: { url: "h", auth: { ...basic, type: "bearer" } },
    line: "registry[1] http://h (bearer as load)",
  },
  {
    name: "anonymous bearer",
    entry: { url: "h", auth: { type: "bearer" } },
    line: "registry[1] http://h (bearer)",
  },
] as { name: string; entry: EndpointEntry; line: string }[]) {
  test(`endpoint: described and printed in any way, one ${name} shows no secret`, () => {
    const endpoint = resolveEndpoint(entry, 1);
    assert.equal(describeEndpoint(endpoint), line);
    for (const shown of [
      JSON.stringify(endpoint),
      inspect(endpoint, { depth: null, showHidden: true }),
    ]) {
      assert.ok(!shown.includes("hunter2"), shown);
    }
  });
}

test("secret: only expose() gives the value", () => {
  const secret = new Secret("hunter2");
  assert.equal(secret.expose(), "hunter2");
  for (const shown of [`${secret}`, String(secret), JSON.stringify({ secret }), inspect(secret)])
    assert.ok(shown.includes("***") && !shown.includes("hunter2"), shown);
});

test("endpoint: Basic is the pair in base64, UTF-8", () => {
  const header = basicAuthorization({ username: "Aladdin", password: new Secret("open sésame") });
  assert.equal(header.expose(), `Basic ${Buffer.from("Aladdin:open sésame").toString("base64")}`);
});
