import { readSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import type { Compression } from "./account.ts";
import { type Damage, Unpacking } from "./unpacking.ts";
import { isZstdMagic } from "./zstd-frames.ts";

/** Bytes asked for at once, of a file as it is and of a compressed one. */
const READ_BYTES = 256 << 10;
const PACKED_BYTES = 1 << 18;
/** The uncompressed bytes of a file, read on demand. */
export class TraceInput {
  readonly path: string;
  readonly bytes: number;
  readonly compression: Compression;
  /** Stored bytes read so far. */
  storedRead = 0;
  /** Why reading ended before the end: a sentence. Set once `read` has returned 0. */
  damage: Damage | undefined;
  readonly #handle: FileHandle;
  readonly #unpacking: Unpacking | undefined;

  private constructor(parts: {
    path: string;
    bytes: number;
    handle: FileHandle;
    compression: Compression;
  }) {
    this.path = parts.path;
    this.bytes = parts.bytes;
    this.compression = parts.compression;
    this.#handle = parts.handle;
    if (parts.compression !== "none") this.#unpacking = new Unpacking(parts.compression);
  }

  static async open(path: string): Promise<TraceInput> {
    const handle = await open(path, "r");
    try {
      const stat = await handle.stat();
      if (!stat.isFile())
        throw new Error("a pipe or a device is no file; a trace is read from one");
      const { size } = stat;
      const head = Buffer.alloc(4);
      const { bytesRead } = await handle.read(head, 0, head.length, 0);
      const compression = compressionOf(head.subarray(0, bytesRead));
      return new TraceInput({ path, bytes: size, handle, compression });
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** Fills `target` from `at` on with at most `room` bytes. Returns how many; 0 at the end. */
  async read(target: Buffer, at: number, room: number): Promise<number> {
    const unpacking = this.#unpacking;
    if (unpacking === undefined) return this.#readStored(target, at, Math.min(room, READ_BYTES));
    for (;;) {
      const taken = unpacking.take(target, at, room);
      if (taken > 0) return taken;
      if (unpacking.ended) break;
      if (unpacking.hungry) {
        const packed = Buffer.allocUnsafe(PACKED_BYTES);
        const length = this.#readStored(packed, 0, PACKED_BYTES);
        unpacking.give(packed.subarray(0, length));
      } else await unpacking.progress();
    }
    this.damage = unpacking.damage;
    return 0;
  }

  async close(): Promise<void> {
    this.#unpacking?.close();
    await this.#handle.close();
  }

  /** Holds the thread: a hop to another one and back costs more than a copy from the system's cache. */
  #readStored(target: Buffer, at: number, room: number): number {
    const got = readSync(this.#handle.fd, target, at, room, this.storedRead);
    this.storedRead += got;
    return got;
  }
}

/** By the first bytes. A zstd stream may also begin with a frame to be skipped. */
function compressionOf(head: Buffer): Compression {
  if (head[0] === 0x1f && head[1] === 0x8b) return "gzip";
  if (head.length < 4) return "none";
  return isZstdMagic(head.readUInt32LE(0)) ? "zstd" : "none";
}
