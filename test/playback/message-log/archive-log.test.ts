import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import fc from "fast-check";
import type { ArchiveEvent } from "../../../src/archive/event.ts";
import { micros } from "../../../src/core/units.ts";
import { LogExport, logBatches } from "../../../src/playback/message-log/archive-log.ts";
import { ReadDirectory } from "../../../src/playback/message-log/read-directory.ts";
import { archiveFolder, openReader, openWriter } from "../../fakes/archive-folder.ts";
import { drayageProgram } from "./program.ts";
import { folder, itemsOf, ORIGIN, sampleDirectory } from "./sample-logs.ts";

const kinds: readonly ArchiveEvent[] = [
  { kind: "value", path: "/a/b", value: Buffer.from("text é") },
  { kind: "null", path: "/a/b" },
  { kind: "value", path: "/a/c d", value: Buffer.from([0, 255, 1]) },
  { kind: "value", path: "/a/b", value: Buffer.alloc(0) },
  { kind: "removed", path: "/a/b" },
  {
    kind: "message",
    path: "/m",
    headers: Buffer.from("NATS/1.0\r\nA: b\r\n\r\n"),
    value: Buffer.from([200]),
  },
  { kind: "exchange", path: "/v2/", json: Buffer.from('{"status":200,"digest":null}') },
  { kind: "json", path: "/$registry/x", json: Buffer.from('{ "spaced": 1.0, "2": 3, "1": 4 }') },
  { kind: "json", path: "/$registry/y", json: Buffer.from("not JSON") },
  { kind: "json", path: "/$registry/z", json: Buffer.from('{"__proto__":1}') },
];

async function exported(t: TestContext, batches: readonly (readonly ArchiveEvent[])[]) {
  const directory = archiveFolder(t);
  const { writer } = await openWriter(t, { directory });
  const stamps = batches.map((events) => writer.append(events));
  await writer.commit();
  const reader = await openReader(t, directory, { writer });
  const logs = folder(t);
  const log = new LogExport(logs);
  const cursor = reader.cursor(micros(0));
  for (let item = await cursor.next(); item !== null; item = await cursor.next()) log.add(item);
  log.close();
  return { stamps, logs, log };
}

const plain = (events: readonly ArchiveEvent[]) =>
  events.map((event) =>
    Object.fromEntries(
      Object.entries(event).map(([key, part]) => [
        key,
        part instanceof Uint8Array ? Buffer.from(part).toString("hex") : part,
      ]),
    ),
  );

test("events of every kind survive the way to a log and back, in their order, stamps to 10 us", async (t) => {
  const { stamps, logs, log } = await exported(t, [kinds.slice(0, 4), kinds.slice(4)]);
  assert.deepEqual([log.entries, log.gaps, log.unwritable], [kinds.length, 0, 0]);
  const batches = [...logBatches(new ReadDirectory(logs))];
  assert.deepEqual(plain(batches.flatMap(({ events }) => events)), plain(kinds));
  batches.forEach(({ stamp }, index) => {
    const original = stamps[index < 4 ? 0 : 1] ?? 0;
    assert.ok(Math.abs(stamp - original) <= 5 + kinds.length, `${stamp} of ${original}`);
    assert.ok(index === 0 || stamp > (batches[index - 1]?.stamp ?? 0));
  });
});

test("any bytes survive", async (t) => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uint8Array({ maxLength: 50 }), { minLength: 1, maxLength: 10 }),
      async (values) => {
        const events = values.map((value): ArchiveEvent => ({ kind: "value", path: "/p", value }));
        const { logs } = await exported(
          t,
          events.map((event) => [event]),
        );
        assert.deepEqual(
          plain([...logBatches(new ReadDirectory(logs))].flatMap((batch) => batch.events)),
          plain(events),
        );
      },
    ),
    { numRuns: 8 },
  );
});

test("gaps and paths with a line break have no place in a log: they are counted, the rest is written", (t) => {
  const log = new LogExport(folder(t));
  log.add({ kind: "gap", from: micros(1), to: micros(2), dropped: 3, why: "overload" });
  const events = ["/a\nb", "/a"].map((path): ArchiveEvent => ({ kind: "null", path }));
  log.add({ kind: "batch", stamp: micros(5), events });
  log.close();
  assert.deepEqual([log.entries, log.gaps, log.unwritable], [1, 1, 1]);
});

test("a log of another make becomes values under its types and topics, the payloads unchanged", (t) => {
  const batches = [...logBatches(new ReadDirectory(sampleDirectory(t)))];
  assert.equal(batches.length, 20);
  assert.equal(batches[0]?.stamp, ORIGIN.getTime() * 1000);
  assert.equal(batches[0]?.events[0]?.path, "/A/topic/0");
  const [first] = itemsOf("A");
  assert.deepEqual(first?.payload, { type: "A", index: 0 });
  assert.equal(plain(batches[0]?.events ?? [])[0]?.value, "82a474797065a141a5696e64657800");
});

test("archive to log, then replay-log --stdout, gives the archive's values in order", async (t) => {
  const texts = Array.from({ length: 30 }, (_, index) => `value ${index}`);
  const { logs } = await exported(
    t,
    texts.map((text): ArchiveEvent[] => [
      { kind: "value", path: "/tmp/x", value: Buffer.from(text) },
    ]),
  );
  const { status, stdout } = drayageProgram(["replay-log", logs, "--stdout", "--speed", "1000"]);
  assert.equal(status, 0);
  const lines = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  assert.deepEqual(
    lines.map(({ payload, topic }) => [topic, payload]),
    texts.map((text) => ["/tmp/x", text]),
  );
});
