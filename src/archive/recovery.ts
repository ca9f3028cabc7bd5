// What a crash left, made whole again before writing goes on.
//
//   found                                     done
//   current, sound                            what is whole behind the last commit is kept, the rest cut off, committed
//   current, both slots torn                  the same from the first record on: salvaged
//   current, sealed but not renamed           sealed by a commit, renamed; the file that was to follow becomes current
//   current, damaged before its last commit   kept as it is under a date; a new file begins with the state it had
//   current, a slot torn, and sound records   the same: the torn slot may have committed them
//   behind damage
//   only the file that was to follow          becomes current
import { join } from "node:path";
import { type Micros, micros } from "../core/units.ts";
import type { ArchiveDisk, DiskFile } from "./archive-disk.ts";
import { ArchiveDamage } from "./archive-errors.ts";
import { ArchiveFileWriter } from "./archive-file-writer.ts";
import type { ByteSource } from "./byte-source.ts";
import { checksumSeed } from "./checksum.ts";
import type { CodecName } from "./codec.ts";
import { newestCommit } from "./commit-slot.ts";
import { CURRENT, fileName, instantOf, NEXT, sealedNames } from "./file-name.ts";
import { bodyChecksum, replay } from "./file-replay.ts";
import { FileScan } from "./file-scan.ts";
import { GrowingFile } from "./growing-file.ts";
import { decodeHeader, type FoundHeader, HEADER_BYTES } from "./header-page.ts";
import type { LastEvents } from "./last-events.ts";
import type { PathTable } from "./path-table.ts";

export type RecoveryOptions = {
  readonly disk: ArchiveDisk;
  readonly folder: string;
  readonly codec: CodecName;
  readonly onNotice: (sentence: string) => void;
};

/** The state with which a new file begins. */
export type Heritage = {
  readonly paths: PathTable;
  readonly last: LastEvents;
  readonly source: ByteSource;
  readonly seed: number;
  readonly header: FoundHeader;
  readonly lastStamp: Micros;
  /** Name of the file it comes from. */
  readonly name: string;
  close(): void;
};

export type Recovered =
  | { readonly kind: "current"; readonly writer: ArchiveFileWriter }
  | { readonly kind: "heritage"; readonly heritage: Heritage }
  | { readonly kind: "empty" };

export async function recover(options: RecoveryOptions): Promise<Recovered> {
  const { disk, folder, onNotice } = options;
  const has = (name: string): boolean => disk.list(folder).includes(name);
  if (has(CURRENT)) {
    const found = await reopen(join(folder, CURRENT), options);
    if (found.kind === "writable") {
      if (has(NEXT)) disk.remove(join(folder, NEXT));
      return { kind: "current", writer: found.writer };
    }
    // Sealed or damaged: out of the way, under the date that the file that was to follow knows it by, else a new one.
    const follower = has(NEXT) ? wholeHeader(join(folder, NEXT), disk) : undefined;
    const instant = micros(Math.max(found.stamp + 1, Date.now() * 1000));
    const name = follower?.previous ?? fileName(instant);
    disk.rename(join(folder, CURRENT), join(folder, name));
    await disk.syncFolder(folder);
    onNotice(
      found.kind === "sealed"
        ? `finished the rotation to ${name}`
        : `current is damaged (${found.why}): kept as ${name}, recording goes on in a new file`,
    );
  }
  if (has(NEXT)) {
    if (wholeHeader(join(folder, NEXT), disk) !== undefined) {
      disk.rename(join(folder, NEXT), join(folder, CURRENT));
      return recover(options);
    }
    disk.remove(join(folder, NEXT));
  }
  return inherit(options);
}

/** State of the newest file that tells one: a file begins with it, so one that was cut at its beginning does not. */
function inherit({ disk, folder, onNotice }: RecoveryOptions): Recovered {
  let newest = micros(0);
  for (const name of sealedNames(disk.list(folder)).reverse()) {
    const file = disk.open(join(folder, name), "read");
    try {
      const opened = openFound(file);
      const scan = new FileScan(opened.source, opened.seed);
      scan.run();
      // The clock may have been set back since the file got its name: what follows is later than that.
      newest = micros(Math.max(newest, scan.stamp, instantOf(name) ?? 0));
      if (scan.images > 0) return heritageOf(name, { file, opened, scan, lastStamp: newest });
    } catch (error) {
      if (!(error instanceof ArchiveDamage)) throw error;
      onNotice(`${name} cannot be read: ${error.message}`);
    }
    file.close();
  }
  return { kind: "empty" };
}

function heritageOf(
  name: string,
  found: {
    readonly file: DiskFile;
    readonly opened: Opened;
    readonly scan: FileScan;
    readonly lastStamp: Micros;
  },
): Recovered {
  const { file, opened, scan, lastStamp } = found;
  const { last } = replay(scan, opened);
  const { source, seed } = opened;
  const header = opened.header.isSound ? opened.header : doubtful(opened.header);
  const close = (): void => file.close();
  const { paths } = scan;
  return {
    kind: "heritage",
    heritage: { paths, last, source, seed, header, lastStamp, name, close },
  };
}

/** A flipped bit could make floor and number anything, and the next file would begin with them. */
const doubtful = (header: FoundHeader): FoundHeader => ({ ...header, floor: micros(0), number: 0 });

