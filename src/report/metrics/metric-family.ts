// A metric and its values, before anybody has decided how they travel. Names are those of OpenMetrics: a counter's family has
// no `_total`, an info's no `_info`; who writes them adds it.
import type { Distribution } from "../../stats/distribution.ts";

export type Labels = Readonly<Record<string, string>>;

type Described = {
  readonly name: string;
  readonly help: string;
  /** The name then ends with it. */
  readonly unit?: "seconds" | "bytes";
};

export type NumberSample = { readonly labels: Labels; readonly value: number };
/** Times in ns. */
export type HistogramSample = { readonly labels: Labels; readonly times: Distribution };

export type MetricFamily = Described &
  (
    | { readonly type: "counter" | "gauge"; readonly samples: readonly NumberSample[] }
    | { readonly type: "info"; readonly samples: readonly { readonly labels: Labels }[] }
    | { readonly type: "histogram"; readonly samples: readonly HistogramSample[] }
  );

/** What a program or a run has to say at an instant. */
export type MetricSource = () => readonly MetricFamily[];
