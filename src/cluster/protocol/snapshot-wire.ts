// Figures of one interval as they cross the network: distributions as bytes, the rest as it is.
//
//   distribution   u8 form (1) | varint values | f64 sum | then, per counter that is not zero: varint index step | varint count
//
// The counters are those of HdrHistogram V2 with three digits (stats/histogram.ts), in the same order and with the same
// variable-length numbers; the sum goes with them, which the V2 form has no place for, so that means stay exact. A second of
// one operation class takes some hundred bytes.
import { DrayageError } from "../../core/errors.ts";
import type { OperationClass } from "../../core/operation.ts";
import { nanos } from "../../core/units.ts";
import { classNumbers, classTimes } from "../../stats/class-measures.ts";
import { type Distribution, emptyDistribution } from "../../stats/distribution.ts";
import type { ClassFigures, IntervalSnapshot } from "../../stats/figures.ts";
import { INDEX_COUNT } from "../../stats/histogram.ts";
import type { ThreadHealth } from "../../stats/tally.ts";

const FORM = 1;
const HEAD_BYTES = 1 + 8;
/** Of a varint of 53 bits. */
const VARINT_BYTES_MAX = 8;

type WireClass = {
  readonly operation: string;
  /** In the order of `classNumbers`. */
  readonly sums: readonly number[];
  readonly errors: Readonly<Record<string, number>>;
  readonly statuses: Readonly<Record<string, number>>;
  /** In the order of `classTimes`; null without values. */
  readonly times: readonly (Uint8Array | null)[];
};

export type WireSnapshot = {
  readonly start: number;
  readonly end: number;
  readonly classes: readonly WireClass[];
  readonly lateness: Uint8Array | null;
  readonly connect: Uint8Array | null;
  /** Service times by the size of the body: the number of the bin stands beside its distribution. */
  readonly bins: readonly number[];
  readonly sizes: readonly (Uint8Array | null)[];
  /** NaN where nobody sampled. */
  readonly meanInFlight: number;
  /** retries, existed, clippedHigh, clippedLow, inFlight, waiting. */
  readonly counts: readonly number[];
  readonly health: readonly Readonly<Record<string, number>>[];
};

export function encodeDistribution(distribution: Distribution): Uint8Array | null {
  const { indices, counts, total, sum } = distribution;
  if (total === 0 && sum === 0) return null;
  const bytes = Buffer.allocUnsafe(HEAD_BYTES + (2 * indices.length + 1) * VARINT_BYTES_MAX);
  bytes[0] = FORM;
  bytes.writeDoubleLE(sum, 1);
  let at = writeVarint(bytes, HEAD_BYTES, indices.length);
  let before = 0;
  for (let i = 0; i < indices.length; i++) {
    const index = indices[i] as number;
    at = writeVarint(bytes, at, index - before);
    at = writeVarint(bytes, at, counts[i] as number);
    before = index;
  }
  return bytes.subarray(0, at);
}

/** Throws DrayageError `protocol` for anything that `encodeDistribution` does not make. */
export function decodeDistribution(bytes: Uint8Array | null): Distribution {
  if (bytes === null) return emptyDistribution;
  const reader = new VarintReader(bytes, HEAD_BYTES);
  if (bytes.length < HEAD_BYTES || bytes[0] !== FORM) throw broken("its form is unknown");
  const sum = new DataView(bytes.buffer, bytes.byteOffset).getFloat64(1, true);
  const values = reader.next();
  if (values > INDEX_COUNT) throw broken("it has more counters than a histogram");
  const indices: number[] = [];
  const counts: number[] = [];
  let index = 0;
  let total = 0;
  for (let i = 0; i < values; i++) {
    const step = reader.next();
    index += step;
    if (index >= INDEX_COUNT || (i > 0 && step === 0))
      throw broken("its counters are out of order");
    const count = reader.next();
    if (count === 0) throw broken("it counts nothing");
    indices.push(index);
    counts.push(count);
    total += count;
  }
  if (!reader.ended || !Number.isFinite(sum)) throw broken("it is longer than it says");
  return { indices, counts, total, sum };
}

const broken = (why: string): DrayageError =>
  new DrayageError("protocol", `not a histogram: ${why}`);

function writeVarint(bytes: Buffer, from: number, value: number): number {
  let at = from;
  let rest = value;
  while (rest >= 128) {
    bytes[at++] = (rest % 128) | 128;
    rest = Math.floor(rest / 128);
  }
  bytes[at++] = rest;
  return at;
}

class VarintReader {
  readonly #bytes: Uint8Array;
  #at: number;

  constructor(bytes: Uint8Array, from: number) {
    this.#bytes = bytes;
    this.#at = from;
  }

  get ended(): boolean {
    return this.#at === this.#bytes.length;
  }

  next(): number {
    let value = 0;
    let scale = 1;
    for (let digit = 0; digit < VARINT_BYTES_MAX; digit++) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) throw broken("it ends in the middle of a number");
      value += (byte & 127) * scale;
      if (byte < 128) return value;
      scale *= 128;
    }
    throw broken("a number in it is too long");
  }
}

export const encodeSnapshot = (snapshot: IntervalSnapshot): WireSnapshot => ({
  start: snapshot.start,
  end: snapshot.end,
  classes: snapshot.classes.map((figures) => ({
    operation: figures.operation,
    sums: classNumbers.map((name) => figures[name]),
    errors: figures.errors,
    statuses: figures.statuses,
    times: classTimes.map((name) => encodeDistribution(figures[name])),
  })),
  lateness: encodeDistribution(snapshot.lateness),
  connect: encodeDistribution(snapshot.connect),
  bins: snapshot.sizes.map(({ bin }) => bin),
  sizes: snapshot.sizes.map(({ service }) => encodeDistribution(service)),
  meanInFlight: snapshot.meanInFlight ?? Number.NaN,
  counts: [
    snapshot.retries,
    snapshot.existed,
    snapshot.clippedHigh,
    snapshot.clippedLow,
    snapshot.inFlight,
    snapshot.waiting,
  ],
  health: snapshot.health,
});

/** Throws DrayageError `protocol`. */
export function decodeSnapshot(wire: WireSnapshot): IntervalSnapshot {
  const [retries = 0, existed = 0, clippedHigh = 0, clippedLow = 0, inFlight = 0, waiting = 0] =
    wire.counts;
  return {
    start: nanos(wire.start),
    end: nanos(wire.end),
    classes: wire.classes.map(decodeClass),
    lateness: decodeDistribution(wire.lateness),
    connect: decodeDistribution(wire.connect),
    sizes: wire.bins.map((bin, i) => ({ bin, service: decodeDistribution(wire.sizes[i] ?? null) })),
    meanInFlight: Number.isNaN(wire.meanInFlight) ? undefined : wire.meanInFlight,
    retries,
    existed,
    clippedHigh,
    clippedLow,
    inFlight,
    waiting,
    health: wire.health as unknown as readonly ThreadHealth[],
  };
}

function decodeClass(wire: WireClass): ClassFigures {
  const numbers = Object.fromEntries(classNumbers.map((name, i) => [name, wire.sums[i] ?? 0]));
  const times = Object.fromEntries(
    classTimes.map((name, i) => [name, decodeDistribution(wire.times[i] ?? null)]),
  );
  return {
    operation: wire.operation as OperationClass,
    ...(numbers as Record<(typeof classNumbers)[number], number>),
    errors: wire.errors,
    statuses: wire.statuses,
    ...(times as Record<(typeof classTimes)[number], Distribution>),
  };
}