/** The file that was to follow is of use once its beginning is complete. */
function wholeHeader(path: string, disk: ArchiveDisk): FoundHeader | undefined {
  const file = disk.open(path, "read");
  try {
    const { header, source, seed } = openFound(file);
    const scan = new FileScan(source, seed);
    scan.run(true);
    return header.isSound && scan.images > 0 ? header : undefined;
  } catch (error) {
    if (!(error instanceof ArchiveDamage)) throw error;
    return undefined;
  } finally {
    file.close();
  }
}

type Opened = {
  readonly page: Buffer;
  readonly header: FoundHeader;
  readonly seed: number;
  readonly source: ByteSource;
};

/** Header and bytes of a file. ArchiveDamage if it is none. */
function openFound(file: DiskFile): Opened {
  const page = Buffer.alloc(HEADER_BYTES);
  const got = file.read(page, 0);
  const header = decodeHeader(page.subarray(0, got));
  const seed = checksumSeed(header.fileId);
  return { page, header, seed, source: sourceOf(file, file.size()) };
}

const sourceOf = (file: DiskFile, end: number): ByteSource => ({
  end,
  read(at, length) {
    const bytes = Buffer.allocUnsafeSlow(Math.max(0, Math.min(length, end - at)));
    return bytes.subarray(0, file.read(bytes, at));
  },
});

type Reopened =
  | { readonly kind: "writable"; readonly writer: ArchiveFileWriter }
  | { readonly kind: "sealed"; readonly stamp: Micros }
  | { readonly kind: "damaged"; readonly stamp: Micros; readonly why: string };

async function reopen(path: string, options: RecoveryOptions): Promise<Reopened> {
  const file = options.disk.open(path, "write");
  let isKept = false;
  try {
    const reopened = await continued(file, options);
    isKept = reopened.kind === "writable";
    return reopened;
  } catch (error) {
    if (error instanceof ArchiveDamage)
      return { kind: "damaged", stamp: micros(0), why: error.message };
    throw error;
  } finally {
    if (!isKept) file.close();
  }
}

async function continued(file: DiskFile, options: RecoveryOptions): Promise<Reopened> {
  const { onNotice } = options;
  const opened = openFound(file);
  const { page, header, seed, source } = opened;
  const commit = newestCommit(page, seed);
  for (const slot of commit.damaged) onNotice(`commit slot ${slot} of current is torn`);
  if (commit.slot === null && commit.damaged.length > 0) onNotice("current is salvaged");
  const committed = commit.slot?.length ?? HEADER_BYTES;
  const scan = new FileScan(source, seed);
  scan.run(true);
  const why = damageOf(header, scan, { committed, isTorn: commit.damaged.length > 0 });
  if (why !== undefined) {
    scan.run();
    const stamp = Math.max(scan.stamp, header.isSound ? header.floor : 0);
    return { kind: "damaged", stamp: micros(stamp), why };
  }
  const writer = resume(file, {
    opened,
    scan,
    codec: options.codec,
    sequence: commit.slot?.sequence ?? 0,
  });
  tellKept(scan, { committed, size: source.end, batches: commit.slot?.batches ?? 0, onNotice });
  if (source.end > scan.at) file.truncate(scan.at);
  await writer.file.commit(scan.sealAt);
  return scan.sealAt > 0 ? { kind: "sealed", stamp: scan.stamp } : { kind: "writable", writer };
}

/** Why a file that was scanned up to its first damage is not written on; `undefined` if nothing speaks against it. */
function damageOf(
  { isSound }: FoundHeader,
  scan: FileScan,
  { committed, isTorn }: { readonly committed: number; readonly isTorn: boolean },
): string | undefined {
  if (!isSound) return "header page";
  if (scan.images === 0) return `at ${scan.at}, before its first image`;
  if (scan.at < committed) return `at ${scan.at}, before its last commit`;
  return isTorn && scan.hasMore() ? `at ${scan.at}, and a commit slot is torn` : undefined;
}

function tellKept(
  scan: FileScan,
  {
    committed,
    size,
    batches,
    onNotice,
  }: {
    readonly committed: number;
    readonly size: number;
    readonly batches: number;
    readonly onNotice: (sentence: string) => void;
  },
): void {
  if (size === committed) return;
  onNotice(
    `behind the last commit: ${scan.at - committed} bytes with ${scan.batches - batches} batches kept, ${size - scan.at} bytes dropped`,
  );
}

function resume(
  file: DiskFile,
  {
    opened,
    scan,
    codec,
    sequence,
  }: {
    readonly opened: Opened;
    readonly scan: FileScan;
    readonly codec: CodecName;
    readonly sequence: number;
  },
): ArchiveFileWriter {
  const { header, seed, source } = opened;
  const { last, totals } = replay(scan, opened);
  const growing = new GrowingFile({
    file,
    header,
    codec,
    mark: {
      length: scan.at,
      records: scan.records,
      batches: scan.batches,
      lastStamp: scan.lastStamp,
    },
    sequence,
    bodyChecksum: bodyChecksum(source, { until: scan.at, seed }),
  });
  const { paths, index, imageEnd } = scan;
  const stamp = micros(Math.max(scan.stamp, header.floor));
  return new ArchiveFileWriter(growing, { paths, last, index, totals, imageEnd, stamp });
}
