import { pacingModes } from "../../pacing/wake-plan.ts";
import type { Calibration, ModeFigures } from "./calibration.ts";
import { byteCeiling, requestCeiling } from "./ceilings.ts";
import { measureIdle } from "./idle-measurement.ts";
import { tryPacing } from "./pacing-trial.ts";
import type { ProbeSite } from "./probe.ts";
import { Responders } from "./responders.ts";
import { type TimePlan, timePlan } from "./time-plan.ts";
import { SAFETY_MARGIN, usualLimits } from "./trusted-rate.ts";

export type MeasureOptions = {
  readonly seconds: number;
  readonly workers: number;
  readonly loadAverage: number;
  readonly signal: AbortSignal;
};

/** All figures, one after the other. Throws what `signal` was aborted with; the responders are gone in any case. */
export async function measureMachine(
  { seconds, workers, loadAverage, signal }: MeasureOptions,
  say: (line: string) => void,
): Promise<Calibration> {
  const startedAt = performance.now();
  const time = timePlan(seconds);
  say("clock, timers and event loop");
  const { clock, idle } = await measureIdle(time.timers, signal);
  const responders = await Responders.start(workers);
  try {
    const site = { origin: responders.origin, workers, signal };
    const { requests, bytes, busy } = await ceilings(site, { responders, time }, say);
    const modes: ModeFigures[] = [];
    for (const pacing of pacingModes) {
      say(`pacing: ${pacing}`);
      modes.push(await tryPacing(site, pacing, { time, ceiling: requests.perSecond }));
    }
    const { lateness, share, onTime } = usualLimits;
    return {
      takenAt: new Date().toISOString(),
      plannedSeconds: seconds,
      seconds: (performance.now() - startedAt) / 1000,
      workers,
      loadAverage,
      margin: SAFETY_MARGIN,
      limits: { latenessMs: lateness, share, onTimeMs: onTime },
      ceiling: { requests, bytes },
      modes,
      clock,
      idle,
      busy,
    };
  } finally {
    await responders.close();
  }
}

async function ceilings(
  site: ProbeSite,
  { responders, time }: { responders: Responders; time: TimePlan },
  say: (line: string) => void,
) {
  say("ceiling: requests");
  const { warmup } = time;
  const { ceiling, busy } = await requestCeiling(site, responders, {
    warmup,
    measured: time.requests,
  });
  say("ceiling: bytes");
  const bytes = await byteCeiling(site, responders, { warmup, measured: time.bytes });
  return { requests: ceiling, bytes, busy };
}
