// Path map: varint n, then n times varint id, varint byte length, path. Ids are valid in their file only.
import { ArchiveDamage } from "./archive-errors.ts";
import { ByteCursor } from "./byte-cursor.ts";
import type { ByteWriter } from "./byte-writer.ts";
import { PATH_BYTES_MAX, type PathTable } from "./path-table.ts";

/** Writes the paths from the id `from` up to, not including, `to`. */
export function encodePathMap(
  out: ByteWriter,
  { table, from, to }: { table: PathTable; from: number; to: number },
): void {
  out.varint(to - from);
  for (let id = from; id < to; id++) {
    const path = table.bytesAt(id);
    out.varint(id);
    out.varint(path.length);
    out.bytes(path);
  }
}

/** Calls `see` with each entry; the path is a view. ArchiveDamage if it is no path map. */
export function walkPathMap(part: Buffer, see: (id: number, path: Buffer) => void): void {
  const cursor = new ByteCursor(part);
  const count = cursor.varint();
  for (let at = 0; at < count; at++) {
    const id = cursor.varint();
    const length = cursor.varint();
    if (length > PATH_BYTES_MAX) throw new ArchiveDamage(`a path of ${length} bytes`);
    see(id, cursor.take(length));
  }
  if (!cursor.isDone) throw new ArchiveDamage("bytes behind the last path of a path map");
}
