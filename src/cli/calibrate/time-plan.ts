// How the time of a calibration is spent. Pure.
//
//   timers | requests, closed loop | bytes, closed loop | per pacing mode: ladder of rates | confirming run
//
//   ladder:   warm-up | base rate | rung | rung | rung | …        one run, a step of the schedule each
//
// Weights are seconds of a calibration of 30 s, and of 8 s, which confirms nothing and has fewer rungs.

export type TimePlan = {
  /** Per second: the rate at which the pacing modes are compared. */
  readonly baseRate: number;
  /** Seconds. */
  readonly timers: number;
  readonly warmup: number;
  readonly requests: number;
  readonly bytes: number;
  readonly base: number;
  readonly rung: number;
  /** Null: the trusted rate is not run once more. */
  readonly confirm: number | null;
  /** Rates to try, as shares of the ceiling, ascending. */
  readonly rungs: readonly number[];
};

export const FULL_SECONDS = 30;
export const QUICK_SECONDS = 8;
/** Below it a second at the base rate for each mode is more than there is. */
const FULL_SECONDS_MIN = 16;

/** Starting and ending the threads of a run; compiled code is at hand after the first. */
const RUN_START_SECONDS = 0.35;
const PROGRAM_START_SECONDS = 0.5;
const MODES = 3;

const full: TimePlan = {
  baseRate: 1000,
  timers: 1.5,
  warmup: 0.3,
  requests: 2.2,
  bytes: 1.5,
  base: 1.2,
  rung: 0.4,
  confirm: 1.8,
  rungs: [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9],
};

// Twice the base rate for half the time: a p99 wants a thousand values.
const quick: TimePlan = {
  baseRate: 2000,
  timers: 0.4,
  warmup: 0.1,
  requests: 0.5,
  bytes: 0.4,
  base: 0.6,
  rung: 0.2,
  confirm: null,
  rungs: [0.15, 0.3, 0.45, 0.6, 0.8],
};

/** Seconds that a plan measures; without those in which threads start. */
function measuring(plan: TimePlan): number {
  const ladder = plan.warmup + plan.base + plan.rungs.length * plan.rung + (plan.confirm ?? 0);
  return plan.timers + 2 * plan.warmup + plan.requests + plan.bytes + MODES * ladder;
}

const runsOf = ({ confirm }: TimePlan): number => 2 + MODES * (confirm === null ? 1 : 2);

/** Seconds that a calibration after this plan takes, about. */
export const secondsOf = (plan: TimePlan): number =>
  PROGRAM_START_SECONDS + runsOf(plan) * RUN_START_SECONDS + measuring(plan);

/** The plan that takes about `seconds`, as far as that goes: below a fifth of the weights nothing is measured any more. */
export function timePlan(seconds: number): TimePlan {
  const plan = seconds < FULL_SECONDS_MIN ? quick : full;
  const starts = secondsOf(plan) - measuring(plan);
  const scale = Math.max(0.2, (seconds - starts) / measuring(plan));
  const scaled = (weight: number): number => weight * scale;
  return {
    ...plan,
    timers: scaled(plan.timers),
    warmup: scaled(plan.warmup),
    requests: scaled(plan.requests),
    bytes: scaled(plan.bytes),
    base: scaled(plan.base),
    rung: scaled(plan.rung),
    confirm: plan.confirm === null ? null : scaled(plan.confirm),
  };
}
