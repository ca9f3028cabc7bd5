// A calibration that never was.
import type {
  Calibration,
  Ceiling,
  ModeFigures,
  Spread,
} from "../../../src/cli/calibrate/calibration.ts";

const spread: Spread = { count: 1200, p50: 60e3, p99: 900e3, max: 4e6 };

const ceiling: Ceiling = {
  connections: 64,
  bodyBytes: 600,
  perSecond: 60_000,
  perSecondPerWorker: 60_000,
  bytesPerSecond: 36e6,
  bytesPerSecondPerWorker: 36e6,
  cores: 1.1,
  responderCores: 0.8,
};

export const modeOf = (
  pacing: ModeFigures["pacing"],
  trusted: number | null,
  confirmed = true,
): ModeFigures => ({
  pacing,
  base: { rate: 1000, lateness: spread, cores: 0.1 },
  rungs: [{ rate: 1000, held: trusted !== null, why: trusted === null ? "late" : null }],
  largestHeld: trusted === null ? null : trusted / 0.8,
  trusted,
  why: trusted === null ? "operations were late" : null,
  confirmed: confirmed && trusted !== null,
  top: trusted === null ? null : { rate: trusted, lateness: spread, cores: 0.7 },
});

export const sampleCalibration = (change: Partial<Calibration> = {}): Calibration => ({
  takenAt: "2026-11-22T07:01:33.250Z",
  plannedSeconds: 30,
  seconds: 29.5,
  workers: 1,
  loadAverage: 0.2,
  margin: 0.8,
  limits: { latenessMs: 100, share: 0.01, onTimeMs: 10 },
  ceiling: {
    requests: ceiling,
    bytes: {
      ...ceiling,
      connections: 4,
      bodyBytes: 10_485_760,
      perSecond: 200,
      perSecondPerWorker: 200,
      bytesPerSecond: 2 ** 31,
      bytesPerSecondPerWorker: 2 ** 31,
    },
  },
  modes: [modeOf("economical", 38_000), modeOf("balanced", 9500), modeOf("precise", null)],
  clock: { stepNs: 40, readingNs: 42, bigintReadingNs: 41 },
  idle: { timer: spread, wait: spread, wakeUp: spread, loopDelay: { ...spread, p99: null } },
  busy: { loopDelayP99: 2e6, loopDelayMax: 9e6, gcPauses: { ...spread, count: 60 } },
  ...change,
});
