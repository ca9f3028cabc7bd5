// Several machines over NATS: what breaks and is carried on, and who is let in. Against real servers.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type JetStreamManager, jetstreamManager } from "@nats-io/jetstream";
import { connect, nkeys } from "@nats-io/transport-node";
import {
  type EmbeddedRegistry,
  startEmbeddedRegistry,
} from "../../src/embedded/embedded-registry.ts";
import { selfSignedCertificate } from "../fakes/certificate.ts";
import {
  type NatsServer,
  needsNatsServer,
  startJetStreamCluster,
  startNatsServer,
} from "../fakes/nats-server.ts";
import { blobGets, trace } from "./traced.ts";
import { groupFlags, startGroup, underWay } from "./transports.ts";
import { warmMap } from "./warm-map.ts";
import { type Started, until, Workplace } from "./workplace.ts";

const COUNT = 500;
/** Longer than the ten seconds of schedule that nodes have ahead: some operations are given when all is over. */
const EVERY = 0.025;

const seqs = (rows: readonly { readonly seq: number }[]): number[] => rows.map(({ seq }) => seq);
const upTo = (count: number): number[] => Array.from({ length: count }, (_, seq) => seq);

async function managing<T>(
  servers: readonly NatsServer[],
  act: (manager: JetStreamManager) => Promise<T>,
): Promise<T> {
  const connection = await connect({ servers: servers.map(({ url }) => url) });
  try {
    return await act(await jetstreamManager(connection));
  } finally {
    await connection.close();
  }
}

type StreamFacts = { readonly name: string; readonly replicas: number; readonly leader: string };

const streamsAt = (servers: readonly NatsServer[]): Promise<StreamFacts[]> =>
  managing(servers, async (manager) => {
    const streams: StreamFacts[] = [];
    for await (const { config, cluster } of manager.streams.list())
      streams.push({
        name: config.name,
        replicas: config.num_replicas,
        leader: cluster?.leader ?? "",
      });
    return streams;
  });

let registry: EmbeddedRegistry;
let giveMap: (place: Workplace) => void;
const places: Workplace[] = [];
const started: NatsServer[] = [];

before(async () => {
  registry = await startEmbeddedRegistry();
  giveMap = await warmMap(registry.url, COUNT);
});
after(async () => {
  for (const place of places) place.leave();
  for (const server of started) await server.stop();
  await registry.close();
});

function warmed(count: number, every: number): Workplace {
  const place = new Workplace();
  places.push(place);
  place.configure(trace(blobGets(count, { every })), {
    registry: [registry.url],
    "client_info.wait": true,
    "cluster.heartbeat": 0.5,
  });
  giveMap(place);
  return place;
}

// A busy machine makes short runs invalid; what that means has tests of its own.
const command = ["master", "-c", "run", "-i", "config.yaml", "--allow-invalid"];

type Running = {
  readonly place: Workplace;
  readonly nodes: readonly Started[];
  readonly run: Started;
};

/** A run on two nodes that has been going on for some time. */
async function midRun(servers: readonly NatsServer[], ...more: string[]): Promise<Running> {
  started.push(...servers);
  const group = { group: "g", count: 2 };
  const place = warmed(COUNT, EVERY);
  const nodes = await startGroup(place, { servers, ...group });
  const run = place.start([...command, ...groupFlags(servers, group), ...more]);
  await underWay(place);
  return { place, nodes, run };
}

