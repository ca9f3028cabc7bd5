// Looks at every byte of a file: header, slots, records, order of stamps, ids, images, seal.
import { join } from "node:path";
import { bytes, micros } from "../core/units.ts";
import type { ArchiveDisk, DiskFile } from "./archive-disk.ts";
import { ArchiveDamage } from "./archive-errors.ts";
import { imagePart, walkIds } from "./batch-record.ts";
import type { ByteSource } from "./byte-source.ts";
import { ByteWriter } from "./byte-writer.ts";
import { checksumSeed } from "./checksum.ts";
import { countedLength, newestCommit, SLOT_A, SLOT_B, SLOT_BYTES } from "./commit-slot.ts";
import { EVENT_KIND_EXCHANGE, EventWalk, exchangeLength } from "./event-block.ts";
import { FileIndex } from "./file-index.ts";
import { instantOf } from "./file-name.ts";
import { bodyChecksum } from "./file-replay.ts";
import type { FileReport } from "./file-report.ts";
import type { DamagedRange } from "./file-scan.ts";
import { decodeHeader, HEADER_BYTES } from "./header-page.ts";
import { decodeMeta, gapOf } from "./meta.ts";
import { walkPathMap } from "./path-map.ts";
import { partOf, RecordType, type StoredRecord } from "./record.ts";
import { RecordWalk } from "./record-walk.ts";
import { decodeSeal, type Seal } from "./seal.ts";
import { StateCheck } from "./state-check.ts";

/** `onAt` is told how far it is, in bytes, record by record. */
export function verifyFile(
  disk: ArchiveDisk,
  folder: string,
  name: string,
  onAt: (at: number) => void = () => undefined,
): FileReport {
  const file = disk.open(join(folder, name), "read");
  try {
    return new Verification(file, name, onAt).run();
  } finally {
    file.close();
  }
}

class Verification {
  readonly #file: DiskFile;
  readonly #name: string;
  readonly #onAt: (at: number) => void;
  readonly #problems: string[] = [];
  readonly #damaged: DamagedRange[] = [];
  readonly #paths = new Map<number, string>();
  readonly #known = new Set<string>();
  readonly #state = new StateCheck();
  readonly #index = new FileIndex();
  #counts = { records: 0, batches: 0, events: 0, images: 0, gaps: 0, dropped: 0 };
  #first = micros(0);
  #last = micros(0);
  #stamp = micros(0);
  #longest = 0;
  #imageFrom = 0;
  #committed = 0;
  #isSealed = false;
  #sealAt = 0;
  #slotBatches: number | undefined;
  #seal: { readonly at: number; readonly seal: Seal } | undefined;

  constructor(file: DiskFile, name: string, onAt: (at: number) => void) {
    this.#file = file;
    this.#name = name;
    this.#onAt = onAt;
  }

  run(): FileReport {
    const page = Buffer.alloc(HEADER_BYTES);
    const got = this.#file.read(page, 0);
    // Only now: a recorder may go on writing, and all that the slots speak of is there.
    const size = this.#file.size();
    try {
      this.#check(page.subarray(0, got), size);
    } catch (error) {
      if (!(error instanceof ArchiveDamage)) throw error;
      this.#problems.push(error.message);
      this.#damaged.push({ from: 0, to: size, why: error.message });
    }
    return this.#report(size);
  }

