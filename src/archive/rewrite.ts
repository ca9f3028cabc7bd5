// Writes the batches of files into one new sealed file: for compaction (other codec, other images, several files into one)
// and for repair (whatever is whole; gaps where something is not).
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { type Bytes, type Micros, micros } from "../core/units.ts";
import type { ArchiveDisk } from "./archive-disk.ts";
import { ArchiveDamage } from "./archive-errors.ts";
import { ArchiveFile } from "./archive-file.ts";
import { ArchiveFileWriter } from "./archive-file-writer.ts";
import { placesUpTo } from "./archive-image.ts";
import { walkIds } from "./batch-record.ts";
import type { CodecName } from "./codec.ts";
import type { ArchiveEvent } from "./event.ts";
import { EventWalk } from "./event-block.ts";
import { HEADER_BYTES } from "./header-page.ts";
import { decodeMeta, gapOf, type Meta, type SourceNote } from "./meta.ts";
import { partOf, RecordType, type StoredRecord } from "./record.ts";
import { RecordWalk } from "./record-walk.ts";
import { inOneGo } from "./sliced-work.ts";

export type RewriteOptions = {
  readonly disk: ArchiveDisk;
  readonly folder: string;
  /** Names, in order: the files whose batches go into the new one. */
  readonly from: readonly string[];
  /** Name of the new file, which must not exist. */
  readonly to: string;
  readonly codec: CodecName;
  /** 0: only the image at the beginning. */
  readonly imageBytes: Bytes;
  /** Told how far it is, in bytes of all files, record by record. */
  readonly onAt?: ((at: number) => void) | undefined;
};

export type Rewritten = {
  readonly batches: number;
  readonly events: number;
  /** What could not be read, one sentence each. */
  readonly missing: readonly string[];
};

/** StorageError if the disk refuses; ArchiveDamage if the first file cannot be opened at all. */
export async function rewriteFiles(options: RewriteOptions): Promise<Rewritten> {
  const { disk, folder, from, to } = options;
  // Nobody writes them, or only a copy is made: what is whole behind a torn slot goes along.
  const files = from.map((name) => ArchiveFile.open(disk, folder, name, true));
  const missing: string[] = [];
  let out: ArchiveFileWriter | undefined;
  try {
    out = await begin(files, options);
    const { imageBytes, onAt } = options;
    let before = 0;
    for (const [index, file] of files.entries()) {
      const name = from[index] ?? "";
      new Copy(file, out, { missing, name, imageBytes }).run((at) => onAt?.(before + at));
      before += file.end;
    }
    out.file.flush();
    const sealAt = out.seal();
    await out.file.commit(sealAt);
    return { batches: out.totals.batches, events: out.totals.events, missing };
  } catch (error) {
    disk.remove(join(folder, to));
    throw error;
  } finally {
    out?.file.close();
    for (const file of files) file.rest();
  }
}

async function begin(
  files: readonly ArchiveFile[],
  { disk, folder, to, codec }: RewriteOptions,
): Promise<ArchiveFileWriter> {
  const [first] = files;
  const newest = files.at(-1);
  if (first === undefined || newest === undefined) throw new ArchiveDamage("no file to rewrite");
  const before = micros((first.firstStamp ?? Number.MAX_SAFE_INTEGER) - 1);
  const { header } = first;
  const created = header.isSound ? header.created : before;
  return ArchiveFileWriter.begin({
    disk,
    path: join(folder, to),
    codec,
    source: sourceOf(first),
    paths: first.paths(),
    state: { last: await placesUpTo(first, before), source: first, seed: first.seed },
    header: {
      ...header,
      fileId: randomBytes(16),
      created,
      floor: header.isSound ? header.floor : micros(Math.max(0, created - 1)),
      number: newest.header.number,
    },
  });
}

function sourceOf(file: ArchiveFile): SourceNote {
  const found = new RecordWalk(file, file.seed).at(HEADER_BYTES);
  const unknown: SourceNote = { kind: "api", spec: [], host: "" };
  if (found.kind !== "record" || found.record.type !== RecordType.meta) return unknown;
  const { source } = decodeMeta(partOf(found.record));
  return typeof source === "object" && source !== null ? { ...unknown, ...source } : unknown;
}

class Copy {
  readonly #file: ArchiveFile;
  readonly #out: ArchiveFileWriter;
  readonly #missing: string[];
  readonly #name: string;
  readonly #imageBytes: Bytes;

  constructor(
    file: ArchiveFile,
    out: ArchiveFileWriter,
    { missing, name, imageBytes }: { missing: string[]; name: string; imageBytes: Bytes },
  ) {
    this.#file = file;
    this.#out = out;
    this.#missing = missing;
    this.#name = name;
    this.#imageBytes = imageBytes;
  }

  run(onAt: (at: number) => void): void {
    const walk = new RecordWalk(this.#file, this.#file.seed);
    for (let at = HEADER_BYTES; at < this.#file.end; ) {
      onAt(at);
      const found = walk.at(at);
      if (found.kind === "record") {
        at = found.record.end;
        this.#record(found.record);
        continue;
      }
      const to = walk.resync(at + 1);
      const next = walk.at(to);
      this.#lost(`bytes ${at} to ${to}`, next.kind === "record" ? next.record.stamp : undefined);
      at = to;
    }
  }

  #record(record: StoredRecord): void {
    try {
      if (record.type === RecordType.batch) this.#batch(record);
      else if (record.type === RecordType.meta) this.#meta(record);
    } catch (error) {
      if (!(error instanceof ArchiveDamage)) throw error;
      this.#lost(`the record at ${record.offset}`, record.stamp);
    }
  }

  // A sealed file has no batch that is not later than the one before it; a damaged one might.
  #batch(record: StoredRecord): void {
    const out = this.#out;
    if (record.stamp <= out.totals.lastStamp) return;
    const paths = this.#file.paths();
    const walk = new EventWalk(partOf(record, walkIds(record, ignore)));
    const events: ArchiveEvent[] = [];
    let nameless = 0;
    while (walk.next()) {
      const path = walk.id < paths.count ? paths.path(walk.id) : "";
      if (path === "") nameless++;
      else events.push(walk.event(path));
    }
    if (nameless > 0) this.#lost(`${nameless} events whose path is lost`, record.stamp);
    out.batch(record.stamp, events);
    out.relieve();
    const image = out.imageDue(this.#imageBytes);
    if (image !== undefined) inOneGo(image);
  }

  #meta(record: StoredRecord): void {
    const meta = decodeMeta(partOf(record));
    const stamp = micros(Math.max(record.stamp, this.#out.stamp));
    const gap = gapOf(meta);
    if (gap !== undefined) this.#out.gap(gap, stamp);
    // Sources and stops belong to the file they stood in.
    else if ("note" in meta) this.#out.meta(meta as Meta, stamp);
  }

  #lost(what: string, next: Micros | undefined): void {
    this.#missing.push(`${this.#name}: ${what}`);
    const from = this.#out.stamp;
    this.#out.gap({ from, to: micros(Math.max(from, next ?? from)), dropped: 0, why: "damage" });
  }
}

const ignore = (): void => {};
