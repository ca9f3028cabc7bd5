// Runs per request and cache; see ../object-list.ts.

import { ObjectLinks, ObjectList } from "../object-list.ts";
import type { CachePolicy } from "./cache-policy.ts";

/** LRU: the object that was asked for least recently goes. FIFO: the one that came first, whatever was asked for since. */
export class RecencyCache implements CachePolicy {
  evictions = 0;
  readonly #capacity: number;
  readonly #refreshes: boolean;
  readonly #list = new ObjectList(new ObjectLinks(), 0);

  constructor(capacity: number, policy: "lru" | "fifo") {
    this.#capacity = capacity;
    this.#refreshes = policy === "lru";
  }

  request(object: number, size: number): boolean {
    const list = this.#list;
    if (list.has(object)) {
      if (this.#refreshes) list.toFirst(object);
      return true;
    }
    if (size > this.#capacity) return false;
    while (list.bytes + size > this.#capacity) {
      list.removeLast();
      this.evictions++;
    }
    list.addFirst(object, size);
    return false;
  }
}
