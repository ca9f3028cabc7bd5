// Used per request and cache: allocates nothing but what the tables grow by. O(log n) per change.

const CAPACITY_AT_FIRST = 1024;

/** A binary heap of objects, whose first is the one with the smallest `rank`, then the smallest `order`. */
export class ObjectHeap {
  count = 0;
  #heap = new Int32Array(CAPACITY_AT_FIRST);
  /** By object: place in the heap + 1; 0 = not in it. */
  #place = new Int32Array(CAPACITY_AT_FIRST);
  #rank = new Float64Array(CAPACITY_AT_FIRST);
  #order = new Float64Array(CAPACITY_AT_FIRST);
  #sizes = new Float64Array(CAPACITY_AT_FIRST);

  has(object: number): boolean {
    return object < this.#place.length && (this.#place[object] as number) > 0;
  }

  rankOf(object: number): number {
    return this.#rank[object] as number;
  }

  orderOf(object: number): number {
    return this.#order[object] as number;
  }

  sizeOf(object: number): number {
    return this.#sizes[object] as number;
  }

  /** Only while `count` is above 0. */
  get first(): number {
    return this.#heap[0] as number;
  }

  add(object: number, { rank, order, size }: { rank: number; order: number; size: number }): void {
    this.#reach(object);
    this.#rank[object] = rank;
    this.#order[object] = order;
    this.#sizes[object] = size;
    this.#up(object, this.count++);
  }

  change(object: number, rank: number, order: number): void {
    this.#rank[object] = rank;
    this.#order[object] = order;
    const at = (this.#place[object] as number) - 1;
    this.#up(object, at);
    this.#down(object, (this.#place[object] as number) - 1);
  }

  removeFirst(): number {
    const object = this.first;
    this.#place[object] = 0;
    const moved = this.#heap[--this.count] as number;
    if (this.count > 0) this.#down(moved, 0);
    return object;
  }

  #before(a: number, b: number): boolean {
    const difference = (this.#rank[a] as number) - (this.#rank[b] as number);
    if (difference !== 0 && !Number.isNaN(difference)) return difference < 0;
    return (this.#order[a] as number) < (this.#order[b] as number);
  }

  #put(object: number, at: number): void {
    this.#heap[at] = object;
    this.#place[object] = at + 1;
  }

  #up(object: number, from: number): void {
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = this.#heap[parent] as number;
      if (!this.#before(object, above)) break;
      this.#put(above, at);
      at = parent;
    }
    this.#put(object, at);
  }

  #down(object: number, from: number): void {
    let at = from;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= this.count) break;
      const right = child + 1;
      if (
        right < this.count &&
        this.#before(this.#heap[right] as number, this.#heap[child] as number)
      )
        child = right;
      const below = this.#heap[child] as number;
      if (!this.#before(below, object)) break;
      this.#put(below, at);
      at = child;
    }
    this.#put(object, at);
  }

  #reach(object: number): void {
    if (this.count === this.#heap.length) {
      const larger = new Int32Array(2 * this.count);
      larger.set(this.#heap);
      this.#heap = larger;
    }
    if (object < this.#place.length) return;
    const length = Math.max(object + 1, 2 * this.#place.length);
    const place = new Int32Array(length);
    place.set(this.#place);
    this.#place = place;
    this.#rank = widened(this.#rank, length);
    this.#order = widened(this.#order, length);
    this.#sizes = widened(this.#sizes, length);
  }
}

function widened(table: Float64Array<ArrayBuffer>, length: number): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(length);
  larger.set(table);
  return larger;
}
