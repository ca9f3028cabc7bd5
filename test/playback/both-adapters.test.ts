// Acceptance cases 8, 9, 14, 21 and 22 on both adapters: one table of tests, and one of written values.
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { millis } from "../../src/core/units.ts";
import type { ControlName } from "../../src/playback/session/control-values.ts";
import { archiveFolder, openReader, openWriter } from "../fakes/archive-folder.ts";
import { valueEvent } from "../fakes/fake-archive.ts";
import { type Adapter, adapters } from "./adapter.ts";
import { at, Stage } from "./session/stage.ts";
import { type Row, rowsBesidesNow, writtenRows } from "./session/written-rows.ts";

function tenSeconds(): Stage {
  const stage = new Stage();
  for (let second = 0; second < 10; second++) stage.record(second);
  return stage;
}

type Publish = Parameters<(typeof adapters)[string]>[1]["publish"];
const served = (t: TestContext, kind: string, publish: Publish = {}) =>
  adapters[kind]?.(t, { reader: tenSeconds().archive, publish });

const created = async (adapter: Adapter, args: unknown = null): Promise<string> => {
  const { id } = await adapter.create(args);
  assert.match(String(id), /^[0-9a-f]{32}$/);
  return String(id);
};

const pair = (number: number) => [
  valueEvent("/x/a", `a${number}`),
  valueEvent("/x/b", `b${number}`),
];

/** Over NATS an empty body is a read, so there is no plain form of nothing. */
function inBothForms({ write, shows, says }: Row) {
  const plain = typeof write === "string" && write !== "" ? [write] : [];
  return [JSON.stringify(write), ...plain].map((body) => ({ body, shows, says }));
}

for (const kind of Object.keys(adapters)) {
  test(`case 8 and 9, ${kind}: an image without values, 1,000 batches of two paths as they were recorded, then both removed`, async (t) => {
    const { writer } = await openWriter(t, { directory: archiveFolder(t) });
    const reader = await openReader(t, writer.folder, { writer });
    for (let batch = 0; batch < 1000; batch++) writer.append(pair(batch));
    const paths = ["/x/a", "/x/b"];
    writer.append(paths.map((path) => ({ kind: "removed", path })));
    const adapter = await adapters[kind]?.(t, { reader, publish: {} });
    if (adapter === undefined) return;
    const id = await created(adapter, { pos: "beginning", speed: "unlimited" });
    const stream = await adapter.attach(id);
    await stream.until((all) => all.of("image").length === 1);
    await adapter.write(id, "state", "play");
    await stream.until((all) => all.of("batch").length === 1001);
    const shown = (mark: string) => paths.map((path) => ({ path, [mark]: true }));
    assert.deepEqual(stream.of("image")[0]?.events, shown("none"));
    const batches = stream.of("batch");
    for (const [number, { events }] of batches.slice(0, 1000).entries())
      assert.deepEqual(events, [
        { path: "/x/a", text: `a${number}` },
        { path: "/x/b", text: `b${number}` },
      ]);
    assert.deepEqual(batches[1000]?.events, shown("removed"));
    const stamps = batches.map(({ us }) => Number(us));
    assert.ok(stamps.every((stamp, place) => place === 0 || stamp > Number(stamps[place - 1])));
    await stream.until((all) => all.of("control").at(-1)?.value === "tail");
  });

  for (const name of Object.keys(writtenRows) as ControlName[]) {
    test(`case 14, ${kind}: every row of ${name}, as JSON and as plain text`, async (t) => {
      const adapter = await served(t, kind);
      if (adapter === undefined) return;
      const id = await created(adapter, { pos: at(5) });
      for (const { body, shows, says } of rowsBesidesNow(name).flatMap(inBothForms)) {
        await adapter.write(id, "pos", at(5));
        await adapter.write(id, "state", "pause");
        await adapter.write(id, name === "end" ? "start" : "end", "unbounded");
        const before = await adapter.read(id, name);
        const told = await adapter.write(id, name, body);
        assert.deepEqual(told, says === undefined ? { value: shows } : { error: says }, body);
        assert.deepEqual(await adapter.read(id, name), says === undefined ? shows : before);
      }
    });
  }

  test(`case 14, ${kind}: what is no argument, no control and no session is told alike`, async (t) => {
    const adapter = await served(t, kind);
    if (adapter === undefined) return;
    for (const { given, says } of [
      { given: { start: "soon" }, says: "invalid start: soon is not a valid bound" },
      { given: { filter: [] }, says: /^could not parse filter: / },
      { given: { x: 1, y: 2 }, says: "unknown argument specified: [x, y]" },
      { given: [], says: /^arguments must be a JSON object/ },
    ]) {
      const { error } = await adapter.create(given);
      if (typeof says === "string") assert.equal(error, says);
      else assert.match(String(error), says);
    }
    const id = await created(adapter);
    const { error } = await adapter.write(id, "volume", "1");
    assert.equal(error, "no such control: there are start, end, speed, pos, state");
    assert.equal(adapter.host.size, 1);
  });

  test(`case 21, ${kind}: clients have their limit, the total has one, and freed places are usable again`, async (t) => {
    const adapter = await served(t, kind, { maxSessions: 5, maxSessionsPerClient: 3 });
    if (adapter === undefined) return;
    for (let number = 0; number < 3; number++) await adapter.create(null, 2);
    assert.match(String((await adapter.create(null, 2)).error), /^too many sessions, client .*2$/);
    const first = await adapter.create(null, 3);
    await adapter.create(null, 3);
    assert.deepEqual(await adapter.create(null, 4), { error: "too many sessions" });
    await adapter.end(String(first.id));
    assert.equal(adapter.host.size, 4);
    assert.equal(typeof (await adapter.create(null, 4)).id, "string");
  });

  test(`case 21, ${kind}: the 513th session is refused`, async (t) => {
    const adapter = await served(t, kind);
    if (adapter === undefined) return;
    for (let client = 2; client < 10; client++)
      await Promise.all(Array.from({ length: 64 }, () => adapter.create(null, client)));
    assert.equal(adapter.host.size, 512);
    assert.deepEqual(await adapter.create(null, 10), { error: "too many sessions" });
  });

  for (const [what, use] of [
    ["keepalive", (adapter: Adapter, id: string) => adapter.keepAlive(id)],
    ["a control that is read", (adapter: Adapter, id: string) => adapter.read(id, "pos")],
  ] as const) {
    test(`case 22, ${kind}: ${what} keeps a session, and without it two empty checks end it`, async (t) => {
      const lease = 1000;
      // Looked at by hand only.
      const adapter = await served(t, kind, { gcInterval: millis(lease) });
      if (adapter === undefined) return;
      const id = await created(adapter);
      for (let round = 0; round < 4; round++) {
        await use(adapter, id);
        adapter.host.check();
        assert.equal(adapter.host.size, 1);
      }
      while (adapter.host.size > 0) {
        await new Promise((resolve) => setTimeout(resolve, lease / 4));
        adapter.host.check();
      }
      const { error } = await adapter
        .write(id, "state", "play")
        .catch(({ message }) => ({ error: message }));
      assert.match(String(error), /no such session|no responders/i);
    });
  }
}
