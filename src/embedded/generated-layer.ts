// Layers that are made while they are sent. A layer is a tar archive with one file of pseudo-random bytes:
//
//   0        512                      512 + size - 64        512 + size     next 512     + 1024
//   | header | key stream, the same   | 64 bytes of this     | zeros        | two empty  |
//   |        | for all of this size   | layer alone          |              | blocks     |
//
// Layers of one size differ in those 64 bytes only, so that the hash of the long beginning is taken once per size and
// thousands of digests cost next to nothing. The key stream is AES-128 in counter mode: any offset can be made directly.
import { createCipheriv, createHash, type Hash } from "node:crypto";
import { crc32 } from "node:zlib";
import type { Content } from "./content.ts";
import { storedGzip, storedGzipOffset } from "./stored-gzip.ts";

const BLOCK = 512;
const END_BYTES = 2 * BLOCK;
const OWN_BYTES = 64;
/** Key stream made at a time while a layer is sent. */
const SLICE_BYTES = 65_536;
/** Up to this size a layer is made in one piece, for a single write. */
const WHOLE_BYTES_MAX = 65_536;
const CIPHER_BLOCK = 16n;

export interface GeneratedLayer {
  readonly digest: string;
  readonly diffId: string;
  readonly content: Content;
}

/** Makes the layers of one seed and remembers what layers of the same size have in common. */
export class LayerMaker {
  readonly #seed: string;
  readonly #compress: boolean;
  readonly #beginnings = new Map<number, Beginning>();

  constructor(seed: string, compress: boolean) {
    this.#seed = seed;
    this.#compress = compress;
  }

