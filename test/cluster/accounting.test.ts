// What a master knows of nodes that are cut off, lost, or quicker than its disk: everything has a row, or is counted and named.
import assert from "node:assert/strict";
import { tmpdir } from "node:os";
import { type TestContext, test } from "node:test";
import { Conversation } from "../../src/cluster/conversation.ts";
import { NodeDialer } from "../../src/cluster/direct/node-dialer.ts";
import { NodeListener } from "../../src/cluster/direct/node-listener.ts";
import { SocketLink } from "../../src/cluster/direct/socket-link.ts";
import type { Link } from "../../src/cluster/link.ts";
import { ClusterEngine } from "../../src/cluster/master/cluster-engine.ts";
import { countLostLoad } from "../../src/cluster/master/lost-load.ts";
import { LostShares } from "../../src/cluster/master/lost-shares.ts";
import { NodeHandle } from "../../src/cluster/master/node-handle.ts";
import { OutcomeDesk } from "../../src/cluster/master/outcome-desk.ts";
import { memoryLinks } from "../../src/cluster/memory-link.ts";
import { OutcomeSender } from "../../src/cluster/node/outcome-sender.ts";
import { RowSpool } from "../../src/cluster/node/row-spool.ts";
import { seqOf } from "../../src/cluster/operation-run.ts";
import { OutcomeTally } from "../../src/cluster/outcome-tally.ts";
import { OUTCOME_LAYOUT } from "../../src/cluster/record-layout.ts";
import { DrayageError } from "../../src/core/errors.ts";
import { nanos } from "../../src/core/units.ts";
import { OUTCOME_ROW_AT } from "../../src/ring/outcome-record.ts";
import type { IntervalSnapshot } from "../../src/stats/figures.ts";
import { TallyReader } from "../../src/stats/tally-reader.ts";
import type { EngineListeners, EnginePlan } from "../../src/workers/engine.ts";
import type { FeedPlan, LoadFeedPlan } from "../../src/workers/feed-plan.ts";
import { nothingFed } from "../../src/workers/nothing-fed.ts";
import { until } from "../end-to-end/workplace.ts";
import { OneOutcome, type Outcome, outcomeRecords } from "./outcome-records.ts";
import { hello, nothingDone, patience, ScriptedNode } from "./scripted-node.ts";

type Ends = { readonly master: Link; readonly node: Link };

async function socketLinks(t: TestContext): Promise<Ends> {
  const listener = new NodeListener({ host: "127.0.0.1", port: 0, token: "" });
  const { promise, resolve } = Promise.withResolvers<Link>();
  await listener.await(resolve);
  const nodes = [`127.0.0.1:${listener.port}`];
  const dialer = new NodeDialer({ nodes, token: "", waitMs: 1000, silentMs: 5000 });
  t.after(async () => {
    await dialer.close();
    await listener.close();
  });
  const { links } = await dialer.find();
  return { master: links[0] as Link, node: await promise };
}

const thresholds = { onTime: nanos(1e7), tooLate: nanos(1e8) };
const download = { due: 0, late: 0, took: 1e6, failed: false, bytes: 600 };

const failed = (reason: string): void => assert.fail(reason);

/** A master whose writer may stand still, and a node that runs. */
function masterAndNode(t: TestContext, ends: Ends, lost = failed) {
  const writer = { hasRoom: true, kept: 0 };
  const keeper = {
    get hasRoom() {
      return writer.hasRoom;
    },
    flush() {},
    keep() {
      writer.kept++;
    },
  };
  const [master, node] = [new Conversation(ends.master), new Conversation(ends.node)];
  for (const one of [master, node]) one.bePatient(patience);
  t.after(() => {
    master.close();
    node.close();
  });
  const handle = new NodeHandle(master, hello, 0);
  handle.state = "running";
  handle.listen({
    desk: new OutcomeDesk(keeper),
    figures: { add() {} },
    given: false,
    thresholds,
    planned() {},
    skipped() {},
    landed() {},
    changed() {},
  });
  node.listen({ hear() {}, lost });
  return { writer, handle, node };
}

