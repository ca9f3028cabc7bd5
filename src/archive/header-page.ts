// Bytes 0 to 4095 of a file. Everything not drawn is zero.
//
//      0  magic 89 44 52 59 41 0D 0A 1A     48  u64  created, µs              80  u16  length of the name
//      8  u16  version 1                     56  u64  stamp floor, µs          82       previous file's name, 254 bytes
//     10  u16  header size 4096              64  u64  file number             336       writer, 64 bytes
//     12  u32  required features 0           72  u32  shard index            1020  u32  CRC of bytes 0 to 1019
//     16       file UUID                     76  u32  shard count            1024       slot A, 2048 slot B: commit-slot.ts
//     32       archive UUID                                                  4096       first record
//
// The slots lie in sectors of their own, so that a torn write of one leaves the other and the header alone.
import { type Micros, micros } from "../core/units.ts";
import { ArchiveDamage, NewerVersion } from "./archive-errors.ts";
import { ByteWriter } from "./byte-writer.ts";
import { checksum, checksumSeed } from "./checksum.ts";

export const HEADER_BYTES = 4096;
const FILE_VERSION = 1;
const MAGIC = Buffer.from("89445259410d0a1a", "hex");
const NAME_BYTES_MAX = 254;
const WRITER_BYTES_MAX = 64;
const CHECKED_BYTES = 1020;

export type FileHeader = {
  /** 16 random bytes. */
  readonly fileId: Buffer;
  /** The same in all files of one shard's archive. */
  readonly archiveId: Buffer;
  readonly created: Micros;
  /** Every batch of the file has a greater stamp. */
  readonly floor: Micros;
  readonly number: number;
  readonly shard: { readonly index: number; readonly count: number };
  /** Name of the file before this one; empty for the first. */
  readonly previous: string;
  readonly writer: string;
};

/** The whole page, both slots empty. */
export function encodeHeader(header: FileHeader): Buffer {
  const page = new ByteWriter(HEADER_BYTES);
  page.bytes(MAGIC);
  page.u16(FILE_VERSION);
  page.u16(HEADER_BYTES);
  page.u32(0);
  page.bytes(header.fileId);
  page.bytes(header.archiveId);
  page.u64(header.created);
  page.u64(header.floor);
  page.u64(header.number);
  page.u32(header.shard.index);
  page.u32(header.shard.count);
  const previous = Buffer.from(header.previous).subarray(0, NAME_BYTES_MAX);
  page.u16(previous.length);
  page.bytes(previous);
  page.zeros(NAME_BYTES_MAX - previous.length);
  const writer = Buffer.from(header.writer).subarray(0, WRITER_BYTES_MAX);
  page.bytes(writer);
  page.zeros(CHECKED_BYTES - 336 - writer.length);
  page.u32(checksum(page.view, checksumSeed(header.fileId)));
  page.zeros(HEADER_BYTES - page.length);
  return page.view;
}

/**
 * A header as it was found. `isSound` is false when its CRC does not match: the fields may then be anything. If one flipped
 * bit of the UUID explains it, the UUID is put right, since without it no record could be read.
 */
export type FoundHeader = FileHeader & { readonly isSound: boolean };

/** ArchiveDamage if these bytes begin no archive file at all, NewerVersion if it is one of another version. */
export function decodeHeader(page: Buffer): FoundHeader {
  if (page.length < HEADER_BYTES) throw new ArchiveDamage("too short for an archive file");
  const isSound = isChecked(page);
  if (isSound) refuseForeign(page);
  const fileId = Buffer.from((isSound ? page : unflipped(page)).subarray(16, 32));
  const nameBytes = Math.min(page.readUInt16LE(80), NAME_BYTES_MAX);
  return {
    fileId,
    archiveId: Buffer.from(page.subarray(32, 48)),
    created: micros(Number(page.readBigUInt64LE(48))),
    floor: micros(Number(page.readBigUInt64LE(56))),
    number: Number(page.readBigUInt64LE(64)),
    shard: { index: page.readUInt32LE(72), count: page.readUInt32LE(76) },
    previous: page.toString("utf8", 82, 82 + nameBytes),
    writer: page.toString("utf8", 336, 336 + WRITER_BYTES_MAX).replace(/\0+$/, ""),
    isSound,
  };
}

const isChecked = (page: Buffer): boolean =>
  checksum(page.subarray(0, CHECKED_BYTES), checksumSeed(page.subarray(16, 32))) ===
  page.readUInt32LE(CHECKED_BYTES);

/** The page with the one bit of its UUID turned back that makes it sound; as it is if there is none. */
function unflipped(page: Buffer): Buffer {
  const tried = Buffer.from(page);
  for (let bit = 16 * 8; bit < 32 * 8; bit++) {
    tried[bit >> 3] = (tried[bit >> 3] as number) ^ (1 << (bit & 7));
    if (isChecked(tried)) return tried;
    tried[bit >> 3] = page[bit >> 3] as number;
  }
  return page;
}

function refuseForeign(page: Buffer): void {
  if (!page.subarray(0, MAGIC.length).equals(MAGIC)) throw new ArchiveDamage("no archive file");
  const version = page.readUInt16LE(8);
  if (version !== FILE_VERSION) throw new NewerVersion(`format version ${version}`);
  const size = page.readUInt16LE(10);
  if (size !== HEADER_BYTES) throw new NewerVersion(`header of ${size} bytes`);
  const features = page.readUInt32LE(12);
  if (features !== 0) throw new NewerVersion(`required features ${features.toString(2)}`);
}
