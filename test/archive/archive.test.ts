import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { systemDisk } from "../../src/archive/archive-disk.ts";
import type { ArchiveItem, Batch } from "../../src/archive/event.ts";
import { verifyFile } from "../../src/archive/verify.ts";
import { UsageError } from "../../src/core/errors.ts";
import { bytes, millis } from "../../src/core/units.ts";
import {
  appended,
  archiveFolder,
  BEGINNING,
  itemsOf,
  openReader,
  openWriter,
  plain,
  value,
} from "../fakes/archive-folder.ts";

const never = { flushInterval: millis(0), flushBytes: bytes(0) } as const;

const sameItems = (found: readonly ArchiveItem[], wanted: readonly ArchiveItem[]): void =>
  assert.deepEqual(found.map(plain), wanted.map(plain));

const twoPaths = (number: number) => [
  value("/a/one", `one ${number}`),
  value("/a/two", `two ${number}`),
];

describe("an archive", () => {
  it("1. a new archive shows a reader of the same process the one batch of two paths that was flushed", async (t) => {
    const { writer } = await openWriter(t, { directory: archiveFolder(t) });
    const batch = appended(writer, twoPaths(1));
    await writer.commit();
    sameItems(await itemsOf(await openReader(t, writer.folder, { writer })), [batch]);
  });

  it("2. the same after closing and opening read-only", async (t) => {
    const directory = archiveFolder(t);
    const { writer } = await openWriter(t, { directory });
    const batch = appended(writer, twoPaths(1));
    await writer.close();
    sameItems(await itemsOf(await openReader(t, directory)), [batch]);
  });

  it("3. reopened for writing, a batch added: two batches", async (t) => {
    const directory = archiveFolder(t);
    const first = await openWriter(t, { directory });
    const one = appended(first.writer, twoPaths(1));
    await first.writer.close();
    const second = await openWriter(t, { directory });
    const two = appended(second.writer, twoPaths(2));
    await second.writer.close();
    assert.deepEqual(second.notices, [], "a clean stop leaves nothing to tell");
    sameItems(await itemsOf(await openReader(t, directory)), [one, two]);
  });

  it("4. an older reader follows the file as it grows, flushed or not; 5. opened anew, it has all of it", async (t) => {
    const directory = archiveFolder(t);
    const { writer } = await openWriter(t, { directory, codec: "none", ...never });
    const reader = await openReader(t, directory, { writer });
    const cursor = reader.cursor(BEGINNING);
    const batches: Batch[] = [];
    const big = "x".repeat(40_000);
    let grown = 0;
    reader.onGrowth(() => {
      grown++;
    });
    for (let number = 0; number < 100; number++) {
      const batch = appended(writer, [value("/a", `${number} ${big}`)]);
      batches.push(batch);
      const seen = cursor.take();
      assert.ok(seen !== null);
      sameItems([seen], [batch]);
      assert.equal(cursor.take(), null);
    }
    assert.equal(grown, 100);
    assert.equal(writer.state().commits, 0);
    await writer.close();
    sameItems(await itemsOf(await openReader(t, directory)), batches);
  });

  it("6. one writer at a time: another is refused, while the first one's reader reads", async (t) => {
    const directory = archiveFolder(t);
    const { writer } = await openWriter(t, { directory });
    await assert.rejects(openWriter(t, { directory }), {
      message: `archive in use by pid ${process.pid} on ${hostname()}`,
    });
    const batch = appended(writer, twoPaths(1));
    sameItems(await itemsOf(await openReader(t, directory, { writer })), [batch]);
  });

  it("stamps rise strictly across files, whatever the system clock does", async (t) => {
    const directory = archiveFolder(t);
    let wall = 1_800_000_000_000_000;
    const clock = { wall: () => wall as never, mono: () => 5 as never };
    const { writer } = await openWriter(t, { directory, clock });
    const stamps: number[] = [];
    for (let number = 0; number < 30; number++) {
      stamps.push(appended(writer, twoPaths(number)).stamp);
      if (number % 10 === 9) {
        wall -= 3_600_000_000;
        const name = await writer.rotate();
        assert.ok(name.startsWith("2027-01-15T08:00:00.0000"), name);
      }
    }
    assert.ok(stamps.every((stamp, at) => at === 0 || stamp > (stamps[at - 1] as number)));
    const found = await itemsOf(await openReader(t, directory));
    assert.deepEqual(
      found.map((item) => item.kind === "batch" && item.stamp),
      stamps,
    );
  });

  it("kinds of events, gaps and empty batches come back as they were", async (t) => {
    const directory = archiveFolder(t);
    const { writer } = await openWriter(t, { directory });
    const one = appended(writer, [
      { kind: "null", path: "/n" },
      { kind: "removed", path: "/r" },
      { kind: "value", path: "/v", value: Buffer.alloc(0) },
      {
        kind: "message",
        path: "/m",
        headers: Buffer.from("NATS/1.0\r\n\r\n"),
        value: Buffer.from("b"),
      },
      { kind: "exchange", path: "/v2/", json: Buffer.from('{"marks":{"end":4321}}') },
      { kind: "json", path: "/$registry/x", json: Buffer.from("{}") },
      { kind: "null", path: "/n" },
    ]);
    const gap = { from: one.stamp, to: one.stamp, dropped: 7, why: "overload" } as const;
    writer.gap(gap);
    writer.note({ says: "hello" });
    const two = appended(writer, []);
    const name = await writer.rotate();
    await writer.close();
    sameItems(await itemsOf(await openReader(t, directory)), [one, { kind: "gap", ...gap }, two]);
    sameItems(await itemsOf(await openReader(t, join(directory, name))), [
      one,
      { kind: "gap", ...gap },
      two,
    ]);
  });
});