for (const { name, links } of [
  { name: "memory", links: async (): Promise<Ends> => memoryLinks({ node: "n" }) },
  { name: "a WebSocket", links: socketLinks },
]) {
  test(`a writer that stalls, over ${name}: the node keeps so much, counts what it drops, and goes on`, async (t) => {
    const { writer, handle, node } = masterAndNode(t, await links(t));
    const keptBytesMax = 64 * OUTCOME_ROW_AT;
    const sender = new OutcomeSender(node, new OutcomeTally(thresholds), {
      drops: true,
      keptBytesMax,
    });
    t.after(() => sender.close());
    const row = new OneOutcome();
    const tell = (count: number): void => {
      for (let seq = 0; seq < count; seq++) {
        assert.ok(sender.hasRoom);
        sender.keep(row.of({ ...download, seq }), 0);
        sender.send();
      }
    };
    tell(10);
    await until(() => writer.kept === 10, "what is written is acknowledged");
    await until(() => node.unacknowledgedBytes === 0, "the node knows it");
    writer.hasRoom = false;
    tell(200);
    // Several heartbeats later nothing has been heard but them.
    await new Promise((later) => setTimeout(later, 100));
    assert.equal(writer.kept, 10);
    assert.equal(handle.state, "running");
    assert.ok(node.unacknowledgedBytes > 0 && node.unacknowledgedBytes <= 2 * keptBytesMax);
    assert.ok(sender.dropped > 0);
    assert.equal(sender.rows + sender.dropped, 210);
    writer.hasRoom = true;
    await until(() => writer.kept === sender.rows, "everything that was kept is written");
    const { batches, rows, dropped } = sender;
    const health = { ...nothingDone.health, dropped };
    node.say({ ...nothingDone, results: batches, rows, health });
    await until(() => handle.state === "done", "nothing is missing");
    const report = handle.report();
    assert.deepEqual([report.rows, report.dropped], [rows, dropped]);
  });
}

test("rows that are kept until the end are handed over then, and what had no room is counted", async (t) => {
  const { writer, handle, node } = masterAndNode(t, memoryLinks({ node: "n" }));
  const sender = new OutcomeSender(node, new OutcomeTally(thresholds), { drops: true });
  const row = new OneOutcome();
  const bytes = row.of({ ...download, seq: 0 }).words[0] as number;
  const spool = new RowSpool(tmpdir(), 10 * bytes);
  t.after(() => sender.release());
  sender.keepIn(spool);
  for (let seq = 0; seq < 12; seq++) {
    sender.keep(row.of({ ...download, seq }), 0);
    sender.send();
  }
  sender.close();
  await new Promise((later) => setTimeout(later, 20));
  assert.deepEqual([writer.kept, sender.batches, sender.dropped], [0, 0, 2]);
  await sender.handOver();
  await until(() => writer.kept === 10, "everything that was kept is written");
  assert.deepEqual([sender.rows, handle.rows], [10, 10]);
});

test("results that are longer than a frame are a node's mistake, and lose it", async (t) => {
  const { handle, node, writer } = masterAndNode(t, memoryLinks({ node: "n" }), () => {});
  const count = Math.ceil((1024 * 1024 + 1) / OUTCOME_ROW_AT);
  const records = outcomeRecords(Array.from({ length: count }, () => download));
  node.say({ type: "results", layout: OUTCOME_LAYOUT, batch: 1, count, records });
  await until(() => handle.state === "lost", "the master has it");
  assert.match(handle.reason ?? "", /it sent results that are none of layout/);
  assert.equal(writer.kept, 0);
});

test("what a node said last is heard again over the next connection when the first is cut under it", async (t) => {
  const ends = await socketLinks(t);
  const { handle, node } = masterAndNode(t, ends);
  assert.ok(ends.node instanceof SocketLink);
  node.say(nothingDone);
  ends.node.cut();
  await until(() => handle.state === "done", "the end has come");
  await until(() => node.unacknowledgedBytes === 0, "the node knows that it has");
  assert.equal(handle.report().cuts, 1);
});