  #check(page: Buffer, size: number): void {
    const header = decodeHeader(page);
    const seed = checksumSeed(header.fileId);
    if (!header.isSound) this.#problems.push("the header page does not match its checksum");
    this.#checkSlots(page, { seed, size });
    this.#stamp = header.isSound ? header.floor : micros(0);
    this.#last = this.#stamp;
    const end = Math.min(this.#committed, size);
    if (this.#committed > size)
      this.#problems.push(`${this.#committed - size} committed bytes are missing at the end`);
    const source: ByteSource = {
      end,
      read: (at, length) => {
        const into = Buffer.allocUnsafeSlow(Math.max(0, Math.min(length, end - at)));
        return into.subarray(0, this.#file.read(into, at));
      },
    };
    this.#walk(new RecordWalk(source, seed), end);
    this.#checkEnd(source, seed);
  }

  #checkSlots(page: Buffer, { seed, size }: { seed: number; size: number }): void {
    const { slot, damaged } = newestCommit(page, seed);
    for (const which of damaged) this.#problems.push(`commit slot ${which} is damaged`);
    const rest = Buffer.from(page);
    for (const at of [SLOT_A, SLOT_B]) rest.fill(0, at, at + SLOT_BYTES);
    if (!rest.subarray(1024).every((byte) => byte === 0))
      this.#problems.push("bytes of the header page that mean nothing are not zero");
    if (slot === null) this.#problems.push("no commit is whole: all whole records are taken");
    const isLeft = instantOf(this.#name) !== undefined;
    this.#committed = countedLength(slot, { size, isLeft });
    this.#isSealed = slot?.isSealed ?? false;
    this.#sealAt = slot?.sealAt ?? 0;
    this.#slotBatches = this.#committed === slot?.length ? slot?.batches : undefined;
    if (this.#isSealed && size > this.#committed)
      this.#problems.push(`${size - this.#committed} bytes behind the end of a sealed file`);
  }

  #walk(walk: RecordWalk, end: number): void {
    for (let at = HEADER_BYTES; at < end; ) {
      this.#onAt(at);
      const found = walk.at(at);
      if (found.kind !== "record") {
        const to = walk.resync(at + 1);
        this.#damage({ from: at, to, why: found.kind === "damaged" ? found.why : "cut off" });
        at = to;
        continue;
      }
      at = found.record.end;
      this.#see(found.record);
    }
  }

  #damage(range: DamagedRange): void {
    this.#damaged.push(range);
    this.#problems.push(`bytes ${range.from} to ${range.to} are damaged (${range.why})`);
    this.#state.forget();
  }

  #see(record: StoredRecord): void {
    this.#counts.records++;
    if (record.stamp < this.#stamp)
      this.#problems.push(`the record at ${record.offset} is older than the one before it`);
    this.#stamp = record.stamp;
    try {
      this.#content(record);
    } catch (error) {
      if (!(error instanceof ArchiveDamage)) throw error;
      this.#damage({ from: record.offset, to: record.end, why: error.message });
    }
  }

  #content(record: StoredRecord): void {
    switch (record.type) {
      case RecordType.batch:
        this.#batch(record);
        break;
      case RecordType.image:
        this.#image(record);
        break;
      case RecordType.pathMap:
        walkPathMap(partOf(record), (id, path) => this.#map(id, path.toString()));
        break;
      case RecordType.meta:
        this.#meta(record);
        break;
      case RecordType.index:
        this.#checkIndex(record);
        break;
      case RecordType.seal:
        this.#seal = { at: record.offset, seal: decodeSeal(partOf(record)) };
        break;
      default:
        break;
    }
  }

  #batch(record: StoredRecord): void {
    const { stamp, offset } = record;
    if (stamp <= this.#last)
      this.#problems.push(`the stamp of the batch at ${offset} does not rise`);
    const listed: number[] = [];
    const blockAt = walkIds(record, (id) => listed.push(id));
    if (listed.some((id, at) => at > 0 && id <= (listed[at - 1] as number)))
      this.#problems.push(`the ids of the batch at ${offset} do not ascend`);
    const used = new Set<number>();
    const walk = new EventWalk(partOf(record, blockAt));
    while (walk.next()) {
      used.add(walk.id);
      this.#state.batch(walk);
      this.#counts.events++;
      if (walk.kind === EVENT_KIND_EXCHANGE)
        this.#longest = Math.max(this.#longest, exchangeLength(walk.body));
    }
    if (used.size !== listed.length || listed.some((id) => !used.has(id)))
      this.#problems.push(`the ids of the batch at ${offset} are not those of its events`);
    this.#checkIds(used, offset);
    this.#index.sawBatch(stamp, offset, this.#counts.batches);
    if (this.#counts.batches === 0) this.#first = stamp;
    this.#counts.batches++;
    this.#last = stamp;
  }

  #checkIds(ids: Iterable<number>, offset: number): void {
    for (const id of ids)
      if (!this.#paths.has(id)) this.#problems.push(`id ${id} at ${offset} has no path`);
  }

  #image(record: StoredRecord): void {
    const place = imagePart(record);
    if (place.part === 0) this.#imageFrom = record.offset;
    const problem = this.#state.part(partOf(record, place.blockAt), place);
    if (problem !== undefined) this.#problems.push(`${problem}: at ${this.#imageFrom}`);
    if (place.part !== place.parts - 1) return;
    this.#counts.images++;
    this.#index.sawImage(record.stamp, this.#imageFrom);
  }

  #map(id: number, path: string): void {
    const known = this.#paths.get(id);
    if (known === path) return;
    if (known !== undefined) this.#problems.push(`id ${id} is ${known}, and ${path} later`);
    else if (id !== this.#paths.size && this.#damaged.length === 0)
      this.#problems.push(`id ${id} of ${path} is not the next one`);
    if (path !== "" && this.#known.has(path)) this.#problems.push(`${path} has two ids`);
    this.#known.add(path);
    this.#paths.set(id, path);
  }

  #meta(record: StoredRecord): void {
    const gap = gapOf(decodeMeta(partOf(record)));
    if (gap === undefined) return;
    this.#counts.gaps++;
    this.#counts.dropped += gap.dropped;
  }

  #checkIndex(record: StoredRecord): void {
    const out = new ByteWriter();
    this.#index.encode(out);
    if (this.#damaged.length === 0 && !partOf(record).equals(out.view))
      this.#problems.push("the index does not say where the batches are");
  }

  #checkEnd(source: ByteSource, seed: number): void {
    if (this.#slotBatches !== undefined && this.#slotBatches !== this.#counts.batches)
      this.#problems.push(`${this.#counts.batches} batches, ${this.#slotBatches} committed`);
    if (!this.#isSealed) return;
    if (this.#seal === undefined || this.#seal.at !== this.#sealAt) {
      this.#problems.push("the seal is missing");
      return;
    }
    const { at, seal } = this.#seal;
    for (const [what, said, found] of this.#totals(seal))
      if (said !== found) this.#problems.push(`the seal says ${what} ${said}, found ${found}`);
    if (seal.bodyChecksum !== bodyChecksum(source, { until: at, seed }))
      this.#problems.push("the records do not match the seal's checksum");
  }

  #totals(seal: Seal): (readonly [string, number, number])[] {
    const { batches, events, images, gaps, dropped } = this.#counts;
    return [
      ["batches", seal.batches, batches],
      ["events", seal.events, events],
      ["images", seal.images, images],
      ["gaps", seal.gaps, gaps],
      ["events dropped", seal.dropped, dropped],
      ["first stamp", seal.firstStamp, this.#first],
      ["last stamp", seal.lastStamp, batches === 0 ? 0 : this.#last],
      ["longest exchange", seal.longestExchange, this.#longest],
    ];
  }

  #report(size: number): FileReport {
    const { records, batches, events, images, gaps } = this.#counts;
    return {
      name: this.#name,
      bytes: bytes(size),
      isSealed: this.#isSealed,
      records,
      batches,
      events,
      images,
      gaps,
      paths: this.#paths.size,
      firstStamp: this.#first,
      lastStamp: batches === 0 ? 0 : this.#last,
      uncommittedBytes: bytes(Math.max(0, size - this.#committed)),
      damaged: this.#damaged,
      problems: this.#problems,
    };
  }
}
