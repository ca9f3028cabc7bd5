import type { ThreadHealth } from "../stats/tally.ts";
import type { PlannedInterval } from "./counts-file.ts";
import { HeatGrid } from "./heat-grid.ts";
import { Series } from "./series.ts";
import { type NamedStep, StepSums } from "./step-sums.ts";
import { type SeriesPoint, seriesPoint } from "./timeseries.ts";

/**
 * How a run went over time, as the report draws it: made of its intervals one after another, while it goes on or from stored
 * ones. Its size does not depend on the length of the run.
 */
export class RunTimeline {
  readonly series = new Series();
  readonly heat = new HeatGrid();
  readonly steps: StepSums;
  #health: readonly ThreadHealth[] = [];
  #area = 0;
  #sampled = 0;
  #pausedNs = 0;

  /** `steps` of its schedule, if it has several. */
  constructor(steps: readonly NamedStep[] = []) {
    this.steps = new StepSums(steps);
  }

  add({ snapshot, planned, pausedNs = 0 }: PlannedInterval): SeriesPoint {
    this.#pausedNs += pausedNs;
    const point = seriesPoint(snapshot, planned, this.#health);
    this.#health = snapshot.health;
    const { meanInFlight } = snapshot;
    if (meanInFlight !== undefined) {
      this.#area += meanInFlight * (snapshot.end - snapshot.start);
      this.#sampled += snapshot.end - snapshot.start;
    }
    this.series.add(point);
    this.heat.add(snapshot);
    this.steps.add({ snapshot, planned, pausedNs });
    return point;
  }

  /** For how long time stood still, s. */
  get pausedSeconds(): number {
    return this.#pausedNs / 1e9;
  }

  /** Requests under way at the same time, mean over the run; null where nobody sampled. */
  get meanInFlight(): number | null {
    return this.#sampled > 0 ? this.#area / this.#sampled : null;
  }
}
