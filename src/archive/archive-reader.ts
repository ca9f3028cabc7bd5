import { invariant } from "../core/errors.ts";
import type { Micros } from "../core/units.ts";
import type { ArchiveDisk } from "./archive-disk.ts";
import type { ArchiveWriter } from "./archive-writer.ts";
import type { ArchiveItem, PathFilter } from "./event.ts";
import type { Image } from "./image.ts";

export type ArchiveReaderOptions = {
  /** The writer of this process: batches are then visible as soon as they are appended. */
  readonly writer?: ArchiveWriter;
  /** Brings a file into the directory, or throws. Without it, a file that is missing is told as a gap. */
  readonly fetch?: (name: string) => Promise<void>;
  /** Names of sealed files that exist elsewhere, as `list` tells them. */
  readonly filesBesides?: readonly string[];
  readonly onNotice?: (sentence: string) => void;
  readonly disk?: ArchiveDisk;
};

/** An archive directory, one file of it, or one shard. Signatures; the body follows. */
export class ArchiveReader {
  static open(_directory: string, _options: ArchiveReaderOptions = {}): Promise<ArchiveReader> {
    return todo();
  }
  /** Stamp of the first visible batch; null while there is none. Does not count files that are not in the directory yet. */
  first(): Micros | null {
    return todo();
  }
  /** Stamp of the last visible batch; null while there is none. */
  last(): Micros | null {
    return todo();
  }
  /** As `first`, but fetches the oldest file if need be. */
  firstOfAll(): Promise<Micros | null> {
    return todo();
  }
  /**
   * A place in the archive: after all batches with a stamp up to `position`. With a filter, `take` passes over batches in
   * which no event passes, without decoding them, and leaves out the other events.
   */
  cursor(_position: Micros, _filter?: PathFilter): ArchiveCursor {
    return todo();
  }
  /** Every path ever seen (that passes) with its last event up to `position`. */
  imageAt(_position: Micros, _filter?: PathFilter): Promise<Image> {
    return todo();
  }
  /** Every path the archive has ever seen. */
  paths(): Promise<Iterable<string>> {
    return todo();
  }
  /** Called after more batches became visible, until the function that is returned is called. */
  onGrowth(_listener: () => void): () => void {
    return todo();
  }
  /** Looks for files that appeared and for what other processes committed. `filesBesides` replaces the earlier list. */
  refresh(_filesBesides?: readonly string[]): Promise<void> {
    return todo();
  }
  close(): Promise<void> {
    return todo();
  }
}

export type ArchiveCursor = {
  /** Stamp of the last batch passed, or the position it was made for. */
  readonly position: Micros;
  /** Stamp of the next item (a gap: where it begins) without taking it; null where `take` would give null. */
  peekStamp(): Micros | null;
  /** The next batch or gap; null at the end of what is visible, or when a file must be fetched first: see `isWaiting`. */
  take(): ArchiveItem | null;
  /** The next item lies in a file that is not in the directory: `ready` fetches it. */
  readonly isWaiting: boolean;
  /** Resolves once `take` need not wait. Rejects with `could not open log file NAME`. */
  ready(): Promise<void>;
  /** `take`, after `ready`. */
  next(): Promise<ArchiveItem | null>;
  /** Over so many whole batches, across files, up to the end of what is visible; gives the position. */
  forward(batches: number): Promise<Micros>;
  /** Back over so many whole batches; at the beginning, 1 µs before the first batch. */
  back(batches: number): Promise<Micros>;
  seek(position: Micros): void;
  close(): void;
};

function todo(): never {
  invariant(false, "the body follows");
}
