// `drayage pull --nodes`, and `--nats`: one ramp, pulled by two processes, from CNCF distribution through CNCF distribution.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { NodeReport } from "../../src/workers/node-report.ts";
import {
  type DockerRegistry,
  needsDockerRegistry,
  startDockerRegistry,
} from "../fakes/docker-registry.ts";
import { pushImages } from "../fakes/pushed-images.ts";
import { type ClientNode, startNodes } from "./cluster-nodes.ts";
import { logTexts, type PullResults, resultsOf } from "./pull-results.ts";
import { type Transport, transports } from "./transports.ts";
import { type Started, until, Workplace } from "./workplace.ts";

const LAYERS = 2;
const images = ["-0001", "-0002", "-0003"].flatMap((suffix) =>
  ["ab", "cd"].map((name) => ({ repository: `lib/${name}${suffix}`, tag: "v1" })),
);

type SpreadResults = PullResults & { readonly nodes: readonly NodeReport[] };

const gets = (lines: readonly string[], kind: "manifests" | "blobs"): number =>
  lines.filter((line) => line.includes(`"GET /v2/`) && line.includes(`/${kind}/`)).length;

/** The cache has answered whole images, as many as were pulled. Returns its lines about pullers. */
function assertLogged(lines: readonly string[], pulled: number): readonly string[] {
  const logged = lines.filter((line) => line.includes("drayage/"));
  assert.equal(gets(logged, "manifests"), pulled);
  assert.equal(gets(logged, "blobs"), pulled * (LAYERS + 1));
  return logged;
}

/** As the run tells them: nodes of a list by their addresses, those of a group by their names. */
const namesOf = (nodes: readonly Started[]): readonly string[] =>
  nodes.map((node, index) => ("address" in node ? String(node.address) : ("ab"[index] ?? "")));

/** Three pullers began and ended. */
function assertDriven(texts: readonly string[]): void {
  for (const puller of [0, 1, 2]) {
    assert.ok(texts.some((text) => text.startsWith(`test driver start test #${puller} `)));
    assert.ok(texts.includes(`test driver stop test #${puller}`));
  }
}

/** Nodes are done, and know that the master has left rather than been lost. */
async function assertEnded(nodes: readonly Started[]): Promise<void> {
  for (const { said } of nodes) {
    await until(() => said().includes("\ndone\n"), "the node has ended");
    assert.doesNotMatch(said(), /the master .* is lost/);
  }
}

const stopAll = (nodes: readonly Started[]): void => {
  for (const { child } of nodes) child.kill("SIGKILL");
};

