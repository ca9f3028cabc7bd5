import type { Micros } from "../core/units.ts";
import type { ArchiveEvent } from "./event.ts";

/** One path of an image: its last event, or none if it had none by then. */
export type ImageEntry = { readonly path: string; readonly event: ArchiveEvent | null };

/** The last event of every path that the archive has ever seen, at one position. */
export type Image = {
  readonly stamp: Micros;
  /**
   * Walks over the paths, each of which comes once; values are decoded as the walk goes, so an image costs 8 bytes per path
   * however large its values are. Asynchronous, as it yields to the event loop every few milliseconds. May be walked again.
   */
  entries(): AsyncIterable<ImageEntry>;
};
