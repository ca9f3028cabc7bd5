// Reads a file record by record and learns what a seal would have told: paths, index, totals. For files without a seal.
import { micros } from "../core/units.ts";
import { ArchiveDamage } from "./archive-errors.ts";
import { imagePart } from "./batch-record.ts";
import type { ByteSource } from "./byte-source.ts";
import { FileIndex } from "./file-index.ts";
import { HEADER_BYTES } from "./header-page.ts";
import { decodeMeta, gapOf, stopTotals } from "./meta.ts";
import { walkPathMap } from "./path-map.ts";
import { PathTable } from "./path-table.ts";
import { partOf, RecordType, type StoredRecord } from "./record.ts";
import { type Found, RecordWalk } from "./record-walk.ts";
import type { FileTotals } from "./seal.ts";

/** Bytes that are no record of the file. */
export type DamagedRange = { readonly from: number; readonly to: number; readonly why: string };

export class FileScan {
  readonly index = new FileIndex();
  readonly damaged: DamagedRange[] = [];
  readonly paths: PathTable;
  /** First byte that was not scanned yet. */
  at = HEADER_BYTES;
  records = 0;
  batches = 0;
  images = 0;
  gaps = 0;
  dropped = 0;
  firstStamp = micros(0);
  lastStamp = micros(0);
  /** Stamp of the last record. */
  stamp = micros(0);
  imageAt = 0;
  imageEnd = HEADER_BYTES;
  sealAt = 0;
  stop: { readonly at: number; readonly totals: FileTotals } | undefined;
  readonly #walk: RecordWalk;
  /** Parts of an image met so far: where the first one lies, how many there will be. */
  #image: { from: number; next: number; parts: number } | undefined;

  constructor(source: ByteSource, seed: number, paths = new PathTable()) {
    this.#walk = new RecordWalk(source, seed);
    this.paths = paths;
  }

  /**
   * Goes on to the visible end. Damage is listed and passed over, or ends the scan there if `stopsAtDamage`. Gives what it
   * met last: `end`, or why it stopped.
   */
  run(stopsAtDamage = false): Found["kind"] {
    for (;;) {
      const found = this.#next();
      if (found.kind === "record") {
        this.at = found.record.end;
        continue;
      }
      if (found.kind === "end" || stopsAtDamage) return found.kind;
      const to = this.#walk.resync(this.at + 1);
      this.damaged.push({ from: this.at, to, why: whyOf(found) });
      this.at = to;
    }
  }

  /** Whether a sound record lies behind the damage at which a scan has stopped. */
  hasMore(): boolean {
    return this.#walk.hasRecordBehind(this.at);
  }

  #next(): Found {
    const found = this.#walk.at(this.at);
    if (found.kind !== "record") return found;
    try {
      return this.#see(found.record) ? found : { kind: "damaged", why: "marker" };
    } catch (error) {
      if (error instanceof ArchiveDamage) return { kind: "damaged", why: "checksum" };
      throw error;
    }
  }

  // False where the order of stamps does not hold: such a record was not written here.
  #see(record: StoredRecord): boolean {
    const isBatch = record.type === RecordType.batch;
    if (record.stamp < this.stamp || (isBatch && record.stamp <= this.lastStamp)) return false;
    if (isBatch) this.#seeBatch(record);
    else this.#seeOther(record);
    this.records++;
    this.stamp = record.stamp;
    return true;
  }

  #seeBatch({ stamp, offset }: StoredRecord): void {
    this.index.sawBatch(stamp, offset, this.batches);
    if (this.batches === 0) this.firstStamp = stamp;
    this.batches++;
    this.lastStamp = stamp;
  }

  #seeOther(record: StoredRecord): void {
    switch (record.type) {
      case RecordType.pathMap:
        walkPathMap(partOf(record), (id, path) => addMapped(this.paths, id, path));
        break;
      case RecordType.image:
        this.#seeImage(record);
        break;
      case RecordType.meta:
        this.#seeMeta(record);
        break;
      case RecordType.seal:
        this.sealAt = record.offset;
        break;
      default:
        break;
    }
  }

  #seeImage(record: StoredRecord): void {
    const { part, parts } = imagePart(record);
    if (part === 0) this.#image = { from: record.offset, next: 0, parts };
    if (this.#image?.next !== part) return;
    this.#image.next++;
    if (this.#image.next < parts) return;
    this.index.sawImage(record.stamp, this.#image.from);
    this.imageAt = this.#image.from;
    this.imageEnd = record.end;
    this.images++;
    this.#image = undefined;
  }

  #seeMeta(record: StoredRecord): void {
    const meta = decodeMeta(partOf(record));
    const gap = gapOf(meta);
    if (gap !== undefined) {
      this.gaps++;
      this.dropped += gap.dropped;
    }
    const totals = stopTotals(meta);
    if (totals !== undefined) this.stop = { at: record.offset, totals };
  }
}

/** Ids are dense; one that was skipped belongs to a record that is lost, and stands for no path. */
function addMapped(paths: PathTable, id: number, path: Buffer): void {
  while (paths.count < id) paths.addBytes(Buffer.alloc(0));
  if (paths.count === id) paths.addBytes(path);
}

const whyOf = (found: Found): string =>
  found.kind === "damaged" && found.why === "checksum" ? "checksum" : "no record";
