// One file as readers see it: sealed (header, slot and seal are read; index and paths when they are asked for), unsealed
// (scanned up to the last commit), or the one that the writer of this process is writing.
import { join } from "node:path";
import { type Micros, micros } from "../core/units.ts";
import type { ArchiveDisk, DiskFile } from "./archive-disk.ts";
import { ArchiveDamage } from "./archive-errors.ts";
import type { ArchiveFileWriter } from "./archive-file-writer.ts";
import type { ByteSource } from "./byte-source.ts";
import { checksumSeed } from "./checksum.ts";
import { type CommitSlot, countedLength, newestCommit } from "./commit-slot.ts";
import { FileIndex } from "./file-index.ts";
import { instantOf } from "./file-name.ts";
import { FileScan } from "./file-scan.ts";
import { decodeHeader, type FoundHeader, HEADER_BYTES } from "./header-page.ts";
import { walkPathMap } from "./path-map.ts";
import { PathTable } from "./path-table.ts";
import { partOf, RecordType } from "./record.ts";
import { RecordWalk } from "./record-walk.ts";
import { decodeSeal, type FileTotals, type Seal } from "./seal.ts";

export class ArchiveFile implements ByteSource {
  /** Changes when the file was replaced by another one of its name: offsets are then worth nothing. */
  generation = 0;
  header: FoundHeader;
  seed: number;
  #path: string;
  readonly #disk: ArchiveDisk;
  /** Nobody writes it any more, sealed or not. */
  readonly #isLeft: boolean;
  #handle: DiskFile | undefined;
  #live: ArchiveFileWriter | undefined;
  #slot: CommitSlot | undefined;
  #end = HEADER_BYTES;
  #seal: Seal | undefined;
  #scan: FileScan | undefined;
  #index: FileIndex | undefined;
  #paths: PathTable | undefined;

  private constructor(
    disk: ArchiveDisk,
    { path, header, isLeft }: { path: string; header: FoundHeader; isLeft: boolean },
  ) {
    this.#disk = disk;
    this.#path = path;
    this.#isLeft = isLeft;
    this.header = header;
    this.seed = checksumSeed(header.fileId);
  }

  /**
   * ArchiveDamage if it is no archive file, or its header and both slots are torn. `isLeft`: nobody writes it any more, which is so of
   * files that are called after a date.
   */
  static open(
    disk: ArchiveDisk,
    folder: string,
    name: string,
    isLeft = instantOf(name) !== undefined,
  ): ArchiveFile {
    const path = join(folder, name);
    const handle = disk.open(path, "read");
    try {
      const file = new ArchiveFile(disk, { path, header: readHeader(handle), isLeft });
      file.#handle = handle;
      file.#learn();
      return file;
    } catch (error) {
      handle.close();
      throw error;
    }
  }

  /** The file that this process is writing. */
  static live(writer: ArchiveFileWriter, disk: ArchiveDisk, path: string): ArchiveFile {
    const header = { ...writer.file.header, isSound: true };
    const file = new ArchiveFile(disk, { path, header, isLeft: false });
    file.#live = writer;
    return file;
  }

  get end(): number {
    return this.#live?.file.end ?? this.#end;
  }

  /** What is visible ends behind a whole record: one that is longer than what is left is damaged, not on its way. */
  get endsWhole(): boolean {
    return this.#live !== undefined || this.#slot !== undefined;
  }

  get isSealed(): boolean {
    return this.#seal !== undefined;
  }

  get firstStamp(): Micros | null {
    return this.batches === 0 ? null : this.#totals.firstStamp;
  }

  get lastStamp(): Micros | null {
    if (this.batches === 0) return null;
    return this.#live?.file.now.lastStamp ?? this.#totals.lastStamp;
  }

  get batches(): number {
    return this.#live?.file.now.batches ?? this.#totals.batches;
  }