  /** `key` tells layers of the same size apart. */
  layer(key: string, fileBytes: number): GeneratedLayer {
    const beginning = this.#beginnings.get(fileBytes) ?? this.#begin(fileBytes);
    const archive = tarContent(beginning, layerEnd(this.#seed, key, fileBytes));
    const diffId = digestFrom(beginning.tarHash, archive, beginning.tarBytes);
    if (!this.#compress) return { digest: diffId, diffId, content: archive };
    const content = withWhole(storedGzip(archive, checksum(beginning, archive)));
    const digest = digestFrom(beginning.gzipHash, content, storedGzipOffset(beginning.tarBytes));
    return { digest, diffId, content };
  }

  #begin(fileBytes: number): Beginning {
    const secret = createHash("sha512")
      .update(`drayage-layer-v1\0${this.#seed}\0${fileBytes}`)
      .digest();
    const tarBytes = BLOCK + Math.max(0, fileBytes - OWN_BYTES);
    const header = tarHeader(fileBytes);
    const parts = { secret, header, tarBytes, kept: keptBeginning(secret, header, tarBytes) };
    const blank = {
      ...parts,
      tarHash: createHash("sha256"),
      gzipHash: createHash("sha256"),
      crc: 0,
    };
    const archive = tarContent(blank, layerEnd(this.#seed, "", fileBytes));
    let crc = 0;
    for (const slice of archive.slices(0, tarBytes)) {
      blank.tarHash.update(slice);
      crc = crc32(slice, crc);
    }
    const compressed = storedGzip(archive, 0);
    const gzipBytes = this.#compress ? storedGzipOffset(tarBytes) : 0;
    for (const slice of compressed.slices(0, gzipBytes)) blank.gzipHash.update(slice);
    const beginning = { ...blank, crc };
    this.#beginnings.set(fileBytes, beginning);
    return beginning;
  }
}

/** What all layers of one size share: their first `tarBytes` bytes, and the state of the hashes after them. */
interface Beginning {
  readonly secret: Buffer;
  readonly header: Buffer;
  readonly tarBytes: number;
  /** The first bytes as they are kept: of a small layer all `tarBytes`, of a large one the header. */
  readonly kept: Buffer;
  readonly tarHash: Hash;
  readonly gzipHash: Hash;
  readonly crc: number;
}

// Setting up a cipher costs several times as much as answering a request for a small layer.
function keptBeginning(secret: Buffer, header: Buffer, tarBytes: number): Buffer {
  if (tarBytes > WHOLE_BYTES_MAX) return header;
  return Buffer.concat([header, ...keyStream(secret, 0, tarBytes - header.length)]);
}

function digestFrom(beginning: Hash, content: Content, from: number): string {
  const hash = beginning.copy();
  for (const slice of content.slices(from, content.size)) hash.update(slice);
  return `sha256:${hash.digest("hex")}`;
}

function checksum(beginning: Beginning, archive: Content): number {
  let crc = beginning.crc;
  for (const slice of archive.slices(beginning.tarBytes, archive.size)) crc = crc32(slice, crc);
  return crc;
}

// The layer's own bytes, the padding to whole blocks and the two empty blocks that end an archive.
function layerEnd(seed: string, key: string, fileBytes: number): Buffer {
  const own = createHash("sha512")
    .update(`drayage-layer-v1\0${seed}\0${fileBytes}\0${key}`)
    .digest();
  const ownBytes = Math.min(OWN_BYTES, fileBytes);
  const padding = (BLOCK - (fileBytes % BLOCK)) % BLOCK;
  return Buffer.concat([own.subarray(0, ownBytes), Buffer.alloc(padding + END_BYTES)]);
}

function tarContent(
  beginning: Pick<Beginning, "secret" | "header" | "tarBytes" | "kept">,
  end: Buffer,
): Content {
  const { header, tarBytes, secret, kept } = beginning;
  return withWhole({
    size: tarBytes + end.length,
    whole: undefined,
    slices: function* (from, to) {
      const headEnd = Math.min(to, kept.length);
      if (from < headEnd) yield kept.subarray(from, headEnd);
      const streamEnd = Math.min(to, tarBytes);
      const streamStart = Math.max(from, kept.length);
      if (streamStart < streamEnd) {
        yield* keyStream(secret, streamStart - header.length, streamEnd - header.length);
      }
      if (to > tarBytes) yield end.subarray(Math.max(0, from - tarBytes), to - tarBytes);
    },
  });
}

function withWhole(content: Content): Content {
  if (content.size > WHOLE_BYTES_MAX) return content;
  return {
    ...content,
    get whole() {
      return Buffer.concat([...content.slices(0, content.size)], content.size);
    },
  };
}

const zeros = Buffer.alloc(SLICE_BYTES);

function* keyStream(secret: Buffer, from: number, to: number): Iterable<Buffer> {
  const start = BigInt(from) / CIPHER_BLOCK;
  const counter = (secret.readBigUInt64BE(24) + start) & 0xffff_ffff_ffff_ffffn;
  const firstBlock = Buffer.from(secret.subarray(16, 32));
  firstBlock.writeBigUInt64BE(counter, 8);
  const cipher = createCipheriv("aes-128-ctr", secret.subarray(0, 16), firstBlock);
  const skip = from - Number(start * CIPHER_BLOCK);
  if (skip > 0) cipher.update(zeros.subarray(0, skip));
  for (let at = from; at < to; at += SLICE_BYTES) {
    yield cipher.update(zeros.subarray(0, Math.min(SLICE_BYTES, to - at)));
  }
}

// A ustar header: name, mode, owner, group, size, time 0, checksum over itself with eight spaces in its own field.
function tarHeader(fileBytes: number): Buffer {
  const header = Buffer.alloc(BLOCK);
  header.write("layer.bin", 0);
  header.write("0000644\0", 100);
  header.write("0000000\0", 108);
  header.write("0000000\0", 116);
  header.write(`${sizeField(fileBytes)}\0`, 124);
  header.write("00000000000\0", 136);
  header.write("        ", 148);
  header.write("0", 156);
  header.write("ustar\u000000", 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return header;
}

// Eleven octal digits hold sizes below 8 GiB; LAYER_BYTES_MAX of image-spec.ts keeps within.
const sizeField = (size: number): string => size.toString(8).padStart(11, "0");
