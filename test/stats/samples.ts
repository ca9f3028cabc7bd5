import { Failure } from "../../src/core/failure.ts";
import { nanos } from "../../src/core/units.ts";
import { type Distribution, DistributionSum } from "../../src/stats/distribution.ts";
import { indexOf } from "../../src/stats/histogram.ts";
import { LateCause, STAMP_WORDS, Stamp, TallyWriter } from "../../src/stats/tally.ts";

export function distributionOf(values: readonly number[]): Distribution {
  const sum = new DistributionSum();
  for (const value of values) {
    sum.add({ indices: [indexOf(value)], counts: [1], total: 1, sum: value });
  }
  return sum.take();
}

const thresholds = { onTime: nanos(10e6), tooLate: nanos(100e6) };

/** One request as tests write it; ns. */
export type Sample = {
  readonly operationClass?: number;
  readonly due?: number;
  readonly sent: number;
  readonly firstByte?: number;
  readonly connected?: number;
  readonly done: number;
  readonly bytesIn?: number;
  readonly bytesOut?: number;
  readonly failure?: number;
  readonly status?: number;
  readonly cause?: number;
};

function stampsOf(sample: Sample): Float64Array {
  const stamps = new Float64Array(STAMP_WORDS);
  stamps[Stamp.due] = sample.due ?? Number.NaN;
  stamps[Stamp.sent] = sample.sent;
  stamps[Stamp.firstByte] = sample.firstByte ?? Number.NaN;
  stamps[Stamp.connected] = sample.connected ?? Number.NaN;
  stamps[Stamp.done] = sample.done;
  stamps[Stamp.bytesIn] = sample.bytesIn ?? 0;
  stamps[Stamp.bytesOut] = sample.bytesOut ?? 0;
  return stamps;
}

export function begin(tally: TallyWriter, sample: Sample): void {
  const { operationClass = 0, cause = LateCause.generator } = sample;
  tally.started(stampsOf(sample), 0, operationClass, cause);
}

export function end(tally: TallyWriter, sample: Sample): void {
  const { operationClass = 0, failure = Failure.none, status = 200 } = sample;
  tally.record(stampsOf(sample), 0, operationClass, failure, status);
}

export function whole(tally: TallyWriter, sample: Sample): void {
  begin(tally, sample);
  end(tally, sample);
}

export const writerOf = (memory: SharedArrayBuffer): TallyWriter =>
  new TallyWriter(memory, thresholds);
