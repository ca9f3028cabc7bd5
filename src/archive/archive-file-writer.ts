// One file from its first record to its seal: paths, batches with given stamps, images, index, totals. No clock, no timers,
// nothing asynchronous but the commit: ArchiveWriter adds those.
import { type Bytes, type Micros, micros } from "../core/units.ts";
import type { ArchiveDisk } from "./archive-disk.ts";
import { RecordTooLarge } from "./archive-errors.ts";
import type { ByteSource } from "./byte-source.ts";
import { ByteWriter } from "./byte-writer.ts";
import type { CodecName } from "./codec.ts";
import type { ArchiveEvent, Gap } from "./event.ts";
import { blockBytesMax, encodeEvent, exchangeLength } from "./event-block.ts";
import { FileIndex } from "./file-index.ts";
import { GrowingFile, PENDING_BYTES_MAX } from "./growing-file.ts";
import { type FileHeader, HEADER_BYTES } from "./header-page.ts";
import { ImageParts } from "./image-parts.ts";
import { LastEvents, lastEvents } from "./last-events.ts";
import { encodeMeta, gapMeta, type Meta, type SourceNote } from "./meta.ts";
import { encodePathMap } from "./path-map.ts";
import type { PathTable } from "./path-table.ts";
import { RECORD_BYTES_LIMIT, RecordType } from "./record.ts";
import { encodeSeal, type FileTotals } from "./seal.ts";
import { inOneGo, type Steps } from "./sliced-work.ts";

/** Parts of an image may have 16 MiB. To code one of this size takes about 1 ms, and sessions are late by what is done in one go. */
const IMAGE_PART_BYTES = 131_072;
/** Events that are taken into an image in one go. */
const IMAGE_EVENTS = 256;
/** Paths per path map record, for the same reason. */
const MAP_PATHS_MAX = 8192;

export const noTotals: FileTotals = {
  firstStamp: micros(0),
  lastStamp: micros(0),
  batches: 0,
  events: 0,
  images: 0,
  dropped: 0,
  longestExchange: micros(0),
  gaps: 0,
};

/** What a file is written from: a new one has nothing, a recovered one what was read. */
export type FileProgress = {
  readonly paths: PathTable;
  readonly last: LastEvents;
  readonly index: FileIndex;
  readonly totals: FileTotals;
  /** Where the last image ended. */
  readonly imageEnd: number;
  /** No later record may have an earlier stamp. */
  readonly stamp: Micros;
};

export type NewFile = {
  readonly disk: ArchiveDisk;
  readonly path: string;
  readonly header: FileHeader;
  readonly codec: CodecName;
  readonly source: SourceNote;
  /** Ids of the file, taken over: the table grows with the file. */
  readonly paths: PathTable;
  /** The state that the file begins with. Becomes the file's own. */
  readonly state?: {
    readonly last: LastEvents;
    readonly source: ByteSource;
    readonly seed: number;
  };
};

export class ArchiveFileWriter {
  readonly file: GrowingFile;
  readonly paths: PathTable;
  readonly index: FileIndex;
  readonly #last: LastEvents;
  readonly #block = new ByteWriter(4096);
  readonly #plain = new ByteWriter(1024);
  #ids = new Uint32Array(1024);
  #totals: { -readonly [Key in keyof FileTotals]: FileTotals[Key] };
  #imageEnd: number;
  #stamp: Micros;

  constructor(file: GrowingFile, progress: FileProgress) {
    this.file = file;
    this.paths = progress.paths;
    this.index = progress.index;
    this.#last = progress.last;
    this.#totals = { ...progress.totals };
    this.#imageEnd = progress.imageEnd;
    this.#stamp = progress.stamp;
  }

  /** A new file with its beginning: source, all paths, an image of the state. StorageError if the disk refuses. */
  static begin(wanted: NewFile): ArchiveFileWriter {
    return inOneGo(ArchiveFileWriter.beginning(wanted));
  }

  static *beginning(wanted: NewFile): Generator<void, ArchiveFileWriter> {
    const { header, paths, state } = wanted;
    const file = GrowingFile.create(wanted.disk, wanted);
    const last = state?.last ?? new LastEvents();
    const writer = new ArchiveFileWriter(file, {
      paths,
      last,
      index: new FileIndex(),
      totals: noTotals,
      imageEnd: HEADER_BYTES,
      stamp: header.created,
    });
    writer.meta({ source: { ...wanted.source } });
    yield* writer.#addPathMaps();
    yield* writer.#image(state ?? { source: file, seed: file.seed });
    return writer;
  }

  get totals(): FileTotals {
    return this.#totals;
  }

  /** Stamp of the last record. */
  get stamp(): Micros {
    return this.#stamp;
  }

  /** What was recorded is as long as what the file began with: a state larger than the limit would else be written for every batch. */
  get isWorthSealing(): boolean {
    return this.file.end >= 2 * this.index.ofBatch(0).offset;
  }

  /** State for the next file: offsets are those of this one. */
  get last(): LastEvents {
    return this.#last;
  }

  /** An image in steps, if there was none for so many bytes; 0: never. */
  imageDue(everyBytes: Bytes): Steps | undefined {
    const isDue = everyBytes > 0 && this.file.end - this.#imageEnd >= everyBytes;
    return isDue ? this.#image({ source: this.file, seed: this.file.seed }) : undefined;
  }

