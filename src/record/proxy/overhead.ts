import { createHistogram } from "node:perf_hooks";
import type { OverheadFigures } from "./proxy-options.ts";

const HIGHEST_NS = 6e10;

/** Distribution of the time that exchanges spend in the proxy. Fed once per exchange. */
export class Overhead {
  readonly #histogram = createHistogram({ lowest: 1, highest: HIGHEST_NS, figures: 3 });

  addMillis(value: number): void {
    this.#histogram.record(Math.min(Math.max(Math.round(value * 1e6), 1), HIGHEST_NS));
  }

  figures(): OverheadFigures {
    const { count, max } = this.#histogram;
    const at = (percent: number): number => (count === 0 ? 0 : this.#histogram.percentile(percent));
    return {
      exchanges: count,
      p50: at(50),
      p90: at(90),
      p99: at(99),
      p999: at(99.9),
      max: count === 0 ? 0 : max,
    };
  }
}
