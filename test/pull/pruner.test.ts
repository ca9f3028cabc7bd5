import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "../../src/core/clock.ts";
import { Pruner } from "../../src/pull/pruner.ts";
import type { ControlResponse } from "../../src/registry/control-transport.ts";
import type { EndpointAuth } from "../../src/registry/endpoint.ts";
import { Secret } from "../../src/registry/secret.ts";

const origin = "http://cache:5000";
const challenge = `Bearer realm="${origin}/token",service="s",scope="cache:prune"`;
const nobody: EndpointAuth = { type: "none" };
const holder: EndpointAuth = {
  type: "bearer",
  credentials: { username: "alice", password: new Secret("s3cret") },
  token: undefined,
};

const response = (status: number, body = ""): ControlResponse => ({
  status,
  headers: (name) => (status === 401 && name === "www-authenticate" ? [challenge] : []),
  body: Buffer.from(body),
});

/** A cache that wants the token `t` for its prunes, and what it was asked. */
function guarded(auth: EndpointAuth, answer = 200) {
  const asked: string[] = [];
  const pruner = new Pruner({
    origin,
    pathPrefix: "",
    auth,
    insecure: false,
    userAgent: "drayage/test",
    clock: new ManualClock(),
    fetch: ({ method, url, headers }) => {
      const { pathname, searchParams } = new URL(url);
      asked.push(`${method} ${pathname} ${searchParams.get("scope") ?? ""}`.trimEnd());
      const isKnown = Object.values(headers ?? {}).includes("Bearer t");
      if (pathname === "/token") return Promise.resolve(response(200, `{"token":"t"}`));
      return Promise.resolve(response(isKnown ? answer : 401));
    },
  });
  return { pruner, asked };
}

const needsToken = ["DELETE /cmd/prune", "GET /token cache:prune", "DELETE /cmd/prune"];

for (const auth of [holder, nobody]) {
  test(`a prune answered 401 gets the token asked for, and the next has it: ${auth.type}`, async () => {
    const { pruner, asked } = guarded(auth);
    assert.deepEqual(await pruner.prune("a"), { kind: "done" });
    assert.deepEqual(asked, needsToken);
    assert.deepEqual(await pruner.prune("b"), { kind: "done" });
    assert.deepEqual(asked, [...needsToken, "DELETE /cmd/prune"]);
  });
}

test("a prune that its token does not allow has failed, one that nobody knows has no endpoint", async () => {
  const { pruner } = guarded(holder, 403);
  const refused = await pruner.prune("a");
  assert.deepEqual(refused, { kind: "failed", message: "status 403" });
  assert.deepEqual(await guarded(holder, 405).pruner.prune("a"), {
    kind: "no-endpoint",
    status: 405,
  });
  await pruner.prune("b");
  assert.deepEqual(
    pruner.failures.map(({ kind, count, sample }) => [kind, count, sample]),
    [["auth", 2, "prune: status 403"]],
  );
  assert.equal(pruner.pruned, 0);
});
