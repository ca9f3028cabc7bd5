import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { systemDisk } from "../../src/archive/archive-disk.ts";
import { RecordTooLarge } from "../../src/archive/archive-errors.ts";
import { ArchiveFileWriter, noTotals } from "../../src/archive/archive-file-writer.ts";
import { ByteCursor } from "../../src/archive/byte-cursor.ts";
import { ByteWriter } from "../../src/archive/byte-writer.ts";
import { checksumSeed } from "../../src/archive/checksum.ts";
import { codecNames, decodePart, encodePart } from "../../src/archive/codec.ts";
import { encodeSlot, newestCommit, slotPlace } from "../../src/archive/commit-slot.ts";
import { decodeExchange, encodeExchange } from "../../src/archive/exchange.ts";
import { FileIndex } from "../../src/archive/file-index.ts";
import { fileName, instantOf, sealedNames } from "../../src/archive/file-name.ts";
import { GrowingFile } from "../../src/archive/growing-file.ts";
import { decodeHeader, encodeHeader, HEADER_BYTES } from "../../src/archive/header-page.ts";
import { LastEvents } from "../../src/archive/last-events.ts";
import { PathTable } from "../../src/archive/path-table.ts";
import { decodeRecord, encodeRecord, partOf, recordBytes } from "../../src/archive/record.ts";
import { UsageError } from "../../src/core/errors.ts";
import { micros } from "../../src/core/units.ts";
import { archiveFolder, openWriter, value } from "../fakes/archive-folder.ts";

const fileId = Buffer.from("00112233445566778899aabbccddeeff", "hex");
const NEW_YEAR = micros(Date.UTC(2026, 0, 1) * 1000);

const header = {
  fileId,
  archiveId: Buffer.alloc(16, 7),
  created: NEW_YEAR,
  floor: micros(0),
  number: 0,
  shard: { index: 0, count: 1 },
  previous: "",
  writer: "drayage",
};

describe("32. the worked example of the format is reproduced byte for byte", () => {
  it("path map, batch, first commit", async (t) => {
    const path = join(archiveFolder(t), "example");
    const file = GrowingFile.create(systemDisk, { path, header, codec: "deflate" });
    const writer = new ArchiveFileWriter(file, {
      paths: new PathTable(),
      last: new LastEvents(),
      index: new FileIndex(),
      totals: noTotals,
      imageEnd: HEADER_BYTES,
      stamp: NEW_YEAR,
    });
    writer.batch(micros(NEW_YEAR + 1), [value("/a/b", "hi"), { kind: "null", path: "/a/c" }]);
    await file.commit();
    file.close();
    const bytes = readFileSync(path);
    assert.equal(checksumSeed(fileId).toString(16), "8407759b");
    assert.equal(
      bytes.toString("hex", 4096, 4133),
      "a9d702000d0000000d0000000040204648470600610dd4ee0200042f612f6201042f612f63",
    );
    assert.equal(
      bytes.toString("hex", 4133),
      "a9d703000c0000000900000001402046484706002ed86b6a020001020002026869010100",
    );
    assert.equal(
      bytes.toString("hex", 1024, 1088),
      "434d495400000000010000000000000049100000000000000140204648470600010000000000000000000000000000000200000000000000" +
        "00000000c68943c7",
    );
    assert.ok(bytes.subarray(2048, 4096).every((byte) => byte === 0));
  });
});