for (const { name, schedule, until, expected } of [
  {
    name: "a rate",
    schedule: { kind: "constant", rate: 10, seconds: 2.5 } as const,
    until: Number.POSITIVE_INFINITY,
    expected: {
      due: 8,
      seconds: [
        [0, 3],
        [1, 4],
        [2, 1],
      ],
    },
  },
  {
    name: "a rate that was ended in the middle",
    schedule: { kind: "constant", rate: 10, seconds: 2.5 } as const,
    until: 1.45e9,
    expected: {
      due: 5,
      seconds: [
        [0, 3],
        [1, 2],
      ],
    },
  },
  {
    name: "as fast as it goes",
    schedule: { kind: "closed" } as const,
    until: Number.POSITIVE_INFINITY,
    expected: { due: undefined, seconds: [] },
  },
]) {
  test(`a node's part of a load is counted without it: ${name}`, async () => {
    const seconds: number[][] = [];
    const due = await countLostLoad(
      {
        ...{ kind: "load", schedule, head: "", bodyBytes: 0, sha256: undefined, seed: "0" },
        ...{ threads: 1, share: { index: 1, count: 3 } },
      },
      { until, planned: (second, operations) => seconds.push([second, operations]) },
    );
    assert.deepEqual({ due, seconds }, expected);
  });
}

const second = (number: number): number => number * 1e9;

/** Downloads of one node, one every 20 ms from the start on. */
const downloads = (from: number, to: number): Outcome[] =>
  Array.from({ length: to - from }, (_, i) => ({
    ...download,
    seq: from + i,
    due: (from + i) * 20e6,
  }));

/** Figures of downloads. */
function figuresOf(outcomes: readonly Outcome[], start: number, end: number): IntervalSnapshot {
  const tally = new OutcomeTally(thresholds);
  const row = new OneOutcome();
  for (const outcome of outcomes) tally.add(row.of(outcome), 0, false);
  return new TallyReader([tally.memory]).takeInterval(nanos(second(start)), nanos(second(end)));
}

const load = {
  ...{ kind: "load", head: "", bodyBytes: 0, sha256: undefined, seed: "0", threads: 2 },
  schedule: { kind: "constant", rate: 100, seconds: 2 },
} as const satisfies LoadFeedPlan;

/** A load of 200 requests on two nodes that do what a test says. */
function spreadLoad(
  t: TestContext,
  schedule: LoadFeedPlan["schedule"] = load.schedule,
  flush: () => void = () => {},
) {
  const nodes = [new ScriptedNode(0), new ScriptedNode(1)] as const;
  const feed = { ...load, schedule };
  const seen = { planned: 0, started: 0 };
  const listeners: EngineListeners = {
    keeper: { hasRoom: true, flush, keep() {} },
    started: () => seen.started++,
    feeding: (message) => {
      if (message.type === "planned") seen.planned += message.operations;
    },
  };
  const plan = { threads: 2, feed, limits: { places: 1, entries: 1, lanes: "none" } };
  const engine = new ClusterEngine(
    { ...plan, client: { endpoints: [] }, onTimeNs: 1e7, tooLateNs: 1e8 } as unknown as EnginePlan,
    listeners,
    {
      ...{ version: "0", verb: "load", runId: "0", places: 1, entries: 1, rate: 100 },
      ...{ registries: null, files: [], patience, onLost: "report", say() {} },
      ...{ clockBoundMs: 1000, clockBoundMaxMs: 10_000, wallAheadMaxMs: 1000 },
      feedOf: (index) => ({ ...feed, share: { index, count: 2 } }),
      nodes: nodes.map(({ handle }) => handle),
      close: async () => {},
    },
  );
  t.after(() => {
    for (const node of nodes) node.die();
  });
  return { nodes, engine, seen, ended: engine.run() };
}

