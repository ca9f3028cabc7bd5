// Runs per request and cache: a few look-ups, whatever the number of objects; allocates nothing but what the table of
// buckets grows by.
import type { CachePolicy } from "./cache-policy.ts";
import { UseBuckets } from "./use-buckets.ts";

const NONE = -1;

/**
 * LFU: the object asked for least often since it came in goes; of several, the one asked for least recently.
 *
 *   bucket of 1 use  ->  of 2 uses  ->  of 5 uses  ->  ...       the lowest is looked for victims
 *     newest <-> oldest    newest <-> oldest    ...              by their last use, which brought them into the bucket
 */
export class LfuCache implements CachePolicy {
  evictions = 0;
  readonly #capacity: number;
  readonly #buckets: UseBuckets;
  readonly #sizes: Float64Array;
  #bytes = 0;

  /** `objects`: how many different ones may be asked for. */
  constructor(capacity: number, objects: number) {
    this.#capacity = capacity;
    this.#buckets = new UseBuckets(objects);
    this.#sizes = new Float64Array(objects);
  }

  request(object: number, size: number): boolean {
    const buckets = this.#buckets;
    if (buckets.bucketOf(object) !== NONE) {
      buckets.use(object);
      return true;
    }
    if (size > this.#capacity) return false;
    while (this.#bytes + size > this.#capacity) {
      this.#bytes -= this.#sizes[buckets.removeLeast()] as number;
      this.evictions++;
    }
    buckets.add(object);
    this.#sizes[object] = size;
    this.#bytes += size;
    return false;
  }
}
