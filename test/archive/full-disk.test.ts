import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { describe, it, type TestContext } from "node:test";
import type { Batch } from "../../src/archive/event.ts";
import type { WriterFailure } from "../../src/archive/writer-options.ts";
import { messageOf } from "../../src/core/errors.ts";
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

const still = { codec: "none", flushInterval: millis(0), flushBytes: bytes(0) } as const;
const saying = (text: RegExp) => (error: unknown) => text.test(messageOf(error));

const big = "x".repeat(300_000);

async function started(t: TestContext, disk: FaultyDisk) {
  const directory = archiveFolder(t);
  const { writer, notices } = await openWriter(t, { directory, disk, ...still });
  const batches: Batch[] = [];
  const failures: WriterFailure[] = [];
  writer.onFailure((failure) => failures.push(failure));
  for (let number = 0; number < 3; number++)
    batches.push(appended(writer, [value("/a", `${number}`)]));
  await writer.commit();
  return { directory, writer, notices, batches, failures };
}

/** What another opening finds once the disk is well again. */
async function reopened(t: TestContext, directory: string, disk: FaultyDisk) {
  disk.space = Number.POSITIVE_INFINITY;
  disk.refuses = undefined;
  disk.syncFault = undefined;
  const { writer, notices } = await openWriter(t, { directory, disk, ...still });
  const reader = await openReader(t, directory, { writer, disk });
  return { found: await itemsOf(reader), notices };
}

describe("12. the disk is full or broken", () => {
  it("ENOSPC while writing records: stops loudly, the loss is counted, whole records stay, readers go on", async (t) => {
    const disk = new FaultyDisk();
    const { directory, writer, notices, batches, failures } = await started(t, disk);
    const reader = await openReader(t, directory, { writer, disk });
    disk.space = 700_000;
    let lost = 0;
    for (let number = 0; number < 8; number++)
      if (writer.append([value("/b", big)]) === null) lost++;
    assert.equal(failures.length, 1);
    const state = writer.state();
    // Records leave memory once 1 MiB waits: four came together, two of them fitted.
    assert.equal(state.batches, 5);
    assert.equal(state.lostBatches, 6);
    assert.equal(failures[0]?.lostBatches, 2);
    assert.equal(lost, 5);
    assert.match(state.failure ?? "", /cannot write to the archive: ENOSPC/);
    assert.equal(
      notices.filter((text) => text.startsWith("recording stopped, 2 batches lost")).length,
      1,
    );
    assert.deepEqual((await itemsOf(reader)).slice(0, 3).map(plain), batches.map(plain));
    assert.equal((await itemsOf(reader)).length, 5);
    await assert.rejects(writer.commit(), saying(/ENOSPC/));
    await assert.rejects(writer.rotate(), saying(/ENOSPC/));
    await writer.close();
    assert.equal((await reopened(t, directory, disk)).found.length, 5);
  });

  it("ENOSPC while new paths are mapped: stops loudly, and the batch that brought them is counted", async (t) => {
    const disk = new FaultyDisk();
    const { directory, writer, batches, failures } = await started(t, disk);
    disk.space = 100_000;
    const paths = Array.from({ length: 20_000 }, (_, at) => value(`/${"p".repeat(60)}/${at}`, "x"));
    assert.equal(writer.append(paths), null);
    assert.deepEqual(
      failures.map(({ lostBatches }) => lostBatches),
      [1],
    );
    await writer.close();
    assert.deepEqual((await reopened(t, directory, disk)).found.map(plain), batches.map(plain));
  });

  it("short writes are gone on with", async (t) => {
    const disk = new FaultyDisk();
    disk.writeMax = 1000;
    const { directory, writer, batches, failures } = await started(t, disk);
    batches.push(appended(writer, [value("/b", big)]));
    await writer.commit();
    assert.equal(failures.length, 0);
    await writer.close();
    assert.deepEqual((await reopened(t, directory, disk)).found.map(plain), batches.map(plain));
  });

  for (const [what, prepare, act] of [
    [
      "ENOSPC while writing a slot",
      (disk: FaultyDisk) => {
        disk.refuses = (at) => at < 4096;
      },
      "commit",
    ],
    [
      "EIO while syncing",
      (disk: FaultyDisk) => {
        disk.syncFault = "EIO";
      },
      "commit",
    ],
    [
      "ENOSPC while writing the seal",
      (disk: FaultyDisk) => {
        disk.space = 150;
      },
      "rotate",
    ],
    [
      "ENOSPC while beginning the next file",
      (disk: FaultyDisk) => {
        disk.space = 2000;
      },
      "rotate",
    ],
    [
      "EIO while syncing the sealed file",
      (disk: FaultyDisk) => {
        disk.syncFault = "EIO";
      },
      "rotate",
    ],
  ] as const)
    it(`${what}: stops loudly, and what was committed is intact`, async (t) => {
      const disk = new FaultyDisk();
      const { directory, writer, batches, failures } = await started(t, disk);
      const late = appended(writer, [value("/late", "x")]);
      prepare(disk);
      await assert.rejects(
        act === "commit" ? writer.commit() : writer.rotate(),
        saying(/ENOSPC|EIO/),
      );
      assert.equal(failures.length, 1);
      // A failed sync leaves the late batch in doubt, a write that was refused leaves it in the file.
      assert.equal(
        failures[0]?.lostBatches,
        what.startsWith("EIO") || what.endsWith("slot") ? 1 : 0,
      );
      assert.equal(writer.append([value("/later", "x")]), null);
      assert.ok(writer.state().lostBatches >= 1);
      await writer.close();
      const { found } = await reopened(t, directory, disk);
      // The late batch was never promised: it is there whole, or not at all.
      assert.deepEqual(found.slice(0, 3).map(plain), batches.map(plain));
      assert.deepEqual(found.slice(3).map(plain), found.length > 3 ? [plain(late)] : []);
    });

  it("a real file system of 1 MiB: what was committed before it filled up is read back", async (t) => {
    if (process.getuid?.() !== 0) return t.skip("needs mount: run as root");
    const folder = archiveFolder(t);
    try {
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], { stdio: "pipe" });
    } catch {
      return t.skip("needs mount: this machine does not let a test mount a tmpfs");
    }
    try {
      await fillUp(t, folder);
    } finally {
      execFileSync("umount", ["-l", folder]);
    }
  });
});

async function fillUp(t: TestContext, folder: string): Promise<void> {
  const { writer } = await openWriter(t, { directory: folder, codec: "none" });
  const batches: Batch[] = [];
  let failure: WriterFailure | undefined;
  writer.onFailure((found) => {
    failure = found;
  });
  let committed = 0;
  for (let number = 0; number < 200 && failure === undefined; number++) {
    const events = [value(`/p${number % 5}`, `${number} ${"y".repeat(20_000)}`)];
    const stamp = writer.append(events);
    if (stamp !== null) batches.push({ kind: "batch", stamp, events });
    const before = batches.length;
    await writer.commit().then(
      () => {
        committed = before;
      },
      () => {},
    );
  }
  assert.ok(failure !== undefined && committed > 10);
  await writer.close();
  const found = await itemsOf(await openReader(t, folder));
  assert.ok(found.length >= committed, readdirSync(folder).join());
  assert.deepEqual(found.map(plain), batches.slice(0, found.length).map(plain));
}