describe("a batch that is refused", () => {
  it("leaves nothing behind: paths it brought keep their meaning", async (t) => {
    const directory = archiveFolder(t);
    const { writer } = await openWriter(t, { directory });
    assert.throws(() => writer.append([value("/good", "1"), value("bad", "2")]), UsageError);
    const batch = appended(writer, [value("/good", "3"), value("/other", "4")]);
    await writer.close();
    sameItems(await itemsOf(await openReader(t, directory)), [batch]);
    assert.deepEqual(verifyFile(systemDisk, directory, "current").problems, []);
  });
});

describe("13. two processes on one archive", () => {
  it("a foreign reader sees exactly the committed part, and follows", async (t) => {
    const directory = archiveFolder(t);
    const { writer } = await openWriter(t, { directory, ...never });
    const one = appended(writer, twoPaths(1));
    await writer.commit();
    const two = appended(writer, twoPaths(2));
    await new Promise((resolve) => setTimeout(resolve, 250));
    // Written, not committed: the bytes are in the file, and still nobody may see them.
    assert.ok(readFileSync(join(directory, "current")).length > writer.state().committedBytes);
    const reader = await openReader(t, directory);
    const cursor = reader.cursor(BEGINNING);
    const grown = new Promise<void>((resolve) => reader.onGrowth(resolve));
    const first = cursor.take();
    assert.ok(first !== null);
    sameItems([first], [one]);
    assert.equal(cursor.take(), null);
    await writer.commit();
    await grown;
    const second = cursor.take();
    assert.ok(second !== null);
    sameItems([second], [two]);
    const name = await writer.rotate();
    const three = appended(writer, twoPaths(3));
    await writer.commit();
    await reader.refresh();
    assert.ok(readdirSync(directory).includes(name));
    const third = await cursor.next();
    assert.ok(third !== null);
    sameItems([third], [three]);
  });

  it("the second writer is refused while the first lives; a lock whose writer was killed is taken over", async (t) => {
    const directory = archiveFolder(t);
    const child = spawn(process.execPath, ["test/fakes/archive-child.ts", "1", directory], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(child.stdout, "data");
    await assert.rejects(openWriter(t, { directory }), {
      message: `archive in use by pid ${child.pid} on ${hostname()}`,
    });
    child.kill("SIGKILL");
    await once(child, "exit");
    const { writer, notices } = await openWriter(t, { directory });
    assert.ok(
      notices.some(
        (notice) => notice === `took over the lock of pid ${child.pid} on ${hostname()}`,
      ),
    );
    await writer.close();
    assert.ok(!readdirSync(directory).includes("lock"));
  });

  for (const [what, change, fate] of [
    ["of another boot is taken over", { boot: "another" }, "taken"],
    ["of another start of the same pid is taken over", { started: "1" }, "taken"],
    ["of a pid that is not there is taken over", { pid: 2 ** 22 + 1 }, "taken"],
    ["of another host is refused unless it is to be broken", { host: "elsewhere" }, "broken"],
    ["of a living writer is refused, whatever is asked for", {}, "refused"],
  ] as const)
    it(`a lock ${what}`, async (t) => {
      const directory = archiveFolder(t);
      const { writer } = await openWriter(t, { directory });
      const lock = join(directory, "lock");
      const holder: unknown = JSON.parse(readFileSync(lock, "utf8"));
      await writer.close();
      writeFileSync(lock, JSON.stringify({ ...(holder as object), ...change }));
      if (fate !== "taken")
        await assert.rejects(openWriter(t, { directory }), /archive in use by pid/);
      const again = openWriter(t, { directory, breakLock: fate !== "taken" });
      if (fate === "refused") await assert.rejects(again, /archive in use by pid/);
      else await (await again).writer.close();
    });

  it("a lock that was torn by a crash is taken over", async (t) => {
    const directory = archiveFolder(t);
    writeFileSync(join(directory, "lock"), '{"pid":');
    await (await openWriter(t, { directory })).writer.close();
  });
});

describe("limits that make a file end", () => {
  it("rotation by size and by time, commits by size and by time", async (t) => {
    const directory = archiveFolder(t);
    const rotated: string[] = [];
    const { writer } = await openWriter(t, {
      directory,
      codec: "none",
      rotateBytes: bytes(100_000),
      flushBytes: bytes(20_000),
      onRotated: (name) => rotated.push(name),
    });
    const batches: Batch[] = [];
    for (let number = 0; number < 100; number++) {
      batches.push(appended(writer, [value(`/p${number % 7}`, "y".repeat(5000))]));
      if (number % 10 === 9) await writer.commit();
    }
    await writer.close();
    assert.ok(rotated.length >= 3, `${rotated.length} rotations`);
    assert.ok(writer.state().commits > 0);
    sameItems(await itemsOf(await openReader(t, directory)), batches);
  });

  it("a flush interval commits without being asked", async (t) => {
    const directory = archiveFolder(t);
    const { writer } = await openWriter(t, { directory, flushInterval: millis(20) });
    appended(writer, twoPaths(1));
    while (writer.state().committedBatches === 0)
      await new Promise((resolve) => setTimeout(resolve, 5));
    assert.equal(writer.state().committedBytes, writer.state().bytes);
  });
});
