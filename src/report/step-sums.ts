// Figures of each step of a schedule, from the intervals of the run: an interval belongs to the step in which its middle lies.
import { type Distribution, emptyDistribution, mergeDistributions } from "../stats/distribution.ts";
import type { PlannedInterval } from "./counts-file.ts";
import { overall } from "./run-figures.ts";

/** A step of a schedule: what it is called, and how long it takes, s. */
export type NamedStep = { readonly name: string; readonly seconds: number };

/** What happened in a step. Operations count where they ended. Distributions of successes, ns. */
export type StepFigures = {
  readonly name: string;
  /** Since the start of the schedule. */
  readonly fromSeconds: number;
  /** Of its intervals, pauses left out. */
  readonly seconds: number;
  readonly planned: number | null;
  readonly started: number;
  readonly done: number;
  readonly failed: number;
  readonly response: Distribution;
  readonly service: Distribution;
};

export class StepSums {
  readonly #steps: StepFigures[] = [];
  #pausedNs = 0;

  constructor(steps: readonly NamedStep[]) {
    let fromSeconds = 0;
    for (const { name, seconds } of steps) {
      this.#steps.push({
        ...{ name, fromSeconds, seconds: 0, planned: null, started: 0, done: 0, failed: 0 },
        ...{ response: emptyDistribution, service: emptyDistribution },
      });
      fromSeconds += seconds;
    }
  }

  /** What ends after the schedule belongs to its last step. */
  add({ snapshot, planned, pausedNs = 0 }: PlannedInterval): void {
    const middle = (snapshot.start + snapshot.end - pausedNs) / 2 - this.#pausedNs;
    this.#pausedNs += pausedNs;
    const at = this.#steps.findLastIndex(({ fromSeconds }) => fromSeconds * 1e9 <= middle);
    const step = this.#steps[Math.max(0, at)];
    if (step === undefined) return;
    const { started, done, failed, response, service } = overall(snapshot);
    this.#steps[Math.max(0, at)] = {
      ...step,
      seconds: step.seconds + (snapshot.end - snapshot.start - pausedNs) / 1e9,
      planned: planned === null ? step.planned : (step.planned ?? 0) + planned,
      started: step.started + started,
      done: step.done + done,
      failed: step.failed + failed,
      response: mergeDistributions([step.response, response]),
      service: mergeDistributions([step.service, service]),
    };
  }

  /** Steps that the run came to. */
  figures(): readonly StepFigures[] {
    return this.#steps.filter(({ seconds }) => seconds > 0);
  }
}