describe("over NATS", { concurrency: true }, () => {
  test("the server that leads the run's stream is killed, one of three: nothing is lost, doubled or held up", async (t) => {
    const servers = await startJetStreamCluster();
    if (servers === undefined) return t.skip(needsNatsServer);
    const { place, run } = await midRun(servers);
    const stream = (await streamsAt(servers)).find(({ name }) => /^drayage_g_/.test(name));
    assert.equal(stream?.replicas, 3);
    const leader = servers.find(({ routePort }) => stream?.leader === `s${routePort}`);
    await leader?.kill();
    const ended = await run.ended;
    assert.equal(ended.code, 0, ended.err);
    assert.deepEqual(seqs(place.rows()), upTo(COUNT));
    assert.equal(place.summary().totals.done, COUNT);
    // Nodes went on with what they had while no server took anything, for some seconds.
    assert.ok(place.rows().every(({ lateness }) => (lateness ?? 0) < 5));
  });

  test("master and a node are killed: another master carries the run on, and every operation has one row", async (t) => {
    const server = await startNatsServer({ jetstream: true });
    if (server === undefined) return t.skip(needsNatsServer);
    const redistribute = ["--set", "cluster.on_lost=redistribute"];
    const { place, nodes, run } = await midRun([server], ...redistribute);
    const early = place.start([
      ...["master", "--resume", place.runDirectory("run"), "--set", "cluster.wait=0.2s"],
    ]);
    assert.match((await early.ended).err, /it has heard its master .* whose master lives/);
    run.child.kill("SIGKILL");
    const { err: told } = await run.ended;
    const [, id] = /--resume ([0-9a-f]+) carries it on/.exec(told) ?? [];
    nodes[1]?.child.kill("SIGKILL");
    const other = ["--set", "client_info.speed=2", "--resume", id as string];
    const wrong = await place.drayage([
      ...command,
      ...groupFlags([server], { group: "g", count: 2 }),
      ...other,
    ]);
    assert.equal(wrong.code, 2, wrong.err);
    assert.match(wrong.err, /this is not the run that was begun: client_info is different/);
    const resumed = await place.drayage(["master", "--resume", place.runDirectory("run")]);
    assert.equal(resumed.code, 7, resumed.err);
    assert.match(resumed.err, /node b is lost/);
    const rows = place.rows();
    assert.deepEqual(seqs(rows), upTo(COUNT));
    assert.ok([0, 1].every((node) => rows.some(({ worker }) => worker === node)));
    assert.ok(nodes[0]?.said().includes(`carries the run ${id} on`));
    const { plan } = place.json<{ plan: { runId: string } }>(
      `${place.runDirectory("run")}/run.json`,
    );
    assert.equal(plan.runId, id);
    const left = (await streamsAt([server])).map(({ name }) => name);
    assert.deepEqual(left.toSorted(), ["KV_drayage_g", "OBJ_drayage_g"]);
    const gone = await place.drayage(["master", "--resume", place.runDirectory("run")]);
    assert.equal(gone.code, 4);
    assert.match(gone.err, /^there is no run \w+ in this group: it has ended/);
  });

  test("too few nodes after the wait, no server, a server without streams: one line each, exit 4", async (t) => {
    const [server, plain] = await Promise.all([
      startNatsServer({ jetstream: true }),
      startNatsServer(),
    ]);
    if (server === undefined || plain === undefined) return t.skip(needsNatsServer);
    started.push(server, plain);
    const place = warmed(5, 0);
    await startGroup(place, { servers: [server], group: "few", count: 1 });
    const group = { group: "few", count: 3 };
    const wait = ["--set", "cluster.wait=0.5s"];
    const few = await place.drayage([...command, ...groupFlags([server], group), ...wait]);
    assert.equal(few.code, 4, few.err);
    assert.match(
      few.err,
      /^node 2 of 3: nobody else came into group few within 0.5 s \(there: a\); start it: drayage client --nats /m,
    );
    const enough = await place.drayage([
      ...[...command, ...groupFlags([server], group), ...wait],
      ...["--set", "cluster.min=1"],
    ]);
    assert.equal(enough.code, 0, enough.err);
    const nobody = { url: "nats://127.0.0.1:1" } as NatsServer;
    const without = await place.drayage([...command, ...groupFlags([plain], group)]);
    assert.equal(without.code, 4);
    assert.match(without.err, /^nats:\S+: it keeps no streams: start it with nats-server -js\n$/);
    for (const args of [
      [...command, ...groupFlags([nobody], group)],
      ["client", "--nats", nobody.url, "--group", "few"],
    ]) {
      const ended = await place.drayage(args);
      assert.equal(ended.code, 4);
      assert.match(ended.err, /^cannot connect to nats:\/\/127\.0\.0\.1:1: .*refused.*\n$/);
    }
  });

  test("tokens and nkeys over TLS: who has them is let in, others are told in one line", async (t) => {
    const certificate = selfSignedCertificate();
    if (certificate === undefined) return t.skip("needs openssl: apt-get install openssl");
    const place = warmed(10, 0);
    for (const [name, pem] of Object.entries(certificate)) place.write(`${name}.pem`, pem);
    const user = nkeys.createUser();
    place.write("user.nk", Buffer.from(user.getSeed()).toString());
    const tls = { cert: place.path("cert.pem"), key: place.path("key.pem") };
    const [byToken, byKey] = await Promise.all([
      startNatsServer({ jetstream: true, tls, config: "authorization { token: secret }" }),
      startNatsServer({
        ...{ jetstream: true, tls },
        config: `authorization { users: [{ nkey: ${user.getPublicKey()} }] }`,
      }),
    ]);
    if (byToken === undefined || byKey === undefined) return t.skip(needsNatsServer);
    started.push(byToken, byKey);
    const ca = ["--ca", "cert.pem"];
    const trust = ["--set", "cluster.nats.tls.ca=cert.pem"];
    const secretly = byToken.url.replace("://", "://secret@");
    for (const { server, flags, master } of [
      { server: byToken, flags: ["--nats", secretly], master: "token=secret" },
      {
        server: byKey,
        flags: ["--nats", byKey.url, "--nkey", "user.nk"],
        master: "nkey_file=user.nk",
      },
    ]) {
      const node = place.start(["client", ...flags, ...ca, "--group", "g", "--name", "a"]);
      await until(() => node.said().includes("waiting for masters"), "the node is announced");
      const run = [...command, ...groupFlags([server], { group: "g", count: 1 }), ...trust];
      const wrong = await place.drayage([...run, "--set", "cluster.nats.credentials.token=other"]);
      assert.equal(wrong.code, 4, wrong.err);
      assert.match(wrong.err, /^cannot connect to tls:\S+: .*authorization.*\n$/i);
      const right = await place.drayage([...run, "--set", `cluster.nats.credentials.${master}`]);
      assert.equal(right.code, 0, right.err);
      assert.deepEqual(seqs(place.rows()), upTo(10));
      const recorded = place.text(`${place.runDirectory("run")}/run.json`);
      assert.ok(!recorded.includes("secret"));
    }
    const stranger = await place.drayage(["client", "--nats", secretly, "--group", "g"]);
    assert.equal(stranger.code, 4);
    assert.match(stranger.err, /^cannot connect to tls:\S+: .*certificate.*\n$/);
  });
});
