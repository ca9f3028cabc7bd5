// Content as a pure function of (seed, key, size), so that any thread makes any body again and nothing is stored.
//
//   h = SHA-256("drayage-content-v1" NUL seed NUL key NUL size)      text in UTF-8, size in decimal
//   random: true     AES-128-CTR key stream, key h[0..16), first counter block h[16..32)
//   random: false    h[0..min(32, size)), then zero bytes
//
// Runs once per 64 KiB sent; budget 0.5 s of processor per GB. The cipher's output is the only allocation: the runtime has no
// cipher call that writes into memory of the caller. Guarded by perf/content.bench.ts. Source: trace-replay.md 4.2.
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

const DIGEST_SLICE_BYTES = 1 << 20;
/** Key stream made at a time: the cost per call no longer shows, and memory for the results is used again and again. */
const CIPHER_SLICE_BYTES = 1 << 16;
const SEED_BYTES = 32;
const ZEROS = Buffer.alloc(CIPHER_SLICE_BYTES);

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

  constructor(spec: ContentSpec) {
    this.#seed = contentSeed(spec);
    this.#size = spec.size;
    this.#cipher = spec.random ? keyStream(this.#seed) : undefined;
  }

  read(chunk: Buffer): number {
    const wanted = Math.min(chunk.length, this.#size - this.#at);
    if (this.#cipher === undefined) this.#copyPlain(chunk, wanted);
    else copyKeyStream(this.#cipher, chunk, wanted);
    this.#at += wanted;
    return wanted;
  }

  #copyPlain(chunk: Buffer, wanted: number): void {
    const head = this.#at < SEED_BYTES ? Math.min(wanted, SEED_BYTES - this.#at) : 0;
    if (head > 0) this.#seed.copy(chunk, 0, this.#at, this.#at + head);
    chunk.fill(0, head, wanted);
  }
}

const keyStream = (seed: Buffer): Cipheriv =>
  createCipheriv("aes-128-ctr", seed.subarray(0, 16), seed.subarray(16, SEED_BYTES));

function copyKeyStream(cipher: Cipheriv, chunk: Buffer, wanted: number): void {
  for (let at = 0; at < wanted; at += CIPHER_SLICE_BYTES) {
    const length = Math.min(CIPHER_SLICE_BYTES, wanted - at);
    const made = cipher.update(ZEROS.subarray(0, length));
    made.copy(chunk, at);
    // Gives the memory back at once, to be used for the next slice; left to the collector it is 64 MiB more a thread.
    if (made.length === made.buffer.byteLength) made.buffer.transfer(0);
  }
}

/** SHA-256 of a body, 32 bytes. Holds the thread for about 1 ms per MiB. */
export function contentDigest(spec: ContentSpec): Buffer {
  const digest = createHash("sha256");
  for (const slice of slices(spec)) digest.update(slice);
  return digest.digest();
}

/** Slices of at most 1 MiB, all reads of one buffer. */
function* slices(spec: ContentSpec): Generator<Buffer> {
  const source = new ContentSource(spec);
  const chunk = Buffer.allocUnsafe(Math.min(spec.size, DIGEST_SLICE_BYTES));
  for (;;) {
    const length = source.read(chunk);
    if (length === 0) return;
    yield chunk.subarray(0, length);
  }
}
