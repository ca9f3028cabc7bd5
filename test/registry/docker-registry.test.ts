import assert from "node:assert/strict";
import { test } from "node:test";
import { needsDockerRegistry, startDockerRegistry } from "../fakes/docker-registry.ts";

for (const { name, options, status } of [
  { name: "in memory", options: {}, status: 200 },
  { name: "on disk", options: { storage: "filesystem" as const }, status: 200 },
  {
    name: "with authentication",
    options: { auth: { username: "alice", password: "s3cret" } },
    status: 401,
  },
]) {
  test(`docker-registry ${name} starts, answers ${status} and stops`, async (t) => {
    const registry = await startDockerRegistry(options);
    if (registry === undefined) return t.skip(needsDockerRegistry);
    const response = await fetch(`${registry.url}/v2/`);
    assert.equal(response.status, status);
    assert.ok(registry.accessLog().some((line) => line.includes("GET /v2/")));
    await registry.stop();
    await assert.rejects(fetch(`${registry.url}/v2/`));
  });
}
