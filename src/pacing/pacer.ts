import type { Nanos } from "../core/units.ts";

/**
 * Answers one question: when is request `index` due, counted from the start of the phase?
 *
 * A pacer is a pure function of its settings and the index. It never sleeps and reads no clock, so every pacer can be
 * tested with a table and split across threads and machines by index.
 */
export interface Pacer {
  readonly name: string;
  /** Due time of request `index`, or `undefined` once the phase is over. Due times never fall. */
  dueAt(index: number): Nanos | undefined;
}
