// How far another process's clock is ahead of ours. On one machine both can say how far theirs is ahead of a clock that they share.
// Elsewhere the quickest of some round trips is the surest: the answer was made half of it ago, give or take half of it.
import { readFileSync } from "node:fs";
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

/** The machine since it was started, and how far a process's clock is ahead of the one that its processes share. */
export type MachineClock = { readonly boot: string; readonly ahead: Micros };

/** Processes of one machine that differ by more have each a clock of their own there: in a container, that is possible. */
const APART_US_MAX = 1e6;

/** Theirs minus ours, exactly; undefined where that cannot be said. */
export function offsetOnMachine(
  theirs: MachineClock | null,
  ours: MachineClock | null,
): Micros | undefined {
  if (theirs === null || ours === null || theirs.boot !== ours.boot) return undefined;
  const apart = theirs.ahead - ours.ahead;
  return Math.abs(apart) <= APART_US_MAX ? micros(apart) : undefined;
}

/** null where the system does not tell which machine it is. */
export function machineClock(wall: () => Micros): MachineClock | null {
  let boot: string;
  try {
    boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    return null;
  }
  const shared = (): number => Number(process.hrtime.bigint()) / 1000;
  const { first, second } = readTogether(shared, wall);
  return { boot, ahead: micros(second - first) };
}

const READINGS = 5;

/** Two clocks at about one instant: whoever is put to sleep between two readings would believe them hours later. */
export function readTogether<One extends number, Other extends number>(
  one: () => One,
  other: () => Other,
): { readonly first: number; readonly second: Other } {
  let best = { first: 0, second: other(), width: Number.POSITIVE_INFINITY };
  for (let reading = 0; reading < READINGS && best.width > 0; reading++) {
    const before = one();
    const second = other();
    const width = one() - before;
    if (width < best.width) best = { first: before + width / 2, second, width };
  }
  return best;
}
