/** Bytes of a file that may be read, up to a visible end that may grow. */
export interface ByteSource {
  /** Offset of the first byte that must not be read. */
  readonly end: number;
  /** So many bytes, fewer only if the file is shorter than it should be. The buffer belongs to the caller. */
  read(at: number, length: number): Buffer;
}
