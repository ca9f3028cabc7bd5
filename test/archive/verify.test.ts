import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { systemDisk } from "../../src/archive/archive-disk.ts";
import type { ArchiveReader } from "../../src/archive/archive-reader.ts";
import type { ArchiveWriter } from "../../src/archive/archive-writer.ts";
import { compact } from "../../src/archive/compaction.ts";
import type { Batch } from "../../src/archive/event.ts";
import { rewriteFiles } from "../../src/archive/rewrite.ts";
import { verifyFile } from "../../src/archive/verify.ts";
import { random } from "../../src/core/random.ts";
import { bytes, micros } from "../../src/core/units.ts";
import {
  appended,
  archiveFolder,
  BEGINNING,
  imageOf,
  itemsOf,
  openReader,
  openWriter,
  plain,
  value,
} from "../fakes/archive-folder.ts";

/** A sealed file with everything in it, and its bytes. */
async function sealedFile(t: TestContext) {
  const directory = archiveFolder(t);
  const { writer } = await openWriter(t, { directory, imageBytes: bytes(1500) });
  const batches: Batch[] = [];
  for (let number = 0; number < 40; number++) {
    batches.push(
      appended(writer, [value(`/p${number % 5}`, `${number} `.repeat(20)), value("/$x", "y")]),
    );
    if (number === 20) {
      await writer.commit();
      writer.gap({ from: micros(1), to: micros(2), dropped: 3, why: "disconnect" });
    }
  }
  const name = await writer.rotate();
  await writer.close();
  const file = join(directory, name);
  return { directory, name, file, batches, sound: readFileSync(file) };
}

describe("31. verify", () => {
  it("finds nothing wrong in what a writer wrote, and counts it", async (t) => {
    const { directory, name, batches } = await sealedFile(t);
    const report = verifyFile(systemDisk, directory, name);
    assert.deepEqual(report.problems, []);
    assert.equal(report.batches, batches.length);
    assert.equal(report.events, 80);
    assert.equal(report.gaps, 1);
    assert.ok(report.images > 1);
    assert.ok(report.isSealed);
    assert.deepEqual(verifyFile(systemDisk, directory, "current").problems, []);
  });

  it("finds a flipped bit anywhere in the file: header, slots, what lies between them, records, index, seal", async (t) => {
    const { directory, name, file, sound } = await sealedFile(t);
    const chance = random("flips");
    const seal = sound.lastIndexOf(Buffer.from([0xa9, 0xd7, 6]));
    const places = [
      0, 9, 17, 33, 50, 82, 340, 700, 1021, 1024, 1030, 1087, 1100, 2048, 2090, 3000, 4096, 4098,
      4100, 4105, 4110, 4118, 4125,
    ];
    places.push(seal, seal + 3, seal + 9, seal + 20, seal + 30, sound.length - 1);
    for (let more = 0; more < 300; more++) places.push(chance.integer(sound.length));
    for (const at of places) {
      const damaged = Buffer.from(sound);
      damaged[at] = (damaged[at] as number) ^ (1 << chance.integer(8));
      writeFileSync(file, damaged);
      assert.notDeepEqual(verifyFile(systemDisk, directory, name).problems, [], `byte ${at}`);
    }
  });

  it("finds what is missing at the end, zeros there, and bytes that are too many", async (t) => {
    const { directory, name, file, sound } = await sealedFile(t);
    for (const changed of [
      sound.subarray(0, sound.length - 1),
      sound.subarray(0, 5000),
      sound.subarray(0, 3000),
      Buffer.alloc(0),
      Buffer.concat([sound.subarray(0, sound.length - 300), Buffer.alloc(300)]),
      Buffer.concat([sound, Buffer.from("x")]),
    ]) {
      writeFileSync(file, changed);
      assert.notDeepEqual(
        verifyFile(systemDisk, directory, name).problems,
        [],
        `${changed.length} bytes`,
      );
    }
  });

  it("a repaired copy is sound, holds all that is whole, and says what is missing", async (t) => {
    const { directory, name, file, batches, sound } = await sealedFile(t);
    const chance = random("repairs");
    for (let round = 0; round < 60; round++) {
      const at = round === 0 ? 20 : 4096 + chance.integer(sound.length - 4096);
      const damaged = Buffer.from(sound);
      damaged[at] = (damaged[at] as number) ^ 0x10;
      writeFileSync(file, damaged);
      const to = `${name}.repaired`;
      systemDisk.remove(join(directory, to));
      const options = {
        disk: systemDisk,
        folder: directory,
        from: [name],
        to,
        codec: "zstd",
        imageBytes: bytes(800),
      } as const;
      const { missing } = await rewriteFiles(options);
      assert.deepEqual(verifyFile(systemDisk, directory, to).problems, [], `byte ${at}`);
      const found = (await itemsOf(await openReader(t, join(directory, to)))).filter(
        ({ kind }) => kind === "batch",
      );
      const whole = new Set(batches.map((batch) => JSON.stringify(plain(batch))));
      assert.ok(found.length >= batches.length - 1, `byte ${at}: ${found.length}`);
      if (found.length < batches.length) assert.ok(missing.length > 0);
      if (missing.length === 0)
        assert.ok(found.every((batch) => whole.has(JSON.stringify(plain(batch)))));
    }
  });

  it("played back, a damaged file gives every other batch, and a gap", async (t) => {
    const { file, batches, sound } = await sealedFile(t);
    const damaged = Buffer.from(sound);
    const third = sound.indexOf(
      Buffer.from([0xa9, 0xd7, 3]),
      sound.indexOf(Buffer.from([0xa9, 0xd7, 3])) + 100,
    );
    damaged[third + 40] = (damaged[third + 40] as number) ^ 1;
    writeFileSync(file, damaged);
    const items = await itemsOf(await openReader(t, file));
    assert.equal(items.filter((item) => item.kind === "batch").length, batches.length - 1);
    assert.ok(items.some((item) => item.kind === "gap" && item.why === "damage"));
  });
});

