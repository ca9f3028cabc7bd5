import { closeSync, openSync, readSync } from "node:fs";
import { DrayageError, messageOf, UsageError } from "../core/errors.ts";
import { ByteMap, type KeyBatch } from "./byte-map.ts";
import { UriMapParser } from "./uri-map-parser.ts";

const READ_BYTES = 256 * 1024;
const DIGEST_BYTES = 32;
/** Entries per segment of the digest table: 1 MiB, so that growing never copies. */
const SEGMENT_BITS = 15;
const SEGMENT_ENTRIES: number = 1 << SEGMENT_BITS;
const SEGMENT_MASK: number = SEGMENT_ENTRIES - 1;

/**
 * What a warm-up left in the registry: URI -> SHA-256 of the object, or "bad" where its push failed. About 100 bytes per
 * entry with keys of 40 bytes. Looked up once per trace record, allocating nothing. Source: trace-replay.md 4.4.
 */
export class UriMap {
  readonly #uris = new ByteMap();
  readonly #digests: Buffer[] = [];
  readonly #bad: Uint8Array[] = [];
  protected readAheadSum = 0;

  get size(): number {
    return this.#uris.size;
  }

  /** Number of the entry of the URI `buffer[from..to)`, or -1. */
  find(buffer: Buffer, from: number, to: number): number {
    return this.#uris.find(buffer, from, to);
  }

  /** `find` for many URIs at once, whose digests then stand in the processor's caches. See `ByteMap.findAll`. */
  findAll(keys: KeyBatch, entries: Int32Array): void {
    this.#uris.findAll(keys, entries);
    // A sum that nobody needs, but for the compiler to leave the reading in.
    let sum = 0;
    for (let i = 0; i < keys.count; i++) {
      const entry = entries[i] as number;
      if (entry >= 0) sum += this.#firstByte(entry);
    }
    this.readAheadSum = sum;
  }

  #firstByte(entry: number): number {
    const digests = this.#digests[entry >>> SEGMENT_BITS] as Buffer;
    return digests[(entry & SEGMENT_MASK) * DIGEST_BYTES] as number;
  }

  isBad(entry: number): boolean {
    return this.#bad[entry >>> SEGMENT_BITS]?.[entry & SEGMENT_MASK] === 1;
  }

  /** Copies the 32 bytes of an entry's digest to the start of `target`; zeros where the entry is bad. */
  copyDigest(entry: number, target: Buffer): void {
    const at = (entry & SEGMENT_MASK) * DIGEST_BYTES;
    const segment = this.#digests[entry >>> SEGMENT_BITS] as Buffer;
    for (let i = 0; i < DIGEST_BYTES; i++) target[i] = segment[at + i] as number;
  }

  /** The URI of an entry: a view that stays valid. */
  uriOf(entry: number): Buffer {
    return this.#uris.keyOf(entry);
  }

  /** Sets the entry of the URI `buffer[from..to)`; the last value of a repeated URI counts. `undefined` = bad. */
  set(buffer: Buffer, from: number, to: number, digest: Buffer | undefined): void {
    const entry = this.#uris.add(buffer, from, to);
    const segment = entry >>> SEGMENT_BITS;
    if (segment === this.#digests.length) {
      this.#digests.push(Buffer.alloc(SEGMENT_ENTRIES * DIGEST_BYTES));
      this.#bad.push(new Uint8Array(SEGMENT_ENTRIES));
    }
    const within = entry & SEGMENT_MASK;
    (this.#bad[segment] as Uint8Array)[within] = digest === undefined ? 1 : 0;
    const digests = this.#digests[segment] as Buffer;
    const at = within * DIGEST_BYTES;
    if (digest === undefined) digests.fill(0, at, at + DIGEST_BYTES);
    else digest.copy(digests, at, 0, DIGEST_BYTES);
  }
}

/**
 * Reads a map file, ours or one of the original tool, with one buffer of 256 KiB besides the table. Holds the thread while
 * it reads. A missing file is a UsageError, a damaged one a DrayageError `map-corrupt` that names the byte.
 */
export function readUriMap(path: string): UriMap {
  const map = new UriMap();
  const parser = new UriMapParser((key, keyBytes, digest) => map.set(key, 0, keyBytes, digest));
  const file = openMap(path);
  try {
    const buffer = Buffer.allocUnsafe(READ_BYTES);
    for (;;) {
      const length = readSync(file, buffer, 0, READ_BYTES, null);
      if (length === 0) break;
      parser.push(buffer, length);
    }
    parser.end();
  } catch (error) {
    throw asMapError(path, error);
  } finally {
    closeSync(file);
  }
  return map;
}

function openMap(path: string): number {
  try {
    return openSync(path, "r");
  } catch (error) {
    throw new UsageError(
      `cannot read the map ${path}: ${messageOf(error)}; "drayage warmup" writes it`,
      { cause: error },
    );
  }
}

function asMapError(path: string, error: unknown): DrayageError {
  if (!(error instanceof DrayageError)) {
    return new DrayageError("storage", `cannot read the map ${path}: ${messageOf(error)}`, {
      cause: error,
    });
  }
  return new DrayageError(error.code, `the map ${path} ${error.message}`, { cause: error.cause });
}
