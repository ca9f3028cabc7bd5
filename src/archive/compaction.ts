// Rewrites sealed files, one or several into one, verifies the result and only then puts it in their place. `current` is
// never touched, so this may run beside a recorder and beside readers.
import { join } from "node:path";
import { type Bytes, bytes, micros } from "../core/units.ts";
import type { ArchiveDisk } from "./archive-disk.ts";
import { ArchiveDamage } from "./archive-errors.ts";
import { ArchiveFile } from "./archive-file.ts";
import { takeLock } from "./archive-lock.ts";
import { countUpTo } from "./batch-count.ts";
import type { CodecName } from "./codec.ts";
import { sealedNames } from "./file-name.ts";
import type { FileReport } from "./file-report.ts";
import { rewriteFiles } from "./rewrite.ts";
import { verifyFile } from "./verify.ts";

const TEMPORARY = ".compacting";

export type CompactOptions = {
  readonly disk: ArchiveDisk;
  readonly folder: string;
  readonly codec: CodecName;
  /** Neighbours are put together as long as they have no more bytes than this. 0: each file stays one. */
  readonly mergeBytes: Bytes;
  readonly imageBytes: Bytes;
  readonly onNotice: (sentence: string) => void;
  /** How far it is, in bytes: first every file is checked, then written anew. */
  readonly onProgress?: OnWork | undefined;
};

type OnWork = (doing: "checking" | "rewriting", done: number, total: number) => void;

export type Compacted = {
  /** Names of the files that went into it, in order; it is called like the last. */
  readonly from: readonly string[];
  readonly to: string;
  readonly bytesBefore: Bytes;
  readonly bytesAfter: Bytes;
};

/** A damaged file is refused with ArchiveDamage, and stays as it is; those before it are done. */
export async function compact(options: CompactOptions): Promise<Compacted[]> {
  const { disk, folder, onNotice } = options;
  const lock = takeLock(folder, { name: "lock-compact", breakLock: false, onNotice });
  try {
    for (const name of disk.list(folder))
      if (name.endsWith(TEMPORARY)) disk.remove(join(folder, name));
    const names = sealedNames(disk.list(folder));
    const sizes = names.map((name) => sizeOf(disk, join(folder, name)));
    const all = sizes.reduce((total, size) => total + size, 0);
    let before = 0;
    const reports = names.map((name, index) => {
      const at = before;
      before += sizes[index] ?? 0;
      return soundReport(options, name, (done) => options.onProgress?.("checking", at + done, all));
    });
    for (const { name, isSealed, problems } of reports)
      if (!isSealed) onNotice(`${name} is not sealed${because(problems)}: it stays as it is`);
    const groups = groupsOf(finishMerges(reports, options), options.mergeBytes);
    const total = sum(groups.flat(), "bytes");
    const done: Compacted[] = [];
    let written = 0;
    for (const group of groups) {
      const at = written;
      const onAt = (within: number): void => options.onProgress?.("rewriting", at + within, total);
      done.push(await compactGroup(group, { ...options, onAt }));
      written += sum(group, "bytes");
    }
    return done;
  } finally {
    lock.release();
  }
}

function sizeOf(disk: ArchiveDisk, path: string): number {
  const file = disk.open(path, "read");
  try {
    return file.size();
  } finally {
    file.close();
  }
}

function soundReport(
  { disk, folder }: CompactOptions,
  name: string,
  onAt: (at: number) => void,
): FileReport {
  const report = verifyFile(disk, folder, name, onAt);
  if (report.isSealed && report.problems.length > 0)
    throw new ArchiveDamage(
      `${name} is damaged (${report.problems[0]}): see drayage archive verify --repair`,
    );
  return report;
}

const because = ([first]: readonly string[]): string => (first === undefined ? "" : ` (${first})`);

/** Without the files that an interrupted merge had still to remove: the one that it made holds all their batches. */
function finishMerges(reports: readonly FileReport[], options: CompactOptions): FileReport[] {
  const { disk, folder, onNotice } = options;
  return reports.filter((part, at) => {
    const whole = reports.slice(at + 1).find((later) => covers(later, part));
    if (whole === undefined || !holds(options, whole, part)) return true;
    disk.remove(join(folder, part.name));
    onNotice(`removed ${part.name}: an earlier merge put it into ${whole.name}`);
    return false;
  });
}

const covers = (whole: FileReport, part: FileReport): boolean =>
  whole.isSealed &&
  part.isSealed &&
  part.batches > 0 &&
  whole.firstStamp <= part.firstStamp &&
  whole.lastStamp >= part.lastStamp;

/** Whether as many batches lie between the same first and the same last one. */
function holds({ disk, folder }: CompactOptions, whole: FileReport, part: FileReport): boolean {
  const file = ArchiveFile.open(disk, folder, whole.name);
  const upTo = (stamp: number): number => countUpTo(file, micros(stamp));
  const { firstStamp, lastStamp, batches } = part;
  try {
    return (
      upTo(firstStamp) - upTo(firstStamp - 1) === 1 &&
      upTo(lastStamp) - upTo(lastStamp - 1) === 1 &&
      upTo(lastStamp) - upTo(firstStamp - 1) === batches
    );
  } finally {
    file.rest();
  }
}

/** Sealed files only. One that is not ends a group: what lies before and behind it in time must not get into one file. */
function groupsOf(reports: readonly FileReport[], mergeBytes: Bytes): FileReport[][] {
  const groups: FileReport[][] = [];
  let size = Number.POSITIVE_INFINITY;
  for (const report of reports) {
    if (!report.isSealed) {
      size = Number.POSITIVE_INFINITY;
      continue;
    }
    const group = groups.at(-1);
    const isLater = report.batches === 0 || report.firstStamp > (group?.at(-1)?.lastStamp ?? 0);
    if (group !== undefined && isLater && size + report.bytes <= mergeBytes) {
      group.push(report);
      size += report.bytes;
    } else {
      groups.push([report]);
      size = report.bytes;
    }
  }
  return groups;
}

async function compactGroup(
  group: readonly FileReport[],
  { disk, folder, codec, imageBytes, onAt }: CompactOptions & { onAt: (at: number) => void },
): Promise<Compacted> {
  const from = group.map(({ name }) => name);
  const to = from.at(-1) ?? "";
  const temporary = `${to}${TEMPORARY}`;
  await rewriteFiles({ disk, folder, from, to: temporary, codec, imageBytes, onAt });
  const after = verifyFile(disk, folder, temporary);
  const wanted = { batches: sum(group, "batches"), events: sum(group, "events") };
  const isSame = after.batches === wanted.batches && after.events === wanted.events;
  if (after.problems.length > 0 || !isSame) {
    disk.remove(join(folder, temporary));
    throw new ArchiveDamage(`${to} did not survive its compaction, and stays as it was`);
  }
  // The new file stands before the old ones go: in between, batches are there twice, and readers pass over them. The first ones go
  // last: what is in none of the files before it would be passed over as well.
  disk.rename(join(folder, temporary), join(folder, to));
  await disk.syncFolder(folder);
  for (const name of from.slice(0, -1).reverse()) disk.remove(join(folder, name));
  await disk.syncFolder(folder);
  return { from, to, bytesBefore: bytes(sum(group, "bytes")), bytesAfter: after.bytes };
}

const sum = (group: readonly FileReport[], what: "batches" | "events" | "bytes"): number =>
  group.reduce((total, report) => total + report[what], 0);
