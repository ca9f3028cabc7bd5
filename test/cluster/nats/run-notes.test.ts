// Whose a run is, decided by a real server: several masters that know or do not know of each other.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { Hub } from "../../../src/cluster/nats/hub.ts";
import { RunNotes } from "../../../src/cluster/nats/run-notes.ts";
import { createRunStream } from "../../../src/cluster/nats/run-stream.ts";
import { DrayageError } from "../../../src/core/errors.ts";
import { FaultProxy } from "../../fakes/fault-proxy.ts";
import { type NatsServer, needsNatsServer, startNatsServer } from "../../fakes/nats-server.ts";

const taken = (error: unknown): boolean =>
  error instanceof DrayageError &&
  error.code === "taken-over" &&
  /^another master, on \w+, has taken run \w+ over: /.test(error.message);

describe("the notes of a run", () => {
  let server: NatsServer | undefined;
  const hubs: Hub[] = [];
  before(async () => {
    server = await startNatsServer({ jetstream: true });
  });
  after(async () => {
    for (const hub of hubs) await hub.close();
    await server?.stop();
  });

  async function open(port = server?.port): Promise<Hub> {
    const hub = await Hub.open({ servers: [`nats://127.0.0.1:${port}`], group: "g" }, "test");
    hubs.push(hub);
    return hub;
  }

  /** The first master of a run that is made for it. */
  async function begin(run: string, hub: Hub): Promise<RunNotes> {
    const say = (line: string): void => assert.fail(line);
    await createRunStream(hub, run, { bytesMax: 1024 ** 2, secondsMax: 600, say });
    const first = new RunNotes(hub, run, "one");
    first.begin();
    return first;
  }

  test("the last master that took it has the run: those before hear of it, and can neither note nor end anything", async (t) => {
    if (server === undefined) return t.skip(needsNatsServer);
    const first = await begin("r1", await open());
    // In one breath, as orders come.
    await Promise.all([first.add({ kind: "a" }), first.add({ kind: "b" })]);
    const second = new RunNotes(await open(), "r1", "two");
    await second.take();
    assert.equal(second.term, 2);
    assert.match(await first.takenOver, /^another master, on two, /);
    await assert.rejects(first.add({ kind: "c" }), taken);
    await assert.rejects(first.end(), taken);
    const third = new RunNotes(await open(), "r1", "three");
    await third.take();
    assert.match(await second.takenOver, /on three/);
    await third.add({ kind: "d" });
    await third.end();
    await assert.rejects(new RunNotes(await open(), "r1", "four").take(), /has ended/);
    for (const notes of [first, second, third]) notes.stop();
  });

  test("servers that have dropped what was noted do not make another master's of a run", async (t) => {
    if (server === undefined) return t.skip(needsNatsServer);
    const hub = await open();
    const only = await begin("r4", hub);
    await only.add({ kind: "a" });
    const filter = `${hub.names.run("r4")}.notes`;
    await hub.manager.streams.purge(hub.names.stream("r4"), { filter });
    await only.add({ kind: "b" });
    await only.end();
    only.stop();
  });

  test("two that take it at once: it is one's, and the other one knows", async (t) => {
    if (server === undefined) return t.skip(needsNatsServer);
    const hub = await open();
    const first = await begin("r2", hub);
    const both = [new RunNotes(hub, "r2", "two"), new RunNotes(await open(), "r2", "three")];
    const settled = await Promise.allSettled(both.map((notes) => notes.take()));
    const refused = settled.flatMap((one) => (one.status === "rejected" ? [one.reason] : []));
    assert.deepEqual(refused.map(taken), [true]);
    const winner = both[settled.findIndex(({ status }) => status === "fulfilled")];
    await winner?.add({ kind: "a" });
    await first.takenOver;
    for (const notes of [first, ...both]) notes.stop();
  });

  test("a master that was cut off hears of the next one as soon as it is connected again", async (t) => {
    if (server === undefined) return t.skip(needsNatsServer);
    const link = new FaultProxy({ host: "127.0.0.1", port: server.port });
    await link.accept();
    t.after(() => link.stop());
    const first = await begin("r3", await open(link.port));
    await first.add({ kind: "a" });
    await link.refuse({ alsoOpen: true });
    const second = new RunNotes(await open(), "r3", "two");
    await second.take();
    assert.equal(await Promise.race([first.takenOver, pause(20)]), undefined);
    await link.accept();
    await first.takenOver;
    await assert.rejects(first.add({ kind: "b" }), taken);
    for (const notes of [first, second]) notes.stop();
  });
});
