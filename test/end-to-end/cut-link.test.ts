// Master and nodes on machines of their own, as far as the network is concerned, and a link that is cut in mid-run.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { type AddressInfo, createServer } from "node:net";
import { describe, type TestContext, test } from "node:test";
import type { NodeReport } from "../../src/workers/node-report.ts";
import { needsNatsServer } from "../fakes/nats-server.ts";
import {
  type NetworkNamespace,
  needsNamespaces,
  openNamespaces,
} from "../fakes/network-namespaces.ts";
import { blobGets, trace } from "./traced.ts";
import { pause, type Settings, type Started, until, Workplace } from "./workplace.ts";

const COUNT = 400;
const EVERY = 0.02;
const CUT_MS = 5000;
const REGISTRY = "127.0.0.1:5055";
const PORT = 8081;
const token = { DRAYAGE_NODE_TOKEN: "of this test" };

/** What carries the messages: how its nodes are started, and how a master is told where they are. */
type Transport = {
  readonly name: string;
  /** A sentence where it cannot be had. */
  prepare(t: TestContext, place: Workplace): Promise<Prepared | string>;
};
type Prepared = {
  client(machine: NetworkNamespace): readonly string[];
  settings(machines: readonly NetworkNamespace[]): Settings;
  readonly waiting: string;
};

const direct: Transport = {
  name: "direct",
  prepare: async () => ({
    client: ({ address }) => ["-i", address, "-p", String(PORT)],
    settings: (machines) => ({
      "client_info.client_list": machines.map(({ address }) => `${address}:${PORT}`),
    }),
    waiting: "waiting for masters",
  }),
};

const nats: Transport = {
  name: "NATS",
  async prepare(t, place) {
    const port = await freePort();
    const server = await startServer(port, place.path("nats"));
    if (server === undefined) return needsNatsServer;
    t.after(() => server.kill());
    return {
      client: ({ gateway }) => ["--nats", `nats://${gateway}:${port}`, "--group", "cut"],
      settings: () => ({
        cluster: { nats: { servers: [`nats://127.0.0.1:${port}`] }, group: "cut", expect: 2 },
      }),
      waiting: "waiting for masters",
    };
  },
};

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((listening) => server.listen(0, listening));
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return port;
}

/** One that is reached over the links too. Undefined without the program. */
async function startServer(port: number, store: string): Promise<ChildProcess | undefined> {
  const args = ["-a", "0.0.0.0", "-p", String(port), "-js", "-sd", store];
  const server = spawn("nats-server", args, { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  server.stderr.on("data", (piece: Buffer) => {
    said += piece.toString();
  });
  const missing = new Promise<boolean>((resolve) => server.once("error", () => resolve(true)));
  const ready = until(() => said.includes("Server is ready"), "nats-server is ready");
  ready.catch(() => {});
  if (await Promise.race([missing, ready.then(() => false)])) return undefined;
  return server;
}

describe("a link that is cut for 5 s in mid-run", () => {
  for (const transport of [direct, nats])
    test(`${transport.name}: nothing is lost, nothing is doubled, and the node goes on meanwhile`, async (t) => {
      const namespaces = openNamespaces(2);
      if (namespaces === undefined) return t.skip(needsNamespaces);
      const place = new Workplace();
      t.after(() => {
        place.leave();
        namespaces.close();
      });
      const prepared = await transport.prepare(t, place);
      if (typeof prepared === "string") return t.skip(prepared);
      const { all: machines } = namespaces;
      place.configure(trace(blobGets(COUNT, { every: EVERY })), {
        registry: [REGISTRY],
        "client_info.wait": true,
        ...prepared.settings(machines),
      });
      const clients = await furnish(place, machines, prepared);
      const run = place.start(["master", "-c", "run", "-i", "config.yaml", "--allow-invalid"], {
        env: token,
      });
      await until(() => clients.every(({ said }) => said().includes(" of 2")), "the run has begun");
      await pause(2500);
      machines[1]?.cut();
      await pause(CUT_MS);
      machines[1]?.mend();
      const ended = await run.ended;
      assert.equal(ended.code, 0, ended.err);
      const rows = place.rows();
      assert.deepEqual(
        rows.map(({ seq }) => seq),
        Array.from({ length: COUNT }, (_, seq) => seq),
      );
      assert.ok(rows.every(({ error }) => error === null));
      // Its registry is beside it: what was due while nobody could hear it was sent then, and told later.
      assert.ok(rows.every(({ lateness }) => (lateness ?? 0) < 2));
      const { nodes } = place.json<{ plan: { nodes: NodeReport[] } }>(
        `${place.runDirectory("run")}/run.json`,
      ).plan;
      assert.deepEqual(
        nodes.map(({ rows: own, lost }) => [own, lost]),
        [
          [COUNT / 2, null],
          [COUNT / 2, null],
        ],
      );
    });
});

/** A registry beside each node, filled, and the nodes. */
async function furnish(
  place: Workplace,
  machines: readonly NetworkNamespace[],
  { client, waiting }: Prepared,
): Promise<readonly Started[]> {
  const registries = machines.map(({ within }) =>
    place.start(["serve", "--listen", REGISTRY], { within }),
  );
  await until(() => registries.every(({ said }) => said().includes(REGISTRY)), "registries listen");
  for (const { within } of machines) {
    const words = ["warmup", "-i", "config.yaml", "--restart", "--quiet"];
    const warmed = await place.drayage(words, { within });
    assert.equal(warmed.code, 0, warmed.err);
  }
  const clients = machines.map((machine) =>
    place.start(["client", ...client(machine)], { within: machine.within, env: token }),
  );
  await until(() => clients.every(({ said }) => said().includes(waiting)), "nodes wait");
  return clients;
}
