// The image at a position: the newest image of the file up to there, plus the batches in between. First the places of the
// last events are found (ids of batches are not coded, so no batch is decoded), then only records that hold one are decoded.
import { performance } from "node:perf_hooks";
import { setImmediate } from "node:timers/promises";
import { type Micros, micros } from "../core/units.ts";
import type { ArchiveFile } from "./archive-file.ts";
import { batchBlock, placeOf, walkIds } from "./batch-record.ts";
import type { PathFilter } from "./event.ts";
import { HEADER_BYTES } from "./header-page.ts";
import type { Image, ImageEntry } from "./image.ts";
import { LastEvents, lastEvents } from "./last-events.ts";
import type { PathTable } from "./path-table.ts";
import { RecordType, type StoredRecord } from "./record.ts";
import { RecordWalk } from "./record-walk.ts";

/** The event loop gets its turn after so long. */
const TURN_MS = 4;

class Turns {
  #begin = performance.now();

  async pass(): Promise<void> {
    if (performance.now() - this.#begin < TURN_MS) return;
    await setImmediate();
    this.#begin = performance.now();
  }
}

export type ImageRequest = {
  readonly position: Micros;
  readonly filter: PathFilter | undefined;
  /** Tables of all paths that the archive has seen. */
  readonly tables: readonly PathTable[];
  readonly pathsOf: (file: ArchiveFile) => PathTable;
};

/** `file` is the one that holds the position; without one, no path has an event. */
export async function imageOf(
  file: ArchiveFile | undefined,
  request: ImageRequest,
): Promise<Image> {
  const last = file === undefined ? new LastEvents() : await placesUpTo(file, request.position);
  return {
    stamp: request.position,
    entries: () => entriesOf(file, last, request),
  };
}

/** Where the last events up to `position` lie. */
export async function placesUpTo(file: ArchiveFile, position: Micros): Promise<LastEvents> {
  for (const image of file.index().imagesUpTo(position)) {
    const last = await placesFrom(file, { from: image.offset, image: image.stamp, position });
    if (last !== undefined) return last;
  }
  const image = micros(-1);
  return (await placesFrom(file, { from: HEADER_BYTES, image, position })) ?? new LastEvents();
}

// Undefined if the image cannot be read: an older one is tried then.
async function placesFrom(
  file: ArchiveFile,
  { from, image, position }: { from: number; image: Micros; position: Micros },
): Promise<LastEvents | undefined> {
  const last = new LastEvents();
  const walk = new RecordWalk(file, file.seed);
  const turns = new Turns();
  for (let at = from; ; ) {
    const found = walk.at(at);
    if (found.kind === "end" || found.kind === "short") return last;
    if (found.kind === "damaged") {
      if (at === from) return undefined;
      at = walk.resync(at + 1);
      continue;
    }
    const { record } = found;
    if (record.stamp > position) return last;
    at = record.end;
    place(record, last, image);
    await turns.pass();
  }
}

function place(record: StoredRecord, last: LastEvents, image: Micros): void {
  if (record.type === RecordType.batch)
    walkIds(record, (id) => {
      last.set(id, record.offset, 0);
    });
  else if (record.type === RecordType.image && record.stamp === image)
    last.see(batchBlock(record), record.offset, placeOf(record));
}

async function* entriesOf(
  file: ArchiveFile | undefined,
  last: LastEvents,
  { filter, tables, pathsOf }: ImageRequest,
): AsyncGenerator<ImageEntry> {
  const turns = new Turns();
  const table = file === undefined ? undefined : pathsOf(file);
  const seen = new Uint8Array(last.count);
  if (file !== undefined && table !== undefined)
    for (const entry of valuesOf(file, { last, table, seen })) {
      if (filter?.matches(entry.path) !== false) yield entry;
      await turns.pass();
    }
  for (const path of others({ tables, table, seen })) {
    if (filter?.matches(path) !== false) yield { path, event: null };
    await turns.pass();
  }
}

/** Paths that have an event, marked in `seen`. */
function* valuesOf(
  file: ArchiveFile,
  { last, table, seen }: { last: LastEvents; table: PathTable; seen: Uint8Array },
): Generator<ImageEntry> {
  for (const walk of lastEvents(file, { last, seed: file.seed })) {
    if (walk.id >= table.count) continue;
    seen[walk.id] = 1;
    const path = table.passingPath(walk.id);
    yield { path, event: walk.event(path) };
  }
}

/** Paths that have no event. The file's own table, then what others know besides. */
function* others({
  tables,
  table,
  seen,
}: {
  readonly tables: readonly PathTable[];
  readonly table: PathTable | undefined;
  readonly seen: Uint8Array;
}): Generator<string> {
  const told: PathTable[] = [];
  for (const each of table === undefined ? tables : [table, ...tables]) {
    if (told.includes(each)) continue;
    for (let id = 0; id < each.count; id++) {
      if (each === table && seen[id] === 1) continue;
      const path = each.passingPath(id);
      if (path !== "" && !told.some((other) => other.find(path) >= 0)) yield path;
    }
    told.push(each);
  }
}
