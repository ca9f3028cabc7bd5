// From the flags of `drayage load` to a schedule: which rate when, for how long.
import { UsageError } from "../../core/errors.ts";
import { parseDuration } from "../../embedded/quantity.ts";
import type { NamedStep } from "../../report/step-sums.ts";
import type { LoadSchedule, LoadStep } from "../../workers/feed-plan.ts";

export type ScheduleFlags = {
  readonly rate: string | undefined;
  readonly steps: string | undefined;
  readonly poisson: boolean;
  readonly duration?: string | undefined;
};

const DURATION = "10s";

const rateText = /^(\d+(?:\.\d+)?)(k?)(?:\/(s|m))?$/;

/** `200`, `200/s`, `1.5k/s`, `30/m`: requests per second. */
export function parseRate(text: string, flag: string): number {
  const rate = rateOf(text, flag);
  if (rate > 0) return rate;
  throw noRate(text, flag);
}

function rateOf(text: string, flag: string): number {
  const [, number, thousand, unit] = rateText.exec(text.trim()) ?? [];
  if (number === undefined) throw noRate(text, flag);
  return (Number(number) * (thousand === "k" ? 1000 : 1)) / (unit === "m" ? 60 : 1);
}

const noRate = (text: string, flag: string): UsageError =>
  new UsageError(`${flag} wants a rate such as 200/s, 1.5k/s or 30/m, not "${text}"`);

/** Throws UsageError for flags that contradict each other. */
export function loadSchedule({ rate, steps, poisson, duration }: ScheduleFlags): LoadSchedule {
  if (rate !== undefined && steps !== undefined)
    throw new UsageError("--rate and --steps exclude each other: keep one");
  if (poisson && rate === undefined)
    throw new UsageError("--poisson needs a mean rate: add --rate 200/s");
  if (steps !== undefined && duration !== undefined)
    throw new UsageError("each of --steps says how long it is: leave --duration out");
  if (steps !== undefined) return { kind: "steps", steps: parseSteps(steps, "--steps") };
  const seconds = durationOf(duration);
  if (rate === undefined) return { kind: "closed" };
  const perSecond = parseRate(rate, "--rate");
  return { kind: poisson ? "poisson" : "constant", rate: perSecond, seconds };
}

/** `100/s:10s,0/s..500/s:30s`: a rate or a ramp, and how long. */
export function parseSteps(text: string, flag: string): LoadStep[] {
  return text.split(",").map((part) => {
    const [rates = "", length = "", ...rest] = part.trim().split(":");
    const [from = "", to = from] = rates.split("..");
    if (length === "" || rest.length > 0) {
      throw new UsageError(
        `${flag} wants RATE:TIME or RATE..RATE:TIME, separated by commas, not "${part.trim()}"`,
      );
    }
    const step = {
      from: rateOf(from, flag),
      to: rateOf(to, flag),
      seconds: secondsOf(length, flag),
    };
    if (step.from + step.to > 0) return step;
    throw new UsageError(`${flag}: "${part.trim()}" sends nothing: a ramp may begin or end at 0/s`);
  });
}

const durationOf = (text: string = DURATION): number => secondsOf(text, "--duration");

/** Throws UsageError. */
export function secondsOf(text: string, flag: string): number {
  const seconds = parseDuration(text, flag) / 1000;
  if (seconds <= 0) throw new UsageError(`${flag} must be longer than 0`);
  return seconds;
}

/** Seconds that the schedule takes; without one, the duration. */
export function scheduleSeconds(schedule: LoadSchedule, duration?: string): number {
  switch (schedule.kind) {
    case "closed":
      return durationOf(duration);
    case "constant":
    case "poisson":
      return schedule.seconds;
    case "steps":
      return schedule.steps.reduce((sum, step) => sum + step.seconds, 0);
    default:
      return schedule satisfies never;
  }
}

/** Steps as they are called in tables: `100/s`, `100..500/s`. Of several only. */
export const stepNames = (schedule: LoadSchedule): NamedStep[] | undefined =>
  schedule.kind !== "steps" || schedule.steps.length < 2
    ? undefined
    : schedule.steps.map(({ from, to, seconds }) => ({
        name: from === to ? `${from}/s` : `${from}..${to}/s`,
        seconds,
      }));

/** Largest rate of the schedule, per second; null without one. */
export function peakRate(schedule: LoadSchedule): number | null {
  switch (schedule.kind) {
    case "closed":
      return null;
    case "constant":
    case "poisson":
      return schedule.rate;
    case "steps":
      return Math.max(...schedule.steps.flatMap(({ from, to }) => [from, to]));
    default:
      return schedule satisfies never;
  }
}
