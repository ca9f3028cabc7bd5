// Runs per request; allocates nothing but what the tables grow by. Guarded by perf/simulate-stream.bench.ts.
import { ByteMap } from "../../../trace/byte-map.ts";
import type { RecordView } from "../../../trace/record-view.ts";
import type { CacheArguments } from "./cache-arguments.ts";

const CAPACITY_AT_FIRST = 1024;
const SEPARATOR = 0;
/** Without sizes, as in a list of URIs, capacities are numbers of objects. */
const UNKNOWN_BYTES = 1;

/** Objects as numbers in order of first appearance, and their sizes. */
export class ObjectNumbers {
  /** Bytes of all objects together. */
  bytes = 0;
  /** Requests whose size differs from that of the object's first request, which is the one that `bytes` counts. */
  sizeChanges = 0;
  /** Requests for which the trace has no size. */
  withoutSize = 0;
  /** Whether all objects have one size. */
  equalSizes = true;
  readonly #key: CacheArguments["key"];
  readonly #keys = new ByteMap();
  #sizes = new Float64Array(CAPACITY_AT_FIRST);
  #joined = Buffer.allocUnsafeSlow(CAPACITY_AT_FIRST);

  constructor(key: CacheArguments["key"]) {
    this.#key = key;
  }

  get count(): number {
    return this.#keys.size;
  }

  sizeOf(object: number): number {
    return this.#sizes[object] as number;
  }

  /** Number of the object that this record asks for. */
  add(view: RecordView): number {
    const known = this.#keys.size;
    const object = this.#number(view);
    const { size } = view;
    if (size < 0) this.withoutSize++;
    if (object === known) this.#keep(object, size < 0 ? UNKNOWN_BYTES : size);
    else if (size >= 0 && this.#sizes[object] !== size) this.sizeChanges++;
    return object;
  }

  #number(view: RecordView): number {
    const { buffer } = view;
    if (this.#key === "uri" || view.refAt === -1)
      return this.#keys.add(buffer, view.uriAt, view.uriEnd);
    if (this.#key === "digest") return this.#keys.add(buffer, view.refAt, view.refEnd);
    return this.#joinedNumber(view);
  }

  #joinedNumber({ buffer, clientAt, clientEnd, refAt, refEnd }: RecordView): number {
    const client = clientAt === -1 ? 0 : clientEnd - clientAt;
    const length = client + 1 + refEnd - refAt;
    if (length > this.#joined.length) this.#joined = Buffer.allocUnsafeSlow(2 * length);
    if (client > 0) buffer.copy(this.#joined, 0, clientAt, clientEnd);
    this.#joined[client] = SEPARATOR;
    buffer.copy(this.#joined, client + 1, refAt, refEnd);
    return this.#keys.add(this.#joined, 0, length);
  }

  #keep(object: number, size: number): void {
    if (object === this.#sizes.length) {
      const larger = new Float64Array(2 * object);
      larger.set(this.#sizes);
      this.#sizes = larger;
    }
    this.#sizes[object] = size;
    this.bytes += size;
    if (size !== this.#sizes[0]) this.equalSizes = false;
  }
}
