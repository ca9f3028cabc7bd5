// How the busiest step of a pull test compares with what `drayage calibrate` found on this machine.
import type { CalibrationNote } from "../../report/run-figures.ts";
import type { KnownCalibrations } from "../calibrate/calibration-cache.ts";
import { calibrationNote } from "../calibrate/calibration-note.ts";
import type { PullFigures } from "./pull-results.ts";

/**
 * A closed loop: held against the ceilings of requests and bytes, not against a rate that was asked for. Null where nothing
 * was sent. A pull costs the client more than its bare requests, so the ceiling is an upper bound.
 */
export function calibrationOfPull(
  { steps }: Pick<PullFigures, "steps">,
  threads: number,
  known: KnownCalibrations,
): CalibrationNote | null {
  const [busiest] = steps.toSorted((a, b) => b.requestsPerSecond - a.requestsPerSecond);
  if (busiest === undefined || busiest.requestsPerSecond === 0) return null;
  const { requestsPerSecond: perSecond, bytesPerSecond } = busiest;
  const note = calibrationNote({ kind: "unpaced", perSecond, bytesPerSecond }, threads, known);
  return note.state === "unknown" ? note : { ...note, note: `busiest step, ${note.note}` };
}
