// Records one behind the other outside of a ring, as they travel between machines: the same bytes, without gaps.
import { RECORD_ALIGN } from "./layout.ts";

/** Length of the record at `at`. */
export const recordLength = (bytes: Buffer, at: number): number => bytes.readInt32LE(at);

/** How many records there are, each of at least `shortest` bytes and at most `longest`; -1 if it is something else. */
export function countRecords(
  bytes: Buffer,
  { shortest, longest }: { readonly shortest: number; readonly longest: number },
): number {
  let count = 0;
  let at = 0;
  while (at < bytes.length) {
    if (bytes.length - at < shortest) return -1;
    const length = recordLength(bytes, at);
    if (length < shortest || length > longest || length % RECORD_ALIGN !== 0) return -1;
    at += length;
    count++;
  }
  return at === bytes.length ? count : -1;
}
