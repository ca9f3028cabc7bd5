// Several machines: masters and nodes as processes of their own, started as a user starts them.
import assert from "node:assert/strict";
import { type AddressInfo, createServer } from "node:net";
import { after, before, describe, test } from "node:test";
import { version } from "../../src/cli/version.ts";
import { NodeListener } from "../../src/cluster/direct/node-listener.ts";
import { NodeHost, systemClock } from "../../src/cluster/node/node-host.ts";
import {
  type EmbeddedRegistry,
  startEmbeddedRegistry,
} from "../../src/embedded/embedded-registry.ts";
import type { NodeReport } from "../../src/workers/node-report.ts";
import { selfSignedCertificate } from "../fakes/certificate.ts";
import {
  type DockerRegistry,
  needsDockerRegistry,
  startDockerRegistry,
} from "../fakes/docker-registry.ts";
import { startFaultProxy } from "../fakes/fault-proxy.ts";
import { type ClientNode, startNode, startNodes } from "./cluster-nodes.ts";
import { blobGets, needsSample, sample, trace } from "./traced.ts";
import { underWay } from "./transports.ts";
import { warmMap } from "./warm-map.ts";
import { type Row, until, Workplace } from "./workplace.ts";

type PlanLine = { readonly seq: number; readonly uri: string; readonly node: number };

const seqs = (rows: readonly { readonly seq: number }[]): number[] => rows.map(({ seq }) => seq);
const upTo = (count: number): number[] => Array.from({ length: count }, (_, seq) => seq);
const sharesOf = (rows: readonly Row[]): [number, number][] =>
  rows.map(({ seq, worker }) => [seq, worker]);

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return port;
}

const hostOptions = {
  version,
  name: "odd",
  env: {},
  say: () => {},
  alone: () => assert.fail("the master is there"),
};

describe("the original's example with two clients, against docker-registry", () => {
  const place = new Workplace();
  let registry: DockerRegistry | undefined;
  let nodes: ClientNode[] = [];
  const records = sample(100_000)?.slice(0, 300);

  before(async () => {
    registry = await startDockerRegistry();
    if (registry === undefined || records === undefined) return;
    nodes = await startNodes(place, 2);
    place.configure(records, {
      "client_info.client_list": nodes.map(({ address }) => address),
      "client_info.threads": 100,
      "client_info.wait": true,
      "client_info.speed": 200,
      registry: [`localhost:${registry.port}`],
      "warmup.threads": 100,
    });
  });
  after(async () => {
    place.leave();
    await registry?.stop();
  });

  test("warm-up and run end well, every operation has one row, and shares are those of the plan", async (t) => {
    if (registry === undefined) return t.skip(needsDockerRegistry);
    if (records === undefined) return t.skip(needsSample);
    const warmed = await place.drayage(["master", "-c", "warmup", "-i", "config.yaml"]);
    assert.equal(warmed.code, 0, warmed.err);
    const ran = await place.drayage([
      "master",
      "-c",
      "run",
      "-i",
      "config.yaml",
      "--allow-invalid",
    ]);
    assert.equal(ran.code, 0, ran.err);
    const rows = place.rows();
    assert.deepEqual(seqs(rows), upTo(records.length));
    assert.ok(rows.every(({ error }) => error === null));
    await place.run("--dry-run", "--plan", "plan.ndjson");
    const plan = place.lines<PlanLine>("plan.ndjson");
    assert.deepEqual(
      sharesOf(rows),
      plan.map(({ seq, node }) => [seq, node]),
    );
    assert.equal(place.summary().totals.done, records.length);
    assert.equal(place.summary().latenessNs.count, records.length);
  });
});

