// When and by whom operations are sent: the configuration of the original's documentation, plans, due times, a stall.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { after, before, describe, test } from "node:test";
import {
  type EmbeddedRegistry,
  startEmbeddedRegistry,
} from "../../src/embedded/embedded-registry.ts";
import {
  type DockerRegistry,
  needsDockerRegistry,
  startDockerRegistry,
} from "../fakes/docker-registry.ts";
import { type FaultProxy, startFaultProxy } from "../fakes/fault-proxy.ts";
import { blobGets, trace } from "./traced.ts";
import { pause, type Row, until, Workplace } from "./workplace.ts";

type Planned = {
  readonly seq: number;
  readonly uri: string;
  readonly op: string;
  readonly node: number;
  readonly slot: number | null;
  readonly due: number | null;
};

/** Owners on rings of 2, 3 and 5 nodes: trace-replay.md 5.2. */
const owners: readonly (readonly [string, number, number, number])[] = [
  ["d51e1ab3", 1, 1, 3],
  ["c095c6ec", 1, 1, 3],
  ["4053d99b", 1, 1, 3],
  ["4fdf6ce6", 1, 2, 4],
  ["0ee76ffa", 1, 2, 4],
  ["68177dd0", 0, 0, 0],
];

const routed = trace(
  blobGets(18, { every: 0.05 }).map((get, index) => ({
    ...get,
    client: owners[index % owners.length]?.[0] ?? "",
  })),
);

describe("routes in the configuration of the original's documentation", () => {
  const place = new Workplace();
  let registry: DockerRegistry | undefined;
  before(async () => {
    registry = await startDockerRegistry();
    if (registry === undefined) return;
    place.write("prod-dal09-logstash-2017.08.01-0.json", JSON.stringify(routed));
    const original = readFileSync("examples/original-config.yaml", "utf8");
    const adapted = original
      .replace("/data/data_centers/dal09", place.directory)
      .replace("localhost:5000", `localhost:${registry.port}`);
    place.write("config.yaml", adapted);
    const warmed = await place.drayage(["warmup", "-i", "config.yaml"]);
    assert.equal(warmed.code, 0, warmed.err);
  });
  after(async () => {
    place.leave();
    await registry?.stop();
  });

  for (const [column, nodes] of [2, 3, 5].entries()) {
    test(`route: true gives a trace client its owner among ${nodes} workers`, async (t) => {
      if (registry === undefined) return t.skip(needsDockerRegistry);
      const planned = await place.drayage([
        ...["run", "-i", "config.yaml", "--dry-run", "--plan", "plan.ndjson"],
        ...["--set", "client_info.route=true", "--local", String(nodes)],
      ]);
      assert.equal(planned.code, 0, planned.err);
      assert.deepEqual(
        place.lines<Planned>("plan.ndjson").map(({ node }) => node),
        routed.map((_, seq) => owners[seq % owners.length]?.[column + 1]),
      );
    });
  }

  test("route: true is what the rows show as well", async (t) => {
    if (registry === undefined) return t.skip(needsDockerRegistry);
    const ended = await place.drayage([
      ...["run", "-i", "config.yaml", "--set", "client_info.route=true"],
      ...["--set", "client_info.wait=false"],
    ]);
    assert.equal(ended.code, 0, ended.err);
    assert.deepEqual(
      place.rows("results.json").map(({ worker }) => worker),
      routed.map((_, seq) => owners[seq % owners.length]?.[1]),
    );
  });
});

/** When a row was due, on the wall clock, seconds. */
const dueOf = ({ time, lateness }: Row): number => time - (lateness ?? Number.NaN);

