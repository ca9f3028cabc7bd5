import { type Millis, millisFromNanos } from "../core/units.ts";
import { maximumOf, valueAtPercentile } from "./distribution.ts";
import type { Totals } from "./figures.ts";

/** Whether the figures of a run can be trusted. `reasons` are sentences for people, worst first. */
export type Validity = {
  readonly verdict: "ok" | "strained" | "INVALID";
  /** What makes it INVALID, in two or three words; null otherwise. */
  readonly cause: Cause | null;
  readonly reasons: readonly string[];
};

type Cause = "generator saturated" | "operations not sent" | "target rate missed";

/** `run.saturation` and `run.on_time_ms` of the configuration. `share` is a fraction 0..1. */
export type SaturationLimits = {
  readonly lateness: Millis;
  readonly share: number;
  readonly onTime: Millis;
};

/** What the totals cannot know. */
export type RunCourse = {
  /** Operations had due times (`wait: true`, or a rate). Without them nothing can be late. */
  readonly paced: boolean;
  /** Operations that were due by the end of the run; null if nothing was due. */
  readonly planned: number | null;
  /** Seconds that the plan takes, and that sending took: a run that is much longer missed its rate. Null without a plan. */
  readonly plannedSeconds: number | null;
  readonly sendingSeconds: number;
  /** What the user raises to have more places: a key of the configuration or a flag. */
  readonly placesKey: string;
  /** Ended early on purpose: what was not sent is then no fault. */
  readonly interrupted: boolean;
};

const ACHIEVED_MIN = 0.99;
/** Runs of few seconds miss the rate by their last request alone. */
const RATE_SECONDS_MIN = 1;
const STRAINED_SHARE = 0.5;
/**
 * A thread that was ready to run for so much of the run and had no processor. Beside six busy loops on one processor it is 0.3
 * to 0.9, as quick as the registry answers; beside four on two processors, 0.2 to 0.3.
 */
const STARVED_SHARE_MAX = 0.25;
/** In shorter runs the system's own work of starting threads counts for too much. */
const STARVED_SECONDS_MIN = 2;
/** A thread that ran or was ready to run for so much of the run had no time left to look at the answers that came. */
const WANTED_SHARE_MAX = 0.95;

type Finding =
  | { readonly verdict: "strained"; readonly reason: string }
  | { readonly verdict: "INVALID"; readonly cause: Cause; readonly reason: string };

const saturated = (reason: string): Finding => ({
  verdict: "INVALID",
  cause: "generator saturated",
  reason,
});

/** With so many digits that what was missed by little does not read as if it had been reached. */
const percent = (share: number): string => `${Number((share * 100).toPrecision(4))} %`;
const inMs = (value: number): string =>
  value < 1000
    ? `${Number(value.toPrecision(3))} ms`
    : `${Number((value / 1000).toPrecision(3))} s`;
const operations = (count: number): string => (count === 1 ? "1 operation" : `${count} operations`);

/**
 * `INVALID`: the generator, not the registry, decided the figures: more than `share` of the operations were later than
 * `lateness` though a place was free, a thread's event-loop delay p99 exceeds `lateness`, planned operations were not
 * sent, or less than 99 % of the planned rate was reached without any of them waiting for a place. Where they waited for one,
 * the registry is to blame only if the threads had time to see its answers: one that lacked a processor for a quarter of the
 * run, or never rested, kept the places taken itself. `strained`: half way there, or late for want of places. A busy
 * processor alone makes no run invalid.
 */
export function judge(totals: Totals, limits: SaturationLimits, course: RunCourse): Validity {
  const findings = [
    ...latenessFindings(totals, limits, course),
    ...loopFindings(totals, limits),
    ...processorFindings(totals, limits, course),
    ...(course.interrupted ? [] : rateFindings(totals, course)),
    ...slotFindings(totals, limits, course),
    ...clippedFindings(totals),
  ];
  const invalid = findings.filter((finding) => finding.verdict === "INVALID");
  const ordered = [...invalid, ...findings.filter(({ verdict }) => verdict === "strained")];
  return {
    verdict: ordered[0]?.verdict ?? "ok",
    cause: invalid[0]?.cause ?? null,
    reasons: ordered.map(({ reason }) => reason),
  };
}

const timedOf = ({ classes }: Pick<Totals, "classes">): number =>
  classes.reduce((sum, part) => sum + part.onTime + part.lateSlots + part.lateGenerator, 0);

function latenessFindings(
  totals: Totals,
  limits: SaturationLimits,
  { paced }: RunCourse,
): readonly Finding[] {
  const timed = timedOf(totals);
  if (!paced || timed === 0) return [];
  const tooLate = totals.classes.reduce((sum, part) => sum + part.tooLate, 0);
  const share = tooLate / timed;
  const allowed = `${percent(limits.share)} are allowed`;
  const what = `${operations(tooLate)} (${percent(share)}) sent more than ${limits.lateness} ms late by the generator; ${allowed}`;
  if (share > limits.share) return [saturated(what)];
  if (tooLate > 0 && share > limits.share * STRAINED_SHARE) {
    return [{ verdict: "strained", reason: what }];
  }
  const p99 = valueAtPercentile(totals.lateness, 99) / 1e6;
  const slots = totals.classes.reduce((sum, part) => sum + part.lateSlots, 0);
  if (slots === 0 && p99 > limits.lateness * STRAINED_SHARE) {
    const reason = `lateness p99 is ${inMs(p99)}, the largest ${inMs(maximumOf(totals.lateness) / 1e6)}`;
    return [{ verdict: "strained", reason }];
  }
  return [];
}

