// Which files are backups, and in which order they were made.
import { type BigIntStats, lstatSync, readdirSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { messageOf, UsageError } from "../../core/errors.ts";
import type { EventTime } from "../nova-event.ts";
import { pythonRegex } from "./python-regex.ts";

export const backupClocks = ["mtime", "name", "trailer"] as const;
/** What tells when a backup was made: time of the file, date in its name, last line of the dump. */
export type BackupClock = (typeof backupClocks)[number];

export type BackupFile = {
  readonly path: string;
  readonly bytes: number;
  readonly mtime: EventTime;
  /** From the groups of the regex; `undefined` if they give no date. */
  readonly named: EventTime | undefined;
};

const SHOWN_OTHERS = 5;

/** The regular files of a folder whose names begin as `regex` (Python's syntax) says, ordered by mtime, ties by name. */
export function backupFiles({ folder, regex }: { folder: string; regex: string }): BackupFile[] {
  if (folder === "")
    throw new UsageError(
      "no folder of backups: give --backup-dir DIR, or backup_dir in section [backup] of starcompactor.config",
    );
  const pattern = pythonRegex(regex, "backup_file_regex (--backup-file-regex)");
  const names = namesIn(folder);
  // Python's re.match: at the start of the name, and something may follow.
  const matches = new RegExp(`^(?:${pattern.source})`, pattern.flags);
  const files = names.flatMap((name) => {
    const found = matches.exec(name);
    const file = found === null ? undefined : fileAt(join(folder, name), found);
    return file === undefined ? [] : [file];
  });
  if (files.length === 0) throw nothingMatches({ folder, regex, names });
  return files.toSorted((a, b) => a.mtime - b.mtime || compareNames(a, b));
}

/** Whether the dates in the names, where all have one, say another order than `files` has. */
export function namesDisagree(files: readonly BackupFile[]): boolean {
  return files.some((file, i) => {
    const before = files[i - 1]?.named;
    return before !== undefined && file.named !== undefined && file.named < before;
  });
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).toSorted();
  } catch (error) {
    throw new UsageError(`cannot read the folder of backups (--backup-dir): ${messageOf(error)}`, {
      cause: error,
    });
  }
}

function fileAt(path: string, found: RegExpExecArray): BackupFile | undefined {
  const stat = statOf(path);
  if (stat === undefined || !(stat.isFile() || stat.isSymbolicLink())) return undefined;
  return {
    path,
    bytes: Number(stat.size),
    mtime: Number(stat.mtimeNs / 1000n),
    named: dateOf(found.slice(1).join("")),
  };
}

/** Of what a link leads to. A link that leads nowhere is itself: as a backup that cannot be read it is named, and skipped. */
function statOf(path: string): BigIntStats | undefined {
  try {
    return statSync(path, { bigint: true });
  } catch {
    return lstatSync(path, { bigint: true, throwIfNoEntry: false });
  }
}

/** 8, 12 or 14 digits: date, hours and minutes, seconds. */
function dateOf(text: string): EventTime | undefined {
  const digits = text.replace(/\D/g, "");
  if (![8, 12, 14].includes(digits.length)) return undefined;
  const full = digits.padEnd(14, "0");
  const [, y, mo, d, h, mi, s] = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(full) ?? [];
  const ms = Date.parse(`${y}-${mo}-${d}T${h}:${mi}:${s}Z`);
  return Number.isNaN(ms) ? undefined : ms * 1000;
}

function nothingMatches({
  folder,
  regex,
  names,
}: {
  folder: string;
  regex: string;
  names: readonly string[];
}): UsageError {
  const shown = names.slice(0, SHOWN_OTHERS).join(", ");
  const others = names.length > SHOWN_OTHERS ? `${shown}, ...` : shown;
  const found = names.length === 0 ? "it is empty" : `it holds ${others}`;
  return new UsageError(
    `no file in ${folder} begins as backup_file_regex ${regex} says (${found}); give --backup-file-regex`,
  );
}

const compareNames = (a: BackupFile, b: BackupFile): number =>
  basename(a.path) < basename(b.path) ? -1 : 1;
