// The rows of operations in a frame. What does not fit goes, in the order of what is missed least.
import { formatCount, formatNanos } from "../number-format.ts";
import type { Paint } from "../text-table.ts";
import { type Span, span } from "./line.ts";
import type { LiveRow } from "./live-state.ts";
import { sparkline } from "./sparkline.ts";

type Column = {
  readonly head: string;
  readonly width: number;
  /** The lowest goes first when there is no room; 9 = stays. */
  readonly worth: number;
  readonly cell: (row: LiveRow) => string;
  readonly style?: (row: LiveRow) => keyof Paint | undefined;
};

const OPERATION_WIDTH = { least: 8, most: 16 };
const COURSE_WIDTH = { least: 6, most: 40 };
const GAP = 1;

const columns: readonly Column[] = [
  { head: "n", width: 9, worth: 9, cell: ({ done }) => shortCount(done) },
  { head: "/s", width: 6, worth: 3, cell: ({ perSecond }) => shortCount(perSecond) },
  { head: "p50", width: 6, worth: 4, cell: ({ p50 }) => formatNanos(p50) },
  { head: "p90", width: 6, worth: 1, cell: ({ p90 }) => formatNanos(p90) },
  { head: "p99", width: 6, worth: 8, cell: ({ p99 }) => formatNanos(p99) },
  { head: "p99.9", width: 6, worth: 2, cell: ({ p999 }) => formatNanos(p999) },
  { head: "max", width: 6, worth: 5, cell: ({ max }) => formatNanos(max) },
  {
    head: "err",
    width: 6,
    worth: 7,
    cell: ({ failed }) => shortCount(failed),
    style: ({ failed }) => (failed > 0 ? "bad" : undefined),
  },
];

/** Exact up to six digits, then three of them and a letter. */
function shortCount(value: number): string {
  if (value < 999_999.5) return formatCount(value);
  const [scaled, letter] = value < 999.5e6 ? [value / 1e6, "M"] : [value / 1e9, "G"];
  return `${scaled < 99.95 ? scaled.toPrecision(3) : Math.round(scaled)}${letter}`;
}

/** A head and a line per row, for a terminal so many columns wide. */
export function rowTable(
  { measured, rows }: { readonly measured: string; readonly rows: readonly LiveRow[] },
  { width, unicode }: { readonly width: number; readonly unicode: boolean },
): (readonly Span[])[] {
  const longest = Math.max(measured.length, ...rows.map(({ operation }) => operation.length));
  const first = Math.min(OPERATION_WIDTH.most, Math.max(OPERATION_WIDTH.least, longest));
  const kept = fitting(width - first);
  const used = first + kept.reduce((sum, column) => sum + GAP + column.width, 0);
  const course = Math.min(COURSE_WIDTH.most, width - used - 2 * GAP);
  const showsCourse = course >= COURSE_WIDTH.least;
  const head = [
    span(measured.padEnd(first), "dim"),
    ...kept.map((column) => span(" ".repeat(GAP) + column.head.padStart(column.width), "dim")),
    ...(showsCourse ? [span("  p99", "dim")] : []),
  ];
  const lines = rows.map((row) => [
    span(row.operation.slice(0, first).padEnd(first)),
    ...kept.map((column) =>
      span(" ".repeat(GAP) + column.cell(row).padStart(column.width), column.style?.(row)),
    ),
    ...(showsCourse ? [span(`  ${sparkline(row.course, { width: course, unicode })}`)] : []),
  ]);
  return [head, ...lines];
}

function fitting(room: number): readonly Column[] {
  let kept = [...columns];
  const width = (): number => kept.reduce((sum, column) => sum + GAP + column.width, 0);
  while (width() > room && kept.some(({ worth }) => worth < 9)) {
    const least = Math.min(...kept.map(({ worth }) => worth));
    kept = kept.filter(({ worth }) => worth !== least);
  }
  return kept;
}
