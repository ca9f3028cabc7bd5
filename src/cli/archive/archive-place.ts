import { statSync } from "node:fs";
import { basename, dirname } from "node:path";
import { systemDisk } from "../../archive/archive-disk.ts";
import { sealedNames } from "../../archive/file-name.ts";
import { messageOf, UsageError } from "../../core/errors.ts";

/** What DIR or FILE on the command line stands for: a folder, and the files of it that are meant, in order. */
export type ArchivePlace = {
  readonly folder: string;
  readonly names: readonly string[];
  /** One file of the folder was named. */
  readonly isFile: boolean;
};

/** UsageError where there is no archive. Shards have folders of their own: each is an archive. */
export function archivePlace(path: string): ArchivePlace {
  const here = namesIn(path);
  if (here === undefined) return { folder: dirname(path), names: [basename(path)], isFile: true };
  const names = [...sealedNames(here), ...(here.includes("current") ? ["current"] : [])];
  if (names.length > 0) return { folder: path, names, isFile: false };
  const shards = here.filter((name) => /^\d+$/.test(name)).toSorted();
  const hint = shards.length === 0 ? "" : `: its shards are ${shards.join(", ")}, give one of them`;
  throw new UsageError(`${path} holds no archive${hint}`);
}

/** What a folder holds; undefined of a file. */
function namesIn(path: string): readonly string[] | undefined {
  try {
    const found = statSync(path, { throwIfNoEntry: false });
    if (found !== undefined) return found.isDirectory() ? systemDisk.list(path) : undefined;
  } catch (error) {
    throw new UsageError(`${path} cannot be read: ${messageOf(error)}`);
  }
  throw new UsageError(`there is no ${path}: give an archive's folder or file`);
}
