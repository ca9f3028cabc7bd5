import { statSync } from "node:fs";
import { basename, dirname } from "node:path";
import { messageOf } from "../core/errors.ts";
import type { Micros } from "../core/units.ts";
import { ArchiveCursor } from "./archive-cursor.ts";
import { type ArchiveDisk, systemDisk } from "./archive-disk.ts";
import { isStorageTrouble, NewerVersion, StorageError } from "./archive-errors.ts";
import { imageOf } from "./archive-image.ts";
import type { ArchiveWriter } from "./archive-writer.ts";
import type { PathFilter } from "./event.ts";
import { type FileEntry, FileList } from "./file-list.ts";
import type { Image } from "./image.ts";
import type { PathTable } from "./path-table.ts";

/** How often the slots of a file that another process writes are looked at. */
const POLL_MS = 200;

export type ArchiveReaderOptions = {
  /** The writer of this process: batches are then visible as soon as they are appended. */
  readonly writer?: ArchiveWriter;
  /** Brings a file into the directory, or throws. Without it, a missing file cannot be opened. */
  readonly fetch?: (name: string) => Promise<void>;
  /** Names of sealed files that exist elsewhere, as `list` tells them. */
  readonly filesBesides?: readonly string[];
  readonly onNotice?: (sentence: string) => void;
  readonly disk?: ArchiveDisk;
};

/** An archive directory (of one shard), or one file of it. */
export class ArchiveReader {
  readonly #options: ArchiveReaderOptions;
  readonly #list: FileList;
  readonly #listeners = new Set<() => void>();
  #endWatch: (() => void) | undefined;
  #poll: NodeJS.Timeout | undefined;
  /** Why following another process does not work; told once. */
  #trouble: string | undefined;

  private constructor(list: FileList, options: ArchiveReaderOptions) {
    this.#list = list;
    this.#options = options;
  }

  /**
   * Of sealed files only header, slots and seal are read now. StorageError if there is no such directory or file; files
   * that are damaged are told to `onNotice` and become gaps.
   */
  static async open(path: string, options: ArchiveReaderOptions = {}): Promise<ArchiveReader> {
    const { disk = systemDisk, onNotice = ignore, writer } = options;
    const isFile = options.disk === undefined && kindOf(path) === "file";
    const folder = writer?.folder ?? (isFile ? dirname(path) : path);
    const only = isFile ? basename(path) : undefined;
    const list = new FileList({ disk, folder, only, onNotice });
    list.besides = options.filesBesides ?? [];
    const reader = new ArchiveReader(list, options);
    if (writer !== undefined) reader.#watch(writer);
    list.refresh();
    return reader;
  }

