// Distributions as HdrHistogram V2 (compressed, base64), which any HdrHistogram tool reads: unit 1 ns, three digits.
import { deflateSync, inflateSync } from "node:zlib";
import { decodeFromCompressedBase64, Float64Histogram } from "hdr-histogram-js";
import { DrayageError, messageOf } from "../core/errors.ts";
import type { Distribution } from "./distribution.ts";
import { HIGHEST_NS, highestAt, INDEX_COUNT, lowestAt } from "./histogram.ts";

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
  const { indices, counts, total, middles } = ownCounts(base64) ?? libraryCounts(base64);
  return { indices, counts, total, sum: sum ?? middles };
}

/** `middles`: what the buckets' middles add up to. */
type Counted = Omit<Distribution, "sum"> & { readonly middles: number };

/**
 * Of a histogram in the form above; undefined for any other, of which the library knows more. Takes some 30 us where the library
 * takes 1 ms: it makes 33,792 counters for a hundred that are not zero, and a run of an hour has 90,000 histograms.
 */
function ownCounts(base64: string): Counted | undefined {
  const bytes = inflated(Buffer.from(base64, "base64"));
  if (bytes === undefined || !hasOwnHead(bytes)) return undefined;
  const indices: number[] = [];
  const counts: number[] = [];
  const counted = { total: 0, middles: 0 };
  let index = 0;
  for (let at = HEAD_BYTES; at < bytes.length; ) {
    let zigzag = 0;
    for (let scale = 1, more = true; more; scale *= 128) {
      const byte = bytes[at++];
      if (byte === undefined || scale > NUMBER_SCALE_MAX) return undefined;
      zigzag += (byte & 127) * scale;
      more = byte > 127;
    }
    if (zigzag % 2 === 1) index += (zigzag + 1) / 2;
    else if (zigzag === 0) index++;
    else {
      indices.push(index);
      counts.push(zigzag / 2);
      counted.total += zigzag / 2;
      counted.middles += (zigzag / 2) * middleAt(index++);
    }
    if (index > INDEX_COUNT) return undefined;
  }
  return { indices, counts, ...counted };
}

/** What seven bits of a number beyond 2^49 would be worth. */
const NUMBER_SCALE_MAX = 2 ** 49;
/** A counter each, and every one as long as it can be. */
const BYTES_MAX = HEAD_BYTES + INDEX_COUNT * NUMBER_BYTES_MAX;

function inflated(bytes: Buffer): Buffer | undefined {
  if (bytes.length < COMPRESSED_HEAD_BYTES || bytes.readInt32BE(0) !== COMPRESSED_COOKIE)
    return undefined;
  try {
    return inflateSync(bytes.subarray(COMPRESSED_HEAD_BYTES), { maxOutputLength: BYTES_MAX });
  } catch {
    return undefined;
  }
}

const hasOwnHead = (bytes: Buffer): boolean =>
  bytes.length >= HEAD_BYTES &&
  bytes.readInt32BE(0) === COOKIE &&
  bytes.readInt32BE(4) === bytes.length - HEAD_BYTES &&
  bytes.readInt32BE(8) === 0 &&
  bytes.readInt32BE(12) === DIGITS &&
  bytes.readBigInt64BE(16) === 1n &&
  bytes.readBigInt64BE(24) === BigInt(HIGHEST_NS) &&
  bytes.readDoubleBE(32) === 1;

/** As HdrHistogram has it for means. */
const middleAt = (index: number): number => {
  const lowest = lowestAt(index);
  return lowest + Math.floor((highestAt(index) - lowest + 1) / 2);
};

function libraryCounts(base64: string): Counted {
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
  return { indices, counts, total, middles: histogram.mean * total };
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
