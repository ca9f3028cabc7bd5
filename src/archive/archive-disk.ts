// Everything the archive asks of a file system. Tests put faults between it and node:fs.
import {
  closeSync,
  constants,
  fdatasync,
  fstatSync,
  fsync,
  ftruncateSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { promisify } from "node:util";
import { makeFolder } from "../core/folder.ts";

/** An open file. Reads and writes name their place, so that nobody shares a position. */
export interface DiskFile {
  /** Bytes read into `into`, fewer than its length at the end of the file. */
  read(into: Uint8Array, at: number): number;
  /** Bytes written, which may be fewer than there are: the caller goes on. Throws the system's error. */
  write(bytes: Uint8Array, at: number): number;
  size(): number;
  truncate(size: number): void;
  /** Resolves once what was written before the call survives a power cut. */
  dataSync(): Promise<void>;
  close(): void;
}

export interface ArchiveDisk {
  makeFolder(path: string): void;
  /** Names in a folder, in no order. */
  list(folder: string): readonly string[];
  /** `create`: the file must not exist. ENOENT, EEXIST as the system throws them. */
  open(path: string, how: "read" | "write" | "create"): DiskFile;
  readText(path: string): string;
  rename(from: string, to: string): void;
  /** No error if it is not there. */
  remove(path: string): void;
  /** Makes creations and renames in this folder survive a power cut. */
  syncFolder(path: string): Promise<void>;
}

const dataSync = promisify(fdatasync);
const fullSync = promisify(fsync);

/** Node takes no more than 2^31 - 1 bytes at a time. */
const CALL_BYTES_MAX = 2 ** 30;

const flagsOf = {
  read: constants.O_RDONLY,
  write: constants.O_RDWR,
  create: constants.O_RDWR | constants.O_CREAT | constants.O_EXCL,
} as const;

class SystemFile implements DiskFile {
  readonly #handle: number;

  constructor(handle: number) {
    this.#handle = handle;
  }

  read(into: Uint8Array, at: number): number {
    let done = 0;
    while (done < into.length) {
      const length = Math.min(into.length - done, CALL_BYTES_MAX);
      const got = readSync(this.#handle, into, done, length, at + done);
      if (got === 0) break;
      done += got;
    }
    return done;
  }

  write(bytes: Uint8Array, at: number): number {
    return writeSync(this.#handle, bytes, 0, Math.min(bytes.length, CALL_BYTES_MAX), at);
  }

  size(): number {
    return fstatSync(this.#handle).size;
  }

  truncate(size: number): void {
    ftruncateSync(this.#handle, size);
  }

  dataSync(): Promise<void> {
    return dataSync(this.#handle);
  }

  close(): void {
    closeSync(this.#handle);
  }
}

/** The file system of this machine. Writes go to the system's cache; only the syncs wait for the disk. */
export const systemDisk: ArchiveDisk = {
  makeFolder,
  list: (folder) => readdirSync(folder),
  open: (path, how) => new SystemFile(openSync(path, flagsOf[how], 0o666)),
  readText: (path) => readFileSync(path, "utf8"),
  rename: renameSync,
  remove: (path) => rmSync(path, { force: true }),
  async syncFolder(path) {
    // Windows neither opens folders nor needs it: renames are journalled there.
    if (process.platform === "win32") return;
    const handle = openSync(path, constants.O_RDONLY);
    try {
      await fullSync(handle);
    } finally {
      closeSync(handle);
    }
  },
};
