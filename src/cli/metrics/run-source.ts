// What a run has to say to collectors of metrics, from what it tells its view. Read when asked for.
import type { MetricFamily } from "../../report/metrics/metric-family.ts";
import { runFamilies, runFamily } from "../../report/metrics/run-families.ts";
import type { SeriesPoint } from "../../report/timeseries.ts";
import { TallyReader } from "../../stats/tally-reader.ts";
import type { ViewedRun } from "../live/run-view.ts";
import { version } from "../version.ts";
import { nodeFamilies } from "./node-families.ts";

/** Stands for the length of an interval of no length. */
const SECONDS_MIN = 1e-3;

export class RunSource {
  readonly #run: ViewedRun;
  #reader: TallyReader | undefined;
  #targetRate: number | null = null;

  constructor(run: ViewedRun) {
    this.#run = run;
  }

  started(tallies: readonly SharedArrayBuffer[]): void {
    this.#reader = new TallyReader(tallies);
  }

  interval({ planned, length }: SeriesPoint): void {
    this.#targetRate = planned === null ? null : planned / Math.max(length, SECONDS_MIN);
  }

  /** Before the start there is no more than what is to be run, and where. */
  families(): MetricFamily[] {
    const { verb, directory, paced, judge, nodes } = this.#run;
    const run = { verb, directory: directory ?? "", version };
    if (this.#reader === undefined) return [runFamily(run), ...nodeFamilies(nodes())];
    const totals = this.#reader.totals();
    const targetRate = paced ? this.#targetRate : null;
    const { verdict } = judge(totals);
    return [...runFamilies({ ...run, totals, targetRate, verdict }), ...nodeFamilies(nodes())];
  }
}
