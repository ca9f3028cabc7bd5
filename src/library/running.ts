// A command that a program has set off: it can be followed second by second, steered, ended and awaited.
import type { RunView, ViewedRun } from "../cli/live/run-view.ts";
import type { ControlAnswer, RunControl } from "../pacing/timebase-control.ts";
import type { SeriesPoint } from "../report/timeseries.ts";

/** What a run did in a second: counters, and percentiles of what ended in it; times in milliseconds. */
export type Snapshot = SeriesPoint;

/** Of seconds that nobody has fetched; the oldest go first, and are counted. */
const SNAPSHOTS_MAX = 10_000;

/** Iterate over it for the seconds of the run, wait for `result`; either or both. */
export class Running<Result> implements AsyncIterable<Snapshot> {
  /** Rejects with a UsageError for a plan that cannot be carried out, and with a DrayageError for what the world refuses. */
  readonly result: Promise<Result>;
  readonly #snapshots: Snapshot[] = [];
  #missed = 0;
  #over = false;
  /** Whoever iterates waits for it; there may be several. */
  #changed = Promise.withResolvers<void>();
  #run: ViewedRun | undefined;

  constructor(perform: (view: (run: ViewedRun) => RunView) => Promise<Result>) {
    this.result = perform((run) => this.#view(run)).finally(() => {
      this.#over = true;
      this.#announce();
    });
    // Whoever only iterates is told by the iterator.
    this.result.catch(() => {});
  }

  /** Seconds that were thrown away, since nobody had fetched 10,000 before them. */
  get missed(): number {
    return this.#missed;
  }

  /** Pauses, resumes, or changes the speed. Not applied, and says why, where there is nothing to steer. */
  control(control: RunControl): ControlAnswer {
    if (this.#run === undefined) return { applied: false, reason: "the run has not begun" };
    return this.#run.steering.control(control);
  }

  /** Ends with the run; throws what `result` rejects with. May be begun again: each second is given once. */
  async *[Symbol.asyncIterator](): AsyncIterator<Snapshot> {
    for (;;) {
      const next = this.#snapshots.shift();
      if (next !== undefined) yield next;
      else if (this.#over) break;
      else await this.#changed.promise;
    }
    await this.result;
  }

  #view(run: ViewedRun): RunView {
    this.#run = run;
    const nothing = (): void => {};
    return {
      say: nothing,
      above: (write) => write(),
      reading: nothing,
      expect: nothing,
      started: nothing,
      interval: (point) => this.#keep(point),
      end: nothing,
    };
  }

  #keep(point: Snapshot): void {
    if (this.#snapshots.length >= SNAPSHOTS_MAX) {
      this.#snapshots.shift();
      this.#missed++;
    }
    this.#snapshots.push(point);
    this.#announce();
  }

  #announce(): void {
    const { resolve } = this.#changed;
    this.#changed = Promise.withResolvers<void>();
    resolve();
  }
}
