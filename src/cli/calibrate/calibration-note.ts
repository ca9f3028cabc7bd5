// What a run's verdict says about the calibration of the machine. Pure. The verdict itself follows from what was measured in the
// run; the calibration says what was to be expected.
import type { PacingMode } from "../../pacing/wake-plan.ts";
import { formatBytes, formatRate } from "../../report/number-format.ts";
import { type CalibrationNote, overall, rateOver } from "../../report/run-figures.ts";
import type { Totals } from "../../stats/figures.ts";
import type { Calibration } from "./calibration.ts";
import type { KnownCalibrations } from "./calibration-cache.ts";

/** Of a run, what a calibration can be held against. Rates per second over all workers. */
export type RunPace =
  /** `peak`: the rate that was asked for, or what was due in the busiest second. */
  | {
      readonly kind: "paced";
      readonly peak: number;
      readonly of: "rate" | "busiest second";
      readonly pacing: PacingMode;
    }
  /** As fast as it went. */
  | {
      readonly kind: "unpaced";
      readonly perSecond: number;
      readonly bytesPerSecond: number;
    };

export const pacedBy = (
  peak: number,
  of: "rate" | "busiest second",
  pacing: PacingMode,
): RunPace => ({ kind: "paced", peak, of, pacing });

/** Successes over the whole run. */
export function unpaced(totals: Totals, seconds: number): RunPace {
  const { done, bytesIn, bytesOut } = overall(totals);
  const perSecond = rateOver(done, seconds) ?? 0;
  return { kind: "unpaced", perSecond, bytesPerSecond: rateOver(bytesIn + bytesOut, seconds) ?? 0 };
}

/** From this share of the ceiling on, the figures of a closed loop may be the generator's. */
const NEAR_CEILING = 0.9;

export function calibrationNote(
  pace: RunPace,
  workers: number,
  known: KnownCalibrations,
): CalibrationNote {
  const calibration =
    known.kind === "known" ? known.calibrations.find((one) => one.workers === workers) : undefined;
  if (calibration === undefined) return unknown(workers, known);
  return pace.kind === "paced" ? held(pace, calibration) : belowCeiling(pace, calibration);
}

const threads = (workers: number): string =>
  workers === 1 ? "1 worker thread" : `${workers} worker threads`;

function unknown(workers: number, known: KnownCalibrations): CalibrationNote {
  const type = workers === 1 ? "drayage calibrate" : `drayage calibrate --workers ${workers}`;
  const common = { state: "unknown", rate: null, limit: null, takenAt: null, type } as const;
  switch (known.kind) {
    case "none":
      return {
        ...common,
        note: "no calibration of this machine: find out which rates it can be trusted with",
      };
    case "known":
      return { ...common, note: `no calibration of this machine with ${threads(workers)}` };
    case "unreadable":
      return { ...common, note: `no calibration: ${known.file} cannot be read` };
    default:
      return known satisfies never;
  }
}

const day = ({ takenAt }: Calibration): string => takenAt.slice(0, "2026-11-22".length);

/** Against the trusted rate of the run's pacing mode. */
function held(
  { peak, of, pacing }: RunPace & { kind: "paced" },
  calibration: Calibration,
): CalibrationNote {
  const { workers, takenAt, modes } = calibration;
  const trusted = modes.find((mode) => mode.pacing === pacing)?.trusted ?? null;
  const rate =
    of === "rate" ? `rate ${formatRate(peak)}` : `rate ${formatRate(peak)} (busiest second)`;
  const where = `(${pacing}, ${threads(workers)}, ${day(calibration)})`;
  const common = { rate: peak, limit: trusted, takenAt, type: null };
  if (trusted === null)
    return {
      ...common,
      state: "above",
      note: `${rate}: calibrate found no rate trustworthy here ${where}`,
    };
  const isAbove = peak > trusted;
  return {
    ...common,
    state: isAbove ? "above" : "within",
    note: `${rate} is ${isAbove ? "above" : "within"} the ${formatRate(trusted)} that calibrate found trustworthy here ${where}`,
  };
}

/** Against the ceilings, whichever is nearer. */
function belowCeiling(
  { perSecond, bytesPerSecond }: RunPace & { kind: "unpaced" },
  calibration: Calibration,
): CalibrationNote {
  const { requests, bytes } = calibration.ceiling;
  const { workers, takenAt } = calibration;
  const where = `(${threads(workers)}, ${day(calibration)})`;
  const ofRequests = perSecond / requests.perSecond;
  const ofBytes = bytesPerSecond / bytes.bytesPerSecond;
  const isBytes = ofBytes > ofRequests;
  const reached = isBytes ? `${formatBytes(bytesPerSecond)}/s` : formatRate(perSecond);
  const ceiling = isBytes
    ? `${formatBytes(bytes.bytesPerSecond)}/s`
    : formatRate(requests.perSecond);
  const isNear = Math.max(ofRequests, ofBytes) >= NEAR_CEILING;
  return {
    state: isNear ? "near-ceiling" : "below-ceiling",
    rate: perSecond,
    limit: requests.perSecond,
    takenAt,
    type: null,
    note: isNear
      ? `${reached}: near or above the ceiling of ${ceiling} that calibrate found here ${where}; the limit may be the generator`
      : `${reached}: below the ceiling of ${ceiling} that calibrate found here ${where}`,
  };
}
