// A place between two batches. It reads its file record by record and goes on in the next one; rotation and compaction go
// on under it: a file that was replaced is entered again at the stamp it has reached.
import { type Micros, micros } from "../core/units.ts";
import { ArchiveDamage } from "./archive-errors.ts";
import type { ArchiveFile } from "./archive-file.ts";
import { countUpTo, stampOf } from "./batch-count.ts";
import { walkIds } from "./batch-record.ts";
import type { ArchiveEvent, ArchiveItem, Batch, Gap, PathFilter } from "./event.ts";
import { EventWalk } from "./event-block.ts";
import type { FileEntry, FileList } from "./file-list.ts";
import { IdFilter } from "./id-filter.ts";
import { decodeMeta, gapOf } from "./meta.ts";
import { ownTurn, PassingSlice } from "./passing-slice.ts";
import { partOf, RecordType, type StoredRecord } from "./record.ts";
import { RecordWalk } from "./record-walk.ts";

/** What a cursor needs of its reader. */
export type CursorFiles = {
  readonly list: FileList;
  /** Brings the entry's file here. */
  fetch(entry: FileEntry): Promise<void>;
};

type Place = {
  readonly entry: FileEntry;
  readonly file: ArchiveFile;
  readonly generation: number;
  readonly walk: RecordWalk;
  readonly filter: IdFilter | undefined;
  offset: number;
};

export class ArchiveCursor {
  readonly #files: CursorFiles;
  readonly #filter: PathFilter | undefined;
  #position: Micros;
  /** Items up to this stamp were passed already. */
  #passed: Micros;
  #entry: FileEntry | undefined;
  #place: Place | undefined;
  #peeked: ArchiveItem | undefined;
  #isWaiting = false;
  readonly #slice: PassingSlice;
  #isClosed = false;

  constructor(files: CursorFiles, position: Micros, filter?: PathFilter) {
    this.#files = files;
    this.#filter = filter;
    this.#position = position;
    this.#passed = position;
    // Without a filter little is passed over, and nobody expects to wait.
    this.#slice = new PassingSlice({ isEndless: filter === undefined });
  }

  /** Stamp of the last batch passed, or the position it was made for. */
  get position(): Micros {
    return this.#position;
  }

  /** The next item lies in a file that is not in the directory, or behind much that does not pass: `ready` gets there. */
  get isWaiting(): boolean {
    return this.#isWaiting;
  }

  /** Stamp of the next item (a gap: where it begins) without taking it; null where `take` would give null. */
  peekStamp(): Micros | null {
    const item = this.#peek();
    if (item === undefined) return null;
    return item.kind === "batch" ? item.stamp : item.from;
  }

  /** The next batch or gap, its values views; null at the end of what is visible, or where it has to be waited for. */
  take(): ArchiveItem | null {
    const item = this.#peek();
    if (item === undefined) return null;
    this.#peeked = undefined;
    if (item.kind === "batch") this.#position = item.stamp;
    return item;
  }

