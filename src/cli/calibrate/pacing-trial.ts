// One pacing mode: how exactly it keeps a schedule, what that costs, and up to which rate a run is `ok`.
import { invariant } from "../../core/errors.ts";
import type { PacingMode } from "../../pacing/wake-plan.ts";
import type { LoadStep } from "../../workers/feed-plan.ts";
import type { Accuracy, ModeFigures, Rung } from "./calibration.ts";
import { connectionsFor } from "./ceilings.ts";
import { type ProbeSite, type ProbeWindow, runProbe } from "./probe.ts";
import { spreadOfDistribution } from "./spread.ts";
import type { TimePlan } from "./time-plan.ts";
import {
  isSearchOver,
  judgeProbe,
  judgeRung,
  largestHeld,
  roundedDown,
  withMargin,
} from "./trusted-rate.ts";

/** A trusted rate that does not hold when it is run once more is halved, and run again; so many runs in all. */
const CONFIRMATIONS_MAX = 3;

type Confirmation = Pick<ModeFigures, "trusted" | "why" | "confirmed" | "top">;
type Seen = { readonly rung: Rung; readonly accuracy: Accuracy };

export async function tryPacing(
  site: ProbeSite,
  pacing: PacingMode,
  { time, ceiling }: { time: TimePlan; ceiling: number },
): Promise<ModeFigures> {
  const [base, ...steps] = await climb(site, pacing, ladderOf(time, ceiling));
  invariant(base !== undefined, "a ladder has a base");
  const seen = [base, ...steps];
  const rungs = seen.map(({ rung }) => rung);
  const held = largestHeld(rungs);
  const found = { pacing, base: base.accuracy, rungs, largestHeld: held };
  if (held === null) return { ...found, ...untrusted(rungs[0]?.why ?? null) };
  if (time.confirm === null) {
    const trusted = withMargin(held);
    const below = seen.findLast(({ rung }) => rung.held && rung.rate <= trusted);
    return { ...found, trusted, why: null, confirmed: false, top: below?.accuracy ?? null };
  }
  return { ...found, ...(await confirm(site, pacing, { rate: held, seconds: time.confirm })) };
}

/** The rate below the ceiling's shares; a ceiling so low that the base rate lies above them has fewer. */
function ladderOf(time: TimePlan, ceiling: number): readonly LoadStep[] {
  const { baseRate, warmup, base, rung } = time;
  const step = (rate: number, seconds: number): LoadStep => ({ from: rate, to: rate, seconds });
  const rates = time.rungs.map((share) => roundedDown(share * ceiling));
  return [
    step(baseRate, warmup),
    step(baseRate, base),
    ...rates.filter((rate) => rate > baseRate).map((rate) => step(rate, rung)),
  ];
}

/** Rates one after another in one run. Returns what was seen of each, the warm-up left out. */
async function climb(
  site: ProbeSite,
  pacing: PacingMode,
  steps: readonly LoadStep[],
): Promise<readonly Seen[]> {
  const seen: Seen[] = [];
  let end = 0;
  const marks = steps.map(({ seconds }) => {
    end += seconds;
    return end;
  });
  const connections = connectionsFor(site.workers);
  const plan = {
    schedule: { kind: "steps", steps },
    pacing,
    path: "/s",
    connections,
    marks,
  } as const;
  await runProbe(site, plan, (window, index) => {
    const step = steps[index];
    if (step === undefined || index === 0) return "on";
    const rung = judgeRung(step.from, window.seconds, window.figures);
    seen.push({ rung, accuracy: accuracyOf(step.from, window) });
    return isSearchOver(seen.map((one) => one.rung)) ? "stop" : "on";
  });
  return seen;
}

const accuracyOf = (rate: number, { figures, seconds, cpuSeconds }: ProbeWindow): Accuracy => ({
  rate,
  lateness: spreadOfDistribution(figures.lateness),
  cores: cpuSeconds / seconds,
});

const untrusted = (why: string | null): Confirmation => ({
  trusted: null,
  why,
  confirmed: false,
  top: null,
});

/** Runs the trusted rate on its own, as a user would, and judges it by all rules. */
async function confirm(
  site: ProbeSite,
  pacing: PacingMode,
  { rate: held, seconds }: { rate: number; seconds: number },
): Promise<Confirmation> {
  let why: string | null = null;
  for (let attempt = 0; attempt < CONFIRMATIONS_MAX; attempt++) {
    const rate = roundedDown(withMargin(held) / 2 ** attempt);
    const schedule = { kind: "constant", rate, seconds } as const;
    const connections = connectionsFor(site.workers);
    const plan = { schedule, pacing, path: "/s", connections, marks: [] } as const;
    const { totals, planned, sendingSeconds, cpuSeconds } = await runProbe(site, plan, () => "on");
    const course = { planned, plannedSeconds: seconds, sendingSeconds };
    const { verdict, reasons } = judgeProbe(totals, course);
    if (verdict !== "ok") {
      why = reasons[0] ?? null;
      continue;
    }
    const lateness = spreadOfDistribution(totals.lateness);
    const cores = cpuSeconds / Math.max(seconds, sendingSeconds);
    return { trusted: rate, why: null, confirmed: true, top: { rate, lateness, cores } };
  }
  return untrusted(why);
}
