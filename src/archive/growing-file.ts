// The bytes of a file that is being written: records collect in memory, go to the file in pieces, and become safe by a
// commit. Readers of this process read both.
//
//    4096 ............. committed ............ written ............ end
//         safe from power cuts    safe from kill -9    in memory, at most 1 MiB or 100 ms

import { messageOf } from "../core/errors.ts";
import { type Micros, micros } from "../core/units.ts";
import type { ArchiveDisk, DiskFile } from "./archive-disk.ts";
import { StorageError } from "./archive-errors.ts";
import type { ByteSource } from "./byte-source.ts";
import { ByteWriter } from "./byte-writer.ts";
import { checksum, checksumSeed } from "./checksum.ts";
import type { CodecName } from "./codec.ts";
import { type CommitSlot, encodeSlot, slotPlace } from "./commit-slot.ts";
import { encodeHeader, type FileHeader, HEADER_BYTES } from "./header-page.ts";
import { encodeRecord, type NewRecord, RecordType, recordBytes } from "./record.ts";

/** Records leave the process once so many bytes wait. */
export const PENDING_BYTES_MAX = 1_048_576;

/** Counted up to some offset of a file. */
export type FileMark = {
  readonly length: number;
  readonly records: number;
  readonly batches: number;
  readonly lastStamp: Micros;
};

export type GrowingFileStart = {
  readonly file: DiskFile;
  readonly header: FileHeader;
  readonly codec: CodecName;
  /** Where writing goes on. */
  readonly mark: FileMark;
  readonly sequence: number;
  /** CRC of all bytes from 4096 up to there. */
  readonly bodyChecksum: number;
};

export class GrowingFile implements ByteSource {
  readonly header: FileHeader;
  readonly seed: number;
  readonly #file: DiskFile;
  readonly #codec: CodecName;
  readonly #pending = new ByteWriter(PENDING_BYTES_MAX / 4);
  #written: FileMark;
  #now: FileMark;
  #committed: FileMark;
  #sequence: number;
  #bodyChecksum: number;
  #isClosed = false;

  constructor(start: GrowingFileStart) {
    this.#file = start.file;
    this.header = start.header;
    this.seed = checksumSeed(start.header.fileId);
    this.#codec = start.codec;
    this.#written = start.mark;
    this.#now = start.mark;
    this.#committed = start.mark;
    this.#sequence = start.sequence;
    this.#bodyChecksum = start.bodyChecksum;
  }

  /** Makes a file that must not exist, with its header page. */
  static create(
    disk: ArchiveDisk,
    { path, header, codec }: { path: string; header: FileHeader; codec: CodecName },
  ): GrowingFile {
    const file = disk.open(path, "create");
    const mark = { length: HEADER_BYTES, records: 0, batches: 0, lastStamp: micros(0) };
    const bodyChecksum = checksumSeed(header.fileId);
    const growing = new GrowingFile({ file, header, codec, mark, sequence: 0, bodyChecksum });
    growing.#put(encodeHeader(header), 0);
    return growing;
  }

  get end(): number {
    return this.#now.length;
  }

  get now(): FileMark {
    return this.#now;
  }

  get committed(): FileMark {
    return this.#committed;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  get pendingBytes(): number {
    return this.#pending.length;
  }

  /** CRC of the records so far. */
  get bodyChecksum(): number {
    return checksum(this.#pending.view, this.#bodyChecksum);
  }

  /** Adds one record; gives its offset. RecordTooLarge, with nothing added. */
  add(record: NewRecord): number {
    const offset = this.#now.length;
    const before = this.#pending.length;
    encodeRecord(this.#pending, record, { codec: this.#codec, seed: this.seed });
    const isBatch = record.type === RecordType.batch;
    this.#now = {
      length: offset + this.#pending.length - before,
      records: this.#now.records + 1,
      batches: this.#now.batches + (isBatch ? 1 : 0),
      lastStamp: isBatch ? record.stamp : this.#now.lastStamp,
    };
    return offset;
  }

  /** Hands what waits in memory to the system. StorageError: what stands behind the last whole record is removed. */
  flush(): void {
    const { view } = this.#pending;
    if (view.length === 0) return;
    const done = this.#tryPut(view, this.#written.length);
    if (done.error !== undefined) {
      this.#cutBack(done.bytes);
      throw new StorageError("cannot write to the archive", { cause: done.error });
    }
    this.#bodyChecksum = this.bodyChecksum;
    this.#written = this.#now;
    this.#pending.clear();
    this.#pending.shrink(PENDING_BYTES_MAX * 2);
  }

  read(at: number, length: number): Buffer {
    const bytes = Buffer.allocUnsafeSlow(Math.max(0, Math.min(length, this.end - at)));
    const inFile = Math.min(bytes.length, Math.max(0, this.#written.length - at));
    if (inFile > 0) this.#file.read(bytes.subarray(0, inFile), at);
    const from = at + inFile - this.#written.length;
    if (inFile < bytes.length)
      this.#pending.view.copy(bytes, inFile, from, from + bytes.length - inFile);
    return bytes;
  }

  /** Everything added before the call is safe once this resolves. One at a time. StorageError. */
  async commit(sealAt = 0): Promise<void> {
    this.flush();
    const mark = this.#written;
    const slot: CommitSlot = {
      sequence: this.#sequence + 1,
      isSealed: sealAt > 0,
      length: mark.length,
      lastStamp: mark.lastStamp,
      batches: mark.batches,
      sealAt,
      records: mark.records,
    };
    try {
      // The records must be on the disk before a slot speaks of them.
      await this.#file.dataSync();
      this.#put(encodeSlot(slot, this.seed), slotPlace(slot.sequence));
      await this.#file.dataSync();
    } catch (cause) {
      throw new StorageError(`cannot commit the archive`, { cause });
    }
    this.#sequence = slot.sequence;
    this.#committed = mark;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#file.close();
  }

  #put(bytes: Uint8Array, at: number): void {
    const { error } = this.#tryPut(bytes, at);
    if (error !== undefined)
      throw new StorageError(`cannot write to the archive: ${messageOf(error)}`, { cause: error });
  }

  #tryPut(bytes: Uint8Array, at: number): { bytes: number; error?: unknown } {
    let done = 0;
    try {
      while (done < bytes.length) {
        const count = this.#file.write(bytes.subarray(done), at + done);
        if (count === 0) return { bytes: done, error: new Error("the disk takes no more bytes") };
        done += count;
      }
      return { bytes: done };
    } catch (error) {
      return { bytes: done, error };
    }
  }

  // Only whole records stay, so that the next opening has nothing to doubt.
  #cutBack(doneBytes: number): void {
    const { view } = this.#pending;
    let { length, records, batches, lastStamp } = this.#written;
    let at = 0;
    for (;;) {
      const size =
        at + 24 <= view.length ? (recordBytes(view, at) ?? doneBytes + 1) : doneBytes + 1;
      if (at + size > doneBytes) break;
      records++;
      if (view[at + 2] === RecordType.batch) {
        batches++;
        lastStamp = micros(Number(view.readBigUInt64LE(at + 12)));
      }
      at += size;
    }
    this.#bodyChecksum = checksum(view.subarray(0, at), this.#bodyChecksum);
    length += at;
    this.#written = { length, records, batches, lastStamp };
    this.#now = this.#written;
    this.#pending.clear();
    try {
      this.#file.truncate(length);
    } catch {
      // The next opening cuts what this could not.
    }
  }
}
