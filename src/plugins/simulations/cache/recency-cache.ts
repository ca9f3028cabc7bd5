// Runs per request and cache: budget 70 ns, most of it waits for memory; allocates nothing. Guarded by
// perf/simulate-stream.bench.ts and perf/simulate-peers.bench.ts.
//
//   links   Int32 x 2 (objects + 1)   [place] the newer neighbour, OUT = not in the cache; [place + 1] the older one
//   sizes   Float64 x objects         of those that are in the cache
//
//   end <-> newest <-> ... <-> oldest <-> end     a ring: the end is an entry that is no object, so that nothing asks
//                                                 whether there is a neighbour. The place of an object is 2 * object.
import type { CachePolicy } from "./cache-policy.ts";

const OUT = -1;

/** LRU: the object that was asked for least recently goes. FIFO: the one that came first, whatever was asked for since. */
export class RecencyCache implements CachePolicy {
  evictions = 0;
  readonly #capacity: number;
  readonly #refreshes: boolean;
  readonly #links: Int32Array;
  readonly #sizes: Float64Array;
  readonly #end: number;
  #bytes = 0;

  /** `objects`: how many different ones may be asked for. */
  constructor(
    policy: "lru" | "fifo",
    { capacity, objects }: { capacity: number; objects: number },
  ) {
    this.#capacity = capacity;
    this.#refreshes = policy === "lru";
    this.#end = 2 * objects;
    this.#links = new Int32Array(this.#end + 2).fill(OUT);
    this.#links[this.#end] = this.#end;
    this.#links[this.#end + 1] = this.#end;
    this.#sizes = new Float64Array(objects);
  }

  request(object: number, size: number): boolean {
    const links = this.#links;
    const place = 2 * object;
    const newer = links[place] as number;
    if (newer !== OUT) {
      if (this.#refreshes && newer !== this.#end) {
        const older = links[place + 1] as number;
        links[newer + 1] = older;
        links[older] = newer;
        this.#link(place);
      }
      return true;
    }
    if (size > this.#capacity) return false;
    while (this.#bytes + size > this.#capacity) this.#evict();
    this.#sizes[object] = size;
    this.#bytes += size;
    this.#link(place);
    return false;
  }

  #link(place: number): void {
    const links = this.#links;
    const end = this.#end;
    const newest = links[end + 1] as number;
    links[place] = end;
    links[place + 1] = newest;
    links[newest] = place;
    links[end + 1] = place;
  }

  #evict(): void {
    const links = this.#links;
    const end = this.#end;
    const oldest = links[end] as number;
    const newer = links[oldest] as number;
    links[end] = newer;
    links[newer + 1] = end;
    links[oldest] = OUT;
    this.#bytes -= this.#sizes[oldest >> 1] as number;
    this.evictions++;
  }
}
