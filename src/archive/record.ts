// One record: 24 bytes, then its payload, no padding.
//
//      0  u16  marker D7A9                      12  u64  stamp, µs
//      2  u8   type                             20  u32  CRC of bytes 0 to 19, then of the payload as stored
//      3  u8   codec                            24       payload: a plain part (batches and images: the ids), then the
//      4  u32  payload as stored                         coded part, whose length before coding stands at 8
//      8  u32  coded part before coding
import { type Micros, micros } from "../core/units.ts";
import { RecordTooLarge } from "./archive-errors.ts";
import type { ByteWriter } from "./byte-writer.ts";
import { checksum } from "./checksum.ts";
import { type CodecName, decodePart, encodePart } from "./codec.ts";

export const RECORD_HEADER_BYTES = 24;
export const RECORD_MARKER = 0xd7a9;
/** A payload is shorter. */
export const RECORD_BYTES_LIMIT = 2 ** 31;
const LOW_32 = 2 ** 32;

export const RecordType = { meta: 1, pathMap: 2, batch: 3, image: 4, index: 5, seal: 6 } as const;
const LAST_KNOWN_TYPE = 6;
/** Types from here on are passed over by whoever does not know them. */
const FIRST_SKIPPED_TYPE = 0x80;

export const isKnownType = (type: number): boolean =>
  (type >= RecordType.meta && type <= LAST_KNOWN_TYPE) || type >= FIRST_SKIPPED_TYPE;

export type NewRecord = {
  readonly type: number;
  readonly stamp: Micros;
  /** Stays as it is: the ids of batches and images. */
  readonly plain?: Uint8Array;
  readonly part: Uint8Array;
};

type Coding = { readonly codec: CodecName; readonly seed: number };

/** Writes one record behind what `out` holds. RecordTooLarge, with nothing written, from 2 GiB on. */
export function encodeRecord(out: ByteWriter, record: NewRecord, { codec, seed }: Coding): void {
  const { type, stamp, plain, part } = record;
  const coded = encodePart(part, codec);
  const plainBytes = plain?.length ?? 0;
  const storedBytes = plainBytes + coded.stored.length;
  if (storedBytes >= RECORD_BYTES_LIMIT || part.length >= LOW_32)
    throw new RecordTooLarge(`a record of ${storedBytes} bytes; the format ends at 2 GiB`);
  // Half a record would shift all that follow.
  out.reserve(RECORD_HEADER_BYTES + storedBytes);
  const from = out.length;
  out.u16(RECORD_MARKER);
  out.u8(type);
  out.u8(coded.codec);
  out.u32(storedBytes);
  out.u32(part.length);
  out.u64(stamp);
  const crcAt = out.length;
  out.u32(0);
  if (plain !== undefined) out.bytes(plain);
  out.bytes(coded.stored);
  const { view } = out;
  const crc = checksum(view.subarray(crcAt + 4), checksum(view.subarray(from, crcAt), seed));
  view.writeUInt32LE(crc, crcAt);
}

/** A record as it lies in a file; `payload` is a view. */
export type StoredRecord = {
  readonly type: number;
  readonly codec: number;
  readonly stamp: Micros;
  readonly partBytes: number;
  readonly payload: Buffer;
  readonly offset: number;
  /** Where the next one begins. */
  readonly end: number;
};

/** Bytes of the whole record that begins here, by its header; `undefined` where none begins. */
export function recordBytes(bytes: Buffer, at: number): number | undefined {
  if (bytes.readUInt16LE(at) !== RECORD_MARKER) return undefined;
  const stored = bytes.readUInt32LE(at + 4);
  return stored < RECORD_BYTES_LIMIT ? RECORD_HEADER_BYTES + stored : undefined;
}

/** The record at `at` of `bytes`, which hold all of it; `undefined` if its CRC does not match. */
export function decodeRecord(
  bytes: Buffer,
  { at, length, offset, seed }: { at: number; length: number; offset: number; seed: number },
): StoredRecord | undefined {
  const payload = bytes.subarray(at + RECORD_HEADER_BYTES, at + length);
  const crc = checksum(payload, checksum(bytes.subarray(at, at + 20), seed));
  if (crc !== bytes.readUInt32LE(at + 20)) return undefined;
  return {
    type: bytes[at + 2] as number,
    codec: bytes[at + 3] as number,
    stamp: micros(bytes.readUInt32LE(at + 16) * LOW_32 + bytes.readUInt32LE(at + 12)),
    partBytes: bytes.readUInt32LE(at + 8),
    payload,
    offset,
    end: offset + length,
  };
}

/** What the record holds behind its plain part, as it was before coding. ArchiveDamage if it cannot be decoded. */
export const partOf = (record: StoredRecord, plainBytes = 0): Buffer =>
  decodePart(record.payload.subarray(plainBytes), record.codec, record.partBytes);