describe("wait: true with speed", () => {
  const place = new Workplace();
  let registry: EmbeddedRegistry;
  before(async () => {
    registry = await startEmbeddedRegistry();
    place.configure(trace(blobGets(80, { every: 0.05 })), {
      registry: [registry.url],
      "client_info.wait": true,
      "client_info.speed": 4,
      "run.on_time_ms": 1000,
    });
    await place.warmup();
  });
  after(async () => {
    place.leave();
    await registry.close();
  });

  test("rows and plan agree on seq, due time and worker", async () => {
    const ended = await place.run("--plan", "plan.ndjson");
    assert.equal(ended.code, 0, ended.err);
    const rows = place.rows();
    const plan = place.lines<Planned>("plan.ndjson");
    assert.deepEqual(
      plan.map(({ seq, uri, op, node, slot }) => ({ seq, uri, op, node, slot })),
      rows.map(({ seq, uri, op, worker, slot }) => ({ seq, uri, op, node: worker, slot })),
    );
    assert.deepEqual(
      plan.map(({ due }) => due),
      plan.map((_, seq) => Math.round((seq * 1e9) / 80) / 1e9),
    );
    const start = dueOf(rows[0] as Row);
    for (const [seq, row] of rows.entries()) {
      // The wall clock of the rows has microseconds in a double of 1e9 seconds.
      assert.ok(Math.abs(dueOf(row) - start - seq / 80) < 1e-5, `row ${seq} had another due time`);
    }
  });

  test("lateness is reported, and on time is what is within the limit", () => {
    const rows = place.rows();
    const summary = place.summary();
    for (const { lateness, response, duration, onTime } of rows) {
      assert.ok(lateness !== null && response !== null && lateness >= 0);
      assert.ok(Math.abs(response - lateness - duration) < 1e-8);
      assert.equal(onTime, lateness <= 1 ? "yes" : "no");
    }
    assert.equal(summary.latenessNs.count, rows.length);
    const largest = Math.max(...rows.map(({ lateness }) => lateness ?? 0)) * 1e9;
    const kept = summary.latenessNs.max ?? 0;
    assert.ok(kept >= largest * 0.999 && kept <= largest * 1.002, `${kept} for ${largest}`);
  });

  test("a dry run makes the same plan and connects to nobody", async () => {
    let connections = 0;
    const nobody = createServer((socket) => {
      connections++;
      socket.destroy();
    });
    await new Promise<void>((resolve) => nobody.listen(0, "127.0.0.1", resolve));
    const address = nobody.address();
    const port = typeof address === "object" ? address?.port : undefined;
    const [real, dry] = ["plan.ndjson", "dry.ndjson"];
    const ended = await place.run(
      ...["--dry-run", "--plan", dry, "--set", `registry=["127.0.0.1:${port}"]`],
    );
    nobody.close();
    assert.equal(ended.code, 0, ended.err);
    assert.equal(connections, 0);
    assert.equal(place.text(dry), place.text(real));
    assert.match(ended.out, /^80 operations over 3\.950 s/);
  });
});

describe("a registry that stalls in mid-run", () => {
  const place = new Workplace();
  const places = 4;
  let registry: DockerRegistry | undefined;
  let proxy: FaultProxy;
  before(async () => {
    registry = await startDockerRegistry({ relativeUrls: true });
    if (registry === undefined) return;
    proxy = await startFaultProxy({ host: "127.0.0.1", port: registry.port });
    place.configure(trace(blobGets(120, { every: 0.03 })), {
      registry: [`127.0.0.1:${proxy.port}`],
      "client_info.wait": true,
      "client_info.threads": places,
    });
    await place.warmup();
  });
  after(async () => {
    place.leave();
    await proxy?.stop();
    await registry?.stop();
  });

  test("shows in the response time of all that was due meanwhile, not in service times later", async (t) => {
    if (registry === undefined) return t.skip(needsDockerRegistry);
    const before = proxy.forwarded;
    const run = place.start(["run", "-i", "config.yaml"]);
    await until(() => proxy.forwarded > before + 20_000, "some requests are answered");
    proxy.freeze();
    const frozenAt = Date.now() / 1000;
    await pause(1500);
    const thawedAt = Date.now() / 1000;
    proxy.thaw();
    const ended = await run.ended;
    assert.equal(ended.code, 0, ended.err);

    const rows = place.rows();
    assert.deepEqual(new Set(rows.map(({ error }) => error)), new Set([null]));
    const margin = 0.05;
    const meanwhile = rows.filter(
      (row) => dueOf(row) > frozenAt + margin && dueOf(row) < thawedAt - margin,
    );
    assert.ok(meanwhile.length >= 40, `${meanwhile.length} were due meanwhile`);
    for (const row of meanwhile) {
      assert.ok((row.response ?? 0) > thawedAt - dueOf(row) - margin, JSON.stringify(row));
    }
    const stall = thawedAt - frozenAt;
    assert.ok(meanwhile.filter(({ duration }) => duration > stall - 2 * margin).length <= places);
    const later = rows.filter(({ time }) => time > thawedAt);
    assert.ok(later.length > 0);
    for (const row of later) assert.ok(row.duration < stall, JSON.stringify(row));
    assert.match(ended.out, /client_info\.threads/);
  });
});
