// Who sends what, on several nodes: the same as the plan says without any.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { after, before, describe, test } from "node:test";
import {
  type EmbeddedRegistry,
  startEmbeddedRegistry,
} from "../../src/embedded/embedded-registry.ts";
import { needsNamespaces, openNamespaces } from "../fakes/network-namespaces.ts";
import { type ClientNode, startNodes } from "./cluster-nodes.ts";
import { blobGets, trace } from "./traced.ts";
import { type Row, type Settings, until, Workplace } from "./workplace.ts";

const COUNT = 120;
const clients = [
  "d51e1ab3",
  "c095c6ec",
  "4053d99b",
  "4fdf6ce6",
  "0ee76ffa",
  "68177dd0",
  "a1b2c3d4",
];

type PlanLine = { readonly seq: number; readonly node: number; readonly slot: number | null };

describe("shares of two nodes", () => {
  const place = new Workplace();
  let registry: EmbeddedRegistry;
  let nodes: readonly ClientNode[] = [];
  before(async () => {
    registry = await startEmbeddedRegistry();
    const records = blobGets(COUNT, { every: 0.01 }).map((get, index) => ({
      ...get,
      client: clients[index % clients.length] ?? "",
      duration: 0.03,
    }));
    place.configure(trace(records), { registry: [registry.url], "client_info.wait": true });
    await place.warmup();
    nodes = await startNodes(place, 2);
  });
  after(async () => {
    place.leave();
    await registry.close();
  });

  for (const { setting, split } of [
    { setting: "route=true", split: "local" },
    { setting: "assign=slots", split: "stream" },
    { setting: "assign=slots", split: "local" },
    { setting: "sessions=true", split: "stream" },
  ])
    test(`${setting}, split: ${split}: rows have node and slot of the plan, and a client its order`, async () => {
      const list = JSON.stringify(nodes.map(({ address }) => address));
      const set = [`client_list=${list}`, setting].map((text) => `client_info.${text}`);
      const flags = [...set, `cluster.split=${split}`].flatMap((text) => ["--set", text]);
      const run = ["master", "-c", "run", "-i", "config.yaml", "--allow-invalid"];
      const ran = await place.drayage([...run, ...flags]);
      assert.equal(ran.code, 0, ran.err);
      const planned = await place.run("--dry-run", "--plan", "plan.ndjson", ...flags);
      assert.equal(planned.code, 0, planned.err);
      const rows = place.rows();
      assert.equal(rows.length, COUNT);
      assert.deepEqual(
        rows.map(({ seq, worker, slot }) => [seq, worker, slot]),
        place.lines<PlanLine>("plan.ndjson").map(({ seq, node, slot }) => [seq, node, slot]),
      );
      assert.equal(new Set(rows.map(({ worker }) => worker)).size, 2);
      if (setting === "assign=slots") return;
      for (const client of clients) assertTogether(rows.filter((row) => row.client === client));
    });
});

/** All of a trace client are sent from one node, in their order. */
function assertTogether(rows: readonly Row[]): void {
  assert.ok(rows.length > 0);
  assert.equal(new Set(rows.map(({ worker }) => worker)).size, 1);
  const times = rows.map(({ time }) => time);
  assert.deepEqual(
    times,
    times.toSorted((a, b) => a - b),
  );
}

describe("a registry's password and a node that cannot be told it in secret", () => {
  test("stays with the master; the node has it from its own environment, or says what to set", async (t) => {
    const namespaces = openNamespaces(1);
    if (namespaces === undefined) return t.skip(needsNamespaces);
    const place = new Workplace();
    t.after(() => {
      place.leave();
      namespaces.close();
    });
    let users: string;
    try {
      users = execFileSync("htpasswd", ["-nbB", "load", "correct-horse"], { encoding: "utf8" });
    } catch {
      return t.skip("needs htpasswd: apt-get install apache2-utils");
    }
    const [machine] = namespaces.all;
    assert.ok(machine !== undefined);
    const { within, address } = machine;
    place.write("users", users);
    const auth = { type: "basic", username: "load", password: `\${E2E_PASSWORD}` };
    const settings: Settings = {
      registry: [{ url: "http://127.0.0.1:5055", auth }],
      "client_info.client_list": [`${address}:8081`, `${address}:8082`],
    };
    place.configure(trace(blobGets(10)), settings);
    const served = place.start(["serve", "--listen", "127.0.0.1:5055", "--htpasswd", "users"], {
      within,
    });
    await until(() => served.said().includes("5055"), "the registry listens");
    const secret = { E2E_PASSWORD: "correct-horse", DRAYAGE_NODE_TOKEN: "of this test" };
    const warmed = await place.drayage(["warmup", "-i", "config.yaml"], { within, env: secret });
    assert.equal(warmed.code, 0, warmed.err);
    const knows = { DRAYAGE_REGISTRY_0_PASSWORD: "correct-horse" };
    for (const [port, known] of [
      [8081, knows],
      [8082, {}],
    ] as const) {
      const env = { DRAYAGE_NODE_TOKEN: "of this test", ...known };
      const node = place.start(["client", "-i", address, "-p", String(port)], { within, env });
      await until(() => node.said().includes("waiting for masters"), "the node waits");
    }
    const run = ["master", "-c", "run", "-i", "config.yaml", "--allow-invalid"];
    const refused = await place.drayage(run, { env: secret });
    assert.equal(refused.code, 4, refused.err);
    assert.match(
      refused.err,
      /^node .*:8082.*: credentials do not travel unencrypted: .*--ca, or set DRAYAGE_REGISTRY_0_PASSWORD in its environment$/m,
    );
    assert.doesNotMatch(refused.err, /^node .*:8081/m);
    const one = ["--set", `client_info.client_list=["${address}:8081"]`];
    const ran = await place.drayage([...run, ...one], { env: secret });
    assert.equal(ran.code, 0, ran.err);
    assert.ok(place.rows().every(({ status }) => status === 200));
  });
});
