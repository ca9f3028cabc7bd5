// Two ends of a conversation over a real server that is killed and comes back in the middle.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import type { Lane } from "../../../src/cluster/link.ts";
import { Hub } from "../../../src/cluster/nats/hub.ts";
import { LargeContent } from "../../../src/cluster/nats/large-content.ts";
import { NatsLink } from "../../../src/cluster/nats/nats-link.ts";
import { createRunStream, removeRunStream } from "../../../src/cluster/nats/run-stream.ts";
import { StreamReader } from "../../../src/cluster/nats/stream-reader.ts";
import { type NatsServer, needsNatsServer, startNatsServer } from "../../fakes/nats-server.ts";

const RUN = "r1";
const CONVERSATION = "c1";
const FRAMES = 60;
/** Beyond what goes over the wire as it is. */
const LARGE = 200 * 1024;

const say = (line: string): void => assert.fail(line);

/** A frame that says which one it is; every twentieth is large. */
const frameOf = (lane: Lane, number: number): Buffer =>
  Buffer.concat([
    Buffer.from(`${lane} ${number} `),
    Buffer.alloc(number % 20 === 7 ? LARGE : 10, number),
  ]);

async function arrived(heard: readonly string[], count: number): Promise<void> {
  for (let turn = 0; heard.length < count && turn < 3000; turn++) await pause(10);
}

describe("a link over a message server", () => {
  let server: NatsServer | undefined;
  const hubs: Hub[] = [];

  before(async () => {
    server = await startNatsServer({ jetstream: true });
  });
  after(async () => {
    for (const hub of hubs) await hub.close();
    await server?.stop();
  });

  async function open(title: string): Promise<{ hub: Hub; content: LargeContent }> {
    const hub = await Hub.open({ servers: [(server as NatsServer).url], group: "g" }, title);
    hubs.push(hub);
    return { hub, content: await LargeContent.open(hub, say) };
  }

  test("control and work arrive once and in order, whatever their size, though the server dies meanwhile", async (t) => {
    if (server === undefined) return t.skip(needsNatsServer);
    const [master, node] = await Promise.all([open("master"), open("node")]);
    await createRunStream(master.hub, RUN, { bytesMax: 64 * 1024 ** 2, secondsMax: 600, say });
    const place = { run: RUN, conversation: CONVERSATION, term: 1 };
    const from = new NatsLink(master.hub, {
      ...{ ...place, peer: "node", end: "master", content: master.content },
    });
    const to = new NatsLink(node.hub, {
      ...{ ...place, peer: "master", end: "node", content: node.content },
    });
    const heard: Record<"control" | "work", string[]> = { control: [], work: [] };
    to.listen({
      frame: (bytes) => {
        const text = Buffer.from(bytes).toString("latin1");
        const [lane, number] = text.split(" ") as ["control" | "work", string];
        assert.equal(text, frameOf(lane, Number(number)).toString("latin1"));
        heard[lane].push(number);
      },
      connected() {},
      closed: (reason) => assert.fail(reason),
    });
    from.listen({ frame() {}, connected() {}, closed: (reason) => assert.fail(reason) });
    const filter = node.hub.names.work(RUN, CONVERSATION, "*");
    const reader = new StreamReader(
      node.hub,
      { run: RUN, filter, from: 1 },
      { take: ({ data }) => to.hearStream(data, 1), fail: (error) => assert.fail(String(error)) },
    );
    reader.start();
    for (let number = 0; number < FRAMES; number++) {
      from.send(frameOf("control", number), "control");
      from.send(frameOf("work", number), "work");
      if (number === FRAMES / 2) await server.kill();
      if (number === FRAMES / 2 + 5) await server.restart();
    }
    await Promise.all([arrived(heard.control, FRAMES), arrived(heard.work, FRAMES)]);
    const all = Array.from({ length: FRAMES }, (_, number) => String(number));
    assert.deepEqual(heard, { control: all, work: all });
    for (let turn = 0; from.unacknowledgedBytes > 0 && turn < 300; turn++) await pause(10);
    assert.equal(from.unacknowledgedBytes, 0);
    assert.deepEqual(from.unacknowledged(), []);
    from.close();
    await from.farewell;
    reader.stop();
    to.close();
    await removeRunStream(master.hub, RUN);
  });

  test("an end that leaves is known to have left, after what it said before", async (t) => {
    if (server === undefined) return t.skip(needsNatsServer);
    const [master, node] = await Promise.all([open("master"), open("node")]);
    const place = { run: "r2", conversation: "c2", term: 1 };
    const one = new NatsLink(master.hub, {
      ...{ ...place, peer: "node", end: "master", content: master.content },
    });
    const other = new NatsLink(node.hub, {
      ...{ ...place, peer: "master", end: "node", content: node.content },
    });
    const told: string[] = [];
    const { promise: over, resolve } = Promise.withResolvers<void>();
    one.listen({
      frame: (bytes) => told.push(Buffer.from(bytes).toString()),
      connected() {},
      closed: (reason) => {
        told.push(reason);
        resolve();
      },
    });
    await node.hub.connection.flush();
    other.send(Buffer.from("last words"), "control");
    other.close();
    await over;
    assert.deepEqual(told, ["last words", "it has ended the conversation"]);
  });
});