describe("two nodes and an embedded registry", () => {
  let registry: EmbeddedRegistry;
  let giveMap: (place: Workplace) => void;
  const places: Workplace[] = [];

  before(async () => {
    registry = await startEmbeddedRegistry();
    giveMap = await warmMap(registry.url, 600);
  });
  after(async () => {
    for (const place of places) place.leave();
    await registry.close();
  });

  /** A place with a trace, whose objects the registry has. */
  function warmed(count: number, every: number): Workplace {
    const place = new Workplace();
    places.push(place);
    place.configure(trace(blobGets(count, { every })), {
      registry: [registry.url],
      "client_info.wait": true,
    });
    giveMap(place);
    return place;
  }

  const master = (list: readonly string[], ...flags: readonly string[]): string[] => [
    // A busy machine makes short runs invalid; what that means has tests of its own.
    ...["master", "-c", "run", "-i", "config.yaml", "--allow-invalid"],
    ...["--set", `client_info.client_list=[${list.map((name) => `"${name}"`).join(",")}]`],
    ...flags,
  ];

  test("a node inside the master and one outside share a run", async () => {
    const place = warmed(60, 0.02);
    const [node] = (await startNodes(place, 1)) as [ClientNode];
    const ended = await place.drayage(master(["local", node.address]));
    assert.equal(ended.code, 0, ended.err);
    const rows = place.rows();
    assert.deepEqual(seqs(rows), upTo(60));
    assert.deepEqual(
      rows.map(({ worker }) => worker),
      upTo(60).map((seq) => seq % 2),
    );
  });

  test("the master's port tells how the nodes do while the run goes on", async () => {
    const place = warmed(300, 0.01);
    const nodes = await startNodes(place, 2);
    const port = await freePort();
    const run = place.start([
      ...master(nodes.map(({ address }) => address)),
      ...["--set", `client_info.port=${port}`],
    ]);
    await until(() => nodes.every(({ said }) => said().includes(" of 2")), "the run has begun");
    const status = await fetch(`http://127.0.0.1:${port}/status`);
    const { nodes: told } = (await status.json()) as { nodes: { address: string }[] };
    assert.deepEqual(
      told.map(({ address }) => address),
      nodes.map(({ address }) => address),
    );
    const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    assert.match(metrics, /^drayage_node_up\{node="1",address="127.0.0.1:\d+"\} 1$/m);
    const ended = await run.ended;
    assert.equal(ended.code, 0, ended.err);
  });

  test("the master is killed in mid-run: nodes finish what they have and keep it, and take the next run", async () => {
    const count = 500;
    const place = warmed(count, 0.01);
    const nodes = await startNodes(place, 2);
    const list = nodes.map(({ address }) => address);
    const quick = ["--set", "cluster.heartbeat=0.2", "--set", "cluster.lost_after=1"];
    const run = place.start(master(list, ...quick));
    // A busy machine takes long to make a run ready, and nobody keeps what has not begun.
    await underWay(place);
    run.child.kill("SIGKILL");
    await run.ended;
    await until(() => nodes.every(({ said }) => said().includes("finished alone")), "all is kept");
    const directories = place.runDirectories("node");
    assert.equal(directories.length, 2);
    const done = directories.map(
      (name) => place.json<{ totals: { done: number } }>(`${name}/results.json`).totals.done,
    );
    // The schedule fits the ten seconds that nodes have ahead: nothing was left for a master to send.
    assert.equal(
      done.reduce((sum, one) => sum + one, 0),
      count,
    );
    const rows = directories.flatMap((name) => place.rows(`${name}/rows.json`));
    assert.equal(new Set(seqs(rows)).size, rows.length);
    assert.ok(rows.length > 0 && rows.length < count);
    const next = await place.drayage(master(list, "--set", "client_info.wait=false"));
    assert.equal(next.code, 0, next.err);
    assert.equal(place.rows().length, count);
  });

  for (const way of ["broken", "frozen"] as const) {
    test(`the connection to a node is ${way} for some seconds: nothing is lost or doubled`, async () => {
      const count = 600;
      const place = warmed(count, 0.01);
      const nodes = await startNodes(place, 2);
      const [first, second] = nodes as [ClientNode, ClientNode];
      const proxy = await startFaultProxy({ host: "127.0.0.1", port: second.port });
      const run = place.start(master([first.address, `127.0.0.1:${proxy.port}`]));
      await until(() => second.said().includes("node 2 of 2"), "the run has begun");
      await new Promise((later) => setTimeout(later, 2000));
      if (way === "broken") await proxy.refuse({ alsoOpen: true });
      else proxy.freeze();
      await new Promise((later) => setTimeout(later, 3000));
      if (way === "broken") await proxy.accept();
      else proxy.thaw();
      const ended = await run.ended;
      await proxy.stop();
      assert.equal(ended.code, 0, ended.err);
      assert.deepEqual(seqs(place.rows()), upTo(count));
      // The node went on while nobody could hear it.
      assert.ok(place.rows().every(({ lateness }) => (lateness ?? 0) < 2));
    });
  }

  test("split: local with another trace on a node: it refuses before the start", async () => {
    const place = warmed(10, 0);
    const other = warmed(12, 0);
    const [mine] = (await startNodes(place, 1)) as [ClientNode];
    const [theirs] = (await startNodes(other, 1)) as [ClientNode];
    const list = [mine.address, theirs.address];
    const ended = await place.drayage(master(list, "--set", "cluster.split=local"));
    assert.equal(ended.code, 4, ended.err);
    assert.match(ended.err, new RegExp(`${theirs.address}.*its trace.json is not the master's`));
  });

  test("a node that cannot reach the registry, and one that nobody started: refused, naming them", async () => {
    const place = warmed(10, 0);
    const nodes = await startNodes(place, 2);
    const list = nodes.map(({ address }) => address);
    const unreachable = await place.drayage(
      master(list, "--set", 'registry=["127.0.0.1:1"]', "--allow-failures"),
    );
    assert.equal(unreachable.code, 4, unreachable.err);
    for (const address of list)
      assert.match(unreachable.err, new RegExp(`${address}.*it cannot reach .*127.0.0.1:1`));
    const missing = await place.drayage(
      master([...list, "127.0.0.1:1"], "--set", "cluster.wait=0.1"),
    );
    assert.equal(missing.code, 4, missing.err);
    assert.match(missing.err, /node 127.0.0.1:1: nobody listens there; start it: drayage client/);
    const enough = await place.drayage(
      master([...list, "127.0.0.1:1"], "--set", "cluster.wait=0.1", "--set", "cluster.min=2"),
    );
    assert.equal(enough.code, 0, enough.err);
  });

  test("a load as fast as it goes is shared by two nodes, one of them inside the master", async () => {
    const place = warmed(1, 0);
    const [node] = (await startNodes(place, 1)) as [ClientNode];
    const ended = await place.drayage([
      ...["load", registry.url, "--nodes", `local,${node.address}`],
      ...["--duration", "1s", "--connections", "4", "--json", "--allow-invalid"],
    ]);
    assert.equal(ended.code, 0, ended.err);
    const { totals, machines } = JSON.parse(ended.out) as {
      totals: { done: number; failed: number };
      machines: readonly NodeReport[];
    };
    assert.equal(totals.failed, 0);
    assert.ok(machines.every(({ done }) => done > 0));
    assert.equal(
      machines.reduce((sum, { done }) => sum + done, 0),
      totals.done,
    );
    await until(() => node.said().includes("done"), "the node has ended");
  });

  for (const { name, host, says } of [
    {
      name: "another version",
      host: { version: "9.9.9" },
      says: /it runs drayage 9\.9\.9, this is .*: install the same on both/,
    },
    {
      name: "a clock 2 s ahead",
      host: { clock: { ...systemClock(), wallUs: () => Date.now() * 1000 + 2e6 } },
      says: /its clock is 2\.\d+ s ahead of the master's, 1 s are allowed: set both by NTP/,
    },
    {
      name: "a clock 2 s behind",
      host: { clock: { ...systemClock(), wallUs: () => Date.now() * 1000 - 2e6 } },
      says: /its clock is [12]\.\d+ s behind the master's/,
    },
  ]) {
    test(`a node with ${name} is refused before the start`, async (t) => {
      const place = warmed(10, 0);
      const listener = new NodeListener({ host: "127.0.0.1", port: 0, token: "" });
      t.after(() => listener.close());
      const node = new NodeHost({ ...hostOptions, ...host });
      await listener.await((link) => node.converse(link));
      const ended = await place.drayage(master(["local", `127.0.0.1:${listener.port}`]));
      assert.equal(ended.code, 4, ended.err);
      assert.match(ended.err, says);
      assert.match(ended.err, new RegExp(`node 127\\.0\\.0\\.1:${listener.port}`));
      assert.equal(place.has("output.json") && place.text("output.json").includes("seq"), false);
    });
  }

  test("TLS: nodes with a certificate take masters that trust it, and tell others", async (t) => {
    const certificate = selfSignedCertificate();
    if (certificate === undefined) return t.skip("needs openssl: apt-get install openssl");
    const place = warmed(10, 0);
    place.write("cert.pem", certificate.cert);
    place.write("key.pem", certificate.key);
    const flags = ["--tls-cert", "cert.pem", "--tls-key", "key.pem"];
    const node = await startNode(place, { flags });
    const wait = ["--set", "cluster.wait=0.1"];
    const plain = await place.drayage(master([node.address], ...wait));
    assert.equal(plain.code, 4);
    assert.match(plain.err, /if it was started with --tls-cert, give --ca FILE/);
    const trusting = await place.drayage(master([node.address], "--ca", "cert.pem"));
    assert.equal(trusting.code, 0, trusting.err);
  });

  test("an address that others can reach needs a token", async () => {
    const place = warmed(1, 0);
    const ended = await place.drayage(["client", "-i", "0.0.0.0", "-p", "0"]);
    assert.equal(ended.code, 2);
    assert.match(ended.err, /0\.0\.0\.0 can be reached by others: set DRAYAGE_NODE_TOKEN/);
  });

  test("tokens: both ends have the same, or the master is told what to do", async () => {
    const place = warmed(10, 0);
    const env = { DRAYAGE_NODE_TOKEN: "one" };
    const node = await startNode(place, { env });
    const wrong = await place.drayage(master([node.address]), {
      env: { DRAYAGE_NODE_TOKEN: "other" },
    });
    assert.equal(wrong.code, 4);
    assert.match(wrong.err, /the token is another one: set DRAYAGE_NODE_TOKEN/);
    const right = await place.drayage(master([node.address]), { env });
    assert.equal(right.code, 0, right.err);
  });
});
