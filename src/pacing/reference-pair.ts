// When is a recorded event due? Pure: archive time and monotonic time run in step from one agreed pair of instants.
//
//   archive time (us)
//     |                        / twice as fast
//     |                      /
//     |            ________/        <- speed changed here: the archive time reached is kept
//     |   ________/
//     |  /  at recorded speed
//     +--+--------+--------+------- monotonic time (ns)
//        pair     pair anew
//
// Due times come from the pair and the stamp alone, never from the event before: what was sent late shifts nothing.
import { type Micros, micros, type Nanos, nanos } from "../core/units.ts";

/** `speed` in archive time per monotonic time, finite and above 0: 2 = twice as fast as recorded. */
export type ReferencePair = {
  readonly archive: Micros;
  readonly mono: Nanos;
  readonly speed: number;
};

const NANOS_PER_MICRO = 1000;

/** The monotonic instant at which `stamp` is due. */
export const dueOf = (pair: ReferencePair, stamp: Micros): Nanos =>
  nanos(pair.mono + ((stamp - pair.archive) * NANOS_PER_MICRO) / pair.speed);

/** The archive time that is reached at a monotonic instant; has a fraction. */
export const archiveTimeAt = (pair: ReferencePair, now: Nanos): Micros =>
  micros(pair.archive + ((now - pair.mono) * pair.speed) / NANOS_PER_MICRO);

/**
 * The pair from now on at another speed. The archive time reached so far is kept, but not beyond `next`, the stamp of the next
 * event: one that is late is due now, at any speed.
 */
export function atSpeed(
  pair: ReferencePair,
  { now, speed, next }: { now: Nanos; speed: number; next: Micros },
): ReferencePair {
  const archive = Math.min(archiveTimeAt(pair, now), next);
  return { archive: micros(archive), mono: now, speed };
}
