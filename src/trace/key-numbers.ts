// `add` runs once per kept record that is asked about; it allocates nothing but what the tables grow by. Guarded by
// perf/simulate-stream.bench.ts.

import { Kind } from "../core/operation.ts";
import { ByteMap } from "./byte-map.ts";
import { methods } from "./layout.ts";
import type { RecordView } from "./record-view.ts";

const JOINED_AT_FIRST = 1024;
const SEPARATOR = 0;
const KINDS_MAX = 8;

/** Which records are asked about, and what makes two of them ask for the same object. */
export type TraceKeys = {
  /** Last segment of the uri, the whole uri, or client and last segment. A uri without a last segment stands for itself. */
  readonly key: "digest" | "uri" | "client+digest";
  /** The PUT that ends a blob's upload is one of a blob. */
  readonly kinds: readonly ("blob" | "manifest")[];
  readonly methods: readonly (typeof methods)[number][];
};

/** Where the texts of a record stand. */
type KeyTexts = Pick<
  RecordView,
  "buffer" | "uriAt" | "uriEnd" | "refAt" | "refEnd" | "clientAt" | "clientEnd"
>;

/** Numbers what records ask for, 0, 1, 2, …, in the order of reading. */
export class KeyNumbers {
  /** Kept records that are not asked about and were not laid out either: nothing but their number is left of them. */
  leftOut = 0;
  readonly #key: TraceKeys["key"];
  /** By method * KINDS_MAX + kind. */
  readonly #pairs = new Uint8Array(methods.length * KINDS_MAX);
  readonly #keys = new ByteMap();
  #joined = Buffer.allocUnsafeSlow(JOINED_AT_FIRST);

  constructor({ key, kinds, methods: asked }: TraceKeys) {
    this.#key = key;
    const codes = [
      ...(kinds.includes("blob") ? [Kind.blob, Kind.upload] : []),
      ...(kinds.includes("manifest") ? [Kind.manifest] : []),
    ];
    for (const method of asked)
      for (const kind of codes) this.#pairs[methods.indexOf(method) * KINDS_MAX + kind] = 1;
  }

  /** All numbers are below this one. */
  get count(): number {
    return this.#keys.size;
  }

  get needsClient(): boolean {
    return this.#key === "client+digest";
  }

  /** Whether records of this method and kind, as their codes, are asked about. */
  wants(method: number, kind: number): boolean {
    return this.#pairs[method * KINDS_MAX + kind] === 1;
  }

  /** Number of what this record asks for. */
  add(texts: KeyTexts): number {
    const { buffer } = texts;
    if (this.#key === "uri" || texts.refAt === -1)
      return this.#keys.add(buffer, texts.uriAt, texts.uriEnd);
    if (this.#key === "digest") return this.#keys.add(buffer, texts.refAt, texts.refEnd);
    return this.#joinedNumber(texts);
  }

  #joinedNumber({ buffer, clientAt, clientEnd, refAt, refEnd }: KeyTexts): number {
    const client = clientAt === -1 ? 0 : clientEnd - clientAt;
    const length = client + 1 + refEnd - refAt;
    if (length > this.#joined.length) this.#joined = Buffer.allocUnsafeSlow(2 * length);
    if (client > 0) buffer.copy(this.#joined, 0, clientAt, clientEnd);
    this.#joined[client] = SEPARATOR;
    buffer.copy(this.#joined, client + 1, refAt, refEnd);
    return this.#keys.add(this.#joined, 0, length);
  }
}
