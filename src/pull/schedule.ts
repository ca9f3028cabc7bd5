// When pullers start and stop. Pure: whole milliseconds from `test driver begin`, no clock.
//
//   levels of `updown` with three patterns         what happens at the borders
//          __3__                                   0: start #0    T: start #1    2T: start #2
//     __2__|   |__2__                              3T: stop #2    4T: stop #1    5T: stop #0, the end
//   __1__|       |__1__
//   0    T   2T  3T   4T   5T = (2N - 1) T
import { UsageError } from "../core/errors.ts";
import type { ScheduledOrders } from "../workers/pull-engine.ts";
import type { Passes, ToPullThread } from "../workers/pull-messages.ts";

/** So many pullers are active from `fromMs` to `toMs`. */
export type Step = {
  readonly level: number;
  readonly fromMs: number;
  readonly toMs: number;
};

export type Schedule = {
  readonly steps: readonly Step[];
  /** Most pullers at the same time, and so how many there are. */
  readonly levelMax: number;
  readonly endMs: number;
};

export type ScheduleInput = {
  /** `updown`, `up`, `flat`, `1,5,10` or `1@30s,10@2m`. */
  readonly text: string;
  readonly patterns: number;
  /** Length of a step that names none. */
  readonly stepMs: number;
  /** Reads a length such as 30s as milliseconds; throws UsageError. */
  readonly parseLength: (text: string) => number;
};

const LEVEL_MAX = 100_000;
const LEVEL = /^(\d{1,6})(?:@(.+))?$/;

/** Throws UsageError for anything that is no schedule. */
export function readSchedule({ text, patterns, stepMs, parseLength }: ScheduleInput): Schedule {
  const up = Array.from({ length: patterns }, (_, index) => index + 1);
  const same = (levels: readonly number[]) => levels.map((level) => ({ level, lengthMs: stepMs }));
  switch (text) {
    case "updown":
      return scheduleOf(same([...up, ...up.slice(0, -1).reverse()]));
    case "up":
      return scheduleOf(same(up));
    case "flat":
      return scheduleOf(same([patterns]));
    default:
      return scheduleOf(
        text.split(",").map((part) => {
          const match = LEVEL.exec(part.trim());
          const level = Number(match?.[1]);
          if (match === null || level < 1 || level > LEVEL_MAX) throw badSteps(part.trim());
          const length = match[2];
          const lengthMs = length === undefined ? stepMs : Math.round(parseLength(length));
          if (lengthMs <= 0) throw badSteps(part.trim());
          return { level, lengthMs };
        }),
      );
  }
}

const badSteps = (part: string): UsageError =>
  new UsageError(
    `--steps wants updown, up, flat or levels such as 1,5,10 or 1@30s,10@2m, not "${part}"`,
  );

function scheduleOf(parts: readonly { level: number; lengthMs: number }[]): Schedule {
  const steps: Step[] = [];
  let at = 0;
  for (const { level, lengthMs } of parts) {
    steps.push({ level, fromMs: at, toMs: at + lengthMs });
    at += lengthMs;
  }
  return { steps, levelMax: Math.max(...parts.map(({ level }) => level)), endMs: at };
}

/** The step counts only from an instant within it on. */
export const settles = ({ fromMs, toMs }: Step, settleMs: number): boolean =>
  settleMs > 0 && fromMs + settleMs < toMs;

/** One instant at which something is due. In this order: the tick, then the end of the settling, then the border. */
export type Instant = {
  readonly atMs: number;
  readonly tick: boolean;
  /** The beginning of the current step that does not count is over. */
  readonly settled: boolean;
  /** Index of the step that begins; the number of steps at the end. */
  readonly border: number | undefined;
};

/** Every instant of a schedule, the start included, in order. A tick at a border is one instant with it. */
export function* instantsOf(
  { steps, endMs }: Schedule,
  { tallyMs, settleMs }: { readonly tallyMs: number; readonly settleMs: number },
): Generator<Instant> {
  const settledAts = steps
    .filter((step) => settles(step, settleMs))
    .map(({ fromMs }) => fromMs + settleMs);
  let tickAt = tallyMs;
  for (let border = 0, settled = 0; border <= steps.length; ) {
    const borderAt = steps[border]?.fromMs ?? endMs;
    const settledAt = settledAts[settled] ?? Number.POSITIVE_INFINITY;
    const atMs = Math.min(tickAt, settledAt, borderAt);
    const isBorder = atMs === borderAt;
    yield {
      atMs,
      tick: atMs === tickAt,
      settled: atMs === settledAt,
      border: isBorder ? border : undefined,
    };
    if (atMs === tickAt) tickAt += tallyMs;
    if (atMs === settledAt) settled++;
    if (isBorder) border++;
  }
}

/** What is to be done at every instant of a schedule, for pullers that are told all of it ahead. */
export function* scheduledOrders(
  {
    schedule,
    prune,
    passes,
  }: { readonly schedule: Schedule; readonly prune: boolean; readonly passes: Passes },
  timing: Parameters<typeof instantsOf>[1],
): Generator<ScheduledOrders> {
  let level = 0;
  for (const { atMs, border } of instantsOf(schedule, timing)) {
    if (border === undefined) {
      yield { atMs, orders: [] };
      continue;
    }
    const next = schedule.steps[border]?.level ?? 0;
    const { start, stop } = levelChange(level, next);
    const orders: ToPullThread[] = [
      { type: "step" },
      ...stop.map((puller): ToPullThread => ({ type: "stop", puller })),
      ...start.map((puller): ToPullThread => ({ type: "start", puller, passes, prune })),
    ];
    yield { atMs, orders };
    level = next;
  }
}

/** Pullers that start (ascending) or are told to stop (highest first) when the level changes. */
export function levelChange(
  from: number,
  to: number,
): { readonly start: readonly number[]; readonly stop: readonly number[] } {
  const start = Array.from({ length: Math.max(0, to - from) }, (_, index) => from + index);
  const stop = Array.from({ length: Math.max(0, from - to) }, (_, index) => from - 1 - index);
  return { start, stop };
}
