// Acceptance cases 8, 9, 19 and 15 of recorder and sessions: a real archive, written and played at the same time, over HTTP.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { ArchiveReader } from "../../../src/archive/archive-reader.ts";
import { ArchiveWriter } from "../../../src/archive/archive-writer.ts";
import { valueEvent } from "../../fakes/fake-archive.ts";
import { HttpClient, type Item } from "./http-client.ts";

async function recorder(t: TestContext): Promise<{ writer: ArchiveWriter; reader: ArchiveReader }> {
  const directory = mkdtempSync(join(tmpdir(), "drayage-sessions-"));
  const source = { kind: "api", spec: ["/**"], host: "test" } as const;
  const writer = await ArchiveWriter.open({ directory, source });
  const reader = await ArchiveReader.open(directory, { writer });
  t.after(async () => {
    await reader.close();
    await writer.close();
    rmSync(directory, { recursive: true });
  });
  return { writer, reader };
}

const pair = (number: number) => [
  valueEvent("/x/a", `a${number}`),
  valueEvent("/x/b", `b${number}`),
];
const events = (item: Item | undefined) => item?.events as Record<string, unknown>[];

// As lines of JSON: in both-adapters.test.ts.
test("case 8 and 9, as Server-Sent Events: an image without values, 1,000 batches of two paths as they were recorded, then both removed", async (t) => {
  const { writer, reader } = await recorder(t);
  for (let batch = 0; batch < 1000; batch++) writer.append(pair(batch));
  writer.append([
    { kind: "removed", path: "/x/a" },
    { kind: "removed", path: "/x/b" },
  ]);
  const client = await HttpClient.start(t, { reader, publish: {} });
  const id = await client.create({ pos: "beginning", speed: "unlimited" });
  const stream = await client.attach(id, { accept: "text/event-stream" });
  await client.put(id, "state", "play");
  await stream.until((all) => all.of("batch").length === 1001);
  assert.deepEqual(events(stream.of("image")[0]), [
    { path: "/x/a", none: true },
    { path: "/x/b", none: true },
  ]);
  const batches = stream.of("batch");
  batches.slice(0, 1000).forEach((batch, number) => {
    assert.deepEqual(events(batch), [
      { path: "/x/a", text: `a${number}` },
      { path: "/x/b", text: `b${number}` },
    ]);
  });
  assert.deepEqual(events(batches[1000]), [
    { path: "/x/a", removed: true },
    { path: "/x/b", removed: true },
  ]);
  const stamps = batches.map(({ us }) => us as number);
  assert.deepEqual(
    stamps,
    stamps.toSorted((a, b) => a - b),
  );
  assert.equal(
    stream.items.at(-1)?.type === "control" || stream.items.at(-1)?.type === "batch",
    true,
  );
  assert.equal((await client.ask(`/session/${id}/control/state`)).value.value, "tail");
});

test("case 19: rotation during play and during tail loses and doubles no batch", async (t) => {
  const { writer, reader } = await recorder(t);
  for (let batch = 0; batch < 50; batch++) writer.append(pair(batch));
  const client = await HttpClient.start(t, { reader, publish: {} });
  const id = await client.create({ speed: "unlimited" });
  const stream = await client.attach(id);
  await client.put(id, "state", "play");
  for (let batch = 50; batch < 400; batch++) {
    if (batch % 50 === 0) await writer.rotate();
    writer.append(pair(batch));
    if (batch % 7 === 0) await new Promise((turn) => setImmediate(turn));
  }
  await stream.until((all) => all.of("batch").length >= 400);
  const numbers = stream.of("batch").map((batch) => events(batch)[0]?.text);
  assert.deepEqual(
    numbers,
    Array.from({ length: 400 }, (_, batch) => `a${batch}`),
  );
});

test("a session that wants one path of many gets its batches, past thousands of others, and then tails", async (t) => {
  const { writer, reader } = await recorder(t);
  const isWanted = (batch: number): boolean => batch % 4000 === 3999;
  for (let batch = 0; batch < 9000; batch++)
    writer.append([valueEvent(isWanted(batch) ? "/rare" : "/often", `${batch}`)]);
  const client = await HttpClient.start(t, { reader, publish: {} });
  for (const speed of ["unlimited", 1000]) {
    const id = await client.create({ speed, filter: ["/rare"] });
    const stream = await client.attach(id);
    await client.put(id, "state", "play");
    await stream.until((all) => all.of("control").at(-1)?.value === "tail");
    const recorded = stream.of("batch").length;
    writer.append([valueEvent("/rare", `live at ${speed}`)]);
    await stream.until((all) => all.of("batch").length === recorded + 1);
    const played = stream.of("batch").map((batch) => events(batch)[0]?.text);
    // The second session also plays what came live to the first.
    const before = speed === "unlimited" ? [] : ["live at unlimited"];
    assert.deepEqual(played, ["3999", "7999", ...before, `live at ${speed}`]);
    await client.ask(`/session/${id}`, { method: "DELETE" });
    await stream.ended;
  }
});

/** Path -> value of everything that has one. */
const valuesOf = (shown: readonly Record<string, unknown>[]): Record<string, unknown> =>
  Object.fromEntries(
    shown.filter(({ text }) => text !== undefined).map(({ path, text }) => [path, text]),
  );

const stampText = (us: number): string =>
  `${new Date(Math.floor(us / 1000)).toISOString().slice(0, 23)}${String(us % 1000).padStart(3, "0")}Z`;

test("case 15: a seek to any batch shows the image that playing up to it leaves", async (t) => {
  const { writer, reader } = await recorder(t);
  const steps: { stamp: number; values: Record<string, unknown> }[] = [];
  let values: Record<string, unknown> = {};
  for (let batch = 0; batch < 60; batch++) {
    if (batch % 20 === 19) await writer.rotate();
    const path = `/p/${batch % 7}`;
    const isRemoved = batch % 5 === 4;
    const stamp = writer.append([
      isRemoved ? { kind: "removed", path } : valueEvent(path, `${batch}`),
    ]);
    const { [path]: _, ...others } = values;
    values = isRemoved ? others : { ...others, [path]: `${batch}` };
    steps.push({ stamp: stamp ?? 0, values });
  }
  const client = await HttpClient.start(t, { reader, publish: {} });
  const id = await client.create();
  const stream = await client.attach(id);
  for (const [index, { stamp, values: wanted }] of steps.entries()) {
    const { value } = await client.put(id, "pos", stampText(stamp));
    assert.equal(value.value, stampText(stamp));
    await stream.until((all) => all.of("image").length === index + 2);
    assert.deepEqual(valuesOf(events(stream.of("image").at(-1))), wanted, `after batch ${index}`);
    assert.equal(events(stream.of("image").at(-1)).length, 7, "every path ever seen");
  }
});

test("playback alone: an archive that nobody writes, opened by its directory", async (t) => {
  const { writer } = await recorder(t);
  writer.append(pair(1));
  await writer.commit();
  const directory = writer.folder;
  const client = await HttpClient.start(t, { directory, publish: {} });
  const id = await client.create({ pos: "end" });
  const stream = await client.attach(id);
  await stream.until((all) => all.of("image").length === 1);
  assert.deepEqual(events(stream.of("image")[0]), [
    { path: "/x/a", text: "a1" },
    { path: "/x/b", text: "b1" },
  ]);
});
