// What a calibration found, as it is printed with --json and kept in the cache: docs/calibrate.md says what each figure means.
// One table of keys and types for writing and for reading back: a file in a cache may be anything.
import { z } from "zod";
import { pacingModes } from "../../pacing/wake-plan.ts";

const count = z.int().min(0);
const amount = z.number().min(0);
const positive = z.number().gt(0);
/** Null where too few values were counted to tell. */
const figure = z.number().nullable();

/** Times in ns; `count` = how many were measured. */
const spread = z.strictObject({ count, p50: figure, p99: figure, max: figure });

/** How late requests went out at a rate, and what that took: `cores` is processor time / time, all threads of drayage. */
const accuracy = z.strictObject({ rate: positive, lateness: spread, cores: amount });

const ceiling = z.strictObject({
  connections: count,
  bodyBytes: count,
  perSecond: amount,
  perSecondPerWorker: amount,
  bytesPerSecond: amount,
  bytesPerSecondPerWorker: amount,
  /** Processor time / time of drayage, and of the responders that it was measured against. */
  cores: amount,
  responderCores: amount,
});

const rung = z.strictObject({ rate: positive, held: z.boolean(), why: z.string().nullable() });

const mode = z.strictObject({
  pacing: z.enum(pacingModes),
  base: accuracy,
  /** Rates that were tried, in order. */
  rungs: z.array(rung),
  /** Largest of them at which the rules of validity held, per second; null = none. */
  largestHeld: positive.nullable(),
  /** Largest rate to trust, per second; null = none. */
  trusted: positive.nullable(),
  /** Why there is none, in a sentence. */
  why: z.string().nullable(),
  /** Whether the trusted rate was run once more, on its own, and was `ok`. */
  confirmed: z.boolean(),
  /** At the trusted rate, or where that was not run, at the largest rate tried below it. */
  top: accuracy.nullable(),
});

export const calibrationSchema = z.strictObject({
  takenAt: z.iso.datetime(),
  /** How long it was meant to take, and took. */
  plannedSeconds: positive,
  seconds: amount,
  workers: z.int().min(1),
  /** Load average of the last minute before it began; 0 on systems that have none. */
  loadAverage: amount,
  margin: positive,
  /** The rules that a rate must keep: `strained` and `INVALID` do not. */
  limits: z.strictObject({ latenessMs: amount, share: amount, onTimeMs: amount }),
  ceiling: z.strictObject({ requests: ceiling, bytes: ceiling }),
  modes: z.array(mode),
  clock: z.strictObject({ stepNs: amount, readingNs: amount, bigintReadingNs: amount }),
  idle: z.strictObject({
    timer: spread,
    wait: spread,
    wakeUp: spread,
    loopDelay: spread,
  }),
  /** Of the request worker threads at the ceiling, the worst of each. */
  busy: z.strictObject({
    loopDelayP99: amount,
    loopDelayMax: amount,
    gcPauses: spread,
  }),
});

export type Calibration = z.infer<typeof calibrationSchema>;
export type Spread = z.infer<typeof spread>;
export type Accuracy = z.infer<typeof accuracy>;
export type Ceiling = z.infer<typeof ceiling>;
export type ModeFigures = z.infer<typeof mode>;
export type Rung = z.infer<typeof rung>;
export type IdleFigures = Pick<Calibration, "clock" | "idle">;
export type BusyFigures = Calibration["busy"];
