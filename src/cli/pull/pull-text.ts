// The summary at the end of a pull test. Closed loop: what is called time here is service time.

import { type ClassInterval, pullsOf } from "../../pull/pull-interval.ts";
import type { StepFigures } from "../../pull/step-record.ts";
import type { Comparison } from "../../pull/tables.ts";
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatNanos,
  formatShare,
} from "../../report/number-format.ts";
import type { CalibrationNote } from "../../report/run-figures.ts";
import { alignRows, type Paint } from "../../report/text-table.ts";
import { thresholdCells } from "../../report/thresholds/threshold-cells.ts";
import { maximumOf, supportedPercentile } from "../../stats/distribution.ts";
import { herdHead, herdRows } from "./herd-rows.ts";
import type { PullFigures, ServerFigures } from "./pull-results.ts";

export type PullStory = {
  readonly verdict: {
    readonly word: "PASS" | "FAIL" | "ABORTED" | "RUNNING";
    readonly text: string;
  };
  readonly directory: string | undefined;
  readonly files: readonly { readonly name: string; readonly holds: string }[];
  /** Sentences about how it was measured: what was saved, who the cache was. */
  readonly notes: readonly string[];
  /** Null where nothing was sent. */
  readonly calibration: CalibrationNote | null;
};

const INDENT = "  ";

export function pullText(figures: PullFigures, story: PullStory, paint: Paint): string {
  const sections = [
    headLines(figures, story, paint),
    [...figures.warnings, ...story.notes].map((line) => `${paint.warning("note")}  ${line}`),
    calibrationLines(story.calibration, paint),
    thresholdLines(figures, paint),
    table("Steps", stepHead, figures.steps.map(stepCells), paint),
    table("Herds", herdHead, herdRows(figures.end.herds), paint),
    table("Requests", requestHead, figures.totals.classes.map(requestCells), paint),
    table(
      "Cold against warm",
      ["", "cold", "warm", "cold/warm"],
      compareRows(figures.comparison),
      paint,
    ),
    serverLines(figures.server, paint),
    table("Errors", ["puller", "kind", "n", "first"], errorRows(figures), paint),
    countLine(figures, paint),
    fileLines(story, paint),
    nextLines(story.calibration, paint),
  ];
  return sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join("\n"))
    .join("\n\n");
}

function headLines(
  figures: PullFigures,
  { verdict, directory }: PullStory,
  paint: Paint,
): string[] {
  const { warning } = paint;
  const colours = { PASS: paint.good, FAIL: paint.bad, ABORTED: warning, RUNNING: warning };
  const colour = colours[verdict.word];
  const { done, failed } = pullsOf(figures.totals);
  const aborted = figures.aborted === 0 ? "" : `, ${formatCount(figures.aborted)} cut off`;
  const exhausted = figures.end.exhausted && figures.phases.length < 2 ? ", every image once" : "";
  return [
    `${colour(verdict.text)}${directory === undefined ? "" : `  ${directory}`}`,
    `pull: ${formatCount(done)} pulls, ${formatCount(failed)} failed${aborted} in ${formatDuration(figures.seconds)}${exhausted}; closed loop, times are service times`,
  ];
}

function thresholdLines({ thresholds }: PullFigures, paint: Paint): string[] {
  if (thresholds.length === 0) return [];
  const rows = thresholds.map((result) => ({
    cells: thresholdCells(result),
    ...(result.passed ? {} : { paint: paint.bad }),
  }));
  return [paint.bold("Thresholds"), ...alignRows(rows, "l").map((line) => INDENT + line)];
}

function table(
  title: string,
  head: readonly string[],
  rows: readonly (readonly string[])[],
  paint: Paint,
): string[] {
  if (rows.length === 0) return [];
  const aligned = alignRows(
    [{ cells: head, paint: paint.dim }, ...rows.map((cells) => ({ cells }))],
    title === "Errors" ? "llrl" : title === "Herds" ? "rlr" : title === "Steps" ? "rlr" : "lr",
  );
  return [paint.bold(title), ...aligned.map((line) => INDENT + line)];
}

export const stepHead = [
  "step",
  "phase",
  "active pullers",
  "seconds",
  "pulls",
  "failed",
  "pulls/s",
  "requests/s",
  "MiB/s",
  "pull p50",
  "pull p99",
  "manifest TTFB p50",
  "p99",
  "speed-up",
  "L",
  "flag",
];

const decimal = (value: number): string => value.toFixed(value < 100 ? 2 : 1);

export const stepCells = (step: StepFigures): string[] => [
  String(step.step),
  step.phase,
  String(step.level),
  step.seconds.toFixed(1),
  formatCount(step.pulls),
  formatCount(step.failed),
  decimal(step.pullsPerSecond),
  decimal(step.requestsPerSecond),
  decimal(step.bytesPerSecond / 1024 ** 2),
  formatNanos(step.pullP50),
  formatNanos(step.pullP99),
  formatNanos(step.ttfbP50),
  formatNanos(step.ttfbP99),
  step.speedUp === null ? "-" : step.speedUp.toFixed(2),
  step.inProgressByLaw.toFixed(2),
  step.flags,
];

