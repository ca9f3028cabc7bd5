// Delta batch: varint k, k x varint id, ascending, each once; then the event block, coded by itself.
// Image: varint part, varint parts, varint 0; then the event block.
import { ByteCursor } from "./byte-cursor.ts";
import { partOf, RecordType, type StoredRecord } from "./record.ts";

/** Calls `see` with every id of the list; gives where the event block begins in the payload. */
export function walkIds(record: StoredRecord, see: (id: number) => void): number {
  const cursor = new ByteCursor(record.payload);
  for (let left = cursor.varint(); left > 0; left--) see(cursor.varint());
  return cursor.at;
}

export type ImagePart = { readonly part: number; readonly parts: number; readonly blockAt: number };

export function imagePart(record: StoredRecord): ImagePart {
  const cursor = new ByteCursor(record.payload);
  const part = cursor.varint();
  const parts = cursor.varint();
  for (let left = cursor.varint(); left > 0; left--) cursor.varint();
  return { part, parts, blockAt: cursor.at };
}

/** Which part of an image a record is; undefined of a batch. */
export const placeOf = (record: StoredRecord): ImagePart | undefined =>
  record.type === RecordType.image ? imagePart(record) : undefined;

const ignore = (): void => {};

/** The event block of a batch or a part of an image, decoded. ArchiveDamage. */
export const batchBlock = (record: StoredRecord): Buffer =>
  record.type === RecordType.image
    ? partOf(record, imagePart(record).blockAt)
    : partOf(record, walkIds(record, ignore));
