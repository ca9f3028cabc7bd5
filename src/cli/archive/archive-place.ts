import { statSync } from "node:fs";
import { basename, dirname } from "node:path";
import { systemDisk } from "../../archive/archive-disk.ts";
import { sealedNames } from "../../archive/file-name.ts";
import { UsageError } from "../../core/errors.ts";

/** What DIR or FILE on the command line stands for: a folder, and the files of it that are meant, in order. */
export type ArchivePlace = { readonly folder: string; readonly names: readonly string[] };

/** UsageError where there is no archive. Shards have folders of their own: each is an archive. */
export function archivePlace(path: string): ArchivePlace {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined)
    throw new UsageError(`there is no ${path}: give an archive's folder or file`);
  if (!found.isDirectory()) return { folder: dirname(path), names: [basename(path)] };
  const here = systemDisk.list(path);
  const names = [...sealedNames(here), ...(here.includes("current") ? ["current"] : [])];
  if (names.length > 0) return { folder: path, names };
  const shards = here.filter((name) => /^\d+$/.test(name)).toSorted();
  const hint = shards.length === 0 ? "" : `: its shards are ${shards.join(", ")}, give one of them`;
  throw new UsageError(`${path} holds no archive${hint}`);
}
