// Used several times per request and cache: allocates nothing but what the tables grow by. Guarded by
// perf/simulate-stream.bench.ts.
//
//   first (newest) <-> ... <-> last (oldest)      next: towards the last, previous: towards the first
//   entries are objects by number; `home` says in which of the lists that share the table an object is
//
//   links  Int32 x 2     [2 * object] previous, [2 * object + 1] next: side by side, one wait for memory instead of two

const NONE = -1;
const CAPACITY_AT_FIRST = 1024;

/** The links of objects that are in one of several lists, or in none. An object is in at most one. */
export class ObjectLinks {
  links: Int32Array;
  sizes: Float64Array;
  /** Id of the list + 1; 0 = in none. */
  home: Uint8Array;
  /** A small number of the policy's own, per object. */
  mark: Uint8Array;

  /** `objects`: how many there are, where that is known; the tables grow where there are more. */
  constructor(objects: number = CAPACITY_AT_FIRST) {
    this.links = new Int32Array(2 * objects);
    this.sizes = new Float64Array(objects);
    this.home = new Uint8Array(objects);
    this.mark = new Uint8Array(objects);
  }

  /** Makes room for this object. Tables double, so the copying is spread over many requests. */
  reach(object: number): void {
    if (object < this.home.length) return;
    const length = Math.max(object + 1, 2 * this.home.length);
    this.links = grown(this.links, new Int32Array(2 * length));
    this.sizes = grown(this.sizes, new Float64Array(length));
    this.home = grown(this.home, new Uint8Array(length));
    this.mark = grown(this.mark, new Uint8Array(length));
  }
}

function grown<Table extends Int32Array | Float64Array | Uint8Array>(
  table: Table,
  larger: Table,
): Table {
  larger.set(table);
  return larger;
}

/** A list of objects by recency or age, with the sum of their sizes. Lists with the same links exclude each other. */
export class ObjectList {
  bytes = 0;
  count = 0;
  readonly #links: ObjectLinks;
  readonly #home: number;
  #first = NONE;
  #last = NONE;

  constructor(links: ObjectLinks, id: number) {
    this.#links = links;
    this.#home = id + 1;
  }

  /** The oldest; -1 where there is none. */
  get last(): number {
    return this.#last;
  }

  has(object: number): boolean {
    return this.#links.home[object] === this.#home;
  }

  /** The neighbour towards the newest; -1 behind the newest. */
  newer(object: number): number {
    return this.#links.links[2 * object] as number;
  }

  addFirst(object: number, size: number): void {
    const links = this.#links;
    links.reach(object);
    links.home[object] = this.#home;
    links.sizes[object] = size;
    this.#link(object);
    this.bytes += size;
    this.count++;
  }

  toFirst(object: number): void {
    if (object === this.#first) return;
    this.#unlink(object);
    this.#link(object);
  }

  /** Takes it out, and returns its size. */
  remove(object: number): number {
    const links = this.#links;
    const size = links.sizes[object] as number;
    this.#unlink(object);
    links.home[object] = 0;
    this.bytes -= size;
    this.count--;
    return size;
  }

  /** Takes the oldest out, which must be there; the object. */
  removeLast(): number {
    const object = this.#last;
    this.remove(object);
    return object;
  }

  #link(object: number): void {
    const { links } = this.#links;
    const first = this.#first;
    links[2 * object] = NONE;
    links[2 * object + 1] = first;
    if (first === NONE) this.#last = object;
    else links[2 * first] = object;
    this.#first = object;
  }

  #unlink(object: number): void {
    const { links } = this.#links;
    const before = links[2 * object] as number;
    const after = links[2 * object + 1] as number;
    if (before === NONE) this.#first = after;
    else links[2 * before + 1] = after;
    if (after === NONE) this.#last = before;
    else links[2 * after] = before;
  }
}
