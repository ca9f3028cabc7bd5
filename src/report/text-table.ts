/** How a terminal may be written to: whether it takes colours. */
export type Paint = {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly good: (text: string) => string;
  readonly warning: (text: string) => string;
  readonly bad: (text: string) => string;
};

const escaped = (code: number) => (text: string) => `\u001b[${code}m${text}\u001b[0m`;
const same = (text: string): string => text;

const coloured: Paint = {
  bold: escaped(1),
  dim: escaped(2),
  good: escaped(32),
  warning: escaped(33),
  bad: escaped(31),
};
const plain: Paint = { bold: same, dim: same, good: same, warning: same, bad: same };

/** FORCE_COLOR decides, then NO_COLOR, then TERM=dumb, then whether it is a terminal. Source: no-color.org, Node's own rule. */
export function paintFor(env: NodeJS.ProcessEnv, isTerminal: boolean): Paint {
  const force = env.FORCE_COLOR;
  if (force !== undefined) return force === "0" || force === "false" ? plain : coloured;
  if (env.NO_COLOR !== undefined && env.NO_COLOR !== "") return plain;
  if (env.TERM === "dumb") return plain;
  return isTerminal ? coloured : plain;
}

/** A row of cells; `paint` colours the whole line, after it was aligned. */
export type Row = { readonly cells: readonly string[]; readonly paint?: (text: string) => string };

const GAP = "  ";

/**
 * Lines of equal columns. `sides` has a letter per column: `l` flush left, `r` flush right; its last letter holds for all
 * columns after it. No blank at the end of a line.
 */
export function alignRows(rows: readonly Row[], sides: string): string[] {
  const widths: number[] = [];
  for (const { cells } of rows) {
    cells.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, cell.length);
    });
  }
  return rows.map(({ cells, paint }) => {
    const line = cells
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        const side = sides[Math.min(column, sides.length - 1)];
        return side === "l" ? cell.padEnd(width) : cell.padStart(width);
      })
      .join(GAP)
      .trimEnd();
    return paint === undefined ? line : paint(line);
  });
}
