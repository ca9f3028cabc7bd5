// The files of an archive in order, known by their names: those in the directory, those that are elsewhere, `current` last.
import { join } from "node:path";
import { type Micros, micros } from "../core/units.ts";
import type { ArchiveDisk } from "./archive-disk.ts";
import { ArchiveDamage, StorageError } from "./archive-errors.ts";
import { ArchiveFile } from "./archive-file.ts";
import type { ArchiveFileWriter } from "./archive-file-writer.ts";
import { CURRENT, instantOf, sealedNames } from "./file-name.ts";
import type { PathTable } from "./path-table.ts";

/** Files that are open at once. More are closed and opened again as they are read. */
const HANDLES_MAX = 64;

export type FileEntry = {
  name: string;
  /** Greater than all stamps of the file; infinite for `current`. */
  instant: Micros;
  /** Undefined while the file is not in the directory. */
  file: ArchiveFile | undefined;
  /** Nothing more is added to it. */
  isFinal: boolean;
  /** Why it cannot be read. */
  damage: string | undefined;
};

export type FileListOptions = {
  readonly disk: ArchiveDisk;
  readonly folder: string;
  /** Only this file of the folder. */
  readonly only: string | undefined;
  readonly onNotice: (sentence: string) => void;
};

const FOR_EVER = micros(Number.POSITIVE_INFINITY);

export class FileList {
  entries: FileEntry[] = [];
  besides: readonly string[] = [];
  #hasLive = false;
  readonly #options: FileListOptions;
  readonly #open = new Set<ArchiveFile>();
  /** Name of the file behind all that are called after a date: `current`, or a lone file of any name. */
  readonly #lastName: string;

  constructor(options: FileListOptions) {
    this.#options = options;
    const { only } = options;
    this.#lastName = only === undefined || instantOf(only) !== undefined ? CURRENT : only;
  }

  /** The first file whose name is later, which holds what comes after this position. */
  containing(position: Micros): FileEntry | undefined {
    return this.entries.find(({ instant }) => instant > position);
  }

  after(entry: FileEntry): FileEntry | undefined {
    const at = this.entries.indexOf(entry);
    return at < 0 ? undefined : this.entries[at + 1];
  }

  before(entry: FileEntry): FileEntry | undefined {
    return this.entries[this.entries.indexOf(entry) - 1];
  }

  /** The paths of the newest file that is here, with which older tables are compared. */
  newestPaths(): PathTable | undefined {
    return this.entries.findLast(({ file }) => file !== undefined)?.file?.paths();
  }

  pathsOf(file: ArchiveFile): PathTable {
    const newest = this.entries.findLast((entry) => entry.file !== undefined)?.file;
    return newest === undefined || newest === file ? file.paths() : file.paths(newest.paths());
  }

