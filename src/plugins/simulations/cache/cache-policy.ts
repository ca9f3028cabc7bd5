/**
 * A cache of so many bytes under one policy. Objects are numbers in order of first appearance; an object has the same size
 * in every request, and one that is larger than the cache never gets here.
 */
export interface CachePolicy {
  /** Whether the object was there; it has been admitted if not. `place` counts the requests of this simulation. */
  request(object: number, size: number, place: number): boolean;
  /** Objects thrown out so far. */
  readonly evictions: number;
}