  get #totals(): Pick<FileTotals, "firstStamp" | "lastStamp" | "batches"> {
    return this.#live?.totals ?? this.#seal ?? this.#scan ?? nothing;
  }

  get hasHandle(): boolean {
    return this.#handle !== undefined;
  }

  /** The seal of a sealed file; for verification. */
  get seal(): Seal | undefined {
    return this.#seal;
  }

  read(at: number, length: number): Buffer {
    const live = this.#live;
    if (live !== undefined && !live.file.isClosed) return live.file.read(at, length);
    const bytes = Buffer.allocUnsafeSlow(Math.max(0, Math.min(length, this.end - at)));
    return bytes.subarray(0, this.#opened().read(bytes, at));
  }

  /** Where batches and images lie. Read at the first question; built by a scan where the file has none that is sound. */
  index(): FileIndex {
    this.#index ??= this.#live?.index ?? this.#scan?.index ?? this.#storedIndex();
    return this.#index;
  }

  /** Paths by their ids. If the paths of `newest` begin with the same ones, that table is shared. */
  paths(newest?: PathTable): PathTable {
    this.#paths ??= this.#live?.paths ?? this.#scan?.paths ?? this.#storedPaths(newest);
    return this.#paths;
  }

  /** Lets go of a table that a newer file's table can stand for. */
  forgetPaths(): void {
    if (this.#live === undefined && this.#scan === undefined) this.#paths = undefined;
  }

  /** Looks at the slots of a file that another process writes. True if more is visible. */
  poll(): boolean {
    if (this.#live !== undefined || this.#seal !== undefined) return false;
    const before = this.#end;
    this.#learn();
    return this.#end > before;
  }

  /** It is called so from now on. A file of our own writer is then final. */
  rename(path: string): void {
    this.#path = path;
    if (this.#live !== undefined) {
      const { totals, index, paths, file } = this.#live;
      this.#index = index;
      this.#paths = paths;
      this.#end = file.end;
      this.#seal = { ...totals, indexAt: 0, pathMapAt: 0, bodyChecksum: 0 };
      this.#live = undefined;
    }
  }

  /** Gives its handle back; the next read opens it again. */
  rest(): void {
    this.#handle?.close();
    this.#handle = undefined;
  }

  #opened(): DiskFile {
    if (this.#handle !== undefined) return this.#handle;
    const handle = this.#disk.open(this.#path, "read");
    this.#handle = handle;
    const header = readHeader(handle);
    if (!header.fileId.equals(this.header.fileId)) this.#replaced(header);
    return handle;
  }

  // Compacted meanwhile: another file with the same batches at other places.
  #replaced(header: FoundHeader): void {
    this.header = header;
    this.seed = checksumSeed(header.fileId);
    this.generation++;
    this.#slot = undefined;
    this.#seal = undefined;
    this.#scan = undefined;
    this.#index = undefined;
    this.#paths = undefined;
    this.#end = HEADER_BYTES;
    this.#learn();
  }

  #learn(): void {
    const handle = this.#opened();
    const page = Buffer.alloc(HEADER_BYTES);
    handle.read(page, 0);
    const { slot } = newestCommit(page, this.seed);
    if (slot === null && !this.header.isSound) throw new ArchiveDamage("header page damaged");
    if (slot !== null && slot.sequence === this.#slot?.sequence) return;
    this.#slot = slot ?? undefined;
    const size = handle.size();
    // Without a slot everything that is whole counts, as it will for the writer that salvages it.
    this.#end = Math.min(countedLength(slot, { size, isLeft: this.#isLeft }), size);
    if (slot?.isSealed === true) this.#seal = this.#readSeal(slot.sealAt);
    if (this.#seal !== undefined) {
      this.#index = this.#scan?.index;
      this.#paths = this.#scan?.paths;
      this.#scan = undefined;
      return;
    }
    this.#scan ??= new FileScan(this, this.seed);
    this.#scan.run();
  }

  #readSeal(at: number): Seal | undefined {
    const found = new RecordWalk(this, this.seed).at(at);
    if (found.kind !== "record" || found.record.type !== RecordType.seal) return undefined;
    return decodeSeal(partOf(found.record));
  }

  #storedIndex(): FileIndex {
    const found = new RecordWalk(this, this.seed).at(this.#seal?.indexAt ?? this.end);
    if (found.kind === "record" && found.record.type === RecordType.index)
      return FileIndex.decode(partOf(found.record));
    return this.#scanned().index;
  }

  #storedPaths(newest: PathTable | undefined): PathTable {
    const own = new PathTable();
    let isShared = newest !== undefined;
    const walk = new RecordWalk(this, this.seed);
    const see = (id: number, path: Buffer): void => {
      if (isShared && newest !== undefined) {
        if (id < newest.count && newest.isAt(id, path)) return;
        // The tables part here: what was alike so far is copied.
        isShared = false;
        for (let copied = 0; copied < id; copied++) own.addBytes(newest.bytesAt(copied));
      }
      while (own.count < id) own.addBytes(Buffer.alloc(0));
      if (own.count === id) own.addBytes(path);
    };
    for (let at = this.#seal?.pathMapAt ?? this.end; ; ) {
      const found = walk.at(at);
      if (found.kind !== "record") return this.#scanned().paths;
      if (found.record.type !== RecordType.pathMap) break;
      walkPathMap(partOf(found.record), see);
      at = found.record.end;
    }
    return isShared && newest !== undefined ? newest : own;
  }

  #scanned(): FileScan {
    const scan = new FileScan(this, this.seed);
    scan.run();
    return scan;
  }
}

const nothing = { firstStamp: micros(0), lastStamp: micros(0), batches: 0 };

function readHeader(handle: DiskFile): FoundHeader {
  const page = Buffer.alloc(HEADER_BYTES);
  return decodeHeader(page.subarray(0, handle.read(page, 0)));
}
