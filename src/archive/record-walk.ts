import { NewerVersion } from "./archive-errors.ts";
import type { ByteSource } from "./byte-source.ts";
import {
  decodeRecord,
  isKnownType,
  RECORD_HEADER_BYTES,
  RECORD_MARKER,
  recordBytes,
  type StoredRecord,
} from "./record.ts";

/** Read at once: few reads while walking, and little read in vain after a jump. */
const WINDOW_BYTES = 65_536;
const MARKER_LOW = RECORD_MARKER % 256;

/** What lies at an offset. `short`: a record begins, but ends behind what is visible. */
export type Found =
  | { readonly kind: "record"; readonly record: StoredRecord }
  | { readonly kind: "end" }
  | { readonly kind: "short" }
  | { readonly kind: "damaged"; readonly why: "marker" | "checksum" };

/** Reads records at offsets, through a window of bytes. Records are views on it: whoever keeps one keeps its window. */
export class RecordWalk {
  readonly #source: ByteSource;
  readonly #seed: number;
  #window: Buffer = Buffer.alloc(0);
  #from = 0;

  constructor(source: ByteSource, seed: number) {
    this.#source = source;
    this.#seed = seed;
  }

  /** NewerVersion for a sound record of a type that this version must not pass over. */
  at(offset: number): Found {
    const left = this.#source.end - offset;
    if (left <= 0) return { kind: "end" };
    if (left < RECORD_HEADER_BYTES) return { kind: "short" };
    if (!this.#load(offset, RECORD_HEADER_BYTES)) return { kind: "short" };
    const length = recordBytes(this.#window, offset - this.#from);
    if (length === undefined) return { kind: "damaged", why: "marker" };
    if (length > left || !this.#load(offset, length)) return { kind: "short" };
    const at = offset - this.#from;
    const record = decodeRecord(this.#window, { at, length, offset, seed: this.#seed });
    if (record === undefined) return { kind: "damaged", why: "checksum" };
    if (!isKnownType(record.type)) throw new NewerVersion(`record type ${record.type}`);
    return { kind: "record", record };
  }

  /** Offset of the first sound record at or behind `offset`; the visible end if there is none. */
  resync(offset: number): number {
    const { end } = this.#source;
    for (let at = offset; at < end; ) {
      this.#load(at, Math.min(RECORD_HEADER_BYTES, end - at));
      const found = this.#window.indexOf(MARKER_LOW, at - this.#from);
      if (found < 0) {
        at = Math.max(at + 1, this.#from + this.#window.length);
        continue;
      }
      at = this.#from + found;
      if (this.at(at).kind === "record") return at;
      at++;
    }
    return end;
  }

  /** Whether there is a sound record somewhere behind what lies at `offset`. */
  hasRecordBehind(offset: number): boolean {
    const { end } = this.#source;
    return offset < end && this.resync(offset + 1) < end;
  }

  #load(offset: number, length: number): boolean {
    const { end } = this.#source;
    const until = this.#from + this.#window.length;
    if (offset >= this.#from && offset + length <= until) return true;
    this.#window = this.#source.read(
      offset,
      Math.min(Math.max(length, WINDOW_BYTES), end - offset),
    );
    this.#from = offset;
    return this.#window.length >= length;
  }
}
