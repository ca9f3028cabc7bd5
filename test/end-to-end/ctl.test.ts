// Orders to a run that goes on, from another shell.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import {
  type EmbeddedRegistry,
  startEmbeddedRegistry,
} from "../../src/embedded/embedded-registry.ts";
import type { MachineResult } from "../../src/report/machines.ts";
import { startNodes } from "./cluster-nodes.ts";
import { doneOf, freePort, Ordered } from "./ordered-run.ts";
import { blobGets, trace } from "./traced.ts";
import { warmMap } from "./warm-map.ts";
import { pause, Workplace } from "./workplace.ts";

describe("drayage ctl", () => {
  let registry: EmbeddedRegistry;
  let giveMap: (place: Workplace) => void;
  const places: Workplace[] = [];
  before(async () => {
    registry = await startEmbeddedRegistry();
    giveMap = await warmMap(registry.url, 300);
  });
  after(async () => {
    for (const place of places) place.leave();
    await registry.close();
  });

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

  const run = ["run", "-i", "config.yaml", "--allow-invalid"];

  test("a run on two nodes is paused, sped up and resumed, and every operation has its row", async () => {
    const count = 300;
    const place = warmed(count, 0.02);
    const list = (await startNodes(place, 2)).map(({ address }) => address);
    const port = await freePort();
    const ordered = new Ordered(place, port);
    const { ended } = place.start([
      ...["master", "-c", "run", "-i", "config.yaml", "--allow-invalid"],
      ...["--set", `client_info.client_list=${JSON.stringify(list)}`],
      ...["--set", `client_info.port=${port}`],
    ]);
    await ordered.until((status) => doneOf(status) > 0);
    const paused = await ordered.order("pause");
    assert.equal(paused.code, 0, paused.err);
    await ordered.until(({ state }) => state === "paused");
    // Figures of a second come when it is over.
    await pause(1500);
    const before = doneOf(await ordered.until(() => true));
    assert.ok(before < count);
    await pause(1000);
    assert.equal(doneOf(await ordered.until(() => true)), before);
    assert.equal((await ordered.order("speed", "4")).code, 0);
    assert.equal((await ordered.order("resume")).code, 0);
    const { code, err } = await ended;
    assert.equal(code, 0, err);
    assert.deepEqual(
      place.rows().map(({ seq }) => seq),
      Array.from({ length: count }, (_, seq) => seq),
    );
    const directory = place.runDirectory("run");
    const { machines } = place.json<{ machines: MachineResult[] }>(`${directory}/results.json`);
    assert.deepEqual(
      machines.map(({ address, share, sent, done, failed }) => [
        address,
        share,
        sent,
        done,
        failed,
      ]),
      list.map((address) => [address, 0.5, count / 2, count / 2, 0]),
    );
    assert.match(place.text(`${directory}/report.html`), /<h2>Machines<\/h2>/);
    const { controls } = place.json<{ controls: { kind: string }[] }>(`${directory}/run.json`);
    assert.deepEqual(
      controls.map(({ kind }) => kind),
      ["pause", "speed", "resume"],
    );
  });

  for (const nodes of [0, 2]) {
    test(`a run ${nodes === 0 ? "in one process" : `on ${nodes} nodes`} is drained long before its schedule ends`, async () => {
      // Far beyond what nodes are given ahead: most of it is still with the master, or not read yet.
      const count = 200;
      const place = warmed(count, 5);
      const list = (await startNodes(place, nodes)).map(({ address }) => address);
      const port = await freePort();
      const ordered = new Ordered(place, port);
      const { ended } = place.start([
        ...(nodes === 0 ? run : [...run, "--nodes"]),
        ...["--ctl", `127.0.0.1:${port}`],
        ...(nodes === 0 ? [] : ["--set", `client_info.client_list=${JSON.stringify(list)}`]),
      ]);
      await ordered.until((status) => doneOf(status) > 0);
      const drained = await ordered.order("drain");
      assert.equal(drained.code, 0, drained.err);
      assert.match(drained.out, /^drain: from \d+\.\d+ s of the run on$/m);
      const { code, err } = await ended;
      assert.equal(code, 130, err);
      const { controls } = place.json<{ controls: { kind: string; atSeconds: number }[] }>(
        `${place.runDirectory("run")}/run.json`,
      );
      assert.deepEqual(
        controls.map(
          ({ kind, atSeconds }) => `${kind}: from ${atSeconds.toFixed(3)} s of the run on`,
        ),
        [drained.out.trim()],
      );
      const rows = place.rows();
      assert.ok(rows.length > 0 && rows.length < 10);
      const all = [...rows, ...place.skipped()].map(({ seq }) => seq);
      assert.deepEqual(
        all.toSorted((a, b) => a - b),
        Array.from({ length: count }, (_, seq) => seq),
      );
    });
  }
});
