import assert from "node:assert/strict";
import { readdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { setImmediate } from "node:timers/promises";
import fc from "fast-check";
import { systemDisk } from "../../src/archive/archive-disk.ts";
import type { ArchiveWriter } from "../../src/archive/archive-writer.ts";
import { codecNames } from "../../src/archive/codec.ts";
import type { ArchiveEvent, Batch } from "../../src/archive/event.ts";
import { compileGlob } from "../../src/archive/glob.ts";
import { verifyFile } from "../../src/archive/verify.ts";
import type { WriterFailure } from "../../src/archive/writer-options.ts";
import { bytes, micros, millis } from "../../src/core/units.ts";
import {
  appended,
  archiveFolder,
  BEGINNING,
  eventText,
  imageOf,
  itemsOf,
  type OpenWriter,
  openReader,
  openWriter,
  plain,
  value,
} from "../fakes/archive-folder.ts";
import { FaultyDisk } from "../fakes/faulty-disk.ts";

const path = fc.nat(6).map((number) => `/p/${number}`);
const body = fc.uint8Array({ maxLength: 400 });
const event: fc.Arbitrary<ArchiveEvent> = fc.oneof(
  fc.record({ kind: fc.constant("removed" as const), path }),
  fc.record({ kind: fc.constant("null" as const), path }),
  fc.record({ kind: fc.constant("value" as const), path, value: body }),
  fc.record({ kind: fc.constant("message" as const), path, headers: body, value: body }),
  fc.record({ kind: fc.constant("exchange" as const), path, json: body }),
  fc.record({ kind: fc.constant("json" as const), path, json: body }),
);
const step = fc.oneof(
  { weight: 8, arbitrary: fc.array(event, { maxLength: 5 }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom("commit" as const, "rotate" as const, "reopen" as const),
  },
);

/** What playing from the start leaves: the last event of every path, but for exchanges, which leave nothing. */
function replayed(batches: readonly Batch[], upTo: number, paths: ReadonlySet<string>) {
  const state = new Map([...paths].map((each) => [each, "none"]));
  for (const { stamp, events } of batches)
    if (stamp <= upTo)
      for (const each of events)
        state.set(each.path, each.kind === "exchange" ? "none" : eventText(each));
  return state;
}

const sorted = (image: ReadonlyMap<string, string>): [string, string][] =>
  [...image].toSorted(([one], [other]) => (one < other ? -1 : 1));

/** Records step by step; gives what was recorded and the writer that goes on. */
async function take(
  t: TestContext,
  steps: readonly (readonly ArchiveEvent[] | "commit" | "rotate" | "reopen")[],
  options: OpenWriter,
): Promise<{ writer: ArchiveWriter; batches: Batch[] }> {
  let { writer } = await openWriter(t, options);
  const batches: Batch[] = [];
  for (const each of steps) {
    if (each === "commit") await writer.commit();
    else if (each === "rotate") await writer.rotate();
    else if (each === "reopen") {
      await writer.close();
      ({ writer } = await openWriter(t, options));
    } else batches.push(appended(writer, each));
  }
  return { writer, batches };
}

describe("15. a seek to every batch equals playing from the start up to there", () => {
  it("whatever was recorded, committed, rotated, coded and imaged, for readers in the process and others", async (t) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 30 }),
        fc.constantFrom(...codecNames),
        fc.constantFrom(0, 1, 700, 3000),
        fc.constantFrom(millis(0), millis(2)),
        async (steps, codec, images, slice) => {
          const directory = archiveFolder(t);
          const options = { directory, codec, imageBytes: bytes(images), slice };
          const { writer, batches } = await take(t, steps, options);
          await writer.commit();
          const paths = new Set(batches.flatMap(({ events }) => events.map((one) => one.path)));
          const positions = [0, ...batches.flatMap(({ stamp }) => [stamp - 1, stamp]), 2 ** 52];
          for (const reader of [
            await openReader(t, directory, { writer }),
            await openReader(t, directory),
          ]) {
            assert.deepEqual((await itemsOf(reader)).map(plain), batches.map(plain));
            assert.deepEqual(new Set(await reader.paths()), paths);
            for (const position of positions) {
              const image = await imageOf(reader, micros(position));
              assert.deepEqual(sorted(image), sorted(replayed(batches, position, paths)));
            }
            await reader.close();
          }
          await writer.close();
        },
      ),
      { numRuns: 40 },
    );
  });

  it("an image of more than 16 MiB comes in parts, each path once", async (t) => {
    const directory = archiveFolder(t);
    const { writer } = await openWriter(t, { directory, codec: "none" });
    const texts = new Map<string, string>();
    for (let number = 0; number < 20; number++) {
      const text = `${number}`.repeat(900_000);
      texts.set(`/big/${number}`, `value ${Buffer.from(text).toString("hex")}`);
      appended(writer, [value(`/big/${number}`, text)]);
    }
    await writer.rotate();
    const late = appended(writer, [value("/late", "x")]);
    await writer.close();
    const reader = await openReader(t, directory);
    assert.deepEqual(
      sorted(await imageOf(reader, micros(late.stamp - 1))),
      sorted(new Map([...texts, ["/late", "none"]])),
    );
  });

  it("images and new files are written with pauses: what is recorded meanwhile comes behind them, whole and in order", async (t) => {
    const directory = archiveFolder(t);
    const options = {
      directory,
      codec: "none",
      imageBytes: bytes(400_000),
      slice: millis(0),
    } as const;
    const { writer } = await openWriter(t, options);
    const reader = await openReader(t, directory, { writer });
    const text = "x".repeat(300);
    const many = Array.from({ length: 2000 }, (_, at) => value(`/many/${at}`, `${at} ${text}`));
    const batches = [appended(writer, many)];
    assert.ok(writer.state().bytes > 400_000, "an image is under way");
    const more = (): void => {
      batches.push(appended(writer, [value(`/more/${batches.length}`, "x"), value("/n", "y")]));
    };
    const reused = Buffer.from("before");
    batches.push(appended(writer, [{ kind: "value", path: "/n", value: Buffer.from(reused) }]));
    writer.append([{ kind: "value", path: "/reused", value: reused }]);
    reused.fill("?");
    assert.throws(() => writer.append([value("no path", "x")]), /paths begin with/);
    writer.gap({ from: micros(1), to: micros(2), dropped: 7, why: "overload" });
    more();
    assert.equal(writer.state().batches, 1, "what came later waits");
    let isRotated = false;
    const rotation = writer.rotate().then((name) => {
      isRotated = true;
      return name;
    });
    let turns = 0;
    for (; !isRotated; turns++) {
      more();
      await setImmediate();
    }
    assert.ok(turns > 20, `${turns} turns of others`);
    more();
    await writer.commit();
    const items = await itemsOf(reader);
    assert.deepEqual(items.filter(({ kind }) => kind === "gap").length, 1);
    const found = items.filter((item) => item.kind === "batch");
    const [again] = found.splice(2, 1);
    assert.equal(
      again === undefined ? "" : eventText(again.events[0] as ArchiveEvent),
      eventText(value("/reused", "before")),
    );
    assert.deepEqual(found.map(plain), batches.map(plain));
    for (const name of [await rotation, "current"])
      assert.deepEqual(verifyFile(systemDisk, directory, name).problems, [], name);
    const first = batches[0] as Batch;
    const image = await imageOf(reader, first.stamp);
    assert.equal([...image.values()].filter((shown) => shown !== "none").length, many.length);
  });

  it("a disk that fills up within an image takes what waits behind it along, counted", async (t) => {
    const disk = new FaultyDisk();
    const directory = archiveFolder(t);
    const given = { directory, disk, codec: "none", imageBytes: bytes(2_000_000) } as const;
    const { writer } = await openWriter(t, { ...given, slice: millis(0) });
    const { promise, resolve } = Promise.withResolvers<WriterFailure>();
    writer.onFailure(resolve);
    const many = Array.from({ length: 100 }, (_, at) => value(`/big/${at}`, "x".repeat(20_000)));
    appended(writer, many);
    disk.space = 1000;
    for (let number = 0; number < 4; number++) appended(writer, [value("/later", `${number}`)]);
    assert.equal((await promise).lostBatches, 4);
    assert.equal(writer.append([value("/later", "x")]), null);
    assert.equal(writer.state().lostBatches, 5);
    await assert.rejects(writer.commit(), { message: /./ });
  });

  it("a filter shows the paths that pass, and cursors the batches that have one", async (t) => {
    const directory = archiveFolder(t);
    const { writer } = await openWriter(t, { directory });
    const one = appended(writer, [value("/a/x", "1"), value("/b/x", "2")]);
    appended(writer, [value("/b/x", "3")]);
    const three = appended(writer, [value("/a/y", "4")]);
    const reader = await openReader(t, directory, { writer });
    const filter = compileGlob("/a/*");
    const cursor = reader.cursor(BEGINNING, filter);
    const found = [await cursor.next(), await cursor.next(), await cursor.next()];
    assert.deepEqual(
      found.map((item) => item !== null && plain(item)),
      [plain({ ...one, events: one.events.slice(0, 1) }), plain(three), false],
    );
    const shown: string[] = [];
    for await (const entry of (await reader.imageAt(one.stamp, filter)).entries())
      shown.push(`${entry.path} ${entry.event === null ? "none" : eventText(entry.event)}`);
    assert.deepEqual(shown, ["/a/x value 31", "/a/y none"]);
  });
});