describe("a ramp on two nodes", () => {
  const place = new Workplace();
  let upstream: DockerRegistry | undefined;
  let cache: DockerRegistry | undefined;
  let nodes: readonly ClientNode[] = [];

  before(async () => {
    upstream = await startDockerRegistry({ storage: "inmemory" });
    if (upstream === undefined) return;
    cache = await startDockerRegistry({ proxy: upstream.url });
    await pushImages(upstream.url, images, LAYERS);
    nodes = await startNodes(place, 2);
  });
  after(async () => {
    place.leave();
    await cache?.stop();
    await upstream?.stop();
  });

  const ramp = (...flags: readonly string[]): string[] => [
    ...["pull", `--pullthrough-url=127.0.0.1:${cache?.port}`],
    ...[`--registry-url=127.0.0.1:${upstream?.port}`, "--namespace-form=none", "--verify"],
    ...["--patterns=-0001,-0002,-0003", "--metrics-file=metrics.txt", "--log-file=log.txt"],
    ...["--results=results", "--force", ...flags],
  ];
  const pull = (...flags: readonly string[]): string[] =>
    ramp("--nodes", nodes.map(({ address }) => address).join(","), ...flags);

  for (const [name, start] of Object.entries(transports))
    test(`over ${name}: puller i lives on node i mod 2, steps are the same instants, and both logs agree with the merged figures`, async (t) => {
      if (cache === undefined) return t.skip(needsDockerRegistry);
      const transport = await start();
      t.after(() => transport.stop());
      if (transport.missing !== undefined) return t.skip(transport.missing);
      const own = name === "direct" ? nodes : await transport.startNodes(place, 2);
      if (own !== nodes) t.after(() => stopAll(own));
      const before = cache.accessLog().length;
      const flags = ["--iteration-seconds=1.5", "--tally-seconds=1.5", ...transport.typed(own)];
      const ended = await place.drayage(ramp(...flags));
      assert.equal(ended.code, 0, ended.err);
      const results = resultsOf(place) as SpreadResults;
      const { pulls, steps, counts } = results;
      assert.equal(pulls.failed, 0);
      // To the nanosecond: a step is cut out of the figures of all nodes at the instants that were agreed on.
      assert.deepEqual(
        steps.map(({ level, seconds }) => [level, seconds.toFixed(6)]),
        [1, 2, 3, 2, 1].map((level) => [level, "1.500000"]),
      );
      const logged = assertLogged(cache.accessLog().slice(before), pulls.done);
      assert.deepEqual(
        [counts["manifest GETs"], counts["blob GETs"]],
        [gets(logged, "manifests"), gets(logged, "blobs")],
      );
      const active = place
        .text("metrics.txt")
        .trimEnd()
        .split("\n")
        .map((line) => line.at(-1));
      assert.deepEqual(active, ["1", "2", "3", "2", "1"]);
      assert.deepEqual(
        results.nodes.map(({ address, lost }) => [address, lost]),
        namesOf(own).map((address) => [address, null]),
      );
      const [first = 0, second = 0] = results.nodes.map(({ rows }) => rows);
      assert.ok(first > 0 && second > 0);
      assert.equal(first + second, pulls.done);
      assertDriven(logTexts(place.text("log.txt")));
      await assertEnded(own);
    });

  test("a ramp that cannot begin ends once it has found its nodes, and they are free for the next", async (t) => {
    if (cache === undefined) return t.skip(needsDockerRegistry);
    place.write("taken", "a file, no folder");
    const kept = pull().filter((flag) => flag !== "--force" && flag !== "--results=results");
    const failed = await place.drayage([...kept, "--results=taken"]);
    assert.equal(failed.code, 2);
    assert.match(failed.err, /taken/);
    const next = await place.drayage(pull("--iteration-seconds=0.3", "--tally-seconds=0.3"));
    assert.equal(next.code, 0, next.err);
  });

  test("a herd is released on both nodes at one instant", async (t) => {
    if (cache === undefined) return t.skip(needsDockerRegistry);
    const ended = await place.drayage(pull("--herd", "5", "--herd-count", "2"));
    assert.equal(ended.code, 0, ended.err);
    const { herds } = resultsOf(place) as SpreadResults & {
      readonly herds: readonly { clients: number; failed: number }[];
    };
    assert.deepEqual(
      herds.map(({ clients, failed }) => [clients, failed]),
      [
        [5, 0],
        [5, 0],
      ],
    );
  });

  test("a node is killed in mid-ramp: the others go on, it is told, and the exit code is 7", async (t) => {
    if (cache === undefined) return t.skip(needsDockerRegistry);
    const own = await startNodes(place, 2);
    const [, second] = own as [ClientNode, ClientNode];
    nodes = own;
    place.write("log.txt", "");
    const run = place.start(pull("--steps", "2@4s,1@1s", "--lost-after", "1s"));
    // A busy machine takes long to make a ramp ready, and nobody is lost before its start.
    await until(() => place.text("log.txt").includes("start test #1"), "the ramp has begun");
    await new Promise((later) => setTimeout(later, 1500));
    second.child.kill("SIGKILL");
    const ended = await run.ended;
    assert.equal(ended.code, 7, ended.err);
    assert.match(ended.err, new RegExp(`node .*${second.address}.* is lost`));
    const { pulls, nodes: told, steps } = resultsOf(place) as SpreadResults;
    assert.match(told[1]?.lost ?? "", /nothing was heard of it/);
    assert.equal(
      told.reduce((sum, { rows }) => sum + rows, 0),
      pulls.done + pulls.failed,
    );
    assert.deepEqual(
      steps.map(({ level }) => level),
      [2, 1],
    );
  });

  test("a ramp whose master is killed goes on without it, and another one tells all of it", async (t) => {
    if (cache === undefined) return t.skip(needsDockerRegistry);
    const transport = await (transports.nats as () => Promise<Transport>)();
    t.after(() => transport.stop());
    if (transport.missing !== undefined) return t.skip(transport.missing);
    const own = await transport.startNodes(place, 2);
    t.after(() => stopAll(own));
    const before = cache.accessLog().length;
    const flags = ["--steps=1@2s,3@3s,2@2s", "--tally-seconds=1", "--lost-after=3s"];
    const words = ramp(...flags, ...transport.typed(own)).filter(
      (word) => !/results|force/.test(word),
    );
    place.write("metrics.txt", "");
    const run = place.start(words);
    const active = (): string[] =>
      place.has("metrics.txt") ? place.text("metrics.txt").trimEnd().split("\n") : [];
    await until(() => active().some((line) => line.endsWith("3")), "the second step has begun");
    run.child.kill("SIGKILL");
    assert.match((await run.ended).err, /^ramp [0-9a-f]{16}: if this master dies, --resume/m);
    const ended = await place.drayage(["master", "--resume", place.runDirectory("pull")]);
    assert.equal(ended.code, 0, ended.err);
    assert.ok(own.every(({ said }) => said().includes("carries the run")));
    const results = place.json<SpreadResults>(`${place.runDirectory("pull")}/results.json`);
    const { pulls, steps } = results;
    assert.equal(pulls.failed, 0);
    // Cut by the nodes at the instants of the schedule, though nobody was there for some of them.
    assert.deepEqual(
      steps.map(({ level, seconds }) => [level, seconds.toFixed(6)]),
      [
        [1, "2.000000"],
        [3, "3.000000"],
        [2, "2.000000"],
      ],
    );
    assert.deepEqual(
      active().map((line) => line.at(-1)),
      ["1", "1", "3", "3", "3", "2", "2"],
    );
    assertLogged(cache.accessLog().slice(before), pulls.done);
    assertDriven(logTexts(place.text("log.txt")));
    await assertEnded(own);
  });
});
