import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { test } from "node:test";
import { McapStreamReader } from "@mcap/core";
import fc from "fast-check";
import { ArchiveReader } from "../../../src/archive/archive-reader.ts";
import type { ArchiveEvent, ArchiveItem, Batch } from "../../../src/archive/event.ts";
import { importArchive } from "../../../src/archive/transfer/import-archive.ts";
import { verbs } from "../../../src/cli/commands.ts";
import { dispatch } from "../../../src/cli/dispatch.ts";
import { bytes, micros } from "../../../src/core/units.ts";

const STAMP = 1_767_225_600_000_000;
const path = fc.constantFrom(
  "/a",
  "/a/b",
  "/b c/ü",
  "/$registry/tags/x/latest",
  "/long/path/of/levels",
);
// JSON keeps the separators of Unicode, which some take for ends of lines.
const value = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  fc.constantFrom("a\u2028b\u2029", "\u0085\r\n").map((text) => Uint8Array.from(Buffer.from(text))),
);
const json = fc
  .constantFrom('{"status":200}', '{"a":[1,2.5,"ü\u2028"]}')
  .map((text) => Buffer.from(text));
const headers = fc.constantFrom(
  "NATS/1.0\r\nA: 1\r\n\r\n",
  "NATS/1.0\r\nX-Id: a\r\nX-Id: b\r\n\r\n",
);
const event: fc.Arbitrary<ArchiveEvent> = fc.oneof(
  path.map((at) => ({ kind: "removed" as const, path: at })),
  path.map((at) => ({ kind: "null" as const, path: at })),
  fc.record({ kind: fc.constant("value" as const), path, value }),
  fc.record({
    kind: fc.constant("message" as const),
    path,
    headers: headers.map((text) => Buffer.from(text)),
    value,
  }),
  fc.record({ kind: fc.constantFrom("exchange" as const, "json" as const), path, json }),
);
const batches = fc
  .array(
    fc.tuple(
      fc.integer({ min: 1, max: 5_000_000 }),
      fc.array(event, { minLength: 1, maxLength: 4 }),
    ),
    {
      maxLength: 12,
    },
  )
  .map((steps) => {
    let stamp = STAMP;
    return steps.map(([step, events]): Batch => {
      stamp += step;
      return { kind: "batch", stamp: micros(stamp), events };
    });
  });

const silent = (): { out: Writable; err: Writable; env: NodeJS.ProcessEnv; said: string[] } => {
  const said: string[] = [];
  const sink = (): Writable =>
    new Writable({
      write(piece, _encoding, done) {
        said.push(String(piece));
        done();
      },
    });
  return { out: sink(), err: sink(), env: {}, said };
};

async function archiveOf(folder: string, items: readonly ArchiveItem[]): Promise<string> {
  const directory = join(folder, "archive");
  async function* each(): AsyncGenerator<ArchiveItem> {
    yield* items;
  }
  await importArchive(each(), {
    directory,
    codec: "none",
    rotateBytes: bytes(0),
    onNotice: () => {},
  });
  return directory;
}

/** Buffers and typed arrays of equal bytes shall be equal. */
const plain = (item: ArchiveItem): unknown =>
  JSON.parse(
    JSON.stringify(item, (_key, field: unknown) =>
      field instanceof Uint8Array ? Buffer.from(field).toString("latin1") : field,
    ).replaceAll(/\{"type":"Buffer","data":\[[\d,]*\]\}/g, (text) =>
      JSON.stringify(Buffer.from(JSON.parse(text).data).toString("latin1")),
    ),
  );

async function itemsOf(directory: string): Promise<unknown[]> {
  const reader = await ArchiveReader.open(directory);
  const cursor = reader.cursor(micros(0));
  const items: unknown[] = [];
  for (let item = await cursor.next(); item !== null; item = await cursor.next())
    items.push(plain(item));
  await reader.close();
  return items;
}

