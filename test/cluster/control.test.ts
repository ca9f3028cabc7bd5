// Orders to a run on several nodes: all of them in this process, with links in memory and a real registry.
import assert from "node:assert/strict";
import { type AddressInfo, createServer } from "node:net";
import { type TestContext, test } from "node:test";
import fc from "fast-check";
import { version } from "../../src/cli/version.ts";
import type { Patience } from "../../src/cluster/conversation.ts";
import type { Link, LinkListener, NodeFinder } from "../../src/cluster/link.ts";
import { ListedNodes } from "../../src/cluster/listed-nodes.ts";
import { ClusterControl } from "../../src/cluster/master/cluster-control.ts";
import { ClusterEngine } from "../../src/cluster/master/cluster-engine.ts";
import { gatherNodes } from "../../src/cluster/master/gather-nodes.ts";
import type { NodeHandle } from "../../src/cluster/master/node-handle.ts";
import type { RunNote } from "../../src/cluster/master/retelling.ts";
import { memoryLinks } from "../../src/cluster/memory-link.ts";
import { NodeHost } from "../../src/cluster/node/node-host.ts";
import { OrderedControls } from "../../src/cluster/node/ordered-controls.ts";
import type { Control, Message } from "../../src/cluster/protocol/message.ts";
import { startEmbeddedRegistry } from "../../src/embedded/embedded-registry.ts";
import { allocateTimebase, Timebase } from "../../src/pacing/timebase.ts";
import { TimebaseControl } from "../../src/pacing/timebase-control.ts";
import { requestHead } from "../../src/registry/request-head.ts";
import {
  isTold,
  OUTCOME_HOW_AT,
  OUTCOME_NODE_AT,
  OUTCOME_SENT_AT,
} from "../../src/ring/outcome-record.ts";
import type { EngineListeners, EnginePlan } from "../../src/workers/engine.ts";
import type { LoadFeedPlan, LoadSchedule } from "../../src/workers/feed-plan.ts";

const NODES = 2;
const RATE = 100;

const say = (): void => {};
const here = { version, env: {}, say, alone: () => assert.fail("the master is there") };

type Sent = { readonly node: number; readonly sent: number };

type Unusual = {
  /** Of what answers instead of a registry. */
  readonly target?: string;
  readonly schedule?: LoadSchedule;
  readonly finder?: NodeFinder;
  readonly patience?: Patience;
};

/** A load of `seconds` on two nodes; `started` is called with the engine when its start is announced, `made` before anything. */
async function runLoad(
  t: TestContext,
  seconds: number,
  started: (engine: ClusterEngine) => void,
  made: (engine: ClusterEngine) => void = () => {},
  unusual: Unusual = {},
): Promise<{ sent: Sent[]; engine: ClusterEngine }> {
  const registry = await startEmbeddedRegistry();
  t.after(() => registry.close());
  const { patience = { heartbeatMs: 1000, lostAfterMs: 10_000 }, schedule } = unusual;
  const finder =
    unusual.finder ??
    new ListedNodes({ nodes: ["local", "local"], token: "", waitMs: 1000, silentMs: 5000 }, here);
  const nodes = await gatherNodes(finder, { version, min: undefined, say });
  const { origin, host } = new URL(unusual.target ?? registry.url);
  const style = { hostHeader: host, userAgent: "test", keepAlive: true };
  const feed: LoadFeedPlan = {
    kind: "load",
    schedule: schedule ?? { kind: "constant", rate: RATE, seconds },
    head: requestHead("GET", "/v2/", style).toString("latin1"),
    bodyBytes: 0,
    sha256: undefined,
    seed: "0",
    threads: NODES,
  };
  const plan: EnginePlan = {
    threads: NODES,
    feed,
    client: {
      endpoints: [
        { origin, pathPrefix: "", namePrefix: "", style, insecure: false, auth: { type: "none" } },
      ],
      timeouts: { connect: 5, firstByte: 5, idle: 5, total: 0 },
      retries: { count: 0, backoffMs: 1, on: [] },
      keepAlive: true,
      seed: "0",
      random: false,
      receiveBytes: 64 * 1024,
    },
    limits: { places: 8, entries: 8, lanes: "none" },
    pacing: "economical",
    onTimeNs: 10e6,
    tooLateNs: 100e6,
  };
  const sent: Sent[] = [];
  const listeners: EngineListeners = {
    keeper: {
      hasRoom: true,
      flush() {},
      keep: (ring, at) => {
        if (!isTold(ring.bytes[at + OUTCOME_HOW_AT] as number)) return;
        const node = ring.bytes.readUInt16LE(at + OUTCOME_NODE_AT);
        sent.push({ node, sent: ring.doubles[(at + OUTCOME_SENT_AT) >> 3] as number });
      },
    },
    started: () => started(engine),
    feeding() {},
  };
  const engine = new ClusterEngine(plan, listeners, {
    version,
    verb: "load",
    runId: `test-${process.pid}`,
    places: 8,
    entries: 8,
    rate: RATE,
    registries: null,
    files: [],
    feedOf: (index) => ({ ...feed, share: { index, count: NODES } }),
    nodes,
    patience,
    onLost: "report",
    clockBoundMs: 1000,
    clockBoundMaxMs: 10_000,
    wallAheadMaxMs: 1000,
    say,
    close: () => finder.close(),
  });
  made(engine);
  await engine.run();
  return { sent, engine };
}

