// Runs per request and cache; see ../object-list.ts.

import { ObjectLinks, ObjectList } from "../object-list.ts";
import type { CachePolicy } from "./cache-policy.ts";

const SMALL_SHARE = 0.1;
const USES_MAX = 3;
/** An object that was asked for more often than this while in the small queue moves to the main queue. */
const USES_TO_STAY = 1;

/**
 * S3-FIFO: a small queue for newcomers, a main queue, and a ghost queue of keys that left the small one.
 *
 *   new -> small --used twice--> main --used--> main again
 *            |                     |
 *            +--> ghost            +--> gone          asked for while in ghost -> main
 *
 * Sizes are bytes; of keys the ghost has no more than there are objects in the main queue. Source: Yang et al., SOSP '23.
 */
export class S3FifoCache implements CachePolicy {
  evictions = 0;
  readonly #capacity: number;
  readonly #links: ObjectLinks;
  readonly #small: ObjectList;
  readonly #main: ObjectList;
  readonly #ghost: ObjectList;

  /** `objects`: how many different ones may be asked for. */
  constructor(capacity: number, objects: number) {
    this.#capacity = capacity;
    this.#links = new ObjectLinks(objects);
    this.#small = new ObjectList(this.#links, 0);
    this.#main = new ObjectList(this.#links, 1);
    this.#ghost = new ObjectList(this.#links, 2);
  }

  request(object: number, size: number): boolean {
    if (this.#small.has(object) || this.#main.has(object)) {
      const { mark } = this.#links;
      mark[object] = Math.min(USES_MAX, (mark[object] as number) + 1);
      return true;
    }
    if (size > this.#capacity) return false;
    while (this.#small.bytes + this.#main.bytes + size > this.#capacity) this.#evict();
    // Asked only now: making room may have pushed it out of the ghost.
    const known = this.#ghost.has(object);
    if (known) this.#ghost.remove(object);
    (known ? this.#main : this.#small).addFirst(object, size);
    this.#links.mark[object] = 0;
    return false;
  }

  #evict(): void {
    const full = this.#small.bytes >= SMALL_SHARE * this.#capacity || this.#main.count === 0;
    if (full && this.#small.count > 0) this.#leaveSmall();
    else this.#leaveMain();
  }

  /** The oldest newcomer that was not used goes; those before it move to the main queue, which may be all of them. */
  #leaveSmall(): void {
    const { mark, sizes } = this.#links;
    while (this.#small.count > 0) {
      const size = sizes[this.#small.last] as number;
      const object = this.#small.removeLast();
      if ((mark[object] as number) > USES_TO_STAY) {
        this.#main.addFirst(object, size);
        continue;
      }
      this.evictions++;
      this.#ghost.addFirst(object, size);
      while (this.#ghost.count > this.#main.count) this.#ghost.removeLast();
      return;
    }
  }

  #leaveMain(): void {
    const { mark } = this.#links;
    while ((mark[this.#main.last] as number) > 0) {
      const kept = this.#main.last;
      mark[kept] = (mark[kept] as number) - 1;
      this.#main.toFirst(kept);
    }
    this.#main.removeLast();
    this.evictions++;
  }
}
