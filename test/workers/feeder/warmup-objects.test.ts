import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { openTrace } from "../../../src/trace/open-trace.ts";
import { WarmupObjects } from "../../../src/workers/feeder/warmup-objects.ts";
import { folderFor, nativeAt } from "../../trace/fixtures.ts";

type Asked = readonly [method: "GET" | "HEAD", status: number, size: number | null];

for (const { name, asked, size, conflicts = 0 } of [
  { name: "that of the first GET", asked: [["GET", 200, 10]], size: 10 },
  {
    name: "that of the first GET that succeeded, the others are conflicts",
    asked: [
      ["GET", 404, 7],
      ["GET", 200, 10],
      ["GET", 200, 20],
    ],
    size: 10,
    conflicts: 2,
  },
  {
    name: "a GET's, whatever HEADs say before and after it",
    asked: [
      ["HEAD", 200, 0],
      ["GET", 200, 5000],
      ["HEAD", 200, 0],
    ],
    size: 5000,
  },
  { name: "0 where a HEAD without a size is all there is", asked: [["HEAD", 200, null]], size: 0 },
  {
    name: "a HEAD's where no GET tells one",
    asked: [
      ["HEAD", 200, null],
      ["HEAD", 200, 300],
    ],
    size: 300,
  },
] satisfies { name: string; asked: readonly Asked[]; size: number; conflicts?: number }[]) {
  test(`size of an object to be pushed: ${name}`, async (t) => {
    const folder = folderFor(t);
    const lines = asked.map(([method, status, written], row) =>
      JSON.stringify(
        nativeAt(row, {
          "http.request.uri": "v2/a/b/blobs/x",
          "http.request.method": method,
          "http.response.status": status,
          "http.response.written": written,
        }),
      ),
    );
    writeFileSync(join(folder, "trace.ndjson"), lines.join("\n"));
    const stream = await openTrace({
      location: folder,
      traces: ["trace.ndjson"],
      include: ["blob:GET", "blob:HEAD"],
      arrival: "timestamp",
      strict: false,
      dedupe: false,
      seed: "0",
    });
    t.after(() => stream.close());
    const objects = new WarmupObjects({ collectLayers: false });
    while (stream.next()) objects.add(stream.view);
    assert.deepEqual(
      [objects.count, objects.sizeOf(0), objects.sizeConflicts],
      [1, size, conflicts],
    );
  });
}

type Step = readonly [method: "GET" | "HEAD", path: string, client?: string];

for (const { name, steps, layers } of [
  {
    name: "what its client got after it",
    steps: [
      ["GET", "manifests/m"],
      ["GET", "blobs/a"],
      ["GET", "blobs/b"],
    ],
    layers: ["a", "b"],
  },
  {
    name: "the same where the client asked for its digest before, and for that of a layer",
    steps: [
      ["HEAD", "manifests/m"],
      ["GET", "manifests/m"],
      ["HEAD", "blobs/a"],
      ["GET", "blobs/b"],
    ],
    layers: ["b"],
  },
  {
    name: "nothing that came after its client's next manifest, or that others got",
    steps: [
      ["GET", "manifests/m"],
      ["GET", "blobs/a"],
      ["GET", "blobs/x", "other"],
      ["GET", "manifests/n"],
      ["GET", "blobs/b"],
    ],
    layers: ["a"],
  },
  {
    name: "no more where it is got again",
    steps: [
      ["GET", "manifests/m"],
      ["GET", "blobs/a"],
      ["GET", "manifests/m"],
      ["GET", "blobs/b"],
    ],
    layers: ["a"],
  },
] satisfies { name: string; steps: readonly Step[]; layers: readonly string[] }[]) {
  test(`layers of a manifest to be pushed: ${name}`, async (t) => {
    const folder = folderFor(t);
    const lines = steps.map(([method, path, client = "c"]: Step, row) =>
      JSON.stringify(
        nativeAt(row, {
          "http.request.uri": `v2/lib/${path}`,
          "http.request.method": method,
          "http.request.remoteaddr": client,
        }),
      ),
    );
    writeFileSync(join(folder, "trace.ndjson"), lines.join("\n"));
    const include = ["blob:GET", "blob:HEAD", "manifest:GET", "manifest:HEAD"] as const;
    const stream = await openTrace({ location: folder, traces: ["trace.ndjson"], include });
    t.after(() => stream.close());
    const objects = new WarmupObjects({ collectLayers: true });
    while (stream.next()) objects.add(stream.view);
    assert.deepEqual(
      objects.layersOf(0).map((layer) => objects.refOf(layer)),
      layers,
    );
  });
}
