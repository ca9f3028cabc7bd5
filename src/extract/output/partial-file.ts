import { createHash, type Hash } from "node:crypto";
import {
  accessSync,
  chmodSync,
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  mkdtempSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { DrayageError, messageOf, UsageError } from "../../core/errors.ts";
import { requireReplaceable } from "../../core/replaceable.ts";
import { readFully } from "../nameless-file.ts";

const WRITE_BYTES = 1 << 20;
const UTF8_BYTES_PER_UNIT = 3;
const NOTHING = Buffer.alloc(0);
const PRIVATE_MODE = 0o600;
const PERMISSIONS = 0o777;

/** What a file held before it was begun anew: without a name, and gone with the process. */
export interface AsideFile {
  /** Fills `target` from `position` on as far as there is something; returns how much. */
  read(target: Uint8Array, position: number): number;
  close(): void;
}

/**
 * A file that gets its name when it is complete: written as `.<name>.partial-<pid>` beside it and renamed. What stood under
 * the name before stays until then. For standard output (`-`) the partial file lies in the temporary folder. Until it has its
 * name nobody else may read it: what it holds is not checked yet.
 */
export class PartialFile {
  readonly path: string;
  readonly partialPath: string;
  bytes = 0;
  #descriptor: number;
  /** What the system gives a new file here. */
  readonly #mode: number;
  readonly #ownFolder: string | undefined;
  #hash: Hash = createHash("sha256");
  #buffer = Buffer.allocUnsafeSlow(WRITE_BYTES);
  #filled = 0;
  #isOpen = true;

  /** Throws a UsageError when the place cannot be written. */
  constructor(path: string) {
    const isStandardOutput = path === "-";
    const folder = isStandardOutput ? tmpdir() : dirname(path);
    this.path = path;
    if (!isStandardOutput) requireReplaceable(path);
    try {
      accessSync(folder, constants.W_OK);
      // The folder of temporary files is everybody's: only a folder of our own keeps others' links away.
      this.#ownFolder = isStandardOutput
        ? mkdtempSync(join(folder, "drayage-extract-"))
        : undefined;
      const name = isStandardOutput ? "output" : basename(path);
      this.partialPath = join(this.#ownFolder ?? folder, `.${name}.partial-${process.pid}`);
      rmSync(this.partialPath, { force: true });
      this.#descriptor = openSync(this.partialPath, "wx+");
      this.#mode = fstatSync(this.#descriptor).mode & PERMISSIONS;
      permit(this.partialPath, PRIVATE_MODE);
    } catch (error) {
      throw new UsageError(`cannot write ${path} into the folder ${folder}: ${messageOf(error)}`);
    }
  }

  write(text: string): void {
    const most = UTF8_BYTES_PER_UNIT * text.length;
    if (this.#filled + most > WRITE_BYTES) this.#flush();
    if (most > WRITE_BYTES) this.#store(Buffer.from(text, "utf8"));
    else this.#filled += this.#buffer.write(text, this.#filled, "utf8");
  }

  /** The bytes from `from` to `to`, without a view of them. */
  copyBytes({ bytes, from, to }: { bytes: Buffer; from: number; to: number }): void {
    const buffer = this.reserve(to - from);
    this.#filled += bytes.copy(buffer, this.#filled, from, to);
  }

  writeBytes(bytes: Uint8Array): void {
    if (this.#filled + bytes.length > WRITE_BYTES) this.#flush();
    if (bytes.length > WRITE_BYTES) this.#store(bytes);
    else {
      this.#buffer.set(bytes, this.#filled);
      this.#filled += bytes.length;
    }
  }

  /** Memory with room for so many bytes from `at` on, for what is written in place; `advance` tells where it ends. */
  reserve(bytes: number): Buffer {
    if (this.#filled + bytes > this.#buffer.length) this.#flush();
    if (bytes > this.#buffer.length) this.#buffer = Buffer.allocUnsafeSlow(bytes);
    return this.#buffer;
  }
  get at(): number {
    return this.#filled;
  }
  advance(end: number): void {
    this.#filled = end;
  }
  /** Where the next byte goes. */
  get end(): number {
    return this.bytes + this.#filled;
  }

  /** Begins the file anew and gives what it held until now; that must be closed. */
  setAside(): AsideFile {
    this.#flush();
    const descriptor = this.#descriptor;
    this.#attempt(() => {
      rmSync(this.partialPath);
      this.#descriptor = openSync(this.partialPath, "wx+", PRIVATE_MODE);
    });
    this.#hash = createHash("sha256");
    this.bytes = 0;
    return {
      read: (target, position) => readFully(descriptor, target, position),
      close: () => closeSync(descriptor),
    };
  }

  /** Everything is on the disk afterwards. Returns the hash of the file. */
  complete(): string {
    this.#flush();
    this.#attempt(() => fsyncSync(this.#descriptor));
    return this.#hash.copy().digest("hex");
  }

  /** Holds neither descriptor nor memory any more; nothing may be written afterwards. */
  release(): void {
    this.#flush();
    this.#close();
    this.#buffer = NOTHING;
  }

  /** Pieces of the file from its beginning, each borrowed until the next one. */
  *pieces(): Generator<Buffer> {
    const isReleased = !this.#isOpen;
    if (!isReleased) this.#flush();
    const descriptor = isReleased ? openSync(this.partialPath, "r") : this.#descriptor;
    const piece = Buffer.allocUnsafeSlow(WRITE_BYTES);
    try {
      for (let position = 0; ; ) {
        const got = readSync(descriptor, piece, 0, piece.length, position);
        if (got === 0) return;
        position += got;
        yield piece.subarray(0, got);
      }
    } finally {
      if (isReleased) closeSync(descriptor);
    }
  }

  rename(): void {
    this.#close();
    this.#attempt(() => {
      permit(this.partialPath, this.#mode);
      renameSync(this.partialPath, this.path);
    });
  }

  /** Removes what was written. Idempotent. */
  discard(): void {
    this.#close();
    rmSync(this.#ownFolder ?? this.partialPath, { recursive: true, force: true });
  }

  /** Closes and leaves the unfinished file where it is. */
  keep(): void {
    if (this.#isOpen) this.#flush();
    this.#close();
  }

  #flush(): void {
    this.#store(this.#buffer.subarray(0, this.#filled));
    this.#filled = 0;
  }

  #store(bytes: Uint8Array): void {
    // Its descriptor may be another file's by now: what still writes has not heard that the trace was given up.
    if (!this.#isOpen) throw new DrayageError("interrupted", `${this.path} was given up`);
    this.#hash.update(bytes);
    this.#attempt(() => {
      for (let at = 0; at < bytes.length; )
        at += writeSync(this.#descriptor, bytes, at, bytes.length - at, this.bytes + at);
    });
    this.bytes += bytes.length;
  }

  #attempt(step: () => void): void {
    try {
      step();
    } catch (error) {
      throw new DrayageError(
        "storage",
        `cannot write ${this.path} (${this.bytes} bytes so far): free space or choose another place`,
        { cause: error },
      );
    }
  }

  #close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    closeSync(this.#descriptor);
  }
}

/** File systems without permissions have none to change. */
function permit(path: string, mode: number): void {
  try {
    chmodSync(path, mode);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "EPERM" && code !== "ENOTSUP" && code !== "ENOSYS") throw error;
  }
}

/** Writes a small file of text whole or not at all. */
export function writeWhole(path: string, text: string): void {
  const file = new PartialFile(path);
  try {
    file.write(text);
    file.complete();
    file.rename();
  } catch (error) {
    file.discard();
    throw error;
  }
}
