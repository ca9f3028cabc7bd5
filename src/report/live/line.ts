import type { Paint } from "../text-table.ts";

/** A piece of a line in one style. */
export type Span = { readonly text: string; readonly style?: keyof Paint };

export const span = (text: string, style?: keyof Paint): Span =>
  style === undefined ? { text } : { text, style };

/** Texts of others may move the cursor: they are shown without control characters. */
const shown = (text: string): string => text.replace(/\p{C}+/gu, " ");

/** The spans as one line of at most `columns` characters; what is cut off leaves a mark. */
export function fitLine(spans: readonly Span[], columns: number, paint: Paint): string {
  const length = spans.reduce((sum, { text }) => sum + text.length, 0);
  let room = length > columns ? columns - 1 : columns;
  let line = "";
  for (const { text, style } of spans) {
    const part = shown(text.slice(0, Math.max(0, room)));
    room -= part.length;
    if (part !== "") line += style === undefined ? part : paint[style](part);
  }
  return length > columns && columns > 0 ? `${line}~` : line;
}

/** Left and right end of a line, with blanks between; the right one goes where both have no room. */
export function justified(
  left: readonly Span[],
  right: readonly Span[],
  columns: number,
): readonly Span[] {
  const length = (spans: readonly Span[]): number =>
    spans.reduce((sum, { text }) => sum + text.length, 0);
  const gap = columns - length(left) - length(right);
  return gap < 1 ? left : [...left, span(" ".repeat(gap)), ...right];
}
