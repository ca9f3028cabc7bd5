import assert from "node:assert/strict";
import { test } from "node:test";
import type { KnownCalibrations } from "../../../src/cli/calibrate/calibration-cache.ts";
import {
  calibrationNote,
  pacedBy,
  type RunPace,
} from "../../../src/cli/calibrate/calibration-note.ts";
import { sampleCalibration } from "./sample-calibration.ts";

const known: KnownCalibrations = {
  kind: "known",
  calibrations: [sampleCalibration({ workers: 3 }), sampleCalibration()],
};
const unpaced = (perSecond: number, bytesPerSecond = 0): RunPace => ({
  kind: "unpaced",
  perSecond,
  bytesPerSecond,
});

type Case = {
  readonly name: string;
  readonly pace: RunPace;
  readonly workers?: number;
  readonly found?: KnownCalibrations;
  readonly state: ReturnType<typeof calibrationNote>["state"];
  readonly note: string;
  readonly type?: string;
};

const cases: readonly Case[] = [
  {
    name: "a rate below the trusted one",
    pace: pacedBy(9500, "rate", "balanced"),
    state: "within",
    note: "rate 9,500/s is within the 9,500/s that calibrate found trustworthy here (balanced, 1 worker thread, 2026-11-22)",
  },
  {
    name: "a rate above it",
    pace: pacedBy(12_000, "rate", "balanced"),
    state: "above",
    note: "rate 12,000/s is above the 9,500/s that calibrate found trustworthy here (balanced, 1 worker thread, 2026-11-22)",
  },
  {
    name: "the same rate in another pacing mode",
    pace: pacedBy(12_000, "rate", "economical"),
    state: "within",
    note: "rate 12,000/s is within the 38,000/s that calibrate found trustworthy here (economical, 1 worker thread, 2026-11-22)",
  },
  {
    name: "a mode in which no rate held",
    pace: pacedBy(1, "rate", "precise"),
    state: "above",
    note: "rate 1.00/s: calibrate found no rate trustworthy here (precise, 1 worker thread, 2026-11-22)",
  },
  {
    name: "the busiest second of a trace",
    pace: pacedBy(812, "busiest second", "balanced"),
    workers: 3,
    state: "within",
    note: "rate 812/s (busiest second) is within the 9,500/s that calibrate found trustworthy here (balanced, 3 worker threads, 2026-11-22)",
  },
  {
    name: "a closed loop far from the ceiling",
    pace: unpaced(30_000),
    state: "below-ceiling",
    note: "30,000/s: below the ceiling of 60,000/s that calibrate found here (1 worker thread, 2026-11-22)",
  },
  {
    name: "a closed loop at the ceiling",
    pace: unpaced(54_000),
    state: "near-ceiling",
    note: "54,000/s: near or above the ceiling of 60,000/s that calibrate found here (1 worker thread, 2026-11-22); the limit may be the generator",
  },
  {
    name: "a closed loop of large bodies at the ceiling of bytes",
    pace: unpaced(190, 2 ** 31 * 0.95),
    state: "near-ceiling",
    note: "1.90GiB/s: near or above the ceiling of 2.00GiB/s that calibrate found here (1 worker thread, 2026-11-22); the limit may be the generator",
  },
  {
    name: "a machine that was never calibrated",
    pace: pacedBy(1, "rate", "balanced"),
    found: { kind: "none" },
    state: "unknown",
    note: "no calibration of this machine: find out which rates it can be trusted with",
    type: "drayage calibrate",
  },
  {
    name: "another number of workers",
    pace: unpaced(1),
    workers: 2,
    state: "unknown",
    note: "no calibration of this machine with 2 worker threads",
    type: "drayage calibrate --workers 2",
  },
  {
    name: "a file that is none",
    pace: unpaced(1),
    found: { kind: "unreadable", file: "/c/x.json" },
    state: "unknown",
    note: "no calibration: /c/x.json cannot be read",
    type: "drayage calibrate",
  },
];

for (const { name, pace, workers = 1, found = known, state, note, type = null } of cases) {
  test(`calibration note: ${name}: ${state}`, () => {
    const said = calibrationNote(pace, workers, found);
    assert.deepEqual(
      { state: said.state, note: said.note, type: said.type },
      { state, note, type },
    );
    assert.equal(said.takenAt === null, state === "unknown");
  });
}
