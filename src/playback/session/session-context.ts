import type { ArchiveCursor, ArchiveReader } from "../../archive/archive-reader.ts";
import type { PathFilter } from "../../archive/event.ts";
import type { Micros } from "../../core/units.ts";
import type { WakeSource } from "../clock/wake-clock.ts";
import type { FreeTurns } from "./free-turns.ts";

/** A place in an archive, as sessions use it. */
export type PlaybackCursor = Pick<
  ArchiveCursor,
  "take" | "isWaiting" | "ready" | "next" | "forward" | "back" | "close"
>;

/** What sessions read of an archive. */
export type PlaybackArchive = Pick<
  ArchiveReader,
  "first" | "last" | "firstOfAll" | "imageAt" | "onGrowth" | "refresh"
> & { cursor(position: Micros, filter?: PathFilter): PlaybackCursor };

/** Of a session that plays on several shards: what one of them comes to by playing is for all of them to follow. */
export type SharedPlay = {
  /** Everything visible has been handed over; more than once in a row is as good as once. */
  onDry(): void;
  /** Nothing follows before the end. */
  onEnded(): void;
  /** A batch was handed over. */
  onBatch(stamp: Micros): void;
  onTrouble(): void;
  /** More of the archive became visible. */
  onGrowth(): void;
};

/** What all sessions of a host share. */
export type SessionContext = {
  readonly archive: PlaybackArchive;
  readonly wake: WakeSource;
  /** The system's clock, microseconds since the epoch: what offsets and ends are counted against. */
  readonly wall: () => Micros;
  readonly turns: FreeTurns;
  readonly streamBufferBytes: number;
  /** Before a seek to a stamp outside of what is known: looks for files that appeared, if that was not done lately. */
  readonly beforeSeek: (stamp: Micros) => Promise<void>;
  /** Only of a session that is on other shards too. */
  readonly shared?: SharedPlay | undefined;
};

/** What passes both. */
export const bothOf = (one: PathFilter, other: PathFilter | undefined): PathFilter =>
  other === undefined ? one : { matches: (path) => one.matches(path) && other.matches(path) };