describe("numbers and parts of the format", () => {
  it("every whole number below 2^53 survives as a varint of at most 8 bytes", () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (number) => {
        const out = new ByteWriter(1);
        out.varint(number);
        const cursor = new ByteCursor(out.view);
        return cursor.varint() === number && cursor.isDone && out.length <= 8;
      }),
      { examples: [[0], [127], [128], [16_383], [16_384], [2 ** 32], [2 ** 53 - 1]] },
    );
  });

  for (const [what, hex] of [
    ["a varint of 9 bytes", "ffffffffffffffff01"],
    ["one of 2^53", "8080808080808010"],
    ["one that ends too early", "ff"],
    ["none at all", ""],
  ] as const)
    it(`${what} is damage`, () => {
      assert.throws(() => new ByteCursor(Buffer.from(hex, "hex")).varint(), {
        code: "archive-damaged",
      });
    });

  it("parts come back from every codec; coding is used only where it saves an eighth", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...codecNames),
        fc.uint8Array({ maxLength: 400 }),
        fc.nat(8),
        (codec, seed, times) => {
          const part = Buffer.concat(Array.from({ length: times }, () => seed));
          const coded = encodePart(part, codec);
          const back = decodePart(Buffer.from(coded.stored), coded.codec, part.length);
          assert.deepEqual(back, part);
          assert.ok(coded.codec === 0 || coded.stored.length <= (part.length * 7) / 8);
          assert.ok(coded.codec === 0 || part.length >= 256);
        },
      ),
    );
  });

  it("a part that decodes to another length than stated is damage, and fills no memory", () => {
    const { stored, codec } = encodePart(Buffer.alloc(10_000_000), "deflate");
    assert.throws(() => decodePart(Buffer.from(stored), codec, 100), { code: "archive-damaged" });
    assert.throws(() => decodePart(Buffer.from("xx"), 9, 2), { code: "archive-damaged" });
  });

  it("records of any content come back; a flipped bit anywhere in them is noticed", () => {
    fc.assert(
      fc.property(
        fc.record({
          type: fc.constantFrom(1, 2, 3, 4, 5, 6, 0x80, 0xff),
          stamp: fc.maxSafeNat(),
          plain: fc.uint8Array({ maxLength: 20 }),
          part: fc.uint8Array({ maxLength: 600 }),
          codec: fc.constantFrom(...codecNames),
          flip: fc.nat(),
        }),
        ({ type, stamp, plain, part, codec, flip }) => {
          const out = new ByteWriter();
          const seed = checksumSeed(fileId);
          encodeRecord(out, { type, stamp: micros(stamp), plain, part }, { codec, seed });
          const bytes = Buffer.from(out.view);
          const place = { at: 0, length: bytes.length, offset: 0, seed };
          const record = decodeRecord(bytes, place);
          assert.ok(record !== undefined);
          assert.equal(recordBytes(bytes, 0), bytes.length);
          assert.equal(record.stamp, stamp);
          assert.deepEqual(partOf(record, plain.length), Buffer.from(part));
          const bit = flip % (bytes.length * 8);
          bytes[bit >> 3] = (bytes[bit >> 3] as number) ^ (1 << (bit & 7));
          assert.equal(decodeRecord(bytes, place), undefined);
          // Bytes of another file never match.
          const other = checksumSeed(Buffer.alloc(16));
          assert.equal(decodeRecord(out.view, { ...place, seed: other }), undefined);
        },
      ),
    );
  });

  it("headers come back; a newer version or feature is refused", () => {
    const page = encodeHeader({ ...header, previous: "2026-01-31T12:00:00.123456Z", number: 5 });
    assert.equal(page.length, HEADER_BYTES);
    const found = decodeHeader(page);
    assert.ok(found.isSound);
    assert.equal(found.previous, "2026-01-31T12:00:00.123456Z");
    assert.equal(found.number, 5);
    assert.equal(found.writer, "drayage");
    page[8] = 2;
    assert.ok(!decodeHeader(page).isSound);
  });

  it("the newer of two sound slots counts, whatever the other one holds", () => {
    const seed = checksumSeed(fileId);
    const slot = {
      isSealed: false,
      length: 5000,
      lastStamp: NEW_YEAR,
      batches: 3,
      sealAt: 0,
      records: 9,
    };
    const page = encodeHeader(header);
    assert.equal(newestCommit(page, seed).slot, null);
    for (const sequence of [1, 2, 3])
      encodeSlot({ ...slot, sequence }, seed).copy(page, slotPlace(sequence));
    assert.equal(newestCommit(page, seed).slot?.sequence, 3);
    page[1030] = (page[1030] as number) ^ 1;
    assert.deepEqual(newestCommit(page, seed), { slot: { ...slot, sequence: 2 }, damaged: ["A"] });
  });

  it("an index comes back, and finds entries by stamp and by number", () => {
    const index = new FileIndex();
    for (let number = 0; number < 5000; number++)
      index.sawBatch(micros(1000 + number * 10), 4096 + number * 100, number);
    index.sawImage(micros(999), 4096);
    const out = new ByteWriter();
    index.encode(out);
    const back = FileIndex.decode(out.view);
    assert.deepEqual(back, index);
    assert.equal(back.entries, 8, "an entry per 64 KiB of batches");
    assert.deepEqual(back.upTo(micros(999)), { stamp: 0, offset: 4096, before: 0 });
    assert.deepEqual(back.upTo(micros(1000 + 6560)), { stamp: 7560, offset: 69_696, before: 656 });
    assert.equal(back.ofBatch(655).before, 0);
    assert.equal(back.ofBatch(656).before, 656);
  });
});

