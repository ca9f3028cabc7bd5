// Runs per request and cache; O(log n) in the objects that are in the cache.
import type { CachePolicy } from "./cache-policy.ts";
import { ObjectHeap } from "./object-heap.ts";

/** Place of the next request for the same object, by place; Infinity where none follows. */
export type NextUse = (place: number) => number;

/**
 * Belady's MIN, which knows the future: the object whose next request is farthest goes, and a new object whose own next
 * request is farthest is not let in. The optimum where all objects have one size, else a strong reference.
 */
export class BeladyCache implements CachePolicy {
  evictions = 0;
  readonly #capacity: number;
  readonly #nextUse: NextUse;
  readonly #heap = new ObjectHeap();
  readonly #taken: number[] = [];
  #bytes = 0;

  constructor(capacity: number, nextUse: NextUse) {
    this.#capacity = capacity;
    this.#nextUse = nextUse;
  }

  request(object: number, size: number, place: number): boolean {
    const heap = this.#heap;
    const next = this.#nextUse(place);
    if (heap.has(object)) {
      heap.change(object, -next, place);
      return true;
    }
    if (size > this.#capacity || !this.#makeRoom(size, next)) return false;
    heap.add(object, { rank: -next, order: place, size });
    this.#bytes += size;
    return false;
  }

  /** False if too little would be free without throwing out something that is wanted sooner: then all of it stays. */
  #makeRoom(size: number, next: number): boolean {
    const heap = this.#heap;
    const taken = this.#taken;
    taken.length = 0;
    let free = this.#capacity - this.#bytes;
    while (free < size && heap.count > 0 && -heap.rankOf(heap.first) > next) {
      const object = heap.removeFirst();
      free += heap.sizeOf(object);
      taken.push(object);
    }
    if (free >= size) {
      this.#bytes = this.#capacity - free;
      this.evictions += taken.length;
      return true;
    }
    for (const object of taken) {
      const size = heap.sizeOf(object);
      heap.add(object, { rank: heap.rankOf(object), order: heap.orderOf(object), size });
    }
    return false;
  }
}
