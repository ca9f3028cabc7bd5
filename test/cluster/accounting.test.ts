// What a master knows of nodes that are cut off, lost, or quicker than its disk: everything has a row, or is counted and named.
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { Conversation } from "../../src/cluster/conversation.ts";
import { NodeDialer } from "../../src/cluster/direct/node-dialer.ts";
import { NodeListener } from "../../src/cluster/direct/node-listener.ts";
import { SocketLink } from "../../src/cluster/direct/socket-link.ts";
import type { Link } from "../../src/cluster/link.ts";
import { NodeHandle } from "../../src/cluster/master/node-handle.ts";
import { OutcomeDesk } from "../../src/cluster/master/outcome-desk.ts";
import { memoryLinks } from "../../src/cluster/memory-link.ts";
import { OutcomeSender } from "../../src/cluster/node/outcome-sender.ts";
import { OutcomeTally } from "../../src/cluster/outcome-tally.ts";
import type { Done, Hello } from "../../src/cluster/protocol/message.ts";
import { nanos } from "../../src/core/units.ts";
import { OUTCOME_ROW_AT } from "../../src/ring/outcome-record.ts";
import { until } from "../end-to-end/workplace.ts";
import { OneOutcome } from "./outcome-records.ts";

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

const hello: Hello = {
  type: "hello",
  version: "0",
  name: "node",
  cores: 1,
  memoryBytes: 1,
  clockNs: 0,
  wallUs: 0,
};
const nothingDone: Done = {
  type: "done",
  snapshots: 0,
  results: 0,
  skipped: 0,
  rows: 0,
  counts: {},
  feed: null,
  health: {
    firstSentNs: 0,
    cuts: 0,
    longestCutMs: 0,
    clockStepMs: 0,
    held: 0,
    dropped: 0,
    unknown: 0,
  },
};
const thresholds = { onTime: nanos(1e7), tooLate: nanos(1e8) };
const download = { due: 0, late: 0, took: 1e6, failed: false, bytes: 600 };

/** A master whose writer may stand still, and a node that runs. */
function masterAndNode(t: TestContext, ends: Ends) {
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
  const patience = { heartbeatMs: 20, lostAfterMs: 10_000 };
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
  node.listen({ hear() {}, lost: (reason) => assert.fail(reason) });
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