for (const { name, schedule, planned, lost } of [
  { name: "at a rate", schedule: load.schedule, planned: 200, lost: 88 },
  { name: "without a schedule", schedule: { kind: "closed" } as const, planned: 0, lost: 3 },
]) {
  test(`a node is lost in a load ${name}: what it had is counted, and its figures are those of what came of it`, async (t) => {
    const { nodes, engine, seen, ended } = spreadLoad(t, schedule);
    const [one, other] = nodes;
    await until(() => seen.started > 0, "the load has begun");
    const inSecond = (operations: number) =>
      planned === 0 ? undefined : { seconds: [0], operations: [operations] };
    other.tellRows(downloads(0, 10));
    const first = figuresOf(downloads(0, 10), 0, 1);
    // Three more are under way, and one of them ends before the node dies.
    const begun = first.classes.map((figures) => ({ ...figures, started: 13 }));
    other.tellFigures({ ...first, classes: begun, inFlight: 3 }, inSecond(50));
    other.tellRows([...downloads(10, 11), ...downloads(60, 61)]);
    other.die();
    one.tellRows(downloads(0, 50));
    one.tellFigures(figuresOf(downloads(0, 50), 0, 1), inSecond(50));
    one.tellRows(downloads(50, 100));
    one.tellFigures(figuresOf(downloads(50, 100), 1, 2), inSecond(50));
    one.tellDone();
    const { nodes: reports = [] } = await ended;
    assert.equal(seen.planned, planned);
    const { classes } = new TallyReader(engine.tallies).totals();
    assert.deepEqual(
      classes.map(({ done, started, service }) => [done, started, service.total]),
      [[112, 114, 112]],
    );
    assert.deepEqual(
      reports.map(({ rows, done, lostOperations }) => [rows, done, lostOperations]),
      [
        [100, 100, 0],
        [12, 12, lost],
      ],
    );
  });
}

test("a disk that takes no rows ends the run with what it says", async (t) => {
  const { nodes, ended, seen } = spreadLoad(t, load.schedule, () => {
    throw new DrayageError("storage", "no space left");
  });
  const failed = assert.rejects(ended, { code: "storage", message: "no space left" });
  await until(() => seen.started > 0, "the load has begun");
  nodes[0].tellRows(downloads(0, 1));
  await failed;
});

for (const { name, endsAt, told, emitted, expected } of [
  {
    name: "a node is lost",
    endsAt: Number.POSITIVE_INFINITY,
    told: [1, 5],
    emitted: undefined,
    expected: { lost: [3, 7, 9], planned: 3 },
  },
  {
    name: "a node is lost behind the end that was ordered",
    endsAt: 0.5e9,
    told: [1],
    emitted: undefined,
    expected: { lost: [3, 5], planned: 3 },
  },
  {
    name: "a node could not keep all rows, and had not come to the end",
    endsAt: Number.POSITIVE_INFINITY,
    told: [1, 5],
    emitted: 4,
    expected: { dropped: [3, 7], planned: 0 },
  },
]) {
  test(`operations that a node read itself are told one by one when ${name}`, async (t) => {
    const { handle } = masterAndNode(t, memoryLinks({ node: "n" }));
    const lost: number[] = [];
    const dropped: number[] = [];
    let planned = 0;
    const { promise: listed, resolve } = Promise.withResolvers<void>();
    // Ten operations in a second, of which node 1 of 2 has every second one.
    const share = {
      ...load,
      schedule: { kind: "constant", rate: 10, seconds: 1 },
      share: { index: 1, count: 2 },
    } as const;
    const shares = new LostShares(
      { kind: "run" } as FeedPlan,
      { nodes: [handle], feedOf: () => share },
      {
        lost: { take: (_, record) => void lost.push(seqOf(record, 0)) },
        desk: { keepDropped: (record) => void dropped.push(seqOf(record, 0)) },
        planned: (_, operations) => {
          planned += operations;
        },
        listed: resolve,
        failed: (error) => assert.fail(String(error)),
      },
    );
    for (const seq of told) shares.hear(0, seq);
    shares.endsAt = endsAt;
    if (emitted === undefined) {
      shares.hearPlanned(0, 0, 2);
      shares.list(handle);
    } else {
      const health = { ...nothingDone.health, dropped: 2 };
      handle.done = { ...nothingDone, health, feed: { ...nothingFed(), emitted } };
      shares.hearPlanned(0, 0, 5);
      planned = 0;
      shares.listDropped(handle);
    }
    await listed;
    assert.deepEqual(
      { lost, dropped, planned },
      {
        lost: [],
        dropped: [],
        ...expected,
        planned: expected.planned + (emitted === undefined ? 2 : 0),
      },
    );
  });
}
