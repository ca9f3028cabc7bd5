import type { Random } from "../../core/random.ts";
import { exponential } from "./draw.ts";
import type { SynthProfile } from "./profile.ts";

const DAY_MS = 86_400_000;
/** Hour (UTC) at which the rate is highest. */
const PEAK_HOUR = 15;
/** 1970-01-01 was a Thursday: day 2 and 3 of every seven are Saturday and Sunday. */
const WEEKEND_DAYS = [2, 3];

/** Between -1 and 1 over a day: two parabolas that look like a sine. Math.sin may differ between machines. */
export function daily(time: number): number {
  const day = time / DAY_MS - (PEAK_HOUR - 6) / 24;
  const half = 2 * (day - Math.floor(day));
  const part = half - Math.floor(half);
  return (half < 1 ? 4 : -4) * part * (1 - part);
}

/** Saturday and Sunday, UTC. `time` in milliseconds since the Unix epoch. */
export const isWeekend = (time: number): boolean =>
  WEEKEND_DAYS.includes(Math.floor(time / DAY_MS) % 7);

/** Rate at an instant, as a factor of the profile's mean. */
export const rateFactor = (
  time: number,
  { diurnal, weekend }: Pick<SynthProfile, "diurnal" | "weekend">,
): number => Math.max((isWeekend(time) ? weekend : 1) * (1 + diurnal * daily(time)), 0.01);

/**
 * When sessions start: at random, by a rate that swings over the day. Milliseconds since the Unix epoch, ascending. The mean
 * gap is what is left of the span for each of the sessions that are left.
 */
export class Timetable {
  readonly #profile: SynthProfile;
  readonly #chance: Random;
  #now: number;
  #span: number;
  #sessions: number;

  /** `span`: milliseconds that so many `sessions` take if the rate does not swing. */
  constructor(
    { start, span, sessions }: { start: number; span: number; sessions: number },
    profile: SynthProfile,
    chance: Random,
  ) {
    this.#profile = profile;
    this.#chance = chance;
    this.#now = start;
    this.#span = span;
    this.#sessions = Math.max(1, sessions);
  }

  next(): number {
    const meanGap = this.#span / this.#sessions;
    const rate = rateFactor(this.#now, this.#profile);
    this.#now += (exponential(this.#chance) * meanGap) / rate;
    // Whatever comes behind the last expected session keeps its gap.
    if (this.#sessions > 2) {
      this.#span -= meanGap;
      this.#sessions--;
    }
    return this.#now;
  }

  /** Expects so many sessions more than before, or fewer. */
  expect(more: number): void {
    if (this.#sessions + more >= 2) this.#sessions += more;
  }
}
