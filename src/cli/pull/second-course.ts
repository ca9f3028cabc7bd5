import { RateCourse, type RatePoint } from "../../pull/rate-course.ts";
import { type PullSecond, pullsAlone } from "../../pull/second-reader.ts";
import type { ErrorCount } from "../../workers/pull-messages.ts";

/** The course of the rate, and what failed, from seconds. */
export class SecondCourse {
  seconds = 0;
  readonly #rates = new RateCourse();
  readonly #failed = new Map<string, ErrorCount>();
  #pulls = 0;
  #failures = 0;
  #activeSeconds = 0;

  add({ snapshot, meanActive }: PullSecond): void {
    const { start, end } = snapshot;
    this.seconds = end / 1e9;
    this.#activeSeconds += (meanActive * (end - start)) / 1e9;
    for (const { done, failed, errors } of pullsAlone(snapshot).classes) {
      this.#pulls += done;
      this.#failures += failed;
      for (const [kind, count] of Object.entries(errors)) this.#count(kind, count, start);
    }
    this.#rates.add({
      seconds: this.seconds,
      pulls: this.#pulls,
      failed: this.#failures,
      activeSeconds: this.#activeSeconds,
    });
  }

  #count(kind: string, count: number, firstAt: number): void {
    const known = this.#failed.get(kind);
    if (known === undefined)
      this.#failed.set(kind, { puller: -1, kind, count, firstAt, sample: "" });
    else known.count += count;
  }

  get points(): readonly RatePoint[] {
    return this.#rates.points;
  }

  get errors(): readonly ErrorCount[] {
    return [...this.#failed.values()];
  }
}
