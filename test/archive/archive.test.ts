import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { systemDisk } from "../../src/archive/archive-disk.ts";
import type { ArchiveItem, Batch } from "../../src/archive/event.ts";
import { verifyFile } from "../../src/archive/verify.ts";
import { messageOf, UsageError } from "../../src/core/errors.ts";
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
import { FaultyDisk } from "../fakes/faulty-disk.ts";

const never = { flushInterval: millis(0), flushBytes: bytes(0) } as const;

const sameItems = (found: readonly ArchiveItem[], wanted: readonly ArchiveItem[]): void =>
  assert.deepEqual(found.map(plain), wanted.map(plain));

/** Fails after ten seconds. */
async function until(holds: () => boolean): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!holds()) {
    assert.ok(performance.now() < deadline, "it never came");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

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

  it("a clock that was set back since the last recording is told", async (t) => {
    const directory = archiveFolder(t);
    for (const [wall, wanted] of [
      [1_800_000_000_000_000, []],
      [1_799_996_400_000_000, [/ends 3600 s ahead of this machine's clock/]],
    ] as const) {
      const clock = { wall: () => wall as never, mono: () => 5 as never };
      const { writer, notices } = await openWriter(t, { directory, clock });
      await writer.close();
      assert.equal(notices.length, wanted.length);
      for (const [at, says] of wanted.entries()) assert.match(notices[at] ?? "", says);
    }
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

  const elsewhere = JSON.stringify({ pid: 7, host: "elsewhere.example", token: "y" });
  for (const [what, happens, says] of [
    [
      "whose lock another host took over stops, and leaves that lock alone",
      (directory: string) => writeFileSync(join(directory, "lock"), elsewhere),
      /taken over: archive in use by pid 7 on elsewhere\.example/,
    ],
    [
      "whose folder is gone stops",
      (directory: string) => rmSync(directory, { recursive: true }),
      /the archive's file is gone from its folder: ENOENT/,
    ],
    [
      "whose folder was emptied stops",
      (directory: string) => {
        rmSync(directory, { recursive: true });
        mkdirSync(directory);
      },
      /the archive's file is gone from its folder: ENOENT/,
    ],
  ] as const)
    it(`a writer ${what}, and what it cannot promise is counted`, async (t) => {
      const directory = archiveFolder(t);
      const { writer, notices } = await openWriter(t, { directory });
      appended(writer, twoPaths(1));
      await writer.commit();
      happens(directory);
      appended(writer, twoPaths(2));
      // By itself, before anybody asks for a commit.
      await until(() => writer.state().failure !== null);
      assert.match(notices.join(), says);
      await assert.rejects(writer.commit(), (error) => says.test(messageOf(error)));
      assert.equal(writer.append(twoPaths(3)), null);
      assert.equal(writer.state().lostBatches, 2);
      await writer.close();
      const left = what.includes("lock")
        ? readFileSync(join(directory, "lock"), "utf8")
        : elsewhere;
      assert.equal(left, elsewhere);
    });

  it("a lock that somebody removed under a living writer is made again", async (t) => {
    const directory = archiveFolder(t);
    const { writer } = await openWriter(t, { directory });
    rmSync(join(directory, "lock"));
    appended(writer, twoPaths(1));
    await writer.commit();
    await assert.rejects(openWriter(t, { directory }), /archive in use by pid/);
    await writer.close();
    assert.ok(!readdirSync(directory).includes("lock"));
  });

  it("a reader whose archive is away for a while says so once, and goes on when it is back", async (t) => {
    const directory = join(archiveFolder(t), "archive");
    const first = await openWriter(t, { directory });
    const one = appended(first.writer, twoPaths(1));
    await first.writer.close();
    const notices: string[] = [];
    const reader = await openReader(t, directory, { onNotice: (notice) => notices.push(notice) });
    const cursor = reader.cursor(BEGINNING);
    sameItems([(await cursor.next()) as Batch], [one]);
    const grown = new Promise<void>((resolve) => reader.onGrowth(resolve));
    renameSync(directory, `${directory}.away`);
    await until(() => notices.length > 0);
    await new Promise((resolve) => setTimeout(resolve, 450));
    assert.equal(notices.length, 1, "looked at twice more meanwhile");
    assert.match(notices.join(), /warning: the archive cannot be followed: ENOENT/);
    renameSync(`${directory}.away`, directory);
    const second = await openWriter(t, { directory });
    const two = appended(second.writer, twoPaths(2));
    await second.writer.commit();
    await grown;
    sameItems([(await cursor.next()) as Batch], [two]);
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

  it("a batch that comes while a commit is under way is committed within the interval, though nothing follows it", async (t) => {
    const disk = new FaultyDisk();
    const { writer } = await openWriter(t, {
      directory: archiveFolder(t),
      disk,
      flushInterval: millis(20),
      flushBytes: bytes(1),
    });
    const { promise, resolve } = Promise.withResolvers<void>();
    disk.syncing = promise;
    appended(writer, twoPaths(1));
    await new Promise((next) => setTimeout(next, 10));
    appended(writer, twoPaths(2));
    // The interval is over before the commit is.
    await new Promise((next) => setTimeout(next, 60));
    disk.syncing = undefined;
    resolve();
    await until(() => writer.state().committedBatches === 2);
  });

  it("a file is as old as it is, however often the recorder is started anew", async (t) => {
    const directory = archiveFolder(t);
    const rotated: string[] = [];
    const hour = 3_600_000_000;
    const start = 1_800_000_000_000_000;
    for (const [wall, wanted] of [
      [start, 0],
      [start + hour / 2, 0],
      [start + 2 * hour, 1],
    ] as const) {
      const { writer } = await openWriter(t, {
        directory,
        clock: { wall: () => wall as never, mono: () => 5 as never },
        rotateInterval: millis(3_600_000),
        onRotated: (name) => rotated.push(name),
      });
      appended(writer, twoPaths(wall));
      await until(() => rotated.length >= wanted);
      await writer.close();
      assert.equal(rotated.length, wanted);
    }
  });

  it("a state that is larger than the size of a file is not written anew for every batch", async (t) => {
    const rotated: string[] = [];
    const { writer } = await openWriter(t, {
      directory: archiveFolder(t),
      codec: "none",
      rotateBytes: bytes(10_000),
      onRotated: (name) => rotated.push(name),
    });
    appended(writer, [value("/large", "x".repeat(50_000))]);
    await writer.rotate();
    const before = rotated.length;
    for (let number = 0; number < 100; number++) {
      appended(writer, twoPaths(number));
      await writer.commit();
    }
    assert.equal(rotated.length, before);
    for (let more = 0; more < 8; more++)
      appended(writer, [value(`/more/${more}`, "y".repeat(8000))]);
    await writer.commit();
    assert.equal(rotated.length, before + 1);
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