test("nodes whose connections cannot be opened refuse, after they had been let in", async (t) => {
  const server = createServer((socket) => {
    socket.destroy();
    // Each node looks whether somebody is there.
    if (++connections === NODES) server.close();
  });
  let connections = 0;
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const target = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await assert.rejects(
    runLoad(t, 1, () => assert.fail("it has begun"), undefined, { target }),
    ({ code, message }: { code: string; message: string }) => {
      assert.equal(code, "node-refused");
      const sentences = message.split("\n");
      assert.equal(sentences.length, NODES);
      for (const sentence of sentences)
        assert.match(sentence, /^node local \d: it cannot reach .*/);
      return true;
    },
  );
});

test("a node that can keep nothing of a run whose master is lost says so, and takes the next one", async (t) => {
  const said: string[] = [];
  const hosts: NodeHost[] = [];
  const links: Link[] = [];
  const find = async () => ({
    links: ["a", "b"].map((name) => {
      const { master, node } = memoryLinks({ node: name });
      const alone = (): never => {
        throw new Error("EACCES: permission denied");
      };
      const host = new NodeHost({ ...here, name, alone, say: (line) => said.push(line) });
      host.converse(node);
      hosts.push(host);
      links.push(master);
      return master;
    }),
    missing: [],
  });
  await runLoad(
    t,
    1000,
    () =>
      setTimeout(() => {
        for (const link of links) link.close();
      }, 1300),
    undefined,
    {
      finder: { find, close: async () => {} },
      patience: { heartbeatMs: 100, lostAfterMs: 500 },
    },
  );
  for (let turn = 0; hosts.some(({ isBusy }) => isBusy) && turn < 500; turn++)
    await new Promise((later) => setTimeout(later, 10));
  assert.deepEqual(
    hosts.map(({ isBusy }) => isBusy),
    [false, false],
  );
  assert.equal(
    said.filter((line) => /^nothing of the run is kept here: EACCES/.test(line)).length,
    2,
  );
});

/** Nodes whose runs outlast their master, as over message servers, and that hear nothing of it any more when it is told. */
function deafNodes(): { readonly finder: NodeFinder; deafen(): void } {
  let isDeaf = false;
  const linkOf = (name: string): Link => {
    const { master, node } = memoryLinks({ node: name });
    const listen = (listener: LinkListener): void =>
      node.listen({
        frame: (bytes) => isDeaf || listener.frame(bytes),
        connected: (up) => listener.connected(up),
        closed: (reason) => listener.closed(reason),
      });
    const deaf: Link = {
      ...{ peer: "master", isPrivate: true, unacknowledgedBytes: 0 },
      ...{ listen, forsake() {}, close: () => node.close(), unacknowledged: () => [] },
      send: (frame, lane) => node.send(frame, lane),
    };
    new NodeHost({ ...here, name }).converse(deaf);
    return master;
  };
  const find = async () => ({ links: ["a", "b"].map(linkOf), missing: [] });
  return { finder: { find, close: async () => {} }, deafen: () => (isDeaf = true) };
}

test("a load without a schedule ends on nodes that hear nothing of their master, and all of it is told", async (t) => {
  const { finder, deafen } = deafNodes();
  const { sent, engine } = await runLoad(
    t,
    Number.POSITIVE_INFINITY,
    () => setTimeout(deafen, 1200),
    () => {},
    { finder, schedule: { kind: "closed" }, patience: { heartbeatMs: 100, lostAfterMs: 500 } },
  );
  assert.ok(sent.length > 0);
  assert.deepEqual(
    engine.nodeReports().map(({ state }) => state),
    ["done", "done"],
  );
  assert.equal(
    engine.nodeReports().reduce((sum, { done }) => sum + done, 0),
    sent.length,
  );
  assert.deepEqual(engine.controls, []);
});

