// Runs per request and tier. Guarded by perf/simulate-stream.bench.ts.
import { invariant } from "../../../core/errors.ts";
import { ObjectLinks, ObjectList } from "../object-list.ts";

/** The larger, slower tier on a file system. Objects are numbers. */
export interface FsTier {
  readonly evictions: number;
  has(object: number): boolean;
  /** A hit: it becomes the most recent. */
  refresh(object: number): void;
  /** An object that is not there comes in; one larger than the tier is not kept. */
  insert(object: number, size: number): void;
  /** An object that memory had no more room for. */
  demote(object: number, size: number): void;
  /** A hit that moves it up into memory. */
  promote(object: number): void;
}

/** Exact LRU. */
export class RecentFsTier implements FsTier {
  evictions = 0;
  readonly #capacity: number;
  readonly #list = new ObjectList(new ObjectLinks(), 0);

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  has(object: number): boolean {
    return this.#list.has(object);
  }

  refresh(object: number): void {
    this.#list.toFirst(object);
  }

  insert(object: number, size: number): void {
    if (size > this.#capacity) return;
    while (this.#list.bytes + size > this.#capacity) {
      this.#list.removeLast();
      this.evictions++;
    }
    this.#list.addFirst(object, size);
  }

  demote(object: number, size: number): void {
    invariant(!this.has(object), "an object is in one tier only");
    this.insert(object, size);
  }

  promote(object: number): void {
    this.#list.remove(object);
  }
}

type Kept = { readonly size: number; count: number };

const COMPACT_AT = 4096;

/**
 * The original's tier: a queue with an entry per use, and a count of entries per object. Promotion forgets the object and
 * leaves its entries, so that after a later demotion an old entry may throw it out early. Source: trace-replay.md 6.2.
 */
export class EntryFsTier implements FsTier {
  evictions = 0;
  readonly #capacity: number;
  readonly #kept = new Map<number, Kept>();
  /** Entries before `#head` are used up. */
  #entries: number[] = [];
  #head = 0;
  #bytes = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  has(object: number): boolean {
    return this.#kept.has(object);
  }

  refresh(object: number): void {
    const kept = this.#kept.get(object);
    if (kept === undefined) return;
    kept.count++;
    this.#entries.push(object);
  }

  insert(object: number, size: number): void {
    if (size > this.#capacity) return;
    while (this.#bytes + size > this.#capacity) this.#dropEntry();
    this.#kept.set(object, { size, count: 1 });
    this.#entries.push(object);
    this.#bytes += size;
  }

  demote(object: number, size: number): void {
    // Cannot be while the tiers exclude each other; the original looks all the same.
    if (this.has(object)) this.refresh(object);
    else this.insert(object, size);
  }

  promote(object: number): void {
    const kept = this.#kept.get(object);
    if (kept === undefined) return;
    this.#kept.delete(object);
    this.#bytes -= kept.size;
  }

  #dropEntry(): void {
    const object = this.#entries[this.#head++] as number;
    const kept = this.#kept.get(object);
    if (kept !== undefined && --kept.count === 0) {
      this.promote(object);
      this.evictions++;
    }
    if (this.#head >= COMPACT_AT && this.#head * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#head);
      this.#head = 0;
    }
  }
}
