import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { type Micros, micros } from "../core/units.ts";
import { systemDisk } from "./archive-disk.ts";
import { ArchiveFileWriter } from "./archive-file-writer.ts";
import { CURRENT, NEXT } from "./file-name.ts";
import type { FileHeader } from "./header-page.ts";
import { PathTable } from "./path-table.ts";
import { type Heritage, recover } from "./recovery.ts";
import { systemArchiveClock } from "./stamp-clock.ts";
import type { ArchiveWriterOptions } from "./writer-options.ts";

const WRITER_NAME = "drayage 0.1.0";

/** Shards have folders of their own, named by their index. */
export const shardFolder = ({
  directory,
  shard,
}: Pick<ArchiveWriterOptions, "directory" | "shard">): string =>
  shard === undefined || shard.count < 2 ? directory : join(directory, String(shard.index));

/** The file to write on: the one a crash or a clean stop left, made whole, else a new one. */
export async function openFile(
  options: ArchiveWriterOptions,
  folder: string,
): Promise<ArchiveFileWriter> {
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

/** The file that follows `old`, which is sealed: it begins with the state in which that one ended. */
export function nextFile(
  { disk = systemDisk, codec = "deflate", source }: ArchiveWriterOptions,
  {
    old,
    folder,
    created,
    previous,
  }: {
    readonly old: ArchiveFileWriter;
    readonly folder: string;
    readonly created: Micros;
    readonly previous: string;
  },
): ArchiveFileWriter {
  const { header, seed, now } = old.file;
  const next = ArchiveFileWriter.begin({
    disk,
    path: join(folder, NEXT),
    codec,
    source,
    paths: old.paths,
    state: { last: old.last, source: old.file, seed },
    header: {
      ...header,
      fileId: randomBytes(16),
      created,
      floor: micros(Math.max(now.lastStamp, header.floor)),
      number: header.number + 1,
      previous,
      writer: WRITER_NAME,
    },
  });
  next.file.flush();
  return next;
}

const ignore = (): void => {};