  /** Stamp of the first visible batch; null while there is none. Does not count files that are not in the directory yet. */
  first(): Micros | null {
    for (const { file } of this.#list.entries)
      if (file !== undefined && file.firstStamp !== null) return file.firstStamp;
    return null;
  }

  /** What all files of this archive have in common, as hexadecimal digits; null while there is no file. */
  id(): string | null {
    for (const { file } of this.#list.entries)
      if (file !== undefined) return file.header.archiveId.toString("hex");
    return null;
  }

  /** Stamp of the last visible batch; null while there is none. */
  last(): Micros | null {
    const found = this.#list.entries.findLast(({ file }) => (file?.batches ?? 0) > 0);
    return found?.file?.lastStamp ?? null;
  }

  /** As `first`, but fetches the oldest file if need be. */
  async firstOfAll(): Promise<Micros | null> {
    for (const entry of this.#list.entries) {
      await this.#need(entry);
      const stamp = entry.file?.firstStamp ?? null;
      if (stamp !== null) return stamp;
    }
    return null;
  }

  /**
   * A place in the archive: after all batches with a stamp up to `position`. With a filter, `take` passes over batches in
   * which no event passes, without decoding them, and leaves out the other events; where they are many, they have to be
   * waited for.
   */
  cursor(position: Micros, filter?: PathFilter): ArchiveCursor {
    const files = { list: this.#list, fetch: (entry: FileEntry) => this.#need(entry) };
    return new ArchiveCursor(files, position, filter);
  }

  /** Every path ever seen (that passes) with its last event up to `position`. Rejects with `could not open log file NAME`. */
  async imageAt(position: Micros, filter?: PathFilter): Promise<Image> {
    const entry = this.#list.containing(position);
    if (entry !== undefined) await this.#need(entry);
    const file = entry?.file;
    if (file !== undefined) this.#list.use(file);
    const tables = this.#tables();
    const pathsOf = (of: Parameters<FileList["pathsOf"]>[0]): PathTable => this.#list.pathsOf(of);
    return imageOf(file, { position, filter, tables, pathsOf });
  }

  /** Every path the archive has ever seen. */
  async paths(): Promise<Iterable<string>> {
    const tables = this.#tables();
    return allOf(tables);
  }

  /** Called after more batches became visible, until the function that is returned is called. */
  onGrowth(listener: () => void): () => void {
    this.#listeners.add(listener);
    if (this.#options.writer === undefined) this.#poll ??= this.#startPolling();
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0) return;
      clearInterval(this.#poll);
      this.#poll = undefined;
    };
  }

  /** Looks for files that appeared and for what other processes committed. `filesBesides` replaces the earlier list. */
  async refresh(filesBesides?: readonly string[]): Promise<void> {
    if (filesBesides !== undefined) this.#list.besides = filesBesides;
    if (this.#list.refresh()) this.#tell();
  }

  async close(): Promise<void> {
    clearInterval(this.#poll);
    this.#listeners.clear();
    this.#endWatch?.();
    this.#list.close();
  }

  #watch(writer: ArchiveWriter): void {
    const { file, end } = writer.watch({
      grown: () => this.#tell(),
      began: (next) => this.#list.addLive(next),
      rotated: (old, name) => this.#list.renameLive(old, name),
    });
    this.#endWatch = end;
    this.#list.addLive(file);
  }

  #startPolling(): NodeJS.Timeout {
    return setInterval(() => {
      if (this.#hasGrown()) this.#tell();
    }, POLL_MS).unref();
  }

  /** A disk that is away for a while, or a newer writer, ends no session: it is looked at again. */
  #hasGrown(): boolean {
    try {
      const hasGrown = this.#list.refresh();
      this.#trouble = undefined;
      return hasGrown;
    } catch (error) {
      if (!isStorageTrouble(error) && !(error instanceof NewerVersion)) throw error;
      const trouble = messageOf(error);
      if (trouble !== this.#trouble)
        this.#options.onNotice?.(`warning: the archive cannot be followed: ${trouble}`);
      this.#trouble = trouble;
      return false;
    }
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }

  async #need(entry: FileEntry): Promise<void> {
    if (entry.file !== undefined || entry.damage !== undefined) return;
    const { fetch } = this.#options;
    const problem = `could not open log file ${entry.name}`;
    try {
      await fetch?.(entry.name);
    } catch (cause) {
      throw new StorageError(problem, { cause });
    }
    this.#list.load(entry);
    if (entry.file === undefined && entry.damage === undefined) throw new StorageError(problem);
  }

  // A file begins with all paths its archive has seen before, so the newest file of an archive speaks for the older ones.
  #tables(): PathTable[] {
    const spokenFor = new Set<string>();
    const tables: PathTable[] = [];
    for (const { file } of this.#list.entries.toReversed()) {
      if (file === undefined) continue;
      const archive = file.header.archiveId.toString("hex");
      if (!spokenFor.has(archive)) tables.push(this.#list.pathsOf(file));
      spokenFor.add(archive);
    }
    return tables;
  }
}

export type { ArchiveCursor } from "./archive-cursor.ts";

function* allOf(tables: readonly PathTable[]): Generator<string> {
  const told: PathTable[] = [];
  for (const table of tables) {
    if (told.includes(table)) continue;
    for (let id = 0; id < table.count; id++) {
      const path = table.path(id);
      if (path !== "" && !told.some((other) => other.find(path) >= 0)) yield path;
    }
    told.push(table);
  }
}

const ignore = (): void => {};

function kindOf(path: string): "file" | "folder" {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) throw new StorageError(`there is no archive ${path}`);
  return found.isFile() ? "file" : "folder";
}
