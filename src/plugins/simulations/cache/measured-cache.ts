// `run` takes a batch per call, and each request in it costs one call of the policy. Guarded by perf/simulate-stream.bench.ts.
import type { RequestBatch } from "../simulation.ts";
import type { PolicyName } from "./cache-arguments.ts";
import type { CachePolicy } from "./cache-policy.ts";

export type CacheRow = {
  readonly policy: PolicyName;
  /** Bytes. */
  readonly size: number;
  /** Of the distinct bytes, where the size was given so. */
  readonly share: number | null;
  readonly requests: number;
  readonly hits: number;
  /** Null without requests. */
  readonly hitRatio: number | null;
  readonly byteHitRatio: number | null;
  readonly evictions: number;
  /** Requests for objects larger than the cache, which are never admitted. */
  readonly tooLarge: number;
};

/** One policy at one size, and what it has achieved since the caches were warm. */
export class MeasuredCache {
  readonly #policy: CachePolicy;
  readonly #size: number;
  readonly #warm: number;
  #requests = 0;
  #bytes = 0;
  #hits = 0;
  #hitBytes = 0;
  #tooLarge = 0;
  #evictionsBefore = 0;

  /** `warm`: requests that are not counted. */
  constructor(policy: CachePolicy, { size, warm }: { size: number; warm: number }) {
    this.#policy = policy;
    this.#size = size;
    this.#warm = warm;
  }

  run({ objects, sizes, count, place }: RequestBatch): void {
    const policy = this.#policy;
    const warming = Math.min(count, Math.max(0, this.#warm - place));
    for (let at = 0; at < warming; at++) {
      policy.request(objects[at] as number, sizes[at] as number, place + at);
    }
    if (warming > 0) this.#evictionsBefore = policy.evictions;
    let hits = 0;
    let hitBytes = 0;
    let bytes = 0;
    let tooLarge = 0;
    for (let at = warming; at < count; at++) {
      const size = sizes[at] as number;
      bytes += size;
      if (policy.request(objects[at] as number, size, place + at)) {
        hits++;
        hitBytes += size;
      } else if (size > this.#size) tooLarge++;
    }
    this.#requests += count - warming;
    this.#bytes += bytes;
    this.#hits += hits;
    this.#hitBytes += hitBytes;
    this.#tooLarge += tooLarge;
  }

  row(policy: PolicyName, share: number | null): CacheRow {
    return {
      policy,
      size: this.#size,
      share,
      requests: this.#requests,
      hits: this.#hits,
      hitRatio: this.#requests === 0 ? null : this.#hits / this.#requests,
      byteHitRatio: this.#bytes === 0 ? null : this.#hitBytes / this.#bytes,
      evictions: this.#policy.evictions - this.#evictionsBefore,
      tooLarge: this.#tooLarge,
    };
  }
}
