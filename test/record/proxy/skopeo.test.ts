import { deepEqual, equal } from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { promisify } from "node:util";
import type { ArchiveEvent } from "../../../src/archive/event.ts";
import { RecordingProxy } from "../../../src/record/proxy/recording-proxy.ts";
import {
  type DockerRegistry,
  needsDockerRegistry,
  startDockerRegistry,
} from "../../fakes/docker-registry.ts";
import { makeOciImage, needsUmoci } from "../../fakes/oci-image.ts";
import { exchangesOf } from "./recorded-proxy.ts";

const run = promisify(execFile);

/** Of the clients: the probe for its readiness is in the log, too. Lines may come a moment after their answers. */
async function loggedOf(registry: DockerRegistry, least: number): Promise<string[]> {
  const deadline = performance.now() + 5_000;
  for (;;) {
    const lines = registry.accessLog().filter((line) => line.includes("skopeo"));
    if (lines.length >= least || performance.now() > deadline)
      return lines.map((line) => {
        const [, method, status] = /"(\w+) \S+ \S+" (\d+)/.exec(line) ?? [];
        return `${method} ${status}`;
      });
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

test("a push and a pull by skopeo go through unchanged, and every request of the registry's log is recorded", async (t) => {
  const registry = await startDockerRegistry();
  if (registry === undefined) return t.skip(needsDockerRegistry);
  t.after(() => registry.stop());
  const image = makeOciImage();
  if (image === undefined) return t.skip(needsUmoci);
  t.after(() => image.remove());
  const events: ArchiveEvent[] = [];
  const proxy = await RecordingProxy.start(
    { listen: { host: "127.0.0.1", port: 0 }, upstream: registry.url },
    {
      offer: (batch) => void events.push(...batch),
      lostBatches: 0,
      lost: () => undefined,
    },
  );
  const through = `docker://127.0.0.1:${proxy.port}/lib/app:v1`;
  const direct = `docker://127.0.0.1:${registry.port}/lib/app:v1`;
  await run("skopeo", ["copy", "--dest-tls-verify=false", image.reference, through]);
  await run("skopeo", ["copy", "--src-tls-verify=false", through, `oci:${image.directory}/o:v1`]);
  await proxy.close();
  const recorded = exchangesOf(events).map(({ method, status }) => `${method} ${status}`);
  deepEqual(recorded.sort(), (await loggedOf(registry, recorded.length)).sort());
  const raw = ["inspect", "--raw", "--tls-verify=false", direct];
  const manifest = (await run("skopeo", raw)).stdout;
  const kept = exchangesOf(events).find(
    ({ method, path }) => method === "PUT" && path.endsWith("/v1"),
  );
  equal(Buffer.from(kept?.manifest ?? "", "base64").toString(), manifest);
});
