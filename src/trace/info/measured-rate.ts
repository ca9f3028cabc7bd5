import { defaultProfile, type SynthProfile } from "../synth/profile.ts";
import { daily, isWeekend, rateFactor } from "../synth/timetable.ts";
import type { ArrivalFindings, RateBin } from "./arrival-pass.ts";

const HOUR = 3600;
/** Shorter traces do not show what repeats every day. */
const DAYS_MIN = 2;
/** Hours of a weekend and of other days that make their ratio a figure. */
const HOURS_MIN = 24;
/** What is left out at either end of a trace, unless it is shorter than so many minutes. */
const EDGE_SHARE = 0.05;
const STEADY_MINUTES_MIN = 30;

type Rate = Partial<Pick<SynthProfile, "requestsPerSecond" | "diurnal" | "weekend">>;

/**
 * The mean rate over a day, and how it swings. Of a part of a day the rate is read as what the default swing makes of that
 * part, so that a trace made of it is as fast.
 */
export function measuredRate({ minutes, firstUs, lastUs }: ArrivalFindings): Rate {
  const whole = (lastUs - firstUs) / 1e6;
  const steady = steadyPart(minutes) ?? {
    from: firstUs / 1e6,
    seconds: whole,
    records: recordsOf(minutes),
  };
  if (!(steady.seconds > 0) || steady.records < 2) return {};
  const hours = whole < DAYS_MIN * 24 * HOUR ? [] : wholeHours(minutes, { firstUs, lastUs });
  const weekend = weekendOf(hours);
  const diurnal = diurnalOf(hours, weekend ?? 1);
  const swing = {
    diurnal: diurnal ?? defaultProfile.diurnal,
    weekend: weekend ?? defaultProfile.weekend,
  };
  const { records, seconds } = steady;
  return {
    requestsPerSecond: rounded(records / (seconds * meanFactor(steady, swing))),
    ...(diurnal === undefined ? {} : { diurnal }),
    ...(weekend === undefined ? {} : { weekend }),
  };
}

/** Seconds since the Unix epoch, and how many of them. */
type Part = { readonly from: number; readonly seconds: number; readonly records: number };

const recordsOf = (minutes: readonly RateBin[]): number =>
  minutes.reduce((sum, bin) => sum + bin.records, 0);

/** The trace without its first and last twentieth, where sessions begin before it or go on after the last one has begun. */
function steadyPart(minutes: readonly RateBin[]): Part | undefined {
  if (minutes.length < STEADY_MINUTES_MIN) return undefined;
  const edge = recordsOf(minutes) * EDGE_SHARE;
  const from = placeAt(minutes, edge);
  const to = minutes.length - placeAt(minutes.toReversed(), edge);
  const steady = minutes.slice(from, to);
  const [first] = steady;
  const last = steady.at(-1);
  if (first === undefined || last === undefined) return undefined;
  return {
    from: first.start,
    seconds: last.start + 60 - first.start,
    records: recordsOf(steady),
  };
}

/** Place of the first minute before which there are at least so many records. */
function placeAt(minutes: readonly RateBin[], records: number): number {
  let before = 0;
  let place = 0;
  while (before < records && place < minutes.length) before += minutes[place++]?.records ?? 0;
  return place;
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
  { from, seconds }: Part,
  swing: Pick<SynthProfile, "diurnal" | "weekend">,
): number {
  let sum = 0;
  for (let step = 0; step < STEPS; step++)
    sum += rateFactor((from + ((step + 0.5) / STEPS) * seconds) * 1000, swing);
  return sum / STEPS;
}