  /** To be called before reading: keeps the number of open files down. */
  use(file: ArchiveFile): void {
    if (this.#open.has(file) && file.hasHandle) return;
    this.#open.delete(file);
    this.#open.add(file);
    for (const oldest of this.#open) {
      if (this.#open.size <= HANDLES_MAX) break;
      this.#open.delete(oldest);
      oldest.rest();
    }
  }

  /** The file of this process's writer stands at the end; another one there is final from now on. */
  addLive(writer: ArchiveFileWriter): void {
    const { disk, folder } = this.#options;
    for (const entry of this.entries) entry.isFinal = true;
    this.#hasLive = true;
    const file = ArchiveFile.live(writer, disk, join(folder, CURRENT));
    this.entries.push({
      name: CURRENT,
      instant: FOR_EVER,
      file,
      isFinal: false,
      damage: undefined,
    });
  }

  renameLive(writer: ArchiveFileWriter, name: string): void {
    const { fileId } = writer.file.header;
    const entry = this.entries.find(({ file }) => file?.header.fileId.equals(fileId));
    if (entry !== undefined) this.#rename(entry, name);
  }

  #rename(entry: FileEntry, name: string): void {
    entry.name = name;
    entry.instant = instantOf(name) ?? entry.instant;
    entry.isFinal = true;
    entry.file?.rename(join(this.#options.folder, name));
  }

  /** Looks at the directory. True if files or batches appeared. */
  refresh(): boolean {
    const { disk, folder, only } = this.#options;
    const here = disk.list(folder).filter((name) => only === undefined || name === only);
    const known = new Set(this.entries.map(({ name }) => name));
    const local = new Set(here);
    const names = sealedNames([...here, ...(only === undefined ? this.besides : [])]);
    const grown = this.#pollCurrent();
    let count = 0;
    for (const name of names) {
      if (known.has(name)) continue;
      this.#insert(this.#entryOf(name, local.has(name)));
      count++;
    }
    this.entries = this.entries.filter(
      ({ name, file, isFinal }) =>
        !isFinal || names.includes(name) || name === this.#lastName || file?.hasHandle === true,
    );
    if (!this.#hasLive && local.has(this.#lastName)) count += this.#refreshCurrent();
    return grown || count > 0;
  }

  /** After files vanished: everything that is sealed is looked up anew. */
  reload(): void {
    for (const { file, isFinal } of this.entries) if (isFinal) file?.rest();
    this.entries = this.entries.filter(({ isFinal, name }) => !isFinal || name === this.#lastName);
    this.refresh();
  }

  /** True if the file that another process writes has grown. */
  #pollCurrent(): boolean {
    const entry = this.entries.at(-1);
    if (entry?.file === undefined || entry.isFinal) return false;
    const grown = entry.file.poll();
    if (entry.file.isSealed) entry.isFinal = true;
    return grown;
  }

  #refreshCurrent(): number {
    const last = this.entries.at(-1);
    if (last?.name === this.#lastName && !last.isFinal) return 0;
    const entry = this.#entryOf(this.#lastName, true);
    if (entry.file === undefined && entry.damage === undefined) return 0;
    const { file } = entry;
    if (file !== undefined && this.entries.some((other) => sameFile(other, file))) {
      file.rest();
      return 0;
    }
    for (const other of this.entries) other.file?.forgetPaths();
    this.entries.push(entry);
    return 1;
  }

  #insert(entry: FileEntry): void {
    const { file } = entry;
    const same =
      file === undefined ? undefined : this.entries.find((other) => sameFile(other, file));
    if (same !== undefined && same.name === this.#lastName) {
      // The file we are following was rotated.
      file?.rest();
      this.#rename(same, entry.name);
      return;
    }
    const at = this.entries.findIndex(({ instant }) => instant > entry.instant);
    this.entries.splice(at < 0 ? this.entries.length : at, 0, entry);
  }

  #entryOf(name: string, isHere: boolean): FileEntry {
    const instant = name === this.#lastName ? FOR_EVER : (instantOf(name) ?? FOR_EVER);
    const entry: FileEntry = {
      name,
      instant,
      file: undefined,
      isFinal: name !== this.#lastName,
      damage: undefined,
    };
    if (isHere) this.load(entry);
    return entry;
  }

  /** Opens the entry's file in the directory. */
  load(entry: FileEntry): void {
    const { disk, folder, onNotice } = this.#options;
    try {
      entry.file = ArchiveFile.open(disk, folder, entry.name);
      this.use(entry.file);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
      if (!(error instanceof ArchiveDamage))
        throw new StorageError(`could not open log file ${entry.name}`, { cause: error });
      entry.damage = error.message;
      onNotice(`${entry.name} cannot be read: ${error.message}`);
    }
  }

  close(): void {
    for (const { file } of this.entries) file?.rest();
    this.entries = [];
  }
}

const sameFile = (entry: FileEntry, file: ArchiveFile): boolean =>
  entry.file?.header.fileId.equals(file.header.fileId) === true;
