// The tables of a pull test as tab-separated text, for programs: plain numbers, units in the names of columns, an empty field
// where something is not known. Source: pull-driver.md 9.3, 10.4.
import { supportedPercentile } from "../stats/distribution.ts";
import type { HerdFigures } from "./herd-run.ts";
import { localTime } from "./local-time.ts";
import {
  allRequests,
  type ClassInterval,
  type PullInterval,
  pullsOf,
  requestsOf,
} from "./pull-interval.ts";
import type { TallyPoint } from "./pull-recorder.ts";
import type { StepFigures } from "./step-record.ts";

type Cell = string | number | null;

const MIB = 1024 * 1024;

export function tsv(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  return [head, ...rows].map((cells) => `${cells.map(cellText).join("\t")}\n`).join("");
}

const cellText = (cell: Cell): string => {
  if (cell === null) return "";
  return typeof cell === "number"
    ? String(Number(cell.toPrecision(9)))
    : cell.replace(/[\t\n]/g, " ");
};

const ms = (nanoseconds: number | null): number | null =>
  nanoseconds === null ? null : nanoseconds / 1e6;

export const tallyHead = tsv(
  [
    "time",
    "pulls_per_s",
    "active_pullers",
    "seconds",
    "interval_s",
    "pulls",
    "failed",
    "bytes",
    "mean_active_pullers",
    "phase",
  ],
  [],
);

export const tallyRow = (epochMs: number, point: TallyPoint): string =>
  `${[
    localTime(epochMs),
    (point.seconds > 0 ? point.pulls / point.seconds : 0).toFixed(6),
    point.active,
    point.at.toFixed(3),
    point.seconds.toFixed(3),
    point.pulls,
    point.failed,
    point.bytes,
    point.meanActive.toFixed(3),
    point.phase,
  ].join("\t")}\n`;

const stepsHead = [
  "step",
  "phase",
  "active_pullers",
  "seconds",
  "pulls",
  "failed",
  "pulls_per_s",
  "requests_per_s",
  "mib_per_s",
  "pull_p50_ms",
  "pull_p99_ms",
  "manifest_ttfb_p50_ms",
  "manifest_ttfb_p99_ms",
  "speed_up",
  "l",
  "flag",
  "mean_in_progress",
  "outside_pulls",
  "failures_per_s",
  "cpu_share",
  "loop_delay_p99_ms",
  "first_pulls",
];

export const stepsTsv = (steps: readonly StepFigures[]): string =>
  tsv(
    stepsHead,
    steps.map((step) => [
      step.step,
      step.phase,
      step.level,
      step.seconds,
      step.pulls,
      step.failed,
      step.pullsPerSecond,
      step.requestsPerSecond,
      step.bytesPerSecond / MIB,
      ms(step.pullP50),
      ms(step.pullP99),
      ms(step.ttfbP50),
      ms(step.ttfbP99),
      step.speedUp,
      step.inProgressByLaw,
      step.flags,
      step.inProgress,
      step.outsidePulls,
      step.failuresPerSecond,
      step.cpuShare,
      step.loopDelayP99Ms,
      step.firstPulls,
    ]),
  );

export const herdsTsv = (herds: readonly HerdFigures[]): string =>
  tsv(
    [
      "herd",
      "image",
      "clients",
      "failed",
      "skew_ms",
      "leader_ms",
      "last_ms",
      "rest_p50_ms",
      "rest_p99_ms",
      "upstream_manifest_gets",
      "upstream_blob_gets",
      "upstream_other_requests",
      "upstream_bytes",
    ],
    herds.map((herd) => [
      herd.herd,
      herd.image,
      herd.clients,
      herd.failed,
      herd.skewMs,
      herd.leaderMs,
      herd.lastMs,
      herd.restP50Ms,
      herd.restP99Ms,
      herd.upstream?.manifestGets ?? null,
      herd.upstream?.blobGets ?? null,
      herd.upstream?.otherRequests ?? null,
      herd.upstream?.bytes ?? null,
    ]),
  );

/** A phase as a whole. */
export type PhaseFigures = {
  readonly name: string;
  readonly interval: PullInterval;
  /** Of its schedule. */
  readonly seconds: number;
};

export type Comparison = {
  readonly measure: string;
  readonly cold: number | null;
  readonly warm: number | null;
  /** cold / warm. */
  readonly ratio: number | null;
};

/** Cold against warm: rates, then p50, p90 and p99 of pulls and of each type of request, ms. */
export function comparison(cold: PhaseFigures, warm: PhaseFigures): Comparison[] {
  const measures = [
    ...ratesOf(cold).map(([name]) => name),
    ...timesOf(cold.interval).map(([name]) => name),
  ];
  const of = (phase: PhaseFigures) => new Map([...ratesOf(phase), ...timesOf(phase.interval)]);
  const [colds, warms] = [of(cold), of(warm)];
  return measures.map((measure) => {
    const pair = { cold: colds.get(measure) ?? null, warm: warms.get(measure) ?? null };
    const comparable = pair.cold !== null && pair.warm !== null && pair.warm > 0;
    return { measure, ...pair, ratio: comparable ? (pair.cold ?? 0) / (pair.warm ?? 1) : null };
  });
}

const ratesOf = ({ interval, seconds }: PhaseFigures): [string, number | null][] => {
  const per = (count: number): number | null => (seconds > 0 ? count / seconds : null);
  return [
    ["pulls/s", per(pullsOf(interval).done)],
    ["bytes/s", per(allRequests(interval).bytes)],
  ];
};

const PERCENTS = [50, 90, 99];

function timesOf(interval: PullInterval): [string, number | null][] {
  const types: [string, ClassInterval][] = [
    ["pull", pullsOf(interval)],
    ["manifest-tag", requestsOf(interval, "manifest-tag")],
    ["manifest-digest", requestsOf(interval, "manifest-digest")],
    ["config", requestsOf(interval, "config")],
    ["layer", requestsOf(interval, "layer")],
  ];
  return types.flatMap(([name, { total, ttfb }]) =>
    PERCENTS.flatMap((percent): [string, number | null][] => [
      [`${name} total p${percent} ms`, ms(supportedPercentile(total, percent))],
      [`${name} first byte p${percent} ms`, ms(supportedPercentile(ttfb, percent))],
    ]),
  );
}

export const compareTsv = (rows: readonly Comparison[]): string =>
  tsv(
    ["measure", "cold", "warm", "cold_over_warm"],
    rows.map(({ measure, cold, warm, ratio }) => [measure, cold, warm, ratio]),
  );
