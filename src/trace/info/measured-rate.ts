import { defaultProfile, type SynthProfile } from "../synth/profile.ts";
import { daily, isWeekend, rateFactor } from "../synth/timetable.ts";
import type { ArrivalFindings, RateBin } from "./arrival-pass.ts";

const HOUR = 3600;
/** Shorter traces do not show what repeats every day. */
const DAYS_MIN = 2;
/** Hours of a weekend and of other days that make their ratio a figure. */
const HOURS_MIN = 24;

type Rate = Partial<Pick<SynthProfile, "requestsPerSecond" | "diurnal" | "weekend">>;

/**
 * The mean rate over a day, and how it swings. Of a part of a day the rate is read as what the default swing makes of that
 * part, so that a trace made of it is as fast.
 */
export function measuredRate({ minutes, firstUs, lastUs }: ArrivalFindings): Rate {
  const seconds = (lastUs - firstUs) / 1e6;
  const records = minutes.reduce((sum, bin) => sum + bin.records, 0);
  if (!(seconds > 0) || records < 2) return {};
  const hours = seconds < DAYS_MIN * 24 * HOUR ? [] : wholeHours(minutes, { firstUs, lastUs });
  const weekend = weekendOf(hours);
  const diurnal = diurnalOf(hours, weekend ?? 1);
  const swing = {
    diurnal: diurnal ?? defaultProfile.diurnal,
    weekend: weekend ?? defaultProfile.weekend,
  };
  const requestsPerSecond = rounded(records / (seconds * meanFactor({ firstUs, seconds }, swing)));
  return {
    requestsPerSecond,
    ...(diurnal === undefined ? {} : { diurnal }),
    ...(weekend === undefined ? {} : { weekend }),
  };
}

type Hour = { readonly middleMs: number; readonly records: number };
const rounded = (value: number): number => Number(value.toPrecision(4));

/** Hours from the second to the last but one, those without requests included. */
function wholeHours(
  minutes: readonly RateBin[],
  { firstUs, lastUs }: { firstUs: number; lastUs: number },
): Hour[] {
  const records = new Map<number, number>();
  for (const bin of minutes) {
    const hour = Math.floor(bin.start / HOUR);
    records.set(hour, (records.get(hour) ?? 0) + bin.records);
  }
  const hours: Hour[] = [];
  const end = Math.floor(lastUs / 1e6 / HOUR);
  for (let hour = Math.floor(firstUs / 1e6 / HOUR) + 1; hour < end; hour++)
    hours.push({ middleMs: (hour + 0.5) * HOUR * 1000, records: records.get(hour) ?? 0 });
  return hours;
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

function weekendOf(hours: readonly Hour[]): number | undefined {
  const [off, on] = [true, false].map((wanted) =>
    hours.filter(({ middleMs }) => isWeekend(middleMs) === wanted).map(({ records }) => records),
  ) as [number[], number[]];
  if (off.length < HOURS_MIN || on.length < HOURS_MIN) return undefined;
  const factor = mean(off) / mean(on);
  return factor > 0 && Number.isFinite(factor) ? rounded(factor) : undefined;
}

/** The amplitude that fits best in the sense of least squares, the shape of a day being given. */
function diurnalOf(hours: readonly Hour[], weekend: number): number | undefined {
  if (hours.length === 0) return undefined;
  const rates = hours.map(({ records, middleMs }) => records / (isWeekend(middleMs) ? weekend : 1));
  const middle = mean(rates);
  if (middle === 0) return undefined;
  let product = 0;
  let square = 0;
  hours.forEach(({ middleMs }, place) => {
    const shape = daily(middleMs);
    product += ((rates[place] as number) / middle - 1) * shape;
    square += shape * shape;
  });
  return rounded(Math.min(1, Math.max(0, product / square)));
}

const STEPS = 10_000;

function meanFactor(
  { firstUs, seconds }: { firstUs: number; seconds: number },
  swing: Pick<SynthProfile, "diurnal" | "weekend">,
): number {
  let sum = 0;
  for (let step = 0; step < STEPS; step++)
    sum += rateFactor(firstUs / 1000 + ((step + 0.5) / STEPS) * seconds * 1000, swing);
  return sum / STEPS;
}
