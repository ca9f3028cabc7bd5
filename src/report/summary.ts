import { basename, join, normalize } from "node:path";
import { type Distribution, maximumOf, supportedPercentile } from "../stats/distribution.ts";
import type { RequestFigures } from "../stats/figures.ts";
import { compatLines } from "./compat.ts";
import { formatCount, formatDuration, formatNanos } from "./number-format.ts";
import { recordedCells, recordedHeads } from "./recorded-cells.ts";
import { requestCells, requestHeads } from "./request-cells.ts";
import { reportedPercentiles } from "./results.ts";
import {
  type CalibrationNote,
  lengthText,
  overall,
  type RunFigures,
  type Verdict,
  verdictOf,
  verdictText,
} from "./run-figures.ts";
import { stepCells, stepHeads } from "./step-cells.ts";
import { alignRows, type Paint, type Row } from "./text-table.ts";
import { thresholdCells } from "./thresholds/threshold-cells.ts";

/** What the summary tells besides the figures. */
export type SummaryContext = {
  readonly directory: string;
  /** Paths of the files written and what each holds. */
  readonly files: readonly { readonly name: string; readonly holds: string }[];
  /** Commands worth typing next, and why. */
  readonly next: readonly { readonly type: string; readonly does: string }[];
};

const INDENT = "  ";
/** As much as 100 columns hold behind a long operation, and a refused connection to localhost with its port. */
const EXAMPLE_LENGTH_MAX = 67;

/** The text at the end of a run, without a line break at its end. Form: docs/formats/summary.md. */
export function summaryText(figures: RunFigures, context: SummaryContext, paint: Paint): string {
  const sections = [
    headLines(figures, context, paint),
    section("Thresholds", thresholdRows(figures, paint), paint, "l"),
    validityLines(figures, paint),
    section("Latency", latencyRows(figures, paint), paint, "llr"),
    section("Operations", requestRows(figures), paint, "lr"),
    section("Recorded and replayed", recordedRows(figures, paint), paint, "llrrrrrrrl"),
    section("Steps", stepRows(figures, paint), paint, "lr"),
    statusLines(figures, paint),
    section("Errors", errorRows(figures), paint, "llrl"),
    countLines(figures, paint),
    figures.compat === null ? [] : compatLines(figures.compat),
    section("Files", fileRows(context), paint, "l"),
    section("Next", nextRows(figures, context), paint, "l"),
  ];
  return sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join("\n"))
    .join("\n\n");
}

function section(
  title: string,
  rows: readonly Row[],
  paint: Paint,
  sides: string,
): readonly string[] {
  if (rows.length === 0) return [];
  return [paint.bold(title), ...alignRows(rows, sides).map((line) => INDENT + line)];
}

const verdictPaint = ({ word }: Verdict, paint: Paint): ((text: string) => string) => {
  switch (word) {
    case "PASS":
      return paint.good;
    case "ABORTED":
    case "RUNNING":
      return paint.warning;
    case "FAIL":
    case "INVALID":
      return paint.bad;
    default:
      return word satisfies never;
  }
};

function headLines(
  figures: RunFigures,
  { directory }: SummaryContext,
  paint: Paint,
): readonly string[] {
  const verdict = verdictOf(figures);
  const { done, failed } = overall(figures.totals);
  const traced =
    figures.traceSeconds === null ? "" : ` (trace: ${formatDuration(figures.traceSeconds)})`;
  return [
    `${verdictPaint(verdict, paint)(verdictText(verdict))}  ${directory}`,
    `${figures.verb}: ${formatCount(done)} done, ${formatCount(failed)} failed in ${lengthText(figures)}${traced}`,
  ];
}

const thresholdRows = ({ thresholds = [] }: RunFigures, paint: Paint): readonly Row[] =>
  thresholds.map((result) => ({
    cells: thresholdCells(result),
    paint: result.passed ? paint.good : paint.bad,
  }));

function validityLines({ validity, calibration }: RunFigures, paint: Paint): readonly string[] {
  const colour = { ok: paint.good, strained: paint.warning, INVALID: paint.bad }[validity.verdict];
  return [
    `${paint.bold("Validity")}  ${colour(validity.verdict)}`,
    ...validity.reasons.map((reason) => `${INDENT}${reason}`),
    ...(calibration === null ? [] : calibrationLines(calibration, paint)),
  ];
}

/** A machine that was never calibrated is told so at the end, under what to type next. */
function calibrationLines({ state, note }: CalibrationNote, paint: Paint): readonly string[] {
  switch (state) {
    case "unknown":
      return [];
    case "within":
    case "below-ceiling":
      return [paint.dim(`${INDENT}${note}`)];
    case "above":
    case "near-ceiling":
      return [paint.warning(`${INDENT}${note}`)];
    default:
      return state satisfies never;
  }
}

const latencyCells = (distribution: Distribution): string[] => [
  ...reportedPercentiles.map((percent) => formatNanos(supportedPercentile(distribution, percent))),
  formatNanos(maximumOf(distribution)),
];

