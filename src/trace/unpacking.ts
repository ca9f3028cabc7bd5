import { createGunzip, createZstdDecompress } from "node:zlib";
import { messageOf } from "../core/errors.ts";
import { ZstdFrames } from "./zstd-frames.ts";

/** Decompressed bytes that may wait: a bound against input that unpacks to a thousand times its size. */
const WAITING_BYTES_MAX = 8 << 20;
const CHUNK_BYTES = 256 << 10;

/** Why a compressed file ended early: cut off, or not what its checksums say. */
export type Damage = { readonly reason: "truncated" | "damaged"; readonly message: string };

/**
 * Decompresses gzip or zstd of any number of members. What was unpacked before the input turned out to be cut off or
 * damaged is not lost.
 */
export class Unpacking {
  readonly #stream: ReturnType<typeof createGunzip> | ReturnType<typeof createZstdDecompress>;
  readonly #frames: ZstdFrames | undefined;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #taken = 0;
  #writing = 0;
  #wake: (() => void) | undefined;
  /** Nothing more will come. */
  ended = false;
  damage: Damage | undefined;

  constructor(compression: "gzip" | "zstd") {
    const options = { chunkSize: CHUNK_BYTES };
    this.#frames = compression === "zstd" ? new ZstdFrames() : undefined;
    this.#stream =
      this.#frames === undefined ? createGunzip(options) : createZstdDecompress(options);
    this.#stream.on("data", (chunk: Buffer) => this.#receive(chunk));
    this.#stream.on("end", () => this.#end(undefined));
    this.#stream.on("error", (error) => this.#end(damageOf(error)));
  }

  /** All input so far has been unpacked: `give` more. Otherwise await `progress`. */
  get hungry(): boolean {
    return this.#writing === 0;
  }

  /** Hands in the next piece of the file; an empty one ends it. */
  give(piece: Buffer): void {
    this.#writing++;
    if (piece.length === 0) {
      this.#stream.end();
      return;
    }
    for (let at = 0; at < piece.length; ) {
      const length = this.#frames?.advance(piece, at) ?? piece.length;
      if (length > 0) this.#write(piece.subarray(at, at + length));
      at += length;
      if (this.#frames?.isForeign) {
        this.#foreign();
        break;
      }
    }
    this.#writing--;
  }

  /** Resolves when something was unpacked or all was. */
  progress(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
      if (this.#waitingBytes < WAITING_BYTES_MAX) this.#stream.resume();
    });
  }

  /** Moves unpacked bytes to `target`. Returns how many. */
  take(target: Buffer, at: number, room: number): number {
    const chunk = this.#waiting[0];
    if (chunk === undefined) return 0;
    const length = Math.min(room, chunk.length - this.#taken);
    chunk.copy(target, at, this.#taken, this.#taken + length);
    this.#taken += length;
    if (this.#taken === chunk.length) {
      this.#waiting.shift();
      this.#waitingBytes -= chunk.length;
      this.#taken = 0;
    }
    return length;
  }

  close(): void {
    this.#stream.destroy();
  }

  #write(piece: Buffer): void {
    this.#writing++;
    this.#stream.write(piece, () => {
      this.#writing--;
      this.#wake?.();
    });
  }

  #foreign(): void {
    this.damage = { reason: "damaged", message: "what follows the compressed data is not zstd" };
    this.#writing++;
    this.#stream.end();
  }

  #receive(chunk: Buffer): void {
    this.#waiting.push(chunk);
    this.#waitingBytes += chunk.length;
    if (this.#waitingBytes >= WAITING_BYTES_MAX) this.#stream.pause();
    this.#wake?.();
  }

  #end(damage: Damage | undefined): void {
    this.damage ??= damage;
    this.ended = true;
    this.#wake?.();
  }
}

function damageOf(error: Error): Damage {
  const cut = "code" in error && error.code === "Z_BUF_ERROR";
  return cut
    ? { reason: "truncated", message: "the compressed data end too early" }
    : { reason: "damaged", message: `the compressed data are damaged: ${messageOf(error)}` };
}
