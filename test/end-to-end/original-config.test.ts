// The configuration of the original's documentation, as it stands: two clients at its addresses, its trace, a real registry. Only
// where the trace lies and at which port the registry is free are this machine's.
import assert from "node:assert/strict";
import { readFileSync, symlinkSync } from "node:fs";
import { createServer } from "node:net";
import { after, before, describe, test } from "node:test";
import {
  type DockerRegistry,
  needsDockerRegistry,
  startDockerRegistry,
} from "../fakes/docker-registry.ts";
import { needsSample, samplePath } from "./traced.ts";
import { until, Workplace } from "./workplace.ts";

/** Where the example has its clients. */
const PORTS = [8081, 8082];
/** trace.limit of the example. */
const REQUESTS = 20;

/** Why a client could not listen there; undefined if it could. */
async function takenPort(): Promise<string | undefined> {
  for (const port of PORTS) {
    const server = createServer();
    const { promise, resolve } = Promise.withResolvers<string | undefined>();
    server.once("error", (error) => resolve(error.message));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(undefined)));
    const reason = await promise;
    if (reason !== undefined) return `needs ports 8081 and 8082 of this machine: ${reason}`;
  }
  return undefined;
}

describe("the configuration of the original's documentation", () => {
  const place = new Workplace();
  const path = samplePath();
  let registry: DockerRegistry | undefined;
  before(async () => {
    registry = await startDockerRegistry();
    if (registry === undefined || path === undefined) return;
    symlinkSync(path, place.path("prod-dal09-logstash-2017.08.01-0.json"));
    const adapted = readFileSync("examples/original-config.yaml", "utf8")
      .replace("/data/data_centers/dal09", place.directory)
      .replace("localhost:5000", `localhost:${registry.port}`);
    place.write("config.yaml", adapted);
  });
  after(async () => {
    place.leave();
    await registry?.stop();
  });

  test("works as it stands, with clients at localhost:8081 and localhost:8082 and the published trace", async (t) => {
    if (registry === undefined) return t.skip(needsDockerRegistry);
    if (path === undefined) return t.skip(needsSample);
    const taken = await takenPort();
    if (taken !== undefined) return t.skip(taken);
    const clients = PORTS.map((port) =>
      place.start(["client", "-i", "127.0.0.1", "-p", String(port)]),
    );
    await until(
      () => clients.every(({ said }) => said().includes("waiting for masters")),
      "both listen",
    );
    const master = (mode: string, ...flags: string[]) =>
      place.drayage(["master", "-c", mode, "-i", "config.yaml", ...flags]);
    const warmed = await master("warmup");
    assert.equal(warmed.code, 0, warmed.err);
    // Twelve seconds of trace, at the speed of a test. A busy machine makes short runs invalid, which is no finding of this one.
    const quick = ["--set", "client_info.speed=8", "--allow-invalid"];
    const ran = await master("run", ...quick);
    assert.equal(ran.code, 0, ran.err);
    for (const { said } of clients) assert.match(said(), /run of .*: node [12] of 2\ndone/);
    const rows = place.rows("results.json");
    assert.equal(rows.length, REQUESTS);
    assert.ok(rows.every(({ error, status }) => error === null && status === 200));
    assert.ok(rows.every(({ lateness, response }) => lateness !== null && response !== null));
    assert.deepEqual(
      Object.keys(place.map("interm.json")).toSorted(),
      [...new Set(rows.map(({ uri }) => uri))].toSorted(),
    );
    const planned = await place.run("--dry-run", "--plan", "plan.ndjson");
    assert.equal(planned.code, 0, planned.err);
    const plan = place.lines<{ seq: number; node: number; uri: string }>("plan.ndjson");
    assert.deepEqual(
      rows.map(({ seq, worker, uri }) => [seq, worker, uri]),
      plan.map(({ seq, node, uri }) => [seq, node, uri]),
    );
    const { nodes } = place.json<{ plan: { nodes: { address: string; rows: number }[] } }>(
      `${place.runDirectory("run")}/run.json`,
    ).plan;
    assert.deepEqual(
      nodes.map(({ address, rows: own }) => [address, own]),
      PORTS.map((port, node) => [
        `localhost:${port}`,
        plan.filter((line) => line.node === node).length,
      ]),
    );
  });
});