  /** Resolves once `take` need not wait. Rejects with `could not open log file NAME`. */
  async ready(): Promise<void> {
    while (!this.#isClosed) {
      if (this.#slice.isOver) await ownTurn();
      if (this.#peek() !== undefined || !this.#isWaiting || this.#entry === undefined) return;
      if (!this.#slice.isOver) await this.#files.fetch(this.#entry);
    }
  }

  /** `take`, after `ready`. */
  async next(): Promise<ArchiveItem | null> {
    await this.ready();
    return this.take();
  }

  /** Over so many whole batches, across files, up to the end of what is visible; gives the position. */
  async forward(batches: number): Promise<Micros> {
    for (let left = batches; left > 0; ) {
      const item = await this.next();
      if (item === null) break;
      if (item.kind === "batch") left--;
    }
    return this.#position;
  }

  /** Back over so many whole batches; at the beginning, 1 µs before the first batch. */
  async back(batches: number): Promise<Micros> {
    let left = batches;
    let first: Micros | null = null;
    for await (const file of this.#filesBack()) {
      const count = countUpTo(file, this.#position);
      if (count > left) {
        this.seek(stampOf(file, count - left));
        return this.#position;
      }
      left -= count;
      first = file.firstStamp;
    }
    if (first !== null) this.seek(micros(first - 1));
    return this.#position;
  }

  seek(position: Micros): void {
    this.#position = position;
    this.#passed = position;
    this.#entry = undefined;
    this.#place = undefined;
    this.#peeked = undefined;
    this.#isWaiting = false;
    this.#slice.begin();
  }

  /** Whoever waits for `ready` waits no longer. */
  close(): void {
    this.#isClosed = true;
    this.#place = undefined;
  }

  /** Files that have batches, from the one that holds the position back to the first. */
  async *#filesBack(): AsyncGenerator<ArchiveFile> {
    const { list, fetch } = this.#files;
    let entry = list.containing(this.#position) ?? list.entries.at(-1);
    for (; entry !== undefined; entry = list.before(entry)) {
      if (entry.file === undefined && entry.damage === undefined) await fetch(entry);
      const { file } = entry;
      if (file !== undefined && file.batches > 0) yield file;
    }
  }

  #peek(): ArchiveItem | undefined {
    try {
      this.#peeked ??= this.#read();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
      // Merged into another file, or taken away: look at what there is now.
      this.#files.list.reload();
      this.#entry = undefined;
      this.#place = undefined;
      this.#peeked = this.#read();
    }
    return this.#peeked;
  }

  #read(): ArchiveItem | undefined {
    this.#slice.begin();
    for (;;) {
      this.#isWaiting = false;
      this.#entry ??= this.#files.list.containing(this.#passed);
      const entry = this.#entry;
      if (entry === undefined) return undefined;
      if (entry.damage !== undefined) return this.#unreadable(entry);
      if (entry.file === undefined) {
        this.#isWaiting = true;
        return undefined;
      }
      const item = this.#readIn(this.#placeIn(entry, entry.file));
      if (item !== undefined) return item;
      this.#isWaiting = this.#slice.isOver;
      if (this.#isWaiting) return undefined;
      if (!this.#goOn(entry)) return undefined;
    }
  }

  #unreadable(entry: FileEntry): Gap {
    const to = Number.isFinite(entry.instant) ? entry.instant : this.#passed;
    const gap = damageGap(this.#passed, to);
    this.#goOn(entry);
    return gap;
  }

  // False where nothing more is visible for now.
  #goOn(entry: FileEntry): boolean {
    if (!entry.isFinal) return false;
    const { list } = this.#files;
    const next = list.entries.includes(entry) ? list.after(entry) : list.containing(this.#passed);
    if (next === undefined || next === entry) return false;
    this.#entry = next;
    this.#place = undefined;
    return true;
  }

  #placeIn(entry: FileEntry, file: ArchiveFile): Place {
    const { list } = this.#files;
    list.use(file);
    const place = this.#place;
    if (place?.entry === entry && place.generation === file.generation) return place;
    const offset = file.index().upTo(this.#passed).offset;
    const paths = list.pathsOf(file);
    const filter = this.#filter === undefined ? undefined : new IdFilter(paths, this.#filter);
    const walk = new RecordWalk(file, file.seed);
    this.#place = { entry, file, generation: file.generation, walk, filter, offset };
    return this.#place;
  }

  #readIn(place: Place): ArchiveItem | undefined {
    for (;;) {
      const found = place.walk.at(place.offset);
      if (place.generation !== place.file.generation) return this.#readIn(this.#reentered(place));
      const isGrowing = !place.entry.isFinal && !place.file.endsWhole;
      if (found.kind === "end" || (found.kind === "short" && isGrowing)) return undefined;
      const from = place.offset;
      const item = found.kind === "record" ? this.#seen(place, found.record) : this.#skipped(place);
      if (item !== undefined) return item;
      this.#slice.add(place.offset - from);
      if (this.#slice.isOver) return undefined;
    }
  }

  #reentered({ entry, file }: Place): Place {
    this.#place = undefined;
    return this.#placeIn(entry, file);
  }

  #seen(place: Place, record: StoredRecord): ArchiveItem | undefined {
    place.offset = record.end;
    try {
      if (record.type === RecordType.batch) return this.#batch(place, record);
      if (record.type === RecordType.meta && record.stamp > this.#passed)
        return gapOf(decodeMeta(partOf(record)));
    } catch (error) {
      if (!(error instanceof ArchiveDamage)) throw error;
      return damageGap(this.#passed, record.stamp);
    }
    return undefined;
  }

  #batch({ file, filter }: Place, record: StoredRecord): Batch | undefined {
    if (record.stamp <= this.#passed) return undefined;
    this.#passed = record.stamp;
    let passes = filter === undefined;
    const blockAt = walkIds(record, (id) => {
      passes ||= filter?.passes(id) === true;
    });
    if (!passes) {
      this.#position = record.stamp;
      return undefined;
    }
    const paths = this.#files.list.pathsOf(file);
    const walk = new EventWalk(partOf(record, blockAt));
    const events: ArchiveEvent[] = [];
    while (walk.next()) {
      if (filter?.passes(walk.id) === false) continue;
      if (walk.id < paths.count) events.push(walk.event(paths.path(walk.id)));
    }
    return { kind: "batch", stamp: record.stamp, events };
  }

  // Damaged bytes: reading goes on at the next sound record, and says so.
  #skipped(place: Place): Gap {
    const next = place.walk.resync(place.offset + 1);
    const found = place.walk.at(next);
    place.offset = next;
    const to =
      found.kind === "record" ? found.record.stamp : (place.file.lastStamp ?? this.#passed);
    return damageGap(this.#passed, to);
  }
}

const damageGap = (from: Micros, to: Micros): Gap => ({
  kind: "gap",
  from,
  to: micros(Math.max(from, to)),
  dropped: 0,
  why: "damage",
});
