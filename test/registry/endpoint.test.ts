import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import {
  basicAuthorization,
  describeEndpoint,
  type Endpoint,
  type EndpointAuth,
} from "../../src/registry/endpoint.ts";
import { Secret } from "../../src/registry/secret.ts";

const password = new Secret("hunter2");
const credentials = { username: "load", password };
const entry: Endpoint = {
  index: 1,
  origin: "https://host:5443",
  pathPrefix: "",
  auth: { type: "none" },
  ca: undefined,
  insecure: false,
};

for (const { name, more = {}, auth, line } of [
  { name: "without credentials", auth: { type: "none" }, line: "registry[1] https://host:5443" },
  {
    name: "with a path, its certificate not checked",
    more: { pathPrefix: "/mirror", insecure: true },
    auth: { type: "none" },
    line: "registry[1] https://host:5443/mirror (certificate not checked)",
  },
  {
    name: "with Basic",
    auth: { type: "basic", credentials },
    line: "registry[1] https://host:5443 (basic as load)",
  },
  {
    name: "with a token",
    more: { insecure: true },
    auth: { type: "bearer", credentials: undefined, token: password },
    line: "registry[1] https://host:5443 (bearer, token given, certificate not checked)",
  },
  {
    name: "with credentials for the token service",
    auth: { type: "bearer", credentials, token: undefined },
    line: "registry[1] https://host:5443 (bearer as load)",
  },
  {
    name: "with a token service without credentials",
    auth: { type: "bearer", credentials: undefined, token: undefined },
    line: "registry[1] https://host:5443 (bearer)",
  },
] as { name: string; more?: Partial<Endpoint>; auth: EndpointAuth; line: string }[]) {
  test(`endpoint: described or printed in any way, one ${name} shows no secret`, () => {
    const endpoint = { ...entry, ...more, auth };
    assert.equal(describeEndpoint(endpoint), line);
    const inspected = inspect(endpoint, { depth: null, showHidden: true });
    for (const shown of [JSON.stringify(endpoint), inspected])
      assert.ok(!shown.includes("hunter2"), shown);
  });
}

test("secret: only expose() gives the value", () => {
  assert.equal(password.expose(), "hunter2");
  for (const shown of [
    `${password}`,
    String(password),
    JSON.stringify({ password }),
    inspect(password),
  ])
    assert.ok(shown.includes("***") && !shown.includes("hunter2"), shown);
});

test("endpoint: Basic is the pair in base64, UTF-8", () => {
  const header = basicAuthorization({ username: "Aladdin", password: new Secret("open sésame") });
  assert.equal(header.expose(), `Basic ${Buffer.from("Aladdin:open sésame").toString("base64")}`);
});
