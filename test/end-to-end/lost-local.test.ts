// `split: local`: the master gave a lost node nothing, and names all the same what went down with it.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import {
  type EmbeddedRegistry,
  startEmbeddedRegistry,
} from "../../src/embedded/embedded-registry.ts";
import { type ClientNode, startNodes } from "./cluster-nodes.ts";
import { doneOf, freePort, Ordered } from "./ordered-run.ts";
import { blobGets, trace } from "./traced.ts";
import { Workplace } from "./workplace.ts";

const COUNT = 400;
/** Becomes no operation: node 0 would tell it at its end. */
const broken = { uri: "v2/a/b/blobs/00000bad", at: 1 };

describe("split: local, and a node is killed in mid-run", () => {
  const place = new Workplace();
  let registry: EmbeddedRegistry;
  let alive: ClientNode[] = [];
  before(async () => {
    registry = await startEmbeddedRegistry();
    place.configure(trace(blobGets(COUNT, { every: 0.01 })), {
      registry: [registry.url],
      "client_info.wait": true,
      "run.unmapped": "skip",
      "cluster.split": "local",
      "cluster.heartbeat": 0.5,
      "cluster.lost_after": 6,
    });
    // Two at a time: whoever outlives a run is there for the next.
    alive = await startNodes(place, 4);
    await place.warmup();
    place.write("trace.json", JSON.stringify(trace([...blobGets(COUNT, { every: 0.01 }), broken])));
  });
  after(async () => {
    place.leave();
    await registry.close();
  });

  for (const { index, rows: when } of [
    { index: 1, rows: "along" },
    { index: 0, rows: "along" },
    { index: 1, rows: "after" },
  ])
    test(`node ${index}, rows ${when}: every operation has a row or a line that says what was lost`, async () => {
      const nodes = alive.slice(0, 2);
      alive.splice(index, 1);
      const list = JSON.stringify(nodes.map(({ address }) => address));
      const port = await freePort();
      const run = place.start([
        ...["master", "-c", "run", "-i", "config.yaml", "--allow-invalid"],
        ...["--set", `client_info.port=${port}`],
        ...["--set", `client_info.client_list=${list}`, "--set", `cluster.rows=${when}`],
      ]);
      await new Ordered(place, port).until((status) => doneOf(status) > 0);
      nodes[index]?.child.kill("SIGKILL");
      const ended = await run.ended;
      assert.equal(ended.code, 7, ended.err);
      const rows = place.rows();
      const skipped = place.skipped();
      const [lost, rowless] = ["node_lost", "row_dropped"].map((which) =>
        skipped.filter(({ reason }) => reason === which),
      ) as [typeof skipped, typeof skipped];
      assert.ok(lost.length > 0 && lost.length + rowless.length <= COUNT / 2);
      assert.equal(rowless.length > 0, when === "after");
      assert.deepEqual(
        skipped
          .filter((one) => !lost.includes(one) && !rowless.includes(one))
          .map(({ uri }) => uri),
        [broken.uri],
      );
      assert.deepEqual(
        [...rows, ...skipped].map(({ seq }) => seq).toSorted((a, b) => a - b),
        Array.from({ length: COUNT + 1 }, (_, seq) => seq),
      );
      assert.equal(place.summary().skipped.node_lost, lost.length);
      const { totals, latenessNs } = place.summary();
      assert.equal(totals.done + totals.failed, rows.length + rowless.length);
      assert.ok(latenessNs.count >= rows.length);
    });
});