describe("16. whole batches forth and back", () => {
  it("over file limits and up to both ends, equal to a list of stamps", async (t) => {
    const directory = archiveFolder(t);
    const { writer } = await openWriter(t, { directory });
    const stamps: number[] = [];
    for (let number = 0; number < 300; number++) {
      stamps.push(appended(writer, [value(`/p${number % 7}`, `${number}`)]).stamp);
      if (number % 40 === 39) await writer.rotate();
      if (number === 120) await writer.rotate();
    }
    const reader = await openReader(t, directory, { writer });
    const first = (stamps[0] as number) - 1;
    const stampAt = (at: number): number =>
      at < 0 ? first : (stamps[Math.min(at, 299)] as number);
    await fc.assert(
      fc.asyncProperty(
        fc.nat(300),
        fc.array(fc.integer({ min: -128, max: 128 }), { maxLength: 6 }),
        async (from, moves) => {
          let at = from - 1;
          const cursor = reader.cursor(micros(stampAt(at)));
          for (const move of moves) {
            if (move === 0) continue;
            const reached = await (move > 0 ? cursor.forward(move) : cursor.back(-move));
            at = Math.max(-1, Math.min(299, at + move));
            assert.equal(reached, stampAt(at));
            assert.equal(cursor.peekStamp(), at === 299 ? null : stampAt(at + 1));
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it("positions between, before and after all batches are where they are", async (t) => {
    const directory = archiveFolder(t);
    const { writer } = await openWriter(t, { directory });
    const reader = await openReader(t, directory, { writer });
    assert.equal(reader.first(), null);
    assert.equal(reader.last(), null);
    assert.equal(reader.cursor(BEGINNING).take(), null);
    const one = appended(writer, [value("/a", "1")]);
    const two = appended(writer, [value("/a", "2")]);
    assert.equal(reader.first(), one.stamp);
    assert.equal(reader.last(), two.stamp);
    assert.equal(reader.cursor(one.stamp).peekStamp(), two.stamp);
    assert.equal(reader.cursor(micros(one.stamp - 1)).peekStamp(), one.stamp);
    assert.equal(reader.cursor(micros(2 ** 52)).take(), null);
  });
});

describe("19. rotation while reading", () => {
  it("during tail and during play no batch is lost or doubled, here and in another process", async (t) => {
    const directory = archiveFolder(t);
    const { writer } = await openWriter(t, { directory });
    const inside = await openReader(t, directory, { writer });
    const outside = await openReader(t, directory);
    const tail = inside.cursor(BEGINNING);
    const slow = inside.cursor(BEGINNING);
    const foreign = outside.cursor(BEGINNING);
    const batches: Batch[] = [];
    const seen: { tail: unknown[]; slow: unknown[]; foreign: unknown[] } = {
      tail: [],
      slow: [],
      foreign: [],
    };
    const drain = async (cursor: typeof tail, into: unknown[], most: number): Promise<void> => {
      for (let at = 0; at < most; at++) {
        const item = await cursor.next();
        if (item === null) return;
        into.push(plain(item));
      }
    };
    let rotation: Promise<string> | undefined;
    for (let number = 0; number < 400; number++) {
      batches.push(appended(writer, [value(`/p${number % 5}`, `${number}`)]));
      await drain(tail, seen.tail, 1000);
      if (number % 3 === 0) await drain(slow, seen.slow, 1);
      if (number % 50 === 25) rotation = writer.rotate();
      if (number % 50 === 40) {
        await rotation;
        await writer.commit();
        await outside.refresh();
        await drain(foreign, seen.foreign, 1000);
      }
    }
    await writer.commit();
    await outside.refresh();
    await drain(foreign, seen.foreign, 1000);
    await drain(slow, seen.slow, 1000);
    const wanted = batches.map(plain);
    assert.deepEqual(seen.tail, wanted);
    assert.deepEqual(seen.slow, wanted);
    assert.deepEqual(seen.foreign, wanted);
  });
});

describe("files that are elsewhere", () => {
  it("are fetched when they are read, and a failure is told with the file's name", async (t) => {
    const directory = archiveFolder(t);
    const { writer } = await openWriter(t, { directory });
    const one = appended(writer, [value("/a", "1")]);
    const name = await writer.rotate();
    const two = appended(writer, [value("/a", "2")]);
    await writer.close();
    const elsewhere = archiveFolder(t);
    renameSync(join(directory, name), join(elsewhere, name));
    let isDown = true;
    const reader = await openReader(t, directory, {
      filesBesides: [name],
      async fetch(wanted) {
        if (isDown) throw new Error("down");
        renameSync(join(elsewhere, wanted), join(directory, wanted));
      },
    });
    assert.equal(reader.first(), two.stamp);
    const cursor = reader.cursor(BEGINNING);
    assert.equal(cursor.take(), null);
    assert.ok(cursor.isWaiting);
    await assert.rejects(cursor.ready(), { message: `could not open log file ${name}` });
    await assert.rejects(reader.imageAt(one.stamp), { message: `could not open log file ${name}` });
    isDown = false;
    assert.deepEqual([...(await imageOf(reader, one.stamp)).values()], ["value 31"]);
    assert.equal(await reader.firstOfAll(), one.stamp);
    assert.deepEqual(
      [plain((await cursor.next()) as Batch), plain((await cursor.next()) as Batch)],
      [plain(one), plain(two)],
    );
    assert.ok(readdirSync(directory).includes(name));
  });

  it("more files than may be open at once are read all the same", async (t) => {
    const directory = archiveFolder(t);
    const { writer } = await openWriter(t, { directory });
    const batches: Batch[] = [];
    for (let number = 0; number < 80; number++) {
      batches.push(appended(writer, [value("/a", `${number}`)]));
      await writer.rotate();
    }
    await writer.close();
    const reader = await openReader(t, directory);
    const cursors = [reader.cursor(BEGINNING), reader.cursor(BEGINNING)];
    for (const batch of batches)
      for (const cursor of cursors)
        assert.deepEqual(plain((await cursor.next()) as Batch), plain(batch));
  });
});
