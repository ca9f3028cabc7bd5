import { Kind, objectKinds } from "../../core/operation.ts";
import { Method, type RecordJudge } from "./record-judge.ts";
import { type Quantiles, quantilesOf } from "./size-facts.ts";
import { FINE_BITS, Sketch } from "./sketch.ts";

/** Below 1 byte, and as many as a safe integer has digits. */
const DECADES = 17;
const MEGABYTE = 1e6;
/** Below it, a transfer takes next to no time. */
const SMALL_BYTES = 10_000;

/** Seconds, of requests of one kind that move from 10^decade up to ten times as many bytes; decade -1 = none, or HEAD. */
export type DurationFacts = {
  readonly kind: string;
  readonly decade: number;
  readonly records: number;
  readonly quantiles: Quantiles;
};

/** Durations by kind and size. Runs per record; allocates nothing but the first time. */
export class Durations {
  readonly #groups: (Sketch | undefined)[] = [];
  /** Bytes per second of GETs and PUTs of blobs from 1 MB. */
  readonly throughput = new Sketch();
  /** Microseconds of requests that move little. */
  readonly small = new Sketch(FINE_BITS);

  add({ method, kind, size, durationUs }: RecordJudge): void {
    const moves = method === Method.get || method === Method.put;
    const decade = moves && size > 0 ? Math.floor(Math.log10(size) + 1e-12) : -1;
    const at = kind * DECADES + decade + 1;
    let sketch = this.#groups[at];
    if (sketch === undefined) {
      sketch = new Sketch();
      this.#groups[at] = sketch;
    }
    sketch.add(durationUs);
    if (durationUs === 0) return;
    const blob = kind === Kind.blob || kind === Kind.upload;
    if (moves && blob && size >= MEGABYTE) this.throughput.add((size / durationUs) * 1e6);
    if (method === Method.get && size < SMALL_BYTES) this.small.add(durationUs);
  }

  facts(): DurationFacts[] {
    return this.#groups.flatMap((sketch, at) =>
      sketch === undefined
        ? []
        : [
            {
              kind: objectKinds[Math.floor(at / DECADES)] as string,
              decade: (at % DECADES) - 1,
              records: sketch.total,
              quantiles: quantilesOf(sketch, 1e-6),
            },
          ],
    );
  }
}
