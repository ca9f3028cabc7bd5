/**
 * A cache of so many bytes under one policy. Objects are numbers, as src/trace/key-numbers.ts gives them. An object keeps the size that
 * it was admitted with; one that is larger than the cache is not admitted.
 */
export interface CachePolicy {
  /** Whether the object was there. If not it is admitted, but where the policy knows better. `place` counts the requests of this simulation. */
  request(object: number, size: number, place: number): boolean;
  /** Objects thrown out so far. */
  readonly evictions: number;
}
