import type { ArrivalFindings, RateBin } from "./arrival-pass.ts";
import { isoTime } from "./file-facts.ts";
import type { RankedKey } from "./ranked-keys.ts";
import type { Interpretation } from "./request-order.ts";
import { type Quantiles, quantilesOf } from "./size-facts.ts";

/** Seconds between neighbours in time. */
export type GapFacts = {
  readonly gaps: number;
  readonly mean: number;
  readonly quantiles: Quantiles;
};

/** What one reading of `timestamp` makes of the kept requests. */
export type InterpretationFacts = {
  readonly kept: GapFacts;
  readonly blobGets: GapFacts;
  /** Share of the requests of known clients that have a neighbour of the same client within 50 ms. */
  readonly nearShare: number;
};

export type ArrivalFacts = {
  readonly timestamp: InterpretationFacts;
  readonly start: InterpretationFacts;
  /** Value for `trace.arrival`. */
  readonly recommended: Interpretation;
  readonly because: string;
};

type Peak = { readonly start: string; readonly records: number };

export type RateFacts = {
  /** Which arrival the bins are of. */
  readonly arrival: Interpretation;
  readonly first: string | null;
  readonly last: string | null;
  readonly seconds: number;
  readonly recordsPerSecond: number;
  readonly peakMinute: Peak | null;
  readonly peakHour: Peak | null;
  readonly busiestClient: (RankedKey & { readonly share: number }) | null;
  /** Kept requests under way when one arrives, itself included, by the trace's own durations. */
  readonly concurrency: { readonly p50: number; readonly p99: number; readonly max: number };
  /** Minutes and hours with requests: start in seconds since the Unix epoch. */
  readonly minutes: readonly RateBin[];
  readonly hours: readonly RateBin[];
};

/** Requests that must be near a neighbour before their share says anything. */
const EVIDENCE_MIN = 20;
/** How many times as often. */
const EVIDENCE_RATIO = 1.2;
const HOUR = 3600;

const gapFacts = (sketch: ArrivalFindings["gaps"]): GapFacts => ({
  gaps: sketch.total,
  mean: sketch.total === 0 ? 0 : sketch.mean / 1e6,
  quantiles: quantilesOf(sketch, 1e-6),
});

const interpretation = ({ gaps, blobGaps, near, ofClients }: ArrivalFindings) => ({
  kept: gapFacts(gaps),
  blobGets: gapFacts(blobGaps),
  nearShare: ofClients === 0 ? 0 : near / ofClients,
});

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;

export function arrivalFacts(timestamp: ArrivalFindings, start: ArrivalFindings): ArrivalFacts {
  const [asEnd, asStart] = [interpretation(start), interpretation(timestamp)];
  return { timestamp: asStart, start: asEnd, ...recommendation(timestamp, start) };
}

/**
 * Requests of one client come in bursts, so the interpretation under which more of them lie close together is the right
 * one. Source: trace-replay.md 1.4.
 */
function recommendation(
  timestamp: ArrivalFindings,
  start: ArrivalFindings,
): { recommended: Interpretation; because: string } {
  const [asEnd, asStart] = [start.near / start.ofClients, timestamp.near / timestamp.ofClients];
  if (Math.max(start.near, timestamp.near) < EVIDENCE_MIN)
    return {
      recommended: "timestamp",
      because: "too few requests of one client lie close together to tell what timestamps are",
    };
  const shares = `${percent(asEnd)} of the requests start within 50 ms of another one of their client if timestamps are ends, ${percent(asStart)} if they are starts`;
  if (asEnd >= asStart * EVIDENCE_RATIO)
    return { recommended: "start", because: `timestamps are ends: ${shares}` };
  if (asStart >= asEnd * EVIDENCE_RATIO)
    return { recommended: "timestamp", because: `timestamps are starts: ${shares}` };
  return { recommended: "timestamp", because: `what timestamps are does not show: ${shares}` };
}

export function rateFacts(
  findings: ArrivalFindings,
  {
    arrival,
    busiest,
  }: { readonly arrival: Interpretation; readonly busiest: RankedKey | undefined },
): RateFacts {
  const { firstUs, lastUs, minutes, concurrency } = findings;
  const hours = hoursOf(minutes);
  const records = minutes.reduce((sum, bin) => sum + bin.records, 0);
  const seconds = (lastUs - firstUs) / 1e6;
  return {
    arrival,
    first: isoTime(firstUs),
    last: isoTime(lastUs),
    seconds,
    recordsPerSecond: seconds > 0 ? records / seconds : 0,
    peakMinute: peakOf(minutes),
    peakHour: peakOf(hours),
    busiestClient: busiest === undefined ? null : { ...busiest, share: busiest.records / records },
    concurrency: {
      p50: concurrency.total === 0 ? 0 : concurrency.quantile(0.5),
      p99: concurrency.total === 0 ? 0 : concurrency.quantile(0.99),
      max: concurrency.greatest,
    },
    minutes,
    hours,
  };
}

function hoursOf(minutes: readonly RateBin[]): RateBin[] {
  const hours: RateBin[] = [];
  for (const { start, records, kept, concurrency } of minutes) {
    const hour = Math.floor(start / HOUR) * HOUR;
    let last = hours.at(-1);
    if (last?.start !== hour) {
      last = { start: hour, records: 0, kept: 0, concurrency: 0 };
      hours.push(last);
    }
    last.records += records;
    last.kept += kept;
    last.concurrency = Math.max(last.concurrency, concurrency);
  }
  return hours;
}

function peakOf(bins: readonly RateBin[]): Peak | null {
  let peak: RateBin | undefined;
  for (const bin of bins) if (peak === undefined || bin.records > peak.records) peak = bin;
  if (peak === undefined) return null;
  return { start: isoTime(peak.start * 1e6) ?? "", records: peak.records };
}
