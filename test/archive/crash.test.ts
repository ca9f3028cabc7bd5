import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { setTimeout } from "node:timers/promises";
import fc from "fast-check";
import { systemDisk } from "../../src/archive/archive-disk.ts";
import type { ArchiveWriter } from "../../src/archive/archive-writer.ts";
import type { Batch } from "../../src/archive/event.ts";
import { rewriteFiles } from "../../src/archive/rewrite.ts";
import { verifyFile } from "../../src/archive/verify.ts";
import { random } from "../../src/core/random.ts";
import { bytes, millis } from "../../src/core/units.ts";
import {
  appended,
  archiveFolder,
  itemsOf,
  openReader,
  openWriter,
  plain,
  value,
} from "../fakes/archive-folder.ts";
import { FaultyDisk } from "../fakes/faulty-disk.ts";

const KILLS = 200;
/** Writers that die with one process. */
const WRITERS = 8;
/** All of an archive is read after every kill: it is begun anew before that takes longer than the killing. */
const KILLS_PER_ARCHIVE = 5;

/** Kills a process of several writers at a random moment; gives how many batches each had said to be committed. */
async function killedWriters(
  folders: readonly string[],
  { chance, compiled }: { chance: { next(): number }; compiled: string },
): Promise<number[]> {
  const child = spawn(process.execPath, ["test/fakes/archive-child.ts", "7", ...folders], {
    stdio: ["ignore", "pipe", "inherit"],
    // Starting takes most of the time otherwise.
    env: { ...process.env, NODE_COMPILE_CACHE: compiled },
  });
  const closed = once(child, "close");
  const committed = folders.map(() => 0);
  let said = "";
  child.stdout.on("data", (chunk: Buffer) => {
    said += chunk.toString();
  });
  await Promise.race([once(child.stdout, "data"), closed]);
  await setTimeout(chance.next() * 50);
  child.kill("SIGKILL");
  await closed;
  // A last line that was cut off is no promise.
  for (const line of said.slice(0, said.lastIndexOf("\n")).split("\n")) {
    const [index = "0", number = "0"] = line.split(" ");
    committed[Number(index)] = Number(number);
  }
  return committed;
}

async function checkSurvivor(t: TestContext, directory: string, committed: number): Promise<void> {
  const { writer } = await openWriter(t, { directory });
  const reader = await openReader(t, directory, { writer });
  const found = await itemsOf(reader);
  assert.ok(found.length >= committed, `${found.length} of ${committed}`);
  for (const [number, item] of found.entries()) {
    assert.ok(item.kind === "batch");
    const [first, second] = item.events;
    assert.ok(first?.kind === "value" && second?.kind === "value");
    assert.equal(Buffer.from(first.value).toString(), String(number));
    assert.equal(second.path, `/p${number % 13}`);
    assert.equal(Buffer.from(second.value).toString(), `${number} `.repeat(60));
  }
  await reader.close();
  await writer.close();
}

describe("10. kill -9 at random points, 200 times", () => {
  it("all that was committed is found again, and whole", async (t) => {
    const compiled = archiveFolder(t);
    const chance = random("kill");
    let folders: string[] = [];
    let batches = 0;
    for (let process = 0; process < KILLS / WRITERS; process++) {
      if (process % KILLS_PER_ARCHIVE === 0)
        folders = Array.from({ length: WRITERS }, () => archiveFolder(t));
      const committed = await killedWriters(folders, { chance, compiled });
      for (const [index, folder] of folders.entries())
        await checkSurvivor(t, folder, committed[index] ?? 0);
      batches += committed.reduce((sum, count) => sum + count, 0);
    }
    assert.ok(batches > KILLS, "the writers came to something");
    t.diagnostic(`${KILLS} writers killed, ${batches} committed batches found`);
  });
});

/** A rotation that has come so many turns of the event loop or of its promises far; with 0 of them, none. */
async function amidRotation(writer: ArchiveWriter, turns: number) {
  const end = turns > 0 ? writer.rotate() : undefined;
  for (let turn = 0; turn < turns; turn++) await (turn % 9 === 8 ? setTimeout(0) : null);
  return { end };
}

