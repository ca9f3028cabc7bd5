// Runs per request and cache; see ../object-list.ts.

import { ObjectLinks, ObjectList } from "../object-list.ts";
import type { CachePolicy } from "./cache-policy.ts";

/**
 * SIEVE: one queue in order of arrival and a hand that walks from the oldest to the newest. What was asked for since the
 * hand last passed is spared once; the first that was not goes. Source: Zhang et al., NSDI '24.
 */
export class SieveCache implements CachePolicy {
  evictions = 0;
  readonly #capacity: number;
  readonly #links: ObjectLinks;
  readonly #queue: ObjectList;
  #hand = -1;

  /** `objects`: how many different ones may be asked for. */
  constructor(capacity: number, objects: number) {
    this.#capacity = capacity;
    this.#links = new ObjectLinks(objects);
    this.#queue = new ObjectList(this.#links, 0);
  }

  request(object: number, size: number): boolean {
    const queue = this.#queue;
    if (queue.has(object)) {
      this.#links.mark[object] = 1;
      return true;
    }
    if (size > this.#capacity) return false;
    while (queue.bytes + size > this.#capacity) this.#evict();
    queue.addFirst(object, size);
    this.#links.mark[object] = 0;
    return false;
  }

  #evict(): void {
    const { mark } = this.#links;
    const queue = this.#queue;
    let at = this.#hand === -1 ? queue.last : this.#hand;
    while (mark[at] === 1) {
      mark[at] = 0;
      const newer = queue.newer(at);
      at = newer === -1 ? queue.last : newer;
    }
    this.#hand = queue.newer(at);
    queue.remove(at);
    this.evictions++;
  }
}
