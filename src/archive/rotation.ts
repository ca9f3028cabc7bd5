// From one file to the next: the old one is sealed, the new one begins with the state in which it ended.
//
//   current ... | paths, index, seal        written in steps; what is recorded meanwhile waits
//   next        | source, paths, image
//   current is committed as sealed, next is committed; current gets its date as name, and next is current
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { type Micros, micros } from "../core/units.ts";
import { systemDisk } from "./archive-disk.ts";
import { ArchiveFileWriter } from "./archive-file-writer.ts";
import { CURRENT, NEXT } from "./file-name.ts";
import { WRITER_NAME } from "./first-file.ts";
import type { ArchiveWriterOptions } from "./writer-options.ts";

type Place = {
  readonly old: ArchiveFileWriter;
  readonly folder: string;
  /** When the new file begins. */
  readonly created: Micros;
  /** Name of the old file from then on. */
  readonly previous: string;
};

type Turned = { readonly next: ArchiveFileWriter; readonly sealAt: number };

/** Writes what both files need, without any commit. StorageError. */
export function* turnOver(options: ArchiveWriterOptions, place: Place): Generator<void, Turned> {
  const { old } = place;
  old.file.flush();
  const sealAt = yield* old.sealing();
  old.file.flush();
  return { sealAt, next: yield* nextFile(options, place) };
}

function* nextFile(
  { disk = systemDisk, codec = "deflate", source }: ArchiveWriterOptions,
  { old, folder, created, previous }: Place,
): Generator<void, ArchiveFileWriter> {
  const { header, seed, now } = old.file;
  const next = yield* ArchiveFileWriter.beginning({
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

/** Commits both files and gives them their names. `onSealed`: the old file can lose nothing any more. */
export async function finishTurn(
  { disk = systemDisk }: ArchiveWriterOptions,
  { old, folder, previous, next, sealAt, onSealed }: Place & Turned & { onSealed: () => void },
): Promise<void> {
  await old.file.commit(sealAt);
  onSealed();
  // Whatever is called current has a beginning that a power cut cannot take away.
  await next.file.commit();
  disk.rename(join(folder, CURRENT), join(folder, previous));
  disk.rename(join(folder, NEXT), join(folder, CURRENT));
  await disk.syncFolder(folder);
  old.file.close();
}
