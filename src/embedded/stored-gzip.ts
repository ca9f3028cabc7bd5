import type { Content } from "./content.ts";

// A gzip member whose blocks are stored, not compressed (RFC 1951, 3.2.4; RFC 1952). Pseudo-random bytes do not shrink
// anyway, and so the result depends on no version of a compressor and any offset can be made directly:
//
//   | 10 bytes head | 5 bytes block head | up to 65535 bytes | 5 bytes | … | checksum 4 | length 4 |

const HEAD = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]);
const BLOCK_HEAD_BYTES = 5;
const BLOCK_BYTES = 65_535;
const STRIDE = BLOCK_HEAD_BYTES + BLOCK_BYTES;

/** Where the inner byte at this offset stands in the member. */
export const storedGzipOffset = (inner: number): number =>
  HEAD.length + (Math.floor(inner / BLOCK_BYTES) + 1) * BLOCK_HEAD_BYTES + inner;

/** `crc` is the CRC-32 of the inner content, which must not be empty. */
export function storedGzip(inner: Content, crc: number): Content {
  const blocks = Math.ceil(inner.size / BLOCK_BYTES);
  const trailerAt = HEAD.length + blocks * BLOCK_HEAD_BYTES + inner.size;
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(crc, 0);
  trailer.writeUInt32LE(inner.size % 2 ** 32, 4);
  const pieceAt = (at: number, to: number): Iterable<Buffer> => {
    if (at < HEAD.length) return [HEAD.subarray(at, to)];
    if (at >= trailerAt) return [trailer.subarray(at - trailerAt, to - trailerAt)];
    const block = Math.floor((at - HEAD.length) / STRIDE);
    const blockAt = HEAD.length + block * STRIDE;
    const start = block * BLOCK_BYTES;
    const end = Math.min(inner.size, start + BLOCK_BYTES);
    const dataAt = blockAt + BLOCK_HEAD_BYTES;
    if (at < dataAt)
      return [blockHead(end - start, end === inner.size).subarray(at - blockAt, to - blockAt)];
    return inner.slices(start + at - dataAt, Math.min(end, start + to - dataAt));
  };
  return {
    size: trailerAt + trailer.length,
    whole: undefined,
    slices: function* (from, to) {
      let at = from;
      while (at < to) {
        for (const piece of pieceAt(at, to)) {
          yield piece;
          at += piece.length;
        }
      }
    },
  };
}

function blockHead(length: number, isLast: boolean): Buffer {
  const head = Buffer.alloc(BLOCK_HEAD_BYTES);
  head[0] = isLast ? 1 : 0;
  head.writeUInt16LE(length, 1);
  head.writeUInt16LE(length ^ 0xffff, 3);
  return head;
}
