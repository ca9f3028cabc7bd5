// `settle` looks at each request once, whatever the number of caches; allocates nothing. Guarded by
// perf/simulate-stream.bench.ts.
import type { RequestBatch } from "../simulation.ts";

/** Without sizes, as in a list of URIs, capacities are numbers of objects. */
const UNKNOWN_BYTES = 1;
const NOT_SEEN = -1;

/** The sizes of objects, as their first requests name them. */
export class ObjectSizes {
  /** Objects that were asked for. */
  count = 0;
  /** Bytes of all of them together. */
  bytes = 0;
  /** Requests whose size differs from that of the object's first request, which is the one that `bytes` counts. */
  sizeChanges = 0;
  /** Requests for which the trace has no size. */
  withoutSize = 0;
  /** Whether all objects have one size. */
  equalSizes = true;
  #firstSize = NOT_SEEN;
  readonly #sizes: Float64Array;

  /** `objects`: how many different ones may be asked for. */
  constructor(objects: number) {
    this.#sizes = new Float64Array(objects).fill(NOT_SEEN);
  }

  /** Of an object that was asked for. */
  sizeOf(object: number): number {
    return this.#sizes[object] as number;
  }

  /** Counts, and puts sizes where the trace has none: what is known of the object, or 1 byte. */
  settle({ objects, sizes, count }: RequestBatch): void {
    for (let at = 0; at < count; at++) {
      const object = objects[at] as number;
      const size = sizes[at] as number;
      const known = this.#sizes[object] as number;
      if (known === size && size >= 0) continue;
      if (size < 0) this.withoutSize++;
      if (known === NOT_SEEN) this.#keep(object, size < 0 ? UNKNOWN_BYTES : size);
      else if (size >= 0) this.sizeChanges++;
      if (size < 0) sizes[at] = this.#sizes[object] as number;
    }
  }

  #keep(object: number, size: number): void {
    this.#sizes[object] = size;
    this.count++;
    this.bytes += size;
    if (this.#firstSize === NOT_SEEN) this.#firstSize = size;
    else if (size !== this.#firstSize) this.equalSizes = false;
  }
}
