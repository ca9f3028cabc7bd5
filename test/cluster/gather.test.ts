// Nodes that are found one after the other, and what becomes of them until the run has them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { Conversation } from "../../src/cluster/conversation.ts";
import { NodeListener } from "../../src/cluster/direct/node-listener.ts";
import type { Link } from "../../src/cluster/link.ts";
import { gatherNodes } from "../../src/cluster/master/gather-nodes.ts";
import type { NodeEvents, NodeHandle } from "../../src/cluster/master/node-handle.ts";
import { memoryLinks } from "../../src/cluster/memory-link.ts";
import { takeOrigin, threadClock } from "../../src/core/clock.ts";
import { hello } from "./scripted-node.ts";

const options = { version: hello.version, min: undefined, say: () => {} };

/** A node, and the way to it. */
function nodeAt(name: string): { readonly link: Link; readonly node: Conversation } {
  const { master, node } = memoryLinks({ node: name });
  return { link: master, node: new Conversation(node) };
}

const events: NodeEvents = {
  desk: { hasRoom: true, keep: () => ({ ended: 0, rows: 0 }) },
  figures: { add() {} },
  given: false,
  landed() {},
  planned() {},
  skipped() {},
  changed() {},
};

test("a node that is there early hears of its master while others are waited for", async () => {
  const lost: string[] = [];
  const { link, node } = nodeAt("early");
  node.bePatient({ heartbeatMs: 100, lostAfterMs: 2800 });
  node.listen({ hear() {}, lost: (reason) => lost.push(reason) });
  node.say(hello);
  const find = async (met?: (link: Link) => void) => {
    met?.(link);
    await pause(3500);
    return { links: [link], missing: [] };
  };
  const nodes = await gatherNodes({ find, close: async () => {} }, options);
  assert.deepEqual(lost, []);
  assert.equal(nodes.length, 1);
  for (const { conversation } of nodes) conversation.close();
});

for (const { what, act, says } of [
  {
    what: "refuses a moment after it has said hello",
    act: (node: Conversation) =>
      node.say({ type: "refuse", reason: "busy", sentence: "it is busy with a run of b" }),
    says: /^it is busy with a run of b$/,
  },
  {
    what: "is gone before the plan is made",
    act: (node: Conversation) => node.close(),
    says: /^the other end has closed/,
  },
])
  test(`a node that ${what} is refused with its own sentence, and nobody waits for its clock`, async () => {
    const { link, node } = nodeAt("n");
    node.listen({ hear() {}, lost() {} });
    node.say(hello);
    const find = async () => ({ links: [link], missing: [] });
    const nodes = await gatherNodes({ find, close: async () => {} }, options);
    act(node);
    await pause(50);
    const [handle] = nodes as [NodeHandle];
    handle.listen(events);
    assert.equal(await handle.measureClocks(threadClock(takeOrigin())), undefined);
    assert.equal(handle.state, "refused");
    assert.match(handle.reason ?? "", says);
    node.close();
    handle.conversation.close();
  });

test("a node that is lost in the middle of the questions about its clock is asked no more", async () => {
  const { link, node } = nodeAt("n");
  node.listen({ hear() {}, lost() {} });
  node.say(hello);
  const find = async () => ({ links: [link], missing: [] });
  const [handle] = (await gatherNodes({ find, close: async () => {} }, options)) as [NodeHandle];
  handle.listen(events);
  const measured = handle.measureClocks(threadClock(takeOrigin()));
  node.close();
  assert.equal(await measured, undefined);
  assert.equal(handle.state, "refused");
});

test("whoever asks a node for a page is told what it is", async (t) => {
  const listener = new NodeListener({ host: "127.0.0.1", port: 0, token: "" });
  await listener.await(() => assert.fail("a master"));
  t.after(() => listener.close());
  const answer = await fetch(`http://127.0.0.1:${listener.port}/`);
  assert.equal(answer.status, 426);
  assert.match(await answer.text(), /^drayage client: name this address to a master/);
});
