import type { Bytes, Micros, Millis } from "../core/units.ts";
import type { ArchiveDisk } from "./archive-disk.ts";
import type { CodecName } from "./codec.ts";
import type { SourceNote } from "./meta.ts";

/** Where a writer reads time: both in microseconds, the second from any origin but never backwards. */
export type ArchiveClock = { wall(): Micros; mono(): Micros };

export type ArchiveWriterOptions = {
  /** Made if it is missing. Shards have folders of their own below it. */
  readonly directory: string;
  /** What is recorded; written at the beginning of every file. */
  readonly source: SourceNote;
  /** Default: one shard, its files in the directory itself. */
  readonly shard?: { readonly index: number; readonly count: number };
  /** Default `deflate`. */
  readonly codec?: CodecName;
  /** An image after so many bytes of the archive. 0: only at the beginning of a file. Default 64 MiB. */
  readonly imageBytes?: Bytes;
  /** A commit once so much is uncommitted. 0: off. Default 65,534 pages of 4,096 bytes. */
  readonly flushBytes?: Bytes;
  /** A commit at the latest so long after the first uncommitted batch. 0: off. Default 30 s. */
  readonly flushInterval?: Millis;
  /** A new file so long after the last one began. 0: off, the default. */
  readonly rotateInterval?: Millis;
  /** A new file once the current one has so many bytes. 0: off, the default. */
  readonly rotateBytes?: Bytes;
  /** Takes over the lock of another host, too. */
  readonly breakLock?: boolean;
  /** Warnings and what recovery kept and dropped, one sentence each. */
  readonly onNotice?: (sentence: string) => void;
  /** Called with the name of a file once it is sealed and renamed; recording does not wait for what it starts. */
  readonly onRotated?: (name: string) => void;
  /** Images and new files are written for so long at a stretch, and others have their turn in between. Default 2 ms. */
  readonly slice?: Millis;
  /** Tests pass their own. */
  readonly disk?: ArchiveDisk;
  readonly clock?: ArchiveClock;
};

/** Recording has stopped for good: the disk is full, or broken. */
export type WriterFailure = {
  readonly error: Error;
  /** Batches that were given to the writer and are not in the file, up to the moment of the failure. */
  readonly lostBatches: number;
};

export type WriterState = {
  /** Path of the file that is being written. */
  readonly file: string;
  readonly bytes: Bytes;
  readonly batches: number;
  readonly records: number;
  /** Bytes of the file that a power cut cannot take away. */
  readonly committedBytes: Bytes;
  readonly committedBatches: number;
  /** Stamp of the last batch; null before the first one of the archive. */
  readonly lastStamp: Micros | null;
  readonly paths: number;
  readonly rotations: number;
  readonly commits: number;
  /** Batches that never reached the disk; grows while batches are offered to a writer that has failed. */
  readonly lostBatches: number;
  readonly failure: string | null;
};
