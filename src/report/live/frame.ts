// Draws a frame of the live view: lines for a terminal of this size. Pure; who writes them moves the cursor.
//
//   run  runs/2026-11-22T07-01-33Z_run_a1b2c3                                running
//   ####################--------------------  51.2%  34.2 s, 32.6 s to go
//   target 400/s  sent 399/s  done 401/s  in flight 3  1.20MiB/s
//   lateness p99 0.21ms  generator ok
//
//   response          n     /s    p50    p90    p99  p99.9    max    err  p99
//   get-blob     11,902    352 1.21ms 1.80ms 3.41ms 9.92ms 14.1ms      0  ..-=*#
//
//   p pause  + - speed  s snapshot  q drain
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatNanos,
  formatRate,
} from "../number-format.ts";
import type { Paint } from "../text-table.ts";
import { fitLine, justified, type Span, span } from "./line.ts";
import type { LiveState } from "./live-state.ts";
import { rowTable } from "./row-table.ts";

export type FrameSize = {
  readonly columns: number;
  readonly rows: number;
  /** The terminal shows more than ASCII. */
  readonly unicode: boolean;
};

const BAR_WIDTH = { least: 10, most: 40 };
/** Columns that the text beside the bar takes. */
const BESIDE_BAR = 38;
const NOTES_MAX = 3;

/** Lines of at most `columns` characters, at most `rows` of them; colours come on top. */
export function frameLines(state: LiveState, size: FrameSize, paint: Paint): string[] {
  const { columns, rows } = size;
  const head = [headLine(state, columns), progressLine(state, size)];
  const rates = flowed(rateParts(state), columns);
  const table =
    state.rows.length === 0 ? [] : rowTable(state, { width: columns, unicode: size.unicode });
  const notes = state.notes.slice(-NOTES_MAX).map((note) => [span(note, "warning")]);
  const keys = state.keys.length === 0 ? [] : flowed([keySpans(state)], columns);
  return stacked([head, rates, table, notes, keys], rows).map((line) =>
    fitLine(line, columns, paint),
  );
}

type Lines = readonly (readonly Span[])[];

/** Parts with a blank line between where there is room; otherwise as many lines as there are rows, the table shortened. */
function stacked(parts: readonly Lines[], rows: number): Lines {
  const filled = parts.filter((lines) => lines.length > 0);
  const [head = [], ...rest] = filled;
  const tight = filled.flat();
  const airy = [...head, ...rest.flatMap((lines, index) => (index === 0 ? lines : [[], ...lines]))];
  if (airy.length <= rows) return airy;
  if (tight.length <= rows) return tight;
  const keys = parts.at(-1) ?? [];
  const room = Math.max(0, rows - keys.length);
  return [...parts.slice(0, -1).flat().slice(0, room), ...keys].slice(0, rows);
}

function headLine({ verb, directory, mood, speed }: LiveState, columns: number): readonly Span[] {
  const style = {
    running: "good",
    paused: "warning",
    draining: "warning",
    stopping: "bad",
  } as const;
  const faster = speed === 1 ? [] : [span(`  speed ${Number(speed.toPrecision(3))}x`, "warning")];
  return justified(
    [span(verb, "bold"), ...(directory === null ? [] : [span(`  ${directory}`, "dim")])],
    [span(mood, style[mood]), ...faster],
    columns,
  );
}

function progressLine(
  { share, elapsed, left }: LiveState,
  { columns, unicode }: FrameSize,
): readonly Span[] {
  const time = formatDuration(elapsed);
  if (share === null) return [span(time)];
  const done = Math.min(1, Math.max(0, share));
  // Rounded down: only what is done is done.
  const percent = `${(Math.floor(done * 1000) / 10).toFixed(1)}%`;
  const rest = left === null ? "" : `, ${formatDuration(left)} to go`;
  const text = `${percent.padStart(6)}  ${time}${rest}`;
  const width = Math.min(BAR_WIDTH.most, columns - BESIDE_BAR);
  if (width < BAR_WIDTH.least) return [span(text.trimStart())];
  const [full, empty] = unicode ? ["█", "░"] : ["#", "-"];
  const filled = Math.floor(done * width);
  return [
    span(full.repeat(filled), "good"),
    span(empty.repeat(width - filled), "dim"),
    span(` ${text}`),
  ];
}

type Part = readonly Span[];

const named = (name: string, value: string, style?: keyof Paint): Part => [
  span(`${name} `, "dim"),
  span(value, style),
];

function rateParts(state: LiveState): readonly Part[] {
  const { rates, inFlight, waiting, bytesPerSecond, latenessP99, health, pullers } = state;
  const parts: Part[] = [];
  if (pullers !== null)
    parts.push(named("pullers", `${formatCount(pullers.active)} of ${formatCount(pullers.most)}`));
  if (pullers !== null && pullers.phase !== "") parts.push(named("phase", pullers.phase));
  if (rates.target !== null) parts.push(named("target", formatRate(rates.target)));
  parts.push(named("sent", formatRate(rates.sent)), named("done", formatRate(rates.done)));
  parts.push(named("in flight", formatCount(inFlight)));
  if (waiting > 0) parts.push(named("waiting", formatCount(waiting), "warning"));
  parts.push([span(`${formatBytes(bytesPerSecond)}/s`)]);
  if (state.measured === "response") parts.push(named("lateness p99", formatNanos(latenessP99)));
  if (health !== null) parts.push(healthPart(health));
  return parts;
}

function healthPart({ word, why }: NonNullable<LiveState["health"]>): Part {
  const style = { ok: "good", strained: "warning", INVALID: "bad" } as const;
  const reason = why === null ? [] : [span(`: ${why}`, "dim")];
  return [span("generator ", "dim"), span(word, style[word]), ...reason];
}

const keySpans = ({ keys }: LiveState): Part =>
  keys.flatMap(([key, does], index) => [
    span(`${index === 0 ? "" : "  "}${key}`, "bold"),
    span(` ${does}`, "dim"),
  ]);

/** Parts one after the other, broken into lines between them. */
function flowed(parts: readonly Part[], columns: number): Lines {
  const lines: Span[][] = [];
  let length = 0;
  for (const part of parts) {
    const width = part.reduce((sum, { text }) => sum + text.length, 0);
    const line = lines.at(-1);
    if (line === undefined || length + 2 + width > columns) {
      lines.push([...part]);
      length = width;
    } else {
      line.push(span("  "), ...part);
      length += 2 + width;
    }
  }
  return lines;
}
