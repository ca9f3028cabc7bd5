import { once } from "node:events";
import { createWriteStream, openSync, rmSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Writable } from "node:stream";
import { finished, pipeline } from "node:stream/promises";
import { createGzip, createZstdCompress } from "node:zlib";
import { DrayageError, messageOf, UsageError } from "../../core/errors.ts";
import { requireReplaceable } from "../../core/replaceable.ts";
import type { Compression } from "../account.ts";
import { publishFile } from "../whole-file.ts";

const compressors = { gzip: () => createGzip(), zstd: () => createZstdCompress() } as const;

/**
 * A file that gets its name when it is complete: until then it is `.<name>.partial-<pid>` beside it, and what stood under
 * the name stays. `write` queues, `drain` waits for the disk, so memory is what is written between two drains.
 */
export class OutputFile {
  readonly path: string;
  readonly #partial: string;
  readonly #head: Writable;
  readonly #done: Promise<void>;
  #queue: Uint8Array[] = [];

  /** Throws a UsageError if the place cannot be written. */
  constructor(path: string, compression: Compression) {
    this.path = path;
    this.#partial = join(dirname(path), `.${basename(path)}.partial-${process.pid}`);
    const file = createWriteStream(this.#partial, {
      fd: openPartial(path, this.#partial),
      flush: true,
    });
    if (compression === "none") {
      this.#head = file;
      this.#done = finished(file);
    } else {
      const compressor = compressors[compression]();
      this.#head = compressor;
      this.#done = pipeline(compressor, file);
    }
    // A failure is met where something is awaited; here it only must not count as unhandled.
    this.#done.catch(() => undefined);
  }

  /** Takes the bytes over. */
  write(bytes: Uint8Array): void {
    this.#queue.push(bytes);
  }

  async drain(): Promise<void> {
    const waiting = this.#queue;
    this.#queue = [];
    await this.#attempt(async () => {
      for (const bytes of waiting) {
        if (!this.#head.write(bytes)) await Promise.race([once(this.#head, "drain"), this.#done]);
      }
    });
  }

  /** Gives the file its name. Returns its size. */
  async finish(): Promise<number> {
    await this.drain();
    return await this.#attempt(async () => {
      this.#head.end();
      await this.#done;
      publishFile(this.#partial, this.path);
      return statSync(this.path).size;
    });
  }

  /** Removes what was written, unless the file has its name already. Idempotent. */
  discard(): void {
    this.#head.destroy();
    rmSync(this.#partial, { force: true });
  }

  async #attempt<T>(step: () => Promise<T>): Promise<T> {
    try {
      return await step();
    } catch (error) {
      throw new DrayageError("storage", `cannot write ${this.path}: ${messageOf(error)}`, {
        cause: error,
      });
    }
  }
}

function openPartial(path: string, partial: string): number {
  requireReplaceable(path);
  try {
    return openSync(partial, "w");
  } catch (error) {
    throw new UsageError(`cannot write ${path}: ${messageOf(error)}`);
  }
}
