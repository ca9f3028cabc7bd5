// Content as a pure function of (seed, key, size), so that any thread makes any body again and nothing is stored.
//
//   h = SHA-256("drayage-content-v1" NUL seed NUL key NUL size)      text in UTF-8, size in decimal
//   random: true     AES-128-CTR key stream, key h[0..16), first counter block h[16..32)
//   random: false    h[0..min(32, size)), then zero bytes
//
// Runs once per 256 KiB sent; budget 0.2 s of processor per GB. The cipher's output is the only allocation: the runtime has no
// cipher call that writes into memory of the caller. It is sent as it is, and so are zeros: nothing is copied. Guarded by
// perf/content.bench.ts and perf/peers-uploads.bench.ts. Source: trace-replay.md 4.2.
import { type Cipheriv, createCipheriv, createHash, hash } from "node:crypto";
import type { BodySource } from "../wire/exchange.ts";

export type ContentSpec = {
  /** `run.seed`: the number 0 and the text "0" are the same seed. */
  readonly seed: string | number;
  /** URI, or its last segment: `warmup.identity`. */
  readonly key: string;
  /** Bytes of the body, an integer >= 0. */
  readonly size: number;
  /** `warmup.random`: incompressible, or nearly all zero. */
  readonly random: boolean;
};

/** Made at a time: the cost per call no longer shows, and memory for the results is used again and again. */
const SLICE_BYTES = 256 * 1024;
const SEED_BYTES = 32;
/** Lent to whoever sends plain content: read only. */
const ZEROS = Buffer.alloc(SLICE_BYTES);

/** The 32 bytes that determine a body. */
export function contentSeed({ seed, key, size }: Omit<ContentSpec, "random">): Buffer {
  return hash("sha256", `drayage-content-v1\0${seed}\0${key}\0${size}`, "buffer");
}

/** The body of one upload. Make a new one to send it again. */
export class ContentSource implements BodySource {
  readonly #seed: Buffer;
  readonly #size: number;
  readonly #cipher: Cipheriv | undefined;
  #at = 0;
  /** Key stream that was read last. */
  #made: Buffer<ArrayBuffer> | undefined;

  constructor(spec: ContentSpec) {
    this.#seed = contentSeed(spec);
    this.#size = spec.size;
    this.#cipher = spec.random ? keyStream(this.#seed) : undefined;
  }

  read(chunk: Buffer): Buffer {
    const wanted = Math.min(chunk.length, SLICE_BYTES, this.#size - this.#at);
    const bytes =
      this.#cipher === undefined
        ? this.#plain(chunk, wanted)
        : this.#keyStream(this.#cipher, wanted);
    this.#at += wanted;
    return bytes;
  }

  #plain(chunk: Buffer, wanted: number): Buffer {
    if (this.#at >= SEED_BYTES) return wanted === SLICE_BYTES ? ZEROS : ZEROS.subarray(0, wanted);
    const head = Math.min(wanted, SEED_BYTES - this.#at);
    this.#seed.copy(chunk, 0, this.#at, this.#at + head);
    chunk.fill(0, head, wanted);
    return chunk.subarray(0, wanted);
  }

  #keyStream(cipher: Cipheriv, wanted: number): Buffer {
    this.#made = cipher.update(wanted === SLICE_BYTES ? ZEROS : ZEROS.subarray(0, wanted));
    return this.#made;
  }

  /** Gives key stream back to the allocator at once, for the next slice; left to the collector it is 64 MiB more a thread. */
  free(): void {
    const made = this.#made;
    this.#made = undefined;
    if (made !== undefined && made.length === made.buffer.byteLength) made.buffer.transfer(0);
  }
}

const keyStream = (seed: Buffer): Cipheriv =>
  createCipheriv("aes-128-ctr", seed.subarray(0, 16), seed.subarray(16, SEED_BYTES));

/** SHA-256 of a body, 32 bytes. Holds the thread for about 1 ms per MiB. */
export function contentDigest(spec: ContentSpec): Buffer {
  const digest = createHash("sha256");
  const source = new ContentSource(spec);
  const chunk = Buffer.allocUnsafe(Math.min(spec.size, SLICE_BYTES));
  for (let slice = source.read(chunk); slice.length > 0; slice = source.read(chunk)) {
    digest.update(slice);
    source.free();
  }
  return digest.digest();
}
