// How parts of records are coded. Part by part, so that a reader can skip what it does not want.
import {
  deflateRawSync,
  inflateRawSync,
  constants as zlib,
  zstdCompressSync,
  zstdDecompressSync,
} from "node:zlib";
import { ArchiveDamage } from "./archive-errors.ts";

export const codecNames = ["none", "deflate", "zstd"] as const;
export type CodecName = (typeof codecNames)[number];

/** Smaller parts stay as they are. */
const PART_BYTES_MIN = 256;
/** Coding must save one part in so many. */
const SAVED_SHARE = 8;
// A recorder codes while traffic waits: the fastest level of either saves most of what the best one does.
const deflateOptions = { level: 1 };
const zstdOptions = { params: { [zlib.ZSTD_c_compressionLevel]: 1 } };

/** The part as it is stored, and the codec's number in the record: 0 wherever coding would not save an eighth. */
export function encodePart(
  part: Uint8Array,
  codec: CodecName,
): { codec: number; stored: Uint8Array } {
  if (codec === "none" || part.length < PART_BYTES_MIN) return { codec: 0, stored: part };
  const stored =
    codec === "deflate"
      ? deflateRawSync(part, deflateOptions)
      : zstdCompressSync(part, zstdOptions);
  if (stored.length > part.length - part.length / SAVED_SHARE) return { codec: 0, stored: part };
  return { codec: codecNames.indexOf(codec), stored };
}

/** The part as it was before coding; `length` is what the record says it had. ArchiveDamage if that is not so. */
export function decodePart(stored: Buffer, codec: number, length: number): Buffer {
  const part = decoded(stored, codec, length);
  if (part.length !== length)
    throw new ArchiveDamage(`${part.length} bytes after decoding, not ${length}`);
  return part;
}

function decoded(stored: Buffer, codec: number, length: number): Buffer {
  // The length is checked by the decoder, so that no small part can fill the memory.
  const limit = { maxOutputLength: Math.max(length, 1) };
  try {
    switch (codecNames[codec]) {
      case "none":
        return stored;
      case "deflate":
        return inflateRawSync(stored, limit);
      case "zstd":
        return zstdDecompressSync(stored, limit);
      default:
        throw new ArchiveDamage(`codec ${codec} is unknown`);
    }
  } catch (cause) {
    if (cause instanceof ArchiveDamage) throw cause;
    throw new ArchiveDamage("a part that cannot be decoded", { cause });
  }
}