/** Bytes of a write that got to the disk: none, some or all. */
const partOf = ({ length }: Buffer, fate: number): number =>
  fate < 0.3 ? 0 : fate > 0.6 ? length : Math.floor(fate * length);

describe("a power cut", () => {
  it("takes nothing that was committed, whichever of the later writes got to the disk, whole or torn", async (t) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom("batch", "batch", "commit", "rotate"), { maxLength: 25 }),
        fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })),
        fc.constantFrom(millis(0), millis(2)),
        fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 40 })),
        async (steps, fates, slice, turns) => {
          const directory = archiveFolder(t);
          const disk = new FaultyDisk();
          const { writer } = await openWriter(t, {
            directory,
            disk,
            codec: "none",
            flushInterval: millis(0),
            imageBytes: bytes(200),
            slice,
          });
          const batches: Batch[] = [];
          let safe = 0;
          for (const step of steps) {
            if (step === "batch")
              batches.push(appended(writer, [value(`/p${batches.length % 3}`, "z".repeat(30))]));
            else {
              await (step === "commit" ? writer.commit() : writer.rotate());
              safe = batches.length;
            }
          }
          // What the process still holds goes to the disk in part.
          writer.append([value("/tail", "t".repeat(2_000_000))]);
          const turning = await amidRotation(writer, turns);
          const fate = () => fates.next().value;
          const after = disk.afterPowerCut((write) => partOf(write.bytes, fate()), fate());
          await turning.end;
          await writer.close();
          const reopened = await openWriter(t, { directory, disk: after });
          const reader = await openReader(t, directory, { writer: reopened.writer, disk: after });
          const found = (await itemsOf(reader)).slice(0, batches.length);
          assert.ok(found.length >= safe, `${found.length} of ${safe}`);
          assert.deepEqual(found.map(plain), batches.slice(0, found.length).map(plain));
          await reader.close();
          await reopened.writer.close();
        },
      ),
      { numRuns: 40 },
    );
  });
});

