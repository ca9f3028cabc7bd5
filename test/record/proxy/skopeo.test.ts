import { deepEqual, equal } from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { promisify } from "node:util";
import type { ArchiveEvent } from "../../../src/archive/event.ts";
import { decodeExchange, type HttpExchange } from "../../../src/archive/exchange.ts";
import { RecordingProxy } from "../../../src/record/proxy/recording-proxy.ts";
import { needsDockerRegistry, startDockerRegistry } from "../../fakes/docker-registry.ts";
import { makeOciImage, needsUmoci } from "../../fakes/oci-image.ts";

const run = promisify(execFile);

const exchangesOf = (events: readonly ArchiveEvent[]): HttpExchange[] =>
  events.flatMap((event) => (event.kind === "exchange" ? (decodeExchange(event.json) ?? []) : []));

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
  const before = registry.accessLog().length;
  const through = `docker://127.0.0.1:${proxy.port}/lib/app:v1`;
  const direct = `docker://127.0.0.1:${registry.port}/lib/app:v1`;
  await run("skopeo", ["copy", "--dest-tls-verify=false", image.reference, through]);
  await run("skopeo", ["copy", "--src-tls-verify=false", through, `oci:${image.directory}/o:v1`]);
  await proxy.close();
  const logged = registry
    .accessLog()
    .slice(before)
    .map((line) => {
      const [, method, status] = /"(\w+) \S+ \S+" (\d+)/.exec(line) ?? [];
      return `${method} ${status}`;
    });
  const recorded = exchangesOf(events).map(({ method, status }) => `${method} ${status}`);
  deepEqual(recorded.sort(), logged.sort());
  const raw = ["inspect", "--raw", "--tls-verify=false", direct];
  const manifest = (await run("skopeo", raw)).stdout;
  const kept = exchangesOf(events).find(
    ({ method, path }) => method === "PUT" && path.endsWith("/v1"),
  );
  equal(Buffer.from(kept?.manifest ?? "", "base64").toString(), manifest);
});
