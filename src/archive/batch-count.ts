// Batches of a file by their number: what moving by whole batches needs. Only from the nearest entry of the index on.
import type { Micros } from "../core/units.ts";
import type { ArchiveFile } from "./archive-file.ts";
import { RecordType } from "./record.ts";
import { RecordWalk } from "./record-walk.ts";

/** Batches of the file with a stamp up to `position`. */
export function countUpTo(file: ArchiveFile, position: Micros): number {
  if (position >= (file.lastStamp ?? 0)) return file.batches;
  const entry = file.index().upTo(position);
  let count = entry.before;
  walkBatches(file, entry.offset, (stamp) => {
    if (stamp > position) return false;
    count++;
    return true;
  });
  return count;
}

/** Stamp of the batch of this number, counted from 1. */
export function stampOf(file: ArchiveFile, number: number): Micros {
  const entry = file.index().ofBatch(number - 1);
  let count = entry.before;
  let found = entry.stamp;
  walkBatches(file, entry.offset, (stamp) => {
    found = stamp;
    count++;
    return count < number;
  });
  return found;
}

function walkBatches(file: ArchiveFile, from: number, see: (stamp: Micros) => boolean): void {
  const walk = new RecordWalk(file, file.seed);
  for (let at = from; ; ) {
    const found = walk.at(at);
    if (found.kind === "end" || found.kind === "short") return;
    if (found.kind === "damaged") {
      at = walk.resync(at + 1);
      continue;
    }
    at = found.record.end;
    if (found.record.type === RecordType.batch && !see(found.record.stamp)) return;
  }
}
