// Nodes whose master was killed, connected directly: each writes what it did, and the directories are added up.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import {
  type EmbeddedRegistry,
  startEmbeddedRegistry,
} from "../../src/embedded/embedded-registry.ts";
import { startNodes } from "./cluster-nodes.ts";
import { blobGets, trace } from "./traced.ts";
import { pause, type Results, until, Workplace } from "./workplace.ts";

const COUNT = 300;

describe("the master is killed in mid-run", () => {
  const place = new Workplace();
  let registry: EmbeddedRegistry;
  before(async () => {
    registry = await startEmbeddedRegistry();
  });
  after(async () => {
    place.leave();
    await registry.close();
  });

  test("merge adds up what its nodes left behind, and report makes their pages", async () => {
    place.configure(trace(blobGets(COUNT, { every: 0.015 })), {
      registry: [registry.url],
      "client_info.wait": true,
      "cluster.heartbeat": 0.2,
      "cluster.lost_after": 1,
    });
    await place.warmup();
    const nodes = await startNodes(place, 2);
    const list = JSON.stringify(nodes.map(({ address }) => address));
    const run = place.start([
      ...["master", "-c", "run", "-i", "config.yaml"],
      ...["--set", `client_info.client_list=${list}`],
    ]);
    await until(() => nodes.every(({ said }) => said().includes(" of 2")), "the run has begun");
    await pause(2500);
    run.child.kill("SIGKILL");
    await run.ended;
    await until(() => nodes.every(({ said }) => said().includes("finished alone")), "all is kept");
    const directories = place.runDirectories("node");
    assert.equal(directories.length, 2);
    const merged = await place.drayage(["merge", ...directories, "--out", "sum"]);
    assert.equal(merged.code, 0, merged.err);
    assert.match(merged.err, /2 runs of the same time, added up second by second/);
    const results = (name: string): Results => place.json<Results>(`${name}/results.json`);
    const parts = directories.map(results);
    const sum = results("sum") as Results & { nodes: { name: string; done: number }[] };
    // Everything was due within the ten seconds that nodes have ahead, and is counted once.
    assert.equal(sum.totals.done, COUNT);
    assert.equal(sum.totals.failed, 0);
    assert.equal(sum.latenessNs.count, COUNT);
    assert.deepEqual(
      sum.nodes.map(({ done }) => done),
      parts.map(({ totals }) => totals.done),
    );
    const again = await place.drayage(["report", directories[0] ?? ""]);
    assert.equal(again.code, 0, again.err);
    assert.deepEqual(results(directories[0] ?? "").totals, parts[0]?.totals);
  });
});