describe("paths", () => {
  it("are found again by their ids, whatever characters they have", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string({ unit: "grapheme" }), { maxLength: 300 }), (names) => {
        const table = new PathTable();
        const paths = [...new Set(names.map((name) => Buffer.from(`/${name}`).toString()))];
        for (const path of paths) table.add(path);
        for (const [id, path] of paths.entries()) {
          assert.equal(table.find(path), id);
          assert.equal(table.path(id), path);
        }
        assert.equal(table.find("/not/there/at/all/…"), -1);
      }),
    );
  });

  it("take at most 64 bytes each with the places of their last events", () => {
    setFlagsFromString("--expose-gc");
    const collect: unknown = runInNewContext("gc");
    assert.ok(typeof collect === "function");
    const table = new PathTable();
    const last = new LastEvents();
    const memory = (): number => {
      collect();
      const { arrayBuffers, heapUsed } = process.memoryUsage();
      return arrayBuffers + heapUsed;
    };
    const before = memory();
    const count = 400_000;
    for (let id = 0; id < count; id++) {
      table.add(`/registry/some/path/${String(id).padStart(7, "0")}`);
      last.set(id, 4096 + id, 30);
    }
    const taken = memory() - before;
    // Texts of the paths seen last are kept besides, 32,768 of them at most.
    assert.ok(taken / count <= 64, `${taken / count} bytes per path`);
    assert.equal(table.find("/registry/some/path/0077777"), 77_777);
    assert.equal(table.path(count - 1), "/registry/some/path/0399999");
  });

  it("have 65,535 bytes at most, and begin with a slash", () => {
    const table = new PathTable();
    table.add(`/${"x".repeat(65_534)}`);
    assert.throws(() => table.add(`/${"x".repeat(65_535)}`), UsageError);
    assert.throws(() => table.add(`/${"é".repeat(40_000)}`), UsageError);
    assert.throws(() => table.add("a"), UsageError);
  });
});

describe("limits", () => {
  it("a batch of 2 GiB is refused, and nothing of it is written", async (t) => {
    const { writer } = await openWriter(t, { directory: archiveFolder(t) });
    const before = writer.state();
    const huge = new Uint8Array(2 ** 31);
    assert.throws(
      () => writer.append([{ kind: "value", path: "/x", value: huge }]),
      RecordTooLarge,
    );
    assert.equal(writer.state().bytes, before.bytes);
    assert.ok(writer.append([value("/x", "small")]) !== null);
  });
});

describe("names of files", () => {
  for (const [name, instant] of [
    ["2026-01-31T12:00:00.123456Z", 1769860800123456],
    ["2026-01-31T12I00I00.123456Z", 1769860800123456],
    ["2026-01-31T14:00:00.123456+02:00", 1769860800123456],
    ["2026-01-31T12:00:00.123456789Z", 1769860800123456],
    ["2026-01-31T12:00:00Z", 1769860800000000],
    ["current", undefined],
    ["2026-13-31T12:00:00Z", undefined],
    ["lock", undefined],
  ] as const)
    it(`${name} is ${instant ?? "no date"}`, () => {
      assert.equal(instantOf(name), instant);
    });

  it("written names are read back, on both systems", () => {
    fc.assert(
      fc.property(fc.nat(4_102_444_800), fc.nat(999_999), (seconds, fraction) => {
        const instant = micros(seconds * 1e6 + fraction);
        assert.equal(instantOf(fileName(instant, "linux")), instant);
        assert.equal(instantOf(fileName(instant, "win32")), instant);
        assert.ok(!fileName(instant, "win32").includes(":"));
      }),
    );
  });

  it("are sorted by instant, each once", () => {
    assert.deepEqual(
      sealedNames([
        "2026-01-02T00:00:00Z",
        "current",
        "2026-01-01T00I00I00Z",
        "2026-01-01T00:00:00.000000Z",
      ]),
      ["2026-01-01T00I00I00Z", "2026-01-02T00:00:00Z"],
    );
  });
});

describe("exchanges", () => {
  const exchange = {
    arrival: 1769860800123456,
    client: "127.0.0.1",
    method: "GET",
    path: "/v2/a/blobs/sha256:1",
    class: "blob",
    req_headers: { Accept: "*/*" },
    res_headers: {},
    req_bytes: 0,
    res_bytes: 77,
    status: 200,
    marks: { connected: 10, end: 1234 },
  } as const;

  it("come back as they were written", () => {
    assert.deepEqual(decodeExchange(encodeExchange(exchange)), exchange);
  });

  for (const [what, text] of [
    ["no JSON", "{"],
    ["no object", "[1]"],
    ["without an arrival", '{"path":"/v2/"}'],
  ] as const)
    it(`${what} is no exchange`, () => {
      assert.equal(decodeExchange(Buffer.from(text)), undefined);
    });

  it("of a newer writer lose what is not known, and no more", () => {
    const found = decodeExchange(
      Buffer.from('{"arrival":1,"path":"/v2/","class":"teleport","status":"x","new":1}'),
    );
    assert.deepEqual(found, {
      arrival: 1,
      client: "",
      method: "GET",
      path: "/v2/",
      class: "other",
      req_headers: {},
      res_headers: {},
      req_bytes: 0,
      res_bytes: 0,
      status: 0,
      marks: { end: 0 },
    });
  });
});
