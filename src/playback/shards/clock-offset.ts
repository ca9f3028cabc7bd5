// How far another process's clock is ahead of ours. The quickest of some round trips is the surest: the answer was made half of
// it ago, give or take half of it.
import { type Micros, micros } from "../../core/units.ts";

/** Of one round trip: sent and received by our clock, answered by theirs. */
export type RoundTrip = {
  readonly sent: Micros;
  readonly theirs: Micros;
  readonly received: Micros;
};

/** How many are made for one measurement. */
export const ROUND_TRIPS = 8;

/** Theirs minus ours. */
export function clockOffset(trips: readonly RoundTrip[]): Micros {
  let best: RoundTrip | undefined;
  for (const trip of trips) if (best === undefined || lasted(trip) < lasted(best)) best = trip;
  return micros(best === undefined ? 0 : best.theirs - (best.sent + best.received) / 2);
}

const lasted = ({ sent, received }: RoundTrip): number => received - sent;
