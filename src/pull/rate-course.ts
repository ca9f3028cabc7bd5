// The course of the rate for a chart: a point a second, at most 2,000 of them, joined in pairs when there are more.

/** Rates per second over the interval that ends at `seconds`; `active` pullers, time-weighted. */
export type RatePoint = {
  readonly seconds: number;
  readonly rate: number;
  readonly failures: number;
  readonly active: number;
};

/** Sums so far. */
type Sample = {
  readonly seconds: number;
  readonly pulls: number;
  readonly failed: number;
  readonly activeSeconds: number;
};

const SAMPLES_MAX = 4000;
/** The last interval of a run may be so short that a single pull would be a peak. */
const SECONDS_MIN = 0.3;

export class RateCourse {
  #samples: Sample[] = [{ seconds: 0, pulls: 0, failed: 0, activeSeconds: 0 }];

  /** Counters so far. */
  add(sample: Sample): void {
    this.#samples.push(sample);
    if (this.#samples.length > SAMPLES_MAX)
      this.#samples = this.#samples.filter((_, index) => index % 2 === 0);
  }

  get points(): RatePoint[] {
    const points: RatePoint[] = [];
    this.#samples.forEach((sample, index) => {
      const before = this.#samples[index - 1];
      if (before === undefined) return;
      const span = sample.seconds - before.seconds;
      if (span < SECONDS_MIN) return;
      points.push({
        seconds: sample.seconds,
        rate: (sample.pulls - before.pulls) / span,
        failures: (sample.failed - before.failed) / span,
        active: (sample.activeSeconds - before.activeSeconds) / span,
      });
    });
    return points;
  }
}
