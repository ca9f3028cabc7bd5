// Runs per request and cache; O(log n) in the objects that are in the cache.
import type { CachePolicy } from "./cache-policy.ts";
import { ObjectHeap } from "./object-heap.ts";

/** LFU: the object asked for least often since it came in goes; of several, the one asked for least recently. */
export class LfuCache implements CachePolicy {
  evictions = 0;
  readonly #capacity: number;
  readonly #heap = new ObjectHeap();
  #bytes = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  request(object: number, size: number, place: number): boolean {
    const heap = this.#heap;
    if (heap.has(object)) {
      heap.change(object, heap.rankOf(object) + 1, place);
      return true;
    }
    if (size > this.#capacity) return false;
    while (this.#bytes + size > this.#capacity) {
      this.#bytes -= heap.sizeOf(heap.removeFirst());
      this.evictions++;
    }
    heap.add(object, { rank: 1, order: place, size });
    this.#bytes += size;
    return false;
  }
}
