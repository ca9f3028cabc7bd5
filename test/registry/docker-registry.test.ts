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

for (const { relativeUrls, location } of [
  { relativeUrls: true, location: /^\/v2\/a\/blobs\/uploads\// },
  { relativeUrls: false, location: /^http:\/\/127\.0\.0\.1:\d+\/v2\/a\/blobs\/uploads\// },
]) {
  test(`docker-registry gives ${relativeUrls ? "relative" : "absolute"} Locations`, async (t) => {
    const registry = await startDockerRegistry({ relativeUrls });
    if (registry === undefined) return t.skip(needsDockerRegistry);
    t.after(() => registry.stop());
    const opened = await fetch(`${registry.url}/v2/a/blobs/uploads/`, { method: "POST" });
    assert.match(opened.headers.get("location") ?? "", location);
  });
}

test("docker-registry pulls through from another, and takes no pushes then", async (t) => {
  const upstream = await startDockerRegistry();
  if (upstream === undefined) return t.skip(needsDockerRegistry);
  t.after(() => upstream.stop());
  const cache = await startDockerRegistry({ proxy: upstream.url, storage: "filesystem" });
  assert.ok(cache !== undefined);
  t.after(() => cache.stop());
  const opened = await fetch(`${cache.url}/v2/a/blobs/uploads/`, { method: "POST" });
  assert.equal(opened.status, 405);
});
