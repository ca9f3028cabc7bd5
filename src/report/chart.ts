/** A line of a chart; `colour` names a custom property of the page's style. Null = a gap. */
export type ChartLine = {
  readonly label: string;
  readonly colour: string;
  readonly dashed?: boolean;
  readonly filled?: boolean;
  /** CSS pixels; 2 where it is not given. Lines that may cover each other get thinner towards the last. */
  readonly width?: number;
  readonly values: readonly (number | null)[];
};

/**
 * Cells of a heatmap. `columns` and `rows`: the edges between them, one more than there are, as places and values of the chart.
 * `counts`: a list per column of pairs, row and how many; empty cells are left out.
 */
type ChartCells = {
  readonly columns: readonly number[];
  readonly rows: readonly number[];
  readonly counts: readonly (readonly number[])[];
};

/**
 * A chart as data. `x`: seconds since the start; nines: log10(1 / (1 - p)), so that 1 is p90 and 3 is p99.9; bytes, by
 * powers of two; milliseconds or ranks, by powers of ten; or whole numbers of pullers. `y`: milliseconds, events per second, bytes per second, a plain count, a share from 0 to 1, or a ratio around 1.
 */
export type Chart = {
  readonly name: string;
  readonly x: "seconds" | "nines" | "bytes" | "ms" | "rank" | "pullers";
  readonly y: "ms" | "perSecond" | "bytesPerSecond" | "count" | "share" | "ratio";
  readonly logarithmic: boolean;
  readonly at: readonly number[];
  readonly lines: readonly ChartLine[];
  /** A heatmap below the lines. */
  readonly cells?: ChartCells;
};

/** Charts by the id of the element that shows them. Of several with one id the reader chooses one by name. */
export type PageCharts = Readonly<Record<string, readonly Chart[]>>;
