/**
 * Bytes that a response can be cut from: received and kept, or made from a seed while they are sent.
 * Offsets are bytes from the start; `to` is exclusive.
 */
export interface Content {
  readonly size: number;
  /** All of it in one buffer where that exists anyway: the short way out for small content. */
  readonly whole: Buffer | undefined;
  /** Buffers that together are the bytes from..to. Borrowed: whoever wants to change one copies it. */
  slices(from: number, to: number): Iterable<Buffer>;
}

export function bufferContent(buffer: Buffer): Content {
  return {
    size: buffer.length,
    whole: buffer,
    slices: (from, to) => [buffer.subarray(from, to)],
  };
}

/** Below this size received pieces are copied into one buffer, so that a response is a single write. */
const COMPACT_BYTES_MAX = 65_536;

/** Content of an upload, in the pieces that it came in; large content is never copied. */
export function chunkedContent(chunks: readonly Buffer[]): Content {
  const size = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  if (size <= COMPACT_BYTES_MAX) return bufferContent(Buffer.concat(chunks, size));
  const starts = startsOf(chunks);
  return {
    size,
    whole: undefined,
    slices: function* (from, to) {
      for (let at = chunkAt(starts, from); at < chunks.length; at++) {
        const start = starts[at] as number;
        if (start >= to) return;
        const chunk = chunks[at] as Buffer;
        yield chunk.subarray(Math.max(0, from - start), Math.min(chunk.length, to - start));
      }
    },
  };
}

function startsOf(chunks: readonly Buffer[]): Float64Array {
  const starts = new Float64Array(chunks.length);
  let start = 0;
  chunks.forEach((chunk, at) => {
    starts[at] = start;
    start += chunk.length;
  });
  return starts;
}

// The last chunk that starts at or before the offset, by halving.
function chunkAt(starts: Float64Array, offset: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if ((starts[middle] as number) <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}
