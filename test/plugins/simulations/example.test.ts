import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { loadModule } from "../../../src/plugins/simulations/module/module-simulation.ts";
import { blobs, cursorOf } from "./traces.ts";

const example = fileURLToPath(
  new URL("../../../examples/simulations/largest-layers.mjs", import.meta.url),
);

test("the example keeps what is below the limit, and counts what that spares", async () => {
  const { run, streams } = await loadModule(example, { limit: 100 });
  const list = blobs([
    ["a", 50],
    ["b", 150],
    ["a", 50],
    ["b", 150],
  ]);
  const requests = cursorOf([...list, { uri: "v2/a/b/manifests/m", size: 10 }]);
  assert.deepEqual(await run(requests), {
    limit: 100,
    requests: 4,
    hits: 1,
    "hit ratio": 0.25,
    "byte hit ratio": 0.125,
    "layers kept": 1,
  });
  assert.equal(streams, true);
});
