import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { DrayageError } from "../core/errors.ts";
import { micros } from "../core/units.ts";
import { systemDisk } from "./archive-disk.ts";
import { StorageError } from "./archive-errors.ts";
import { ArchiveFileWriter } from "./archive-file-writer.ts";
import { type ArchiveLock, takeLock } from "./archive-lock.ts";
import { CURRENT, NEXT } from "./file-name.ts";
import type { FileHeader } from "./header-page.ts";
import { PathTable } from "./path-table.ts";
import { type Heritage, recover } from "./recovery.ts";
import { systemArchiveClock } from "./stamp-clock.ts";
import type { ArchiveClock, ArchiveWriterOptions } from "./writer-options.ts";

/** Clocks differ by less, unless one was set. */
const AHEAD_US_MAX = 1_000_000;

export const WRITER_NAME = "drayage 0.1.0";

/** Shards have folders of their own, named by their index. */
export const shardFolder = ({
  directory,
  shard,
}: Pick<ArchiveWriterOptions, "directory" | "shard">): string =>
  shard === undefined || shard.count < 2 ? directory : join(directory, String(shard.index));

export type OpenedArchive = {
  readonly folder: string;
  readonly lock: ArchiveLock;
  readonly file: ArchiveFileWriter;
};

/**
 * Makes the folder, takes the lock, recovers what a crash left. UsageError `archive in use by pid N on HOST` for a second
 * writer; StorageError where the disk refuses.
 */
export async function openArchive(options: ArchiveWriterOptions): Promise<OpenedArchive> {
  const { disk = systemDisk, onNotice = ignore, breakLock = false } = options;
  const { clock = systemArchiveClock } = options;
  const folder = shardFolder(options);
  let lock: ArchiveLock | undefined;
  try {
    disk.makeFolder(folder);
    lock = takeLock(folder, { breakLock, onNotice });
    const file = await openFile(options, folder);
    tellAhead(file, clock, onNotice);
    return { folder, lock, file };
  } catch (error) {
    lock?.release();
    if (error instanceof DrayageError) throw error;
    throw new StorageError(`cannot open the archive ${folder}`, { cause: error });
  }
}

/** Of a clock that was set back nothing is seen but this: stamps go on from where they were, one right behind the other. */
function tellAhead(
  { stamp, file }: ArchiveFileWriter,
  clock: ArchiveClock,
  onNotice: (sentence: string) => void,
): void {
  const ahead = Math.max(stamp, file.header.floor) - clock.wall();
  if (ahead > AHEAD_US_MAX)
    onNotice(
      `warning: the archive ends ${Math.round(ahead / 1e6)} s ahead of this machine's clock: until then, each batch is stamped 1 µs after the one before`,
    );
}

/** The file to write on: the one a crash or a clean stop left, made whole, else a new one. */
async function openFile(options: ArchiveWriterOptions, folder: string): Promise<ArchiveFileWriter> {
  const { disk = systemDisk, onNotice = ignore, codec = "deflate" } = options;
  const found = await recover({ disk, folder, codec, onNotice });
  if (found.kind === "current") return found.writer;
  return firstFile(options, folder, found.kind === "heritage" ? found.heritage : undefined);
}

/** The first file of an archive, or the one that goes on after a file that is not written any more. */
async function firstFile(
  options: ArchiveWriterOptions,
  folder: string,
  heritage: Heritage | undefined,
): Promise<ArchiveFileWriter> {
  const { disk = systemDisk, clock = systemArchiveClock, codec = "deflate", source } = options;
  const floor =
    heritage === undefined
      ? micros(0)
      : micros(Math.max(heritage.lastStamp, heritage.header.floor));
  const header: FileHeader = {
    fileId: randomBytes(16),
    archiveId: heritage?.header.archiveId ?? randomBytes(16),
    created: micros(Math.max(floor, clock.wall())),
    floor,
    number: heritage === undefined ? 0 : heritage.header.number + 1,
    shard: options.shard ?? { index: 0, count: 1 },
    previous: heritage?.name ?? "",
    writer: WRITER_NAME,
  };
  const writer = ArchiveFileWriter.begin({
    disk,
    path: join(folder, NEXT),
    header,
    codec,
    source,
    paths: heritage?.paths ?? new PathTable(),
    ...(heritage === undefined ? {} : { state: heritage }),
  });
  heritage?.close();
  await writer.file.commit();
  disk.rename(join(folder, NEXT), join(folder, CURRENT));
  await disk.syncFolder(folder);
  return writer;
}

const ignore = (): void => {};