function loopFindings({ health }: Totals, limits: SaturationLimits): readonly Finding[] {
  const findings: Finding[] = [];
  health.forEach((thread, worker) => {
    const delay = millisFromNanos(thread.loopDelayP99);
    const reason = `event-loop delay p99 of worker ${worker} is ${inMs(delay)}; the limit is ${limits.lateness} ms`;
    if (delay > limits.lateness) findings.push(saturated(reason));
    else if (delay > limits.lateness * STRAINED_SHARE)
      findings.push({ verdict: "strained", reason });
  });
  return findings;
}

/** More than a few had to wait for a place, or the rate was missed. */
function isHeldUp(
  { classes }: Totals,
  { share }: SaturationLimits,
  { interrupted, plannedSeconds, sendingSeconds }: RunCourse,
): boolean {
  const late = classes.reduce((sum, part) => sum + part.lateSlots + part.tooLate, 0);
  if (late > share * timedOf({ classes })) return true;
  const known = plannedSeconds !== null && plannedSeconds >= RATE_SECONDS_MIN && !interrupted;
  return known && reachedShare(plannedSeconds, sendingSeconds) < ACHIEVED_MIN;
}

function processorFindings(
  totals: Totals,
  limits: SaturationLimits,
  course: RunCourse,
): readonly Finding[] {
  if (course.sendingSeconds < STARVED_SECONDS_MIN) return [];
  const heldUp = course.paced && isHeldUp(totals, limits, course);
  return totals.health.flatMap(({ wantedShare = 0, starvedShare = 0 }, worker): Finding[] => {
    if (starvedShare > STARVED_SHARE_MAX) {
      const reason = `worker ${worker} was ready to run but had no processor for ${percent(starvedShare)} of the run: something else takes it`;
      return [heldUp ? saturated(reason) : { verdict: "strained", reason }];
    }
    if (!heldUp || wantedShare <= WANTED_SHARE_MAX) return [];
    return [
      saturated(`worker ${worker} needed ${percent(wantedShare)} of a processor, and never rested`),
    ];
  });
}

const reachedShare = (plannedSeconds: number, sendingSeconds: number): number =>
  plannedSeconds / Math.max(plannedSeconds, sendingSeconds);

/** Share 0..1 of the planned rate that was reached; null where nothing was planned. */
export function achievedRate(
  { classes }: Pick<Totals, "classes">,
  { planned, plannedSeconds, sendingSeconds }: RunCourse,
): number | null {
  if (planned === null || planned === 0) return null;
  const started = classes.reduce((sum, part) => sum + part.started, 0);
  const share = Math.min(1, started / planned);
  const timely = plannedSeconds === null || plannedSeconds === 0;
  return timely ? share : Math.min(share, reachedShare(plannedSeconds, sendingSeconds));
}

function rateFindings(
  { classes }: Totals,
  { planned, plannedSeconds, sendingSeconds }: RunCourse,
): readonly Finding[] {
  if (planned === null) return [];
  const started = classes.reduce((sum, part) => sum + part.started, 0);
  if (started < planned) {
    const reason = `not sent: ${operations(planned - started)} of ${planned}`;
    return [{ verdict: "INVALID", cause: "operations not sent", reason }];
  }
  if (plannedSeconds === null || plannedSeconds < RATE_SECONDS_MIN) return [];
  const achieved = reachedShare(plannedSeconds, sendingSeconds);
  if (achieved >= ACHIEVED_MIN) return [];
  // Where operations waited for a place, the registry set the pace, and the response times tell it: that is a finding.
  const waited = classes.some(({ lateSlots }) => lateSlots > 0);
  const reason = `${percent(achieved)} of the planned rate was reached; 99 % is needed`;
  return waited
    ? [{ verdict: "strained", reason }]
    : [{ verdict: "INVALID", cause: "target rate missed", reason }];
}

function slotFindings(
  totals: Totals,
  { onTime }: SaturationLimits,
  { placesKey }: RunCourse,
): readonly Finding[] {
  const late = totals.classes.reduce((sum, part) => sum + part.lateSlots, 0);
  if (late === 0) return [];
  const reason = `${operations(late)} (${percent(late / timedOf(totals))}) waited more than ${onTime} ms for a free place: raise ${placesKey}`;
  return [{ verdict: "strained", reason }];
}

function clippedFindings({ clippedHigh }: Totals): readonly Finding[] {
  if (clippedHigh === 0) return [];
  const times =
    clippedHigh === 1
      ? "1 time above one hour counts"
      : `${clippedHigh} times above one hour count`;
  return [{ verdict: "strained", reason: `${times} as one hour` }];
}
