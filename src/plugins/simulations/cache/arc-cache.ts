// Runs per request and cache; see ../object-list.ts.

import { ObjectLinks, ObjectList } from "../object-list.ts";
import type { CachePolicy } from "./cache-policy.ts";

/**
 * ARC: objects seen once and objects seen again, each with a ghost of what was thrown out of it; a hit in a ghost moves the
 * border between the two.
 *
 *              once            again
 *   in cache   recent          frequent       recent + frequent <= capacity
 *   ghost      recentGhost     frequentGhost  recent + recentGhost <= capacity, all four <= 2 capacity
 *
 * All sums are bytes; with objects of one size it is ARC as published. Source: Megiddo and Modha, FAST '03.
 */
export class ArcCache implements CachePolicy {
  evictions = 0;
  readonly #capacity: number;
  readonly #links: ObjectLinks;
  readonly #recent: ObjectList;
  readonly #frequent: ObjectList;
  readonly #recentGhost: ObjectList;
  readonly #frequentGhost: ObjectList;
  /** Bytes that `recent` should have. */
  #target = 0;

  /** `objects`: how many different ones may be asked for. */
  constructor(capacity: number, objects: number) {
    this.#capacity = capacity;
    this.#links = new ObjectLinks(objects);
    this.#recent = new ObjectList(this.#links, 0);
    this.#frequent = new ObjectList(this.#links, 1);
    this.#recentGhost = new ObjectList(this.#links, 2);
    this.#frequentGhost = new ObjectList(this.#links, 3);
  }

  request(object: number, size: number): boolean {
    if (this.#frequent.has(object)) {
      this.#frequent.toFirst(object);
      return true;
    }
    if (this.#recent.has(object)) {
      const bytes = this.#recent.remove(object);
      this.#frequent.addFirst(object, bytes);
      return true;
    }
    if (size > this.#capacity) return false;
    if (this.#recentGhost.has(object)) this.#again(object, size, this.#recentGhost);
    else if (this.#frequentGhost.has(object)) this.#again(object, size, this.#frequentGhost);
    else this.#admit(object, size);
    return false;
  }

  /** A hit in a ghost: its side should have had more room. */
  #again(object: number, size: number, ghost: ObjectList): void {
    const fromFrequent = ghost === this.#frequentGhost;
    const other = fromFrequent ? this.#recentGhost : this.#frequentGhost;
    const step = Math.max(size, ghost.bytes === 0 ? size : (size * other.bytes) / ghost.bytes);
    this.#target = fromFrequent
      ? Math.max(0, this.#target - step)
      : Math.min(this.#capacity, this.#target + step);
    ghost.remove(object);
    this.#makeRoom(size, fromFrequent);
    this.#frequent.addFirst(object, size);
  }

  #admit(object: number, size: number): void {
    const recent = this.#recent;
    const recentGhost = this.#recentGhost;
    const room = this.#capacity - size;
    while (recentGhost.count > 0 && recent.bytes + recentGhost.bytes > room)
      recentGhost.removeLast();
    while (recent.bytes > room) {
      recent.removeLast();
      this.evictions++;
    }
    while (this.#frequentGhost.count > 0 && this.#bytes > 2 * this.#capacity - size)
      this.#frequentGhost.removeLast();
    this.#makeRoom(size, false);
    recent.addFirst(object, size);
  }

  get #bytes(): number {
    return (
      this.#recent.bytes +
      this.#frequent.bytes +
      this.#recentGhost.bytes +
      this.#frequentGhost.bytes
    );
  }

  #makeRoom(size: number, forFrequent: boolean): void {
    const recent = this.#recent;
    const frequent = this.#frequent;
    while (recent.bytes + frequent.bytes + size > this.#capacity) {
      const over = recent.bytes > this.#target || (forFrequent && recent.bytes === this.#target);
      const fromRecent = recent.count > 0 && (over || frequent.count === 0);
      const list = fromRecent ? recent : frequent;
      const bytes = this.#links.sizes[list.last] as number;
      const object = list.removeLast();
      (fromRecent ? this.#recentGhost : this.#frequentGhost).addFirst(object, bytes);
      this.evictions++;
    }
  }
}
