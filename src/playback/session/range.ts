// Where a session may be: between its bounds, and where the archive has something.
//
//          start                            end
//    ........|---------------------------------|........   bounds, both inclusive
//              b   b b       b      b     b                 batches
//             ^                           ^    ^
//         beginning                    end of data   end, once it has passed
//
// `beginning` lies 1 us before the first batch in range. A position behind all data that is not yet certain to be the last would
// skip what comes: so the latest position is the end of data, or `end` once nothing before it can come any more.
import { type Micros, micros } from "../../core/units.ts";
import { type Bound, NO_END, NO_START, type Seek } from "./control-values.ts";
import type { PlaybackArchive, PlaybackCursor } from "./session-context.ts";

/** What positions are found by: of one archive, or of several taken together. */
export type RangeArchive = Pick<PlaybackArchive, "firstOfAll" | "last"> & {
  cursor(position: Micros): Pick<PlaybackCursor, "next" | "forward" | "back" | "close">;
};
export type Bounds = { readonly start: Bound; readonly end: Bound };

/** Whether nothing can be recorded any more that `end` would let through. */
export const isPast = (end: Bound, { now, last }: { now: Micros; last: Micros | null }): boolean =>
  end !== null && (end <= now || (last !== null && end < last));

/** 1 us before the first batch in range; null while the archive is empty. */
export async function beginningOf(
  archive: RangeArchive,
  { start, end }: Bounds,
): Promise<Micros | null> {
  const oldest = await archive.firstOfAll();
  if (oldest === null) return null;
  const first = start === null || start <= oldest ? oldest : await firstFrom(archive, start);
  if (first !== null && first <= (end ?? NO_END)) return micros(first - 1);
  return micros(start === null ? Math.min(oldest - 1, end ?? NO_END) : start - 1);
}

async function firstFrom(archive: RangeArchive, start: Micros): Promise<Micros | null> {
  const cursor = archive.cursor(micros(start - 1));
  try {
    for (let item = await cursor.next(); item !== null; item = await cursor.next()) {
      if (item.kind === "batch") return item.stamp;
    }
    return null;
  } finally {
    cursor.close();
  }
}

/** The latest position there is; null while the archive is empty. */
export async function latestOf(
  archive: RangeArchive,
  { bounds, now }: { bounds: Bounds; now: Micros },
): Promise<Micros | null> {
  const beginning = await beginningOf(archive, bounds);
  const last = archive.last();
  if (beginning === null || last === null) return null;
  const { end } = bounds;
  if (end !== null && isPast(end, { now, last })) return end;
  return micros(Math.max(last, beginning));
}

/** The position inside the range that is nearest to `wanted`. */
async function clamped(
  archive: RangeArchive,
  { bounds, now, wanted }: { bounds: Bounds; now: Micros; wanted: Micros },
): Promise<Micros | null> {
  const beginning = await beginningOf(archive, bounds);
  const latest = await latestOf(archive, { bounds, now });
  if (beginning === null || latest === null) return null;
  return micros(Math.max(beginning, Math.min(wanted, latest)));
}

/** Where reading begins while the archive is empty: whatever comes first inside the bounds. */
export const beforeAll = ({ start }: Bounds): Micros =>
  start === null ? NO_START : micros(start - 1);

/** Whether a move of a bound has passed the position. 1 us before `start` is the beginning of a range, and so inside. */
export const isOutside = (pos: Micros, { start, end }: Bounds): boolean =>
  (start !== null && pos < start - 1) || (end !== null && pos > end);

/** Where a session is when it is asked to move. */
export type Place = {
  readonly bounds: Bounds;
  readonly now: Micros;
  readonly pos: Micros | null;
};

/** The instant that a seek is to, as far as it can be told without looking: files may have to be looked for there. */
export function aimOf(seek: Seek, pos: Micros | null): Micros | null {
  if (seek.kind === "instant") return seek.stamp;
  return seek.kind === "from-here" && pos !== null ? micros(pos + seek.by) : null;
}

/** Where a seek leads; null while the archive is empty. */
export async function positionOf(
  archive: RangeArchive,
  seek: Seek,
  { bounds, now, pos }: Place,
): Promise<Micros | null> {
  const from = pos ?? (await beginningOf(archive, bounds));
  if (from === null) return null;
  const nearest = (wanted: Micros): Promise<Micros | null> =>
    clamped(archive, { bounds, now, wanted });
  switch (seek.kind) {
    case "beginning":
      return beginningOf(archive, bounds);
    case "end":
      return latestOf(archive, { bounds, now });
    case "instant":
      return nearest(seek.stamp);
    case "from-here":
      return nearest(micros(Math.round(from + seek.by)));
    case "batches":
      return nearest(await step(archive, from, seek.count));
    default:
      return seek satisfies never;
  }
}

/** Steps count the batches of the archive, whatever the session lets through. */
async function step(archive: RangeArchive, from: Micros, count: number): Promise<Micros> {
  const cursor = archive.cursor(from);
  try {
    return await (count > 0 ? cursor.forward(count) : cursor.back(-count));
  } finally {
    cursor.close();
  }
}