test("a pause holds from one instant to another on every node, and nothing is lost by it", async (t) => {
  const { sent, engine } = await runLoad(t, 4, (running) => {
    running.control({ kind: "pause" });
    setTimeout(() => running.control({ kind: "resume" }), 2000);
  });
  assert.equal(sent.length, 4 * RATE);
  const [paused, resumed] = engine.controls;
  assert.ok(paused !== undefined && resumed !== undefined);
  for (let node = 0; node < NODES; node++) {
    const times = sent.filter((each) => each.node === node).map((each) => each.sent);
    assert.equal(times.length, (4 * RATE) / NODES);
    assert.ok(times.some((time) => time > resumed.clock));
    // What was due before the pause may be late on a busy machine; nothing of what comes due after it may go out.
    const before = times.filter((time) => time < resumed.clock).length;
    const dueBefore = Math.ceil(((paused.schedule / 1e9) * RATE) / NODES) + 1;
    assert.ok(before <= dueBefore, `${before} of node ${node} before the end of the pause`);
  }
});

test("a drained run ends on all nodes, and what was sent is told", async (t) => {
  const { sent, engine } = await runLoad(t, 1000, (running) => {
    setTimeout(() => running.drain(), 1500);
  });
  assert.ok(sent.length < 1000 * RATE);
  assert.deepEqual([...new Set(sent.map(({ node }) => node))].sort(), [0, 1]);
  const [drained] = engine.controls;
  assert.ok(drained !== undefined && drained.kind === "drain" && drained.clock > 0);
});

for (const { name, ordered } of [
  { name: "before anybody has a plan", ordered: { made: true } },
  { name: "between the announcement of its start and the start", ordered: { made: false } },
]) {
  test(`a run that is stopped ${name} ends on all nodes at the same instant`, async (t) => {
    const stop = (engine: ClusterEngine): void => engine.stop();
    const nothing = (): void => {};
    const { sent, engine } = await runLoad(
      t,
      1000,
      ordered.made ? nothing : stop,
      ordered.made ? stop : nothing,
    );
    const [stopped, ...others] = engine.controls;
    assert.ok(stopped !== undefined && stopped.kind === "stop");
    assert.deepEqual(others, []);
    if (ordered.made) assert.deepEqual([stopped.clock, sent.length], [0, 0]);
    else assert.ok(stopped.clock < 1e9);
    for (let node = 0; node < NODES; node++) {
      const count = sent.filter((each) => each.node === node).length;
      assert.ok(count <= Math.ceil(((stopped.clock / 1e9) * RATE) / NODES) + 1);
    }
  });
}

test("orders that come late, and several at once, leave the schedule of every node where the master has it", () => {
  const order = fc.record({
    kind: fc.constantFrom("pause", "resume", "speed" as const),
    factor: fc.integer({ min: 1, max: 400 }).map((percent) => percent / 100),
    after: fc.oneof(fc.constant(0), fc.nat(3e9)),
  });
  fc.assert(
    fc.property(fc.array(order, { maxLength: 8 }), (orders) => {
      const memory = allocateTimebase();
      const node = new TimebaseControl(memory);
      const heard = new OrderedControls({
        control: (control, soonest) => node.control(control, soonest),
        drain() {},
        stop() {},
      });
      const said: Control[] = [];
      const say = (message: Message): void => void said.push(message as Control);
      const master = new ClusterControl({
        nodes: [{ isAlive: true, conversation: { say } } as unknown as NodeHandle],
        memory: undefined,
      });
      let now = 0;
      for (const { kind, factor, after } of orders) {
        now += after;
        master.apply(kind === "speed" ? { kind, factor } : { kind: kind as "pause" }, now);
      }
      // Said again by a master that carries the run on.
      for (const control of [...said, ...said]) heard.obey(control);
      const here = new Timebase(memory);
      for (let at = 0; at < 40e9; at += 0.37e9)
        assert.equal(here.scheduleAt(at), master.timebase.scheduleAt(at));
    }),
  );
});

test("ends are kept for the next master with whose they are: that of a plan is no order to be told of there either", () => {
  const notes: RunNote[] = [];
  const note = async (kept: unknown): Promise<void> => void notes.push(kept as RunNote);
  const first = new ClusterControl({ nodes: [], memory: { note } });
  first.apply({ kind: "pause" }, 1e9);
  first.end("drain", 2e9, "plan");
  first.end("drain", 2.5e9, "threshold");
  first.end("stop", 3e9, "order");
  const next = new ClusterControl({ nodes: [], memory: undefined });
  for (const kept of notes) if (kept.kind === "control") next.recall(kept.control, kept.by);
  const kinds = ({ applied }: ClusterControl): string[] => applied.map(({ kind }) => kind);
  assert.deepEqual(kinds(next), ["pause", "drain", "stop"]);
  assert.deepEqual(kinds(first), kinds(next));
  assert.deepEqual(
    notes.map((kept) => (kept.kind === "control" ? kept.by : undefined)),
    ["order", "plan", "threshold", "order"],
  );
});
