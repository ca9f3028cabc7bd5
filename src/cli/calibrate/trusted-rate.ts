// Which rate can be trusted here? Pure.
//
// Rates are tried from low to high, each for a while, and judged as a run would be. The machine may be disturbed for a moment,
// so a single rate that did not hold means little if a higher one did; two in a row end the search.
import type { Millis } from "../../core/units.ts";
import { mergeClasses, type Totals } from "../../stats/figures.ts";
import {
  judge,
  type RunCourse,
  type SaturationLimits,
  type Validity,
} from "../../stats/validity.ts";
import type { Rung } from "./calibration.ts";

/** What is kept in reserve: a calibration is short, the machine is not always as quiet, and a registry is slower. */
export const SAFETY_MARGIN = 0.8;
const FAILURES_IN_A_ROW = 2;

/**
 * Share of the requests that may have waited for a place. The machine stands still for 20 ms now and then, and half a second
 * holds few of them; a rate that is 3 % too high for half a second makes more wait, and for two seconds one that is 1 % too high.
 */
const WAITED_MAX = 0.1;

/**
 * The verdict of a run at this rate, with one difference: a few requests that waited for a place are forgiven, since places
 * are held by the responder, which shares the machine with us.
 */
export function judgeProbe(
  totals: Totals,
  course: Pick<RunCourse, "planned" | "plannedSeconds" | "sendingSeconds">,
): Validity {
  return judge(forgiven(totals), usualLimits, {
    ...course,
    paced: true,
    placesKey: "connections",
    interrupted: false,
  });
}

function forgiven(totals: Totals): Totals {
  const { started, lateSlots } = mergeClasses(totals.classes);
  if (lateSlots > started * WAITED_MAX) return totals;
  return { ...totals, classes: totals.classes.map((part) => ({ ...part, lateSlots: 0 })) };
}

/** A window ends a little after its mark, and a rate may lag a little: below this share of what was due, it did not hold. */
const SENT_MIN = 0.9;

/** Of a rate that was one of several in a run, for so many seconds: whether requests were sent in time, and if not, why. */
export function judgeRung(rate: number, seconds: number, totals: Totals): Rung {
  const { started } = mergeClasses(totals.classes);
  const due = Math.round(rate * seconds);
  if (started < due * SENT_MIN)
    return { rate, held: false, why: `${started} of ${due} requests were sent` };
  // A window of a run begins and ends within requests, so what was due in it is not known to the last one. Threads tell their
  // health once a second, and since their start: it belongs to the whole run.
  const course = { planned: null, plannedSeconds: null, sendingSeconds: 0 };
  const { verdict, reasons } = judgeProbe({ ...totals, health: [] }, course);
  return { rate, held: verdict === "ok", why: reasons[0] ?? null };
}

export const isSearchOver = (rungs: readonly Rung[]): boolean =>
  rungs.length >= FAILURES_IN_A_ROW && rungs.slice(-FAILURES_IN_A_ROW).every(({ held }) => !held);

/** Per second; null where none held. */
export function largestHeld(rungs: readonly Rung[]): number | null {
  const held = rungs.filter((rung) => rung.held).map(({ rate }) => rate);
  return held.length === 0 ? null : Math.max(...held);
}

/** Two digits, rounded down: 9,512.3 becomes 9,500. More would be no information. */
export function roundedDown(rate: number): number {
  const unit = 10 ** (Math.floor(Math.log10(rate)) - 1);
  // A product such as 0.8 * 50,000 may lie a hair below the whole number that it stands for.
  return Math.floor(rate / unit + 1e-9) * unit;
}

export const withMargin = (rate: number): number => roundedDown(rate * SAFETY_MARGIN);

/** `run.saturation` and `run.on_time_ms` as they are without a configuration, and in `drayage load`. */
export const usualLimits: SaturationLimits = {
  lateness: 100 as Millis,
  share: 0.01,
  onTime: 10 as Millis,
};