  /** Writes one batch, whose stamp is greater than all before. RecordTooLarge, with nothing written. */
  batch(stamp: Micros, events: readonly ArchiveEvent[]): void {
    batchBytes(events);
    this.#map(events);
    const part = this.#encodeBlock(events);
    const plain = this.#idList(events.length);
    const offset = this.file.add({ type: RecordType.batch, stamp, plain, part });
    this.index.sawBatch(stamp, offset, this.#totals.batches);
    this.#last.see(part, offset);
    this.#count(stamp, events);
    this.#block.clear();
    this.#block.shrink(PENDING_BYTES_MAX);
  }

  meta(meta: Meta, stamp = this.#stamp): void {
    this.#stamp = stamp;
    this.file.add({ type: RecordType.meta, stamp, part: encodeMeta(meta) });
  }

  gap(gap: Omit<Gap, "kind">, stamp = this.#stamp): void {
    this.meta(gapMeta(gap), stamp);
    this.#totals.gaps++;
    this.#totals.dropped += gap.dropped;
  }

  /** Complete path map, index, seal; the commit that makes them count is the caller's. Gives the seal's offset. */
  seal(): number {
    return inOneGo(this.sealing());
  }

  *sealing(): Generator<void, number> {
    const { file } = this;
    const pathMapAt = file.end;
    yield* this.#addPathMaps();
    const out = new ByteWriter();
    this.index.encode(out);
    const indexAt = file.add({ type: RecordType.index, stamp: this.#stamp, part: out.view });
    const { bodyChecksum } = file;
    const part = encodeSeal({ ...this.#totals, indexAt, pathMapAt, bodyChecksum });
    return file.add({ type: RecordType.seal, stamp: this.#stamp, part });
  }

  // New paths get their ids, and the file a path map before the batch that uses them.
  #map(events: readonly ArchiveEvent[]): void {
    const { paths } = this;
    if (this.#ids.length < events.length) this.#ids = new Uint32Array(events.length * 2);
    const known = paths.count;
    try {
      for (let at = 0; at < events.length; at++) {
        const { path } = events[at] as ArchiveEvent;
        const id = paths.find(path);
        this.#ids[at] = id >= 0 ? id : paths.add(path);
      }
    } finally {
      // Of events that are refused half-way, some paths have their ids already. What the disk says to it is heard behind the batch.
      for (let at = known; at < paths.count; at += MAP_PATHS_MAX) this.#addPathMap(at);
    }
  }

  *#addPathMaps(): Steps {
    let at = 0;
    do {
      this.#addPathMap(at);
      this.relieve();
      at += MAP_PATHS_MAX;
      yield;
    } while (at < this.paths.count);
  }

  #addPathMap(from: number): void {
    const { paths, file } = this;
    const out = new ByteWriter();
    encodePathMap(out, { table: paths, from, to: Math.min(paths.count, from + MAP_PATHS_MAX) });
    file.add({ type: RecordType.pathMap, stamp: this.#stamp, part: out.view });
  }

  #encodeBlock(events: readonly ArchiveEvent[]): Buffer {
    const block = this.#block;
    block.clear();
    block.varint(events.length);
    for (let at = 0; at < events.length; at++)
      encodeEvent(block, this.#ids[at] as number, events[at] as ArchiveEvent);
    return block.view;
  }

  #idList(count: number): Buffer {
    const sorted = this.#ids.subarray(0, count).sort();
    let unique = 0;
    for (const id of sorted) if (unique === 0 || sorted[unique - 1] !== id) sorted[unique++] = id;
    const plain = this.#plain;
    plain.clear();
    plain.varint(unique);
    for (let at = 0; at < unique; at++) plain.varint(sorted[at] as number);
    return plain.view;
  }

  #count(stamp: Micros, events: readonly ArchiveEvent[]): void {
    const totals = this.#totals;
    if (totals.batches === 0) totals.firstStamp = stamp;
    totals.lastStamp = stamp;
    totals.batches++;
    totals.events += events.length;
    this.#stamp = stamp;
    for (const event of events) {
      if (event.kind !== "exchange") continue;
      const json = Buffer.from(event.json.buffer, event.json.byteOffset, event.json.byteLength);
      totals.longestExchange = micros(Math.max(totals.longestExchange, exchangeLength(json)));
    }
  }

  // The number of parts stands in each of them, so it is settled first: each part but the last takes at least its share, and
  // parts that nothing is left for are empty.
  *#image(from: { readonly source: ByteSource; readonly seed: number }): Steps {
    const last = this.#last;
    const first = this.file.end;
    const parts = Math.max(1, Math.ceil(last.total / IMAGE_PART_BYTES));
    const share = last.total / parts;
    const image = new ImageParts(this.file, { parts, stamp: this.#stamp });
    let taken = 0;
    for (const { id, raw } of lastEvents(from.source, { last, seed: from.seed })) {
      image.add(id, raw);
      taken++;
      if (image.bytes >= share && image.part < parts - 1) {
        image.end();
        this.relieve();
        yield;
      } else if (taken % IMAGE_EVENTS === 0) yield;
    }
    while (image.part < parts) image.end();
    this.relieve();
    image.place(last);
    this.index.sawImage(this.#stamp, first);
    this.#totals.images++;
    this.#imageEnd = this.file.end;
  }

  /** Records leave the process before too many wait. */
  relieve(): void {
    if (this.file.pendingBytes >= PENDING_BYTES_MAX) this.file.flush();
  }
}

/** About how many bytes of a record. RecordTooLarge. */
export function batchBytes(events: readonly ArchiveEvent[]): number {
  const bytes = blockBytesMax(events);
  if (bytes >= RECORD_BYTES_LIMIT)
    throw new RecordTooLarge(`a batch of some ${bytes} bytes; a record ends at 2 GiB`);
  return bytes;
}
