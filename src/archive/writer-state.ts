import { join } from "node:path";
import { messageOf } from "../core/errors.ts";
import { bytes, type Micros, micros } from "../core/units.ts";
import { type ArchiveDisk, systemDisk } from "./archive-disk.ts";
import { StorageError } from "./archive-errors.ts";
import type { ArchiveFileWriter } from "./archive-file-writer.ts";
import type { ArchiveLock } from "./archive-lock.ts";
import { CURRENT } from "./file-name.ts";
import type { WriterFailure, WriterState } from "./writer-options.ts";

/** What readers in this process are told. `rotated`: the file is final, and is called so from now on. */
export type WriterWatcher = {
  grown(): void;
  began(file: ArchiveFileWriter): void;
  rotated(file: ArchiveFileWriter, name: string): void;
};

type Course = {
  readonly path: string;
  readonly rotations: number;
  readonly commits: number;
  /** Batches offered after the failure. */
  readonly lostLater: number;
  readonly failure: WriterFailure | undefined;
};

export function stateOf(writer: ArchiveFileWriter, course: Course): WriterState {
  const { file, paths } = writer;
  const { path, rotations, commits, lostLater, failure } = course;
  return {
    file: path,
    bytes: bytes(file.end),
    batches: file.now.batches,
    records: file.now.records,
    committedBytes: bytes(file.committed.length),
    committedBatches: file.committed.batches,
    lastStamp: lastStampOf(writer),
    paths: paths.count,
    rotations,
    commits,
    lostBatches: (failure?.lostBatches ?? 0) + lostLater,
    failure: failure === undefined ? null : messageOf(failure.error),
  };
}

function lastStampOf({ file }: ArchiveFileWriter): Micros | null {
  const stamp = Math.max(file.now.lastStamp, file.header.floor);
  return stamp === 0 ? null : micros(stamp);
}

const GONE = ["ENOENT", "ENOTDIR", "ESTALE"];

/**
 * Before anything is written down for good: a file that nobody can find any more, or that another writer has as well, would take every
 * byte and keep none. StorageError.
 */
export function checkHeld(lock: ArchiveLock, folder: string, disk: ArchiveDisk = systemDisk): void {
  try {
    disk.open(join(folder, CURRENT), "read").close();
  } catch (cause) {
    // With no descriptor left, say, it may well be there.
    if (GONE.includes((cause as NodeJS.ErrnoException).code ?? ""))
      throw new StorageError("the archive's file is gone from its folder", { cause });
  }
  lock.check();
}

/**
 * What an error of the disk costs. After a failed sync nobody knows what is on the disk, so what was not committed counts as
 * lost and is not touched again.
 */
export function failureOf(
  error: unknown,
  {
    file,
    sealing,
    isSync,
    waited,
  }: {
    readonly file: ArchiveFileWriter;
    readonly sealing: ArchiveFileWriter | undefined;
    readonly isSync: boolean;
    /** Batches that had no place in a file yet. */
    readonly waited: number;
  },
): WriterFailure {
  file.index.cut(file.file.end);
  const lost =
    waited + lostIn(file, isSync) + (sealing === undefined ? 0 : lostIn(sealing, isSync));
  return { error: error instanceof Error ? error : new Error(String(error)), lostBatches: lost };
}

const lostIn = ({ file, totals }: ArchiveFileWriter, isSync: boolean): number =>
  totals.batches - (isSync ? file.committed : file.now).batches;
