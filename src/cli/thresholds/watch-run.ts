import type { EndedBy } from "../../pacing/timebase-control.ts";
import type { Threshold } from "../../report/thresholds/threshold.ts";
import { ThresholdWatch } from "../../report/thresholds/threshold-watch.ts";
import type { SeriesPoint } from "../../report/timeseries.ts";
import type { IntervalListener } from "../replay/interval-recording.ts";

/** Engine and view are made later than the watch. */
type WatchedRun = {
  readonly paced: boolean;
  readonly engine: () => { drain(by: EndedBy): void };
  readonly view: () => { interval(point: SeriesPoint): void; say(line: string): void };
};

/** Holds a run to its thresholds: the first interrupt's work is done when one with `abort` is missed. */
export function watchRun(
  thresholds: readonly Threshold[],
  { paced, engine, view }: WatchedRun,
): { readonly watch: ThresholdWatch; readonly listener: IntervalListener } {
  const watch = new ThresholdWatch(thresholds, {
    paced,
    onAbort(text) {
      view().say(`aborted by a threshold: ${text}`);
      engine().drain("threshold");
    },
  });
  return {
    watch,
    listener(point, interval) {
      view().interval(point);
      watch.interval(interval);
    },
  };
}