describe("11. damage", () => {
  async function recorded(t: Parameters<typeof archiveFolder>[0]) {
    const directory = archiveFolder(t);
    const { writer } = await openWriter(t, { directory, codec: "none", imageBytes: bytes(0) });
    const batches = [];
    for (let number = 0; number < 20; number++) {
      batches.push(appended(writer, [value(`/p${number % 3}`, `${number}`.repeat(10))]));
      if (number === 9) await writer.commit();
    }
    await writer.commit();
    const file = join(directory, "current");
    const page = readFileSync(file);
    const { bytes: end } = writer.state();
    await writer.close();
    // Without the note of a clean stop and its commit: as a crash right after the second commit would leave it.
    return { directory, file, batches, crashed: Buffer.concat([page.subarray(0, end)]) };
  }

  for (const [what, tear, notice] of [
    ["a torn newest slot", [1024 + 20], /slot A .* torn/],
    ["the other slot torn", [2048 + 20], /slot B .* torn/],
    ["both slots torn", [1024 + 20, 2048 + 20], /salvaged/],
  ] as const)
    it(`${what}: every whole record is kept`, async (t) => {
      const { directory, file, batches, crashed } = await recorded(t);
      for (const at of tear) crashed[at] = (crashed[at] as number) ^ 0x40;
      writeFileSync(file, crashed);
      const foreign = await openReader(t, directory);
      const least = tear.length === 1 && tear[0] > 2000 ? 10 : 0;
      assert.ok((await itemsOf(foreign)).length >= least);
      const { writer, notices } = await openWriter(t, { directory });
      assert.ok(
        notices.some((text) => notice.test(text)),
        notices.join("; "),
      );
      const reader = await openReader(t, directory, { writer });
      assert.deepEqual((await itemsOf(reader)).map(plain), batches.map(plain));
    });

  it("a flipped bit in the header: the file is still read, and recording goes on in a new one", async (t) => {
    for (const at of [0, 9, 20, 40, 60, 63, 71, 90, 400, 1021]) {
      const { directory, file, batches, crashed } = await recorded(t);
      crashed[at] = (crashed[at] as number) ^ 1;
      writeFileSync(file, crashed);
      const { writer, notices } = await openWriter(t, { directory });
      assert.match(notices.join(), /current is damaged \(header page\)/, `byte ${at}`);
      const later = appended(writer, [value("/later", "x")]);
      assert.ok(later.stamp < (Date.now() + 60_000) * 1000, `byte ${at}: no stamp of another age`);
      const reader = await openReader(t, directory, { writer });
      const found = (await itemsOf(reader)).filter(({ kind }) => kind === "batch");
      assert.deepEqual(found.map(plain), [...batches, later].map(plain), `byte ${at}`);
      await reader.close();
      await writer.close();
    }
  });

  it("a flipped bit in the seal or the index before it: every batch is still read, and a gap tells of it", async (t) => {
    const { directory, batches } = await recorded(t);
    const { writer } = await openWriter(t, { directory });
    const name = await writer.rotate();
    await writer.close();
    const file = join(directory, name);
    const sound = readFileSync(file);
    const index = sound.lastIndexOf(Buffer.from([0xa9, 0xd7, 5]));
    const seal = sound.lastIndexOf(Buffer.from([0xa9, 0xd7, 6]));
    for (const at of [index + 2, index + 30, seal, seal + 9, seal + 26, sound.length - 1]) {
      const damaged = Buffer.from(sound);
      damaged[at] = (damaged[at] as number) ^ 1;
      writeFileSync(file, damaged);
      const reader = await openReader(t, directory);
      const items = await itemsOf(reader);
      const found = items.filter(({ kind }) => kind === "batch");
      assert.deepEqual(found.map(plain), batches.map(plain), `byte ${at}`);
      assert.ok(
        items.some((item) => item.kind === "gap" && item.why === "damage"),
        `byte ${at}`,
      );
      await reader.close();
    }
  });

  it("a flipped bit in either slot of a sealed file: every batch is still read, verify tells of it, a copy has all", async (t) => {
    const { directory, batches } = await recorded(t);
    const { writer } = await openWriter(t, { directory });
    batches.push(appended(writer, [value("/later", "committed with the seal")]));
    const name = await writer.rotate();
    await writer.close();
    const file = join(directory, name);
    const sound = readFileSync(file);
    for (const at of [1024, 1024 + 17, 2048, 2048 + 17]) {
      const damaged = Buffer.from(sound);
      damaged[at] = (damaged[at] as number) ^ 1;
      writeFileSync(file, damaged);
      const reader = await openReader(t, directory);
      assert.deepEqual((await itemsOf(reader)).map(plain), batches.map(plain), `byte ${at}`);
      await reader.close();
      const report = verifyFile(systemDisk, directory, name);
      assert.deepEqual(
        [report.problems.length, report.batches],
        [1, batches.length],
        report.problems.join(),
      );
      const to = "copy";
      systemDisk.remove(join(directory, to));
      const copied = {
        disk: systemDisk,
        folder: directory,
        from: [name],
        to,
        codec: "none",
      } as const;
      const { batches: count, missing } = await rewriteFiles({ ...copied, imageBytes: bytes(0) });
      assert.deepEqual([count, missing], [batches.length, []]);
    }
  });

  it("both slots torn, and a flipped bit before sound records: nothing is cut off", async (t) => {
    const { directory, file, batches, crashed } = await recorded(t);
    const record = crashed.indexOf(Buffer.from([0xa9, 0xd7, 3]), 5000);
    for (const at of [1024 + 20, 2048 + 20, record + 30])
      crashed[at] = (crashed[at] as number) ^ 0x40;
    writeFileSync(file, crashed);
    const { writer, notices } = await openWriter(t, { directory });
    assert.match(
      notices.join(),
      /current is damaged \(at \d+, and a commit slot is torn\): kept as/,
    );
    const found = await itemsOf(await openReader(t, directory, { writer }));
    assert.equal(found.filter(({ kind }) => kind === "batch").length, batches.length - 1);
    assert.ok(found.some((item) => item.kind === "gap" && item.why === "damage"));
  });

  it("a length that leads beyond the end of a file that another process writes: a gap, and reading goes on", async (t) => {
    const { directory, file, batches, crashed } = await recorded(t);
    const record = crashed.indexOf(Buffer.from([0xa9, 0xd7, 3]), 5000);
    crashed[record + 7] = (crashed[record + 7] as number) ^ 0x10;
    writeFileSync(file, crashed);
    const found = await itemsOf(await openReader(t, directory));
    assert.equal(found.filter(({ kind }) => kind === "batch").length, batches.length - 1);
    assert.equal(found.filter(({ kind }) => kind === "gap").length, 1);
  });

  it("a zero-filled tail is cut off", async (t) => {
    const { directory, file, batches, crashed } = await recorded(t);
    writeFileSync(file, Buffer.concat([crashed, Buffer.alloc(10_000)]));
    const { writer, notices } = await openWriter(t, { directory });
    assert.ok(
      notices.some((text) => text.endsWith("10000 bytes dropped")),
      notices.join("; "),
    );
    const reader = await openReader(t, directory, { writer });
    assert.deepEqual((await itemsOf(reader)).map(plain), batches.map(plain));
    assert.equal(writer.state().bytes, crashed.length);
  });

  it("cut at every byte of the last record: all batches before it stay, it stays only if it is whole", async (t) => {
    const { directory, file, batches, crashed } = await recorded(t);
    // The slots speak of more than there is: salvaged from the older one's length, or not at all.
    const lastRecord = crashed.lastIndexOf(Buffer.from([0xa9, 0xd7, 3]));
    crashed.fill(0, 1024, 4096);
    for (let end = lastRecord; end <= crashed.length; end++) {
      writeFileSync(file, crashed.subarray(0, end));
      const { writer } = await openWriter(t, { directory });
      const reader = await openReader(t, directory, { writer });
      const kept = end === crashed.length ? batches : batches.slice(0, -1);
      assert.deepEqual((await itemsOf(reader)).map(plain), kept.map(plain), `cut at ${end}`);
      await reader.close();
      await writer.close();
    }
  });

  it("a flipped bit before the last commit: nothing is overwritten, recording goes on in a new file, a gap is told", async (t) => {
    const { directory, file, batches, crashed } = await recorded(t);
    const record = crashed.indexOf(Buffer.from([0xa9, 0xd7, 3]), 5000);
    for (const [where, at] of [
      ["marker", record],
      ["stored length", record + 5],
      ["stamp", record + 13],
      ["checksum", record + 21],
      ["payload", record + 30],
    ] as const) {
      const damaged = Buffer.from(crashed);
      damaged[at] = (damaged[at] as number) ^ 1;
      for (const name of readdirSync(directory)) if (name !== "current") assert.match(name, /^2/);
      writeFileSync(file, damaged);
      const { writer, notices } = await openWriter(t, { directory });
      const notice = notices.find((text) => text.startsWith("current is damaged"));
      const name = /kept as (\S+),/.exec(notice ?? "")?.[1] ?? "none";
      assert.deepEqual(readFileSync(join(directory, name)), damaged, where);
      const later = appended(writer, [value("/later", "x")]);
      const reader = await openReader(t, join(directory, name));
      const items = await itemsOf(reader);
      assert.equal(items.filter(({ kind }) => kind === "gap").length, 1, where);
      const found = items.filter(({ kind }) => kind === "batch").map(plain);
      assert.equal(found.length, batches.length - 1, where);
      assert.ok(
        found.every((batch) =>
          batches.map(plain).some((one) => JSON.stringify(one) === JSON.stringify(batch)),
        ),
      );
      const last = batches.at(-1);
      assert.ok(last !== undefined && later.stamp > last.stamp);
      await reader.close();
      await writer.close();
      writeFileSync(join(directory, "current"), crashed);
    }
  });
});