/** Gives what was told. */
async function compacting(folder: string, mergeBytes: number): Promise<string[]> {
  const notices: string[] = [];
  await compact({
    disk: systemDisk,
    folder,
    codec: "zstd",
    mergeBytes: bytes(mergeBytes),
    imageBytes: bytes(20_000),
    onNotice: (sentence) => notices.push(sentence),
  });
  return notices;
}

/** A hundred batches that follow from their numbers. */
const hundredBatches = (writer: ArchiveWriter, from: number): Batch[] =>
  Array.from({ length: 100 }, (_, at) =>
    appended(writer, [
      value(`/p${(from + at) % 11}`, `${from + at} `.repeat(10)),
      value("/n", `${from + at}`),
    ]),
  );

/** All readers see the same batches, and the middle one's image is right. */
async function sameEverywhere(
  batches: readonly Batch[],
  readers: readonly ArchiveReader[],
): Promise<void> {
  const wanted = batches.map(plain);
  const middle = Math.floor(batches.length / 2);
  const { stamp } = batches[middle] as Batch;
  for (const reader of readers) {
    assert.deepEqual((await itemsOf(reader)).map(plain), wanted);
    const image = await imageOf(reader, stamp);
    assert.equal(image.get("/n"), `value ${Buffer.from(`${middle}`).toString("hex")}`);
  }
}

describe("7. a thousand batches, rotated and compacted after each hundred", () => {
  for (const { mergeBytes, files, how } of [
    { mergeBytes: 0, files: 10, how: "each file by itself" },
    { mergeBytes: 1_000_000, files: 1, how: "all files merged" },
  ])
    it(`${how}: old and new readers return all batches in order, exactly`, async (t) => {
      const directory = archiveFolder(t);
      const { writer } = await openWriter(t, { directory, codec: "none", imageBytes: bytes(5000) });
      const old = await openReader(t, directory, { writer });
      const foreign = await openReader(t, directory);
      const slow = old.cursor(BEGINNING);
      const slowly: unknown[] = [];
      const batches: Batch[] = [];
      for (let hundred = 0; hundred < 10; hundred++) {
        batches.push(...hundredBatches(writer, hundred * 100));
        for (let few = 0; few < 14; few++) slowly.push(plain((await slow.next()) as Batch));
        await sameEverywhere(batches, [old]);
        await writer.rotate();
        await compacting(directory, mergeBytes);
        await foreign.refresh();
        const fresh = await openReader(t, directory);
        await sameEverywhere(batches, [old, foreign, fresh]);
        await fresh.close();
      }
      for (let item = await slow.next(); item !== null; item = await slow.next())
        slowly.push(plain(item));
      assert.deepEqual(slowly, batches.map(plain));
      const names = readdirSync(directory).filter((name) => name.startsWith("20"));
      assert.equal(names.length, files);
      for (const name of names)
        assert.deepEqual(verifyFile(systemDisk, directory, name).problems, []);
    });

  /** Three sealed files of a hundred batches each. */
  async function threeFiles(t: TestContext) {
    const directory = archiveFolder(t);
    const { writer } = await openWriter(t, { directory });
    const batches: Batch[] = [];
    const names: string[] = [];
    for (const from of [0, 100, 200]) {
      batches.push(...hundredBatches(writer, from));
      names.push(await writer.rotate());
    }
    await writer.close();
    return { directory, batches, names };
  }

  it("neighbours are not merged over a file that is left as it is", async (t) => {
    const { directory, batches, names } = await threeFiles(t);
    const file = join(directory, names[1] ?? "");
    const torn = readFileSync(file);
    // The newest slot, which says that the file is sealed.
    for (const slot of [1024, 2048]) if (torn[slot + 4] === 1) torn[slot + 6] = 1;
    writeFileSync(file, torn);
    const notices = await compacting(directory, 1_000_000);
    assert.match(notices.join(), /is not sealed \(commit slot . is damaged\): it stays as it is/);
    assert.deepEqual(readFileSync(file), torn);
    await sameEverywhere(batches, [await openReader(t, directory)]);
  });

  for (const [what, left] of [
    ["all", [0, 1]],
    ["some", [0]],
  ] as const)
    it(`a merge that was interrupted with ${what} of its files still there is finished by the next one`, async (t) => {
      const { directory, batches, names } = await threeFiles(t);
      const files = left.map((at) => join(directory, names[at] ?? ""));
      const contents = files.map((file) => readFileSync(file));
      await compacting(directory, 1_000_000);
      for (const [at, file] of files.entries()) writeFileSync(file, contents[at] ?? "");
      await sameEverywhere(batches, [await openReader(t, directory)]);
      const notices = await compacting(directory, 1_000_000);
      assert.equal(
        notices.filter((text) => /^removed .*: an earlier merge/.test(text)).length,
        left.length,
      );
      assert.deepEqual(
        readdirSync(directory).filter((name) => name.startsWith("20")),
        names.slice(-1),
      );
      await sameEverywhere(batches, [await openReader(t, directory)]);
    });

  it("a damaged file is refused and stays as it is", async (t) => {
    const { directory, file, sound } = await sealedFile(t);
    const damaged = Buffer.from(sound);
    damaged[5000] = (damaged[5000] as number) ^ 1;
    writeFileSync(file, damaged);
    await assert.rejects(compacting(directory, 0), { code: "archive-damaged" });
    assert.deepEqual(readFileSync(file), damaged);
    assert.ok(!readdirSync(directory).some((name) => name.includes("compact")));
  });
});