function latencyRows({ totals, paced }: RunFigures, paint: Paint): readonly Row[] {
  const rows: Row[] = [];
  const all = overall(totals);
  const groups: { operation: string; figures: RequestFigures }[] = totals.classes.map((part) => ({
    operation: part.operation,
    figures: part,
  }));
  if (groups.length > 1) groups.unshift({ operation: "all", figures: all });
  for (const { operation, figures } of groups) {
    if (figures.done === 0) continue;
    const service = ["service", ...latencyCells(figures.service)];
    if (figures.response.total > 0) {
      rows.push({ cells: [operation, "response", ...latencyCells(figures.response)] });
      rows.push({ cells: ["", ...service], paint: paint.dim });
    } else {
      rows.push({ cells: [operation, ...service] });
    }
    if (figures.ttfb.total > 0) {
      rows.push({ cells: ["", "ttfb", ...latencyCells(figures.ttfb)], paint: paint.dim });
    }
  }
  if (totals.lateness.total > 0) {
    rows.push({ cells: ["lateness", "(ours)", ...latencyCells(totals.lateness)] });
  }
  if (rows.length === 0) return [];
  const measured = paced ? "" : "no due times:";
  const names = reportedPercentiles.map((percent) => `p${percent}`);
  rows.unshift({ cells: [measured, "", ...names, "max"], paint: paint.dim });
  return rows;
}

function requestRows(figures: RunFigures): readonly Row[] {
  const rows = requestCells(figures);
  return rows.length === 0 ? [] : [["", ...requestHeads], ...rows].map((cells) => ({ cells }));
}

function recordedRows(figures: RunFigures, paint: Paint): readonly Row[] {
  const rows = recordedCells(figures);
  if (rows.length === 0) return [];
  return [
    { cells: ["", "", ...recordedHeads], paint: paint.dim },
    ...rows.map((cells) => ({ cells })),
  ];
}

function stepRows(figures: RunFigures, paint: Paint): readonly Row[] {
  const rows = stepCells(figures);
  return rows.length === 0
    ? []
    : [{ cells: ["", ...stepHeads], paint: paint.dim }, ...rows.map((cells) => ({ cells }))];
}

/** Last status of all operations, most frequent first. */
function statusLines({ totals }: RunFigures, paint: Paint): readonly string[] {
  const statuses = Object.entries(overall(totals).statuses).sort(([, a], [, b]) => b - a);
  const parts = statuses.map(
    ([status, count]) => `${status === "0" ? "no answer" : status}: ${formatCount(count)}`,
  );
  return parts.length === 0 ? [] : [`${paint.bold("Statuses")}  ${parts.join(", ")}`];
}

/** Messages may quote a server: nothing of theirs moves the cursor. */
const printable = (text: string): string => text.replace(/[^\x20-\x7e]+/g, "?");

function errorRows({ totals, examples }: RunFigures): readonly Row[] {
  const rows: Row[] = [];
  for (const { operation, errors } of totals.classes) {
    for (const [label, count] of Object.entries(errors)) {
      const example = printable(examples[label] ?? "");
      rows.push({ cells: [label, operation, formatCount(count), shortened(example)] });
    }
  }
  return rows;
}

const shortened = (text: string): string =>
  text.length <= EXAMPLE_LENGTH_MAX ? text : `${text.slice(0, EXAMPLE_LENGTH_MAX - 3)}...`;

/** A line each for what is only counted; zeros are left out. */
function countLines({ records, skipped, besides }: RunFigures, paint: Paint): readonly string[] {
  const lines = { Records: records, Skipped: skipped, Besides: besides };
  return Object.entries(lines).flatMap(([title, counts]) => {
    const parts = Object.entries(counts)
      .filter(([, count]) => count > 0)
      .map(([name, count]) => `${name} ${formatCount(count)}`);
    return parts.length === 0 ? [] : [`${paint.bold(title.padEnd(8))}  ${parts.join(", ")}`];
  });
}

/** The files of the run directory by their bare names, below a line that names it; the others by their paths. */
function fileRows({ files, directory }: SummaryContext): readonly Row[] {
  const isInside = ({ name }: { name: string }): boolean =>
    join(directory, basename(name)) === name.replace(/\/$/, "");
  const bare = (name: string): string => basename(name) + (name.endsWith("/") ? "/" : "");
  const inside = files.filter(isInside);
  return [
    ...(inside.length === 0 ? [] : [{ cells: [`${normalize(directory)}/`] }]),
    ...inside.map(({ name, holds }) => ({ cells: [`${INDENT}${bare(name)}`, holds] })),
    ...files.filter((file) => !isInside(file)).map(({ name, holds }) => ({ cells: [name, holds] })),
  ];
}

function nextRows(figures: RunFigures, { next, directory }: SummaryContext): readonly Row[] {
  const { calibration, validity, ending, verb } = figures;
  const rows = next.map(({ type, does }) => ({ cells: [type, does] }));
  const isGood = ending === "finished" && validity.verdict !== "INVALID" && verb !== "warmup";
  if (isGood && next.length === 0) {
    const does = "is another run faster or slower than this one?";
    rows.push({ cells: [`drayage compare ${normalize(directory)} OTHER`, does] });
  }
  const type = calibration?.type ?? null;
  return type === null ? rows : [...rows, { cells: [type, calibration?.note ?? ""] }];
}