const withFolder = async (use: (folder: string) => Promise<void>): Promise<void> => {
  const folder = mkdtempSync(join(tmpdir(), "drayage-transfer-"));
  try {
    await use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
};

for (const format of ["mcap", "jsonl"] as const) {
  test(`export to ${format} and import give the same paths, stamps, values and order`, async () => {
    await fc.assert(
      fc.asyncProperty(batches, (items) =>
        withFolder(async (folder) => {
          if (items.length === 0) return;
          const archive = await archiveOf(folder, items);
          const [file, back] = [join(folder, `x.${format}`), join(folder, "back")];
          const terminal = silent();
          const type = (line: string[]) => dispatch(line, { verbs, terminal });
          assert.equal(
            await type(["archive", "export", archive, "--format", format, "-o", file]),
            0,
          );
          assert.equal(await type(["archive", "import", file, "--format", format, "-o", back]), 0);
          assert.deepEqual(await itemsOf(back), items.map(plain));
        }),
      ),
      { numRuns: 25 },
    );
  });

  test(`a gap survives ${format}`, () =>
    withFolder(async (folder) => {
      const one: Batch = {
        kind: "batch",
        stamp: micros(STAMP),
        events: [{ kind: "null", path: "/a" }],
      };
      const gap = {
        kind: "gap",
        from: micros(STAMP),
        to: micros(STAMP + 9),
        dropped: 3,
        why: "overload",
      } as const;
      const archive = await archiveOf(folder, [one, gap, { ...one, stamp: micros(STAMP + 20) }]);
      const [file, back] = [join(folder, "x"), join(folder, "back")];
      const terminal = silent();
      await dispatch(["archive", "export", archive, "--format", format, "-o", file], {
        verbs,
        terminal,
      });
      await dispatch(["archive", "import", file, "--format", format, "-o", back], {
        verbs,
        terminal,
      });
      assert.deepEqual(await itemsOf(back), await itemsOf(archive));
      assert.equal((await itemsOf(back)).length, 3);
    }));
}

test("an exported MCAP file has a channel for each path, and any reader of MCAP finds its end", () =>
  withFolder(async (folder) => {
    const at = (stamp: number, name: string): Batch => ({
      kind: "batch",
      stamp: micros(stamp),
      events: [{ kind: "value", path: name, value: Buffer.from("hi") }],
    });
    const archive = await archiveOf(folder, [
      at(STAMP, "/a"),
      at(STAMP + 1, "/b"),
      at(STAMP + 2, "/a"),
    ]);
    const file = join(folder, "x.mcap");
    await dispatch(["archive", "export", archive, "--format", "mcap", "-o", file], {
      verbs,
      terminal: silent(),
    });
    const reader = new McapStreamReader({ decompressHandlers: {}, includeChunks: true });
    reader.append(readFileSync(file).subarray(0, 60));
    assert.equal(reader.nextRecord()?.type, "Header");
  }));

for (const { name, content, type, says } of [
  {
    name: "a line that is no batch",
    content: "{}\n",
    type: "jsonl",
    says: /x:1 is no line of an archive/,
  },
  {
    name: "a file that is no MCAP",
    content: "hello, world",
    type: "mcap",
    says: /no whole MCAP file/,
  },
]) {
  test(`${name} is refused with its place`, () =>
    withFolder(async (folder) => {
      const file = join(folder, "x");
      writeFileSync(file, content);
      const terminal = silent();
      const line = ["archive", "import", file, "--format", type, "-o", join(folder, "back")];
      assert.equal(await dispatch(line, { verbs, terminal }), 2);
      assert.match(terminal.said.join(""), says);
    }));
}

for (const [what, gap, read] of [
  ["from the beginning on", { from: 0, to: STAMP, why: "damage" }, { from: 0, why: "damage" }],
  [
    "that says which shard was lost",
    { from: STAMP - 9, to: STAMP, why: "shard", shard: 1 },
    { from: STAMP - 9, why: "disconnect" },
  ],
] as const)
  test(`a gap ${what} is imported`, () =>
    withFolder(async (folder) => {
      const [file, back] = [join(folder, "x"), join(folder, "back")];
      const batch = { type: "batch", us: STAMP, events: [{ path: "/a", null: true }] };
      const lines = [{ type: "gap", dropped: 0, ...gap }, batch];
      writeFileSync(file, lines.map((line) => JSON.stringify(line)).join("\n"));
      const terminal = silent();
      const line = ["archive", "import", file, "-o", back];
      assert.equal(await dispatch(line, { verbs, terminal }), 0, terminal.said.join(""));
      const wanted = { kind: "gap", to: STAMP, dropped: 0, ...read };
      const [first, second] = await itemsOf(back);
      assert.deepEqual(first, wanted);
      assert.equal((second as Batch).stamp, STAMP);
    }));

for (const format of ["mcap", "jsonl", "mcl"])
  test(`${format} that cannot be written is one line and exit 2`, () =>
    withFolder(async (folder) => {
      const one: Batch = {
        kind: "batch",
        stamp: micros(STAMP),
        events: [{ kind: "null", path: "/a" }],
      };
      const archive = await archiveOf(folder, [one]);
      const terminal = silent();
      const line = ["archive", "export", archive, "--format", format, "-o", "/proc/nowhere/at"];
      assert.equal(await dispatch(line, { verbs, terminal }), 2);
      assert.match(
        terminal.said.join(""),
        /^cannot write --output \/proc\/nowhere\/at: ENOENT.*\n$/,
      );
    }));

test("equal and falling stamps become strictly increasing, and that is told", () =>
  withFolder(async (folder) => {
    const file = join(folder, "x");
    const line = (us: number): string =>
      `{"type":"batch","us":${us},"events":[{"path":"/a","text":"${us}"}]}\n`;
    writeFileSync(file, line(STAMP) + line(STAMP) + line(STAMP - 5));
    const terminal = silent();
    const back = join(folder, "back");
    assert.equal(await dispatch(["archive", "import", file, "-o", back], { verbs, terminal }), 0);
    assert.match(terminal.said.join(""), /2 moved to be later than the one before/);
    const stamps = (await itemsOf(back)).map((item) => (item as Batch).stamp);
    assert.deepEqual(stamps, [STAMP, STAMP + 1, STAMP + 2]);
  }));
