// Rewrites sealed files, one or several into one, verifies the result and only then puts it in their place. `current` is
// never touched, so this may run beside a recorder and beside readers.
import { join } from "node:path";
import { type Bytes, bytes } from "../core/units.ts";
import type { ArchiveDisk } from "./archive-disk.ts";
import { ArchiveDamage } from "./archive-errors.ts";
import { takeLock } from "./archive-lock.ts";
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
    const sealed = reports.filter(({ isSealed }) => isSealed);
    const total = sum(sealed, "bytes");
    const done: Compacted[] = [];
    let written = 0;
    for (const group of groupsOf(sealed, options.mergeBytes)) {
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

function groupsOf(reports: readonly FileReport[], mergeBytes: Bytes): FileReport[][] {
  const groups: FileReport[][] = [];
  let size = 0;
  for (const report of reports) {
    const group = groups.at(-1);
    if (group !== undefined && size + report.bytes <= mergeBytes) {
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
  // The new file stands before the old ones go: in between, batches are there twice, and readers pass over them.
  disk.rename(join(folder, temporary), join(folder, to));
  await disk.syncFolder(folder);
  for (const name of from.slice(0, -1)) disk.remove(join(folder, name));
  await disk.syncFolder(folder);
  return { from, to, bytesBefore: bytes(sum(group, "bytes")), bytesAfter: after.bytes };
}

const sum = (group: readonly FileReport[], what: "batches" | "events" | "bytes"): number =>
  group.reduce((total, report) => total + report[what], 0);
