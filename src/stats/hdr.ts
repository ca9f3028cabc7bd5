// Distributions as HdrHistogram V2 (compressed, base64), which any HdrHistogram tool reads: unit 1 ns, three digits.
import { deflateSync } from "node:zlib";
import { decodeFromCompressedBase64, Float64Histogram } from "hdr-histogram-js";
import { DrayageError, messageOf } from "../core/errors.ts";
import type { Distribution } from "./distribution.ts";
import { HIGHEST_NS, INDEX_COUNT } from "./histogram.ts";

const DIGITS = 3;

//   compressed   i32 cookie | i32 bytes | zlib of the encoded one                                       all big-endian
//   encoded      i32 cookie | i32 bytes of counts | i32 offset of the first counter: 0 | i32 digits | i64 lowest value
//                | i64 highest value | f64 value of a unit: 1 | counts
//   counts       zigzag LEB128: a count, or less than zero, how many zeros there are in a row where it is more than one
const COOKIE = 0x1c849303 | 0x10;
const COMPRESSED_COOKIE = 0x1c849304 | 0x10;
const HEAD_BYTES = 40;
const COMPRESSED_HEAD_BYTES = 8;
/** Of a count or of a number of zeros. */
const NUMBER_BYTES_MAX = 9;
/** Some hundred bytes need no window of 32 KiB, nor tables of 256 KiB to be made for each of them. */
const SMALL = { windowBits: 12, memLevel: 5 } as const;

/**
 * Takes some 50 us; the library, which has a counter for each of 33,792 values, three times that and 264 KiB of garbage. Several
 * dozen are written each second of a run on several machines.
 */
export function encodeHdr({ indices, counts }: Distribution): string {
  const bytes = Buffer.alloc(HEAD_BYTES + (2 * indices.length + 1) * NUMBER_BYTES_MAX);
  let at = HEAD_BYTES;
  let next = 0;
  for (let i = 0; i < indices.length; i++) {
    const index = indices[i] as number;
    const zeros = index - next;
    if (zeros > 0) at = writeNumber(bytes, at, zeros === 1 ? 0 : 2 * zeros - 1);
    at = writeNumber(bytes, at, 2 * (counts[i] as number));
    next = index + 1;
  }
  // One counter is there in any case.
  if (indices.length === 0) at++;
  bytes.writeInt32BE(COOKIE, 0);
  bytes.writeInt32BE(at - HEAD_BYTES, 4);
  bytes.writeInt32BE(DIGITS, 12);
  bytes.writeBigInt64BE(1n, 16);
  bytes.writeBigInt64BE(BigInt(HIGHEST_NS), 24);
  bytes.writeDoubleBE(1, 32);
  const compressed = deflateSync(bytes.subarray(0, at), SMALL);
  const head = Buffer.allocUnsafe(COMPRESSED_HEAD_BYTES);
  head.writeInt32BE(COMPRESSED_COOKIE, 0);
  head.writeInt32BE(compressed.length, 4);
  return Buffer.concat([head, compressed]).toString("base64");
}

function writeNumber(bytes: Buffer, from: number, zigzag: number): number {
  let at = from;
  let rest = zigzag;
  while (rest >= 128) {
    bytes[at++] = (rest % 128) | 128;
    rest = Math.floor(rest / 128);
  }
  bytes[at++] = rest;
  return at;
}

/**
 * Back from `encodeHdr`. The format has no sum: what the buckets' middles give stands in for it unless `sum`, in ns, is
 * known from elsewhere. Throws DrayageError `protocol` for anything that is not such a histogram.
 */
export function decodeHdr(base64: string, sum?: number): Distribution {
  const histogram = decoded(base64);
  const indices: number[] = [];
  const counts: number[] = [];
  for (let index = 0; index < INDEX_COUNT; index++) {
    const count = histogram.getCountAtIndex(index);
    if (count === 0) continue;
    indices.push(index);
    counts.push(count);
  }
  const total = histogram.totalCount;
  return { indices, counts, total, sum: sum ?? histogram.mean * total };
}

function decoded(base64: string): Float64Histogram {
  try {
    const histogram = decodeFromCompressedBase64(base64, 64);
    if (histogram instanceof Float64Histogram && histogram.countsArrayLength === INDEX_COUNT) {
      return histogram;
    }
  } catch (error) {
    throw new DrayageError("protocol", `not a histogram: ${messageOf(error)}`, { cause: error });
  }
  throw new DrayageError("protocol", "not a histogram of nanoseconds up to an hour");
}
