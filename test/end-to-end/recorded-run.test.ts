// A load generator is a client like any other: what drayage sends through the recording proxy is in the archive.
import { deepEqual, equal } from "node:assert/strict";
import { test } from "node:test";
import { needsDockerRegistry, startDockerRegistry } from "../fakes/docker-registry.ts";
import { startProxyArchive } from "../fakes/proxy-archive.ts";
import { type Traced, trace } from "./traced.ts";
import { Workplace } from "./workplace.ts";

const blobs = Array.from(
  { length: 40 },
  (_, at): Traced => ({
    uri: `v2/aaaa1111/bbbb2222/blobs/0000${String(at % 10).padStart(4, "0")}`,
    size: 1000 + (at % 10),
    at: at * 0.005,
  }),
);

test("a warm-up and a run through the proxy: every request is in the archive, with its size", async (t) => {
  const registry = await startDockerRegistry();
  if (registry === undefined) return t.skip(needsDockerRegistry);
  t.after(() => registry.stop());
  const archive = await startProxyArchive(t, registry.url);
  const place = new Workplace();
  t.after(() => place.leave());
  place.configure(trace(blobs), {
    registry: [archive.proxy.url],
    "trace.output": "output.json",
  });
  await place.warmup();
  const ended = await place.run();
  equal(ended.code, 0, ended.err);
  const { exchanges, items } = await archive.close();
  deepEqual(
    items.filter(({ kind }) => kind === "gap"),
    [],
  );
  const pushed = exchanges.filter(
    ({ class: kind, status }) => kind === "upload-put" && status === 201,
  );
  equal(pushed.length, 10);
  const read = exchanges.filter(({ class: kind, method }) => kind === "blob" && method === "GET");
  deepEqual(
    read.map(({ res_bytes, status }) => [res_bytes, status]).toSorted(),
    place
      .rows()
      .map(({ size, status }) => [size, status])
      .toSorted(),
  );
  equal(read.length, blobs.length);
});