export const requestHead = [
  "",
  "n",
  "failed",
  "bytes",
  "p50",
  "p99",
  "max",
  "first byte p50",
  "p99",
];

export const requestCells = ({
  name,
  done,
  failed,
  bytes,
  total,
  ttfb,
}: ClassInterval): string[] => [
  name,
  formatCount(done),
  formatCount(failed),
  formatBytes(bytes),
  formatNanos(supportedPercentile(total, 50)),
  formatNanos(supportedPercentile(total, 99)),
  formatNanos(total.total === 0 ? null : maximumOf(total)),
  formatNanos(supportedPercentile(ttfb, 50)),
  formatNanos(supportedPercentile(ttfb, 99)),
];

const compareCell = (value: number | null): string =>
  value === null
    ? "-"
    : Number(value.toPrecision(4)).toLocaleString("en-US", { maximumSignificantDigits: 4 });

export const compareRows = (rows: readonly Comparison[]): string[][] =>
  rows
    .filter(({ cold, warm }) => cold !== null || warm !== null)
    .map(({ measure, cold, warm, ratio }) => [
      measure,
      compareCell(cold),
      compareCell(warm),
      compareCell(ratio),
    ]);

const orMissing = (value: number | null, format: (value: number) => string): string =>
  value === null ? "n/a" : format(value);

type Fact = readonly [value: number | null, format: (value: number) => string, what: string];

/** One word where nothing of it is known. */
const factsIn = (facts: readonly Fact[]): string =>
  facts.every(([value]) => value === null)
    ? "n/a"
    : facts
        .map(([value, format, what]) => `${orMissing(value, format)} ${what}`.trimEnd())
        .join(", ");

export const serverFacts = (server: ServerFigures): [string, string][] => [
  ["hit ratio of the cache", orMissing(server.hitRatio, formatShare)],
  [
    "upstream amplification",
    factsIn([
      [server.manifestAmplification, decimal, "manifests per pull"],
      [server.bytesAmplification, decimal, "bytes per byte"],
    ]),
  ],
  [
    "upstream answered",
    factsIn([
      [server.upstreamManifestGets, formatCount, "manifest GETs"],
      [server.upstreamBlobGets, formatCount, "blob GETs"],
      [server.upstreamBytes, formatBytes, ""],
    ]),
  ],
  ...Object.entries(server.counted).map(([name, value]): [string, string] => [
    name,
    formatCount(value),
  ]),
  ...Object.entries({ ...server.proxy, ...server.held }).map(([name, value]): [string, string] => [
    name,
    name.includes("bytes") ? formatBytes(value) : formatCount(value),
  ]),
];

const serverLines = (server: ServerFigures, paint: Paint): string[] => [
  paint.bold("Server"),
  ...alignRows(
    serverFacts(server).map((cells) => ({ cells })),
    "l",
  ).map((line) => INDENT + line),
];

const ERRORS_SHOWN = 20;
const SAMPLE_CHARACTERS = 80;

/** Messages may quote a server: nothing of theirs moves the cursor. */
const printable = (text: string): string => text.replace(/[^\x20-\x7e]+/g, "?");

export const errorRows = ({ errors }: Pick<PullFigures, "errors">): string[][] =>
  errors
    .slice(0, ERRORS_SHOWN)
    .map(({ puller, kind, count, sample }) => [
      puller < 0 ? "-" : `#${puller}`,
      kind,
      formatCount(count),
      printable(sample).slice(0, SAMPLE_CHARACTERS),
    ]);

function countLine({ counts, totals }: PullFigures, paint: Paint): string[] {
  const parts = Object.entries({ ...counts, retries: totals.retries })
    .filter(([, count]) => count > 0)
    .map(([name, count]) => `${name} ${formatCount(count)}`);
  return parts.length === 0 ? [] : [`${paint.bold("Counts")}  ${parts.join(", ")}`];
}

function calibrationLines(calibration: CalibrationNote | null, paint: Paint): string[] {
  if (calibration === null || calibration.type !== null) return [];
  const colour = calibration.state === "near-ceiling" ? paint.warning : paint.dim;
  return [`${paint.bold("Calibration")}  ${colour(calibration.note)}`];
}

/** A machine that was never calibrated is told so under what to type next. */
function nextLines(calibration: CalibrationNote | null, paint: Paint): string[] {
  if (calibration === null || calibration.type === null) return [];
  return [paint.bold("Next"), `${INDENT}${calibration.type}  ${calibration.note}`];
}

function fileLines({ directory, files }: PullStory, paint: Paint): string[] {
  if (directory === undefined) return [];
  const rows = alignRows(
    files.map(({ name, holds }) => ({ cells: [name, holds] })),
    "l",
  );
  return [`${paint.bold("Files")}  ${directory}/`, ...rows.map((line) => INDENT + line)];
}
