// What the parts of a description are made of, for the terminal and for the page alike. Numbers are for people; the exact ones
// are in --json.
import { formatBytes, formatNanos } from "../../report/number-format.ts";
import type { Quantiles } from "../../trace/info/size-facts.ts";

/** The first `textColumns` columns are flush left. */
export type InfoTable = {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
  readonly textColumns: number;
};

export type InfoPart = {
  readonly title: string;
  readonly facts: readonly (readonly [name: string, text: string])[];
  readonly tables: readonly InfoTable[];
};

export const secondsText = (value: number | undefined): string =>
  value === undefined ? "-" : formatNanos(value * 1e9);

export const bytesText = (value: number | undefined): string => formatBytes(value ?? null);

/** Cells of a row: some quantiles, by name. */
export const quantileCells = (
  quantiles: Quantiles,
  points: readonly string[],
  format: (value: number | undefined) => string,
): string[] => points.map((point) => format(quantiles[point]));
