// A zstd stream is a sequence of frames; Node's decompressor ignores what follows a frame in the same piece of input,
// so the input is cut where frames end.
//
//   frame      magic 4 | descriptor 1 | window 0..1 | dictionary 0..4 | content size 0..8 | blocks | checksum 0 or 4
//   block      header 3: bit 0 last, bits 1-2 type, bits 3-23 size | content: size bytes, or 1 if the type is 1
//   to skip    magic 4 (0x184d2a50 to 5f) | size 4 | content
//
// Source: RFC 8878, section 3.

const FRAME_MAGIC = 0xfd2fb528;
const SKIPPED_MAGIC = 0x184d2a50;
const MAGIC_BYTES = 4;
const BLOCK_HEAD_BYTES = 3;
const CHECKSUM_BYTES = 4;
const REPEATED_BYTE = 1;

const isSkipped = (magic: number): boolean => (magic & 0xfffffff0) >>> 0 === SKIPPED_MAGIC;
export const isZstdMagic = (magic: number): boolean => magic === FRAME_MAGIC || isSkipped(magic);

type Part =
  | "magic"
  | "descriptor"
  | "header"
  | "block"
  | "content"
  | "checksum"
  | "skipSize"
  | "skip";

/** Follows the frames of a stream that comes in pieces of any size. */
export class ZstdFrames {
  #part: Part = "magic";
  /** Bytes until the current part is complete; its value, little-endian, as far as it fits. */
  #missing = MAGIC_BYTES;
  #value = 0;
  #width = 0;
  #hasChecksum = false;
  #isLastBlock = false;
  /** What follows is neither a frame nor to be skipped. */
  isForeign = false;

  /** Bytes from `at` on up to the end of the current frame or of `piece`, whichever comes first. */
  advance(piece: Buffer, at: number): number {
    let p = at;
    while (p < piece.length && !this.isForeign) {
      if (this.#part === "content" || this.#part === "header" || this.#part === "skip") {
        const passed = Math.min(this.#missing, piece.length - p);
        this.#missing -= passed;
        p += passed;
      } else {
        this.#value += (piece[p++] as number) * 2 ** (8 * this.#width++);
        this.#missing--;
      }
      if (this.#complete()) break;
    }
    return p - at;
  }

  /** Moves over parts that are complete; true at the end of a frame. */
  #complete(): boolean {
    while (this.#missing === 0) {
      if (this.#leave()) return true;
    }
    return false;
  }

  /** Enters the part behind the current one; true if that was a frame's last. */
  #leave(): boolean {
    const value = this.#value;
    switch (this.#part) {
      case "magic":
        if (value === FRAME_MAGIC) this.#enter("descriptor", 1);
        else if (isSkipped(value)) this.#enter("skipSize", 4);
        else this.#foreign();
        return false;
      case "descriptor":
        this.#hasChecksum = (value & 4) !== 0;
        this.#enter("header", headerBytes(value));
        return false;
      case "header":
        this.#enter("block", BLOCK_HEAD_BYTES);
        return false;
      case "block":
        this.#isLastBlock = (value & 1) === 1;
        this.#enter("content", ((value >> 1) & 3) === REPEATED_BYTE ? 1 : value >> 3);
        return false;
      case "content":
        if (!this.#isLastBlock) this.#enter("block", BLOCK_HEAD_BYTES);
        else if (this.#hasChecksum) this.#enter("checksum", CHECKSUM_BYTES);
        else return this.#endFrame();
        return false;
      case "skipSize":
        this.#enter("skip", value);
        return false;
      case "checksum":
      case "skip":
        return this.#endFrame();
      default:
        this.#part satisfies never;
        return false;
    }
  }

  #enter(part: Part, bytes: number): void {
    this.#part = part;
    this.#missing = bytes;
    this.#value = 0;
    this.#width = 0;
  }

  #endFrame(): true {
    this.#enter("magic", MAGIC_BYTES);
    return true;
  }

  #foreign(): void {
    this.isForeign = true;
    this.#missing = -1;
  }
}

/** Bytes of a frame's header behind its descriptor. */
function headerBytes(descriptor: number): number {
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const sizeFlag = descriptor >> 6;
  const size = sizeFlag === 0 ? (isSingleSegment ? 1 : 0) : 2 ** sizeFlag;
  const dictionary = [0, 1, 2, 4][descriptor & 3] as number;
  return (isSingleSegment ? 0 : 1) + dictionary + size;
}
