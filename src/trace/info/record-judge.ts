// Takes apart every record that a reader found: budget 1 µs, allocates nothing for a sound one. The judgement is that of
// the replay (trace/intake.ts), but POST, PATCH and other methods are read to the end as well.
// Guarded by perf/trace-info.bench.ts.
import { Kind } from "../../core/operation.ts";
import { methodCode, needsSize } from "../include-filter.ts";
import { copyEscapedText } from "../json-text.ts";
import { NONE, TEXT_BYTES_MAX } from "../layout.ts";
import type { Ledger } from "../ledger.ts";
import { Field, type RawRecord, Shape } from "../raw-record.ts";
import {
  DURATION_MAX,
  hasGoodRange,
  hasGoodTexts,
  numberOf,
  optionalFields,
  reject,
  STATUS_MAX,
} from "../record-soundness.ts";
import { type RecordBlock, recordBlock } from "../record-view.ts";
import { TimestampReader } from "../timestamp.ts";
import { UriParts } from "../uri-parts.ts";

/** Methods told apart; the index is the code. Whatever else there is counts as the last. */
export const methodNames = ["GET", "PUT", "HEAD", "POST", "PATCH", "DELETE", "other"] as const;
export const Method = { get: 0, put: 1, head: 2, post: 3, patch: 4, delete: 5, other: 6 } as const;

const POST_BYTES = 4;
const DELETE_BYTES = 6;
const LETTER_D = 68;
const LOWER_CASE = 0xdf;

/** Bytes of a text of the record, its escapes decoded: borrowed until the next record. `from` is -1 if it is absent. */
export class TextSpan {
  readonly #decoded: RecordBlock = recordBlock(Buffer.alloc(TEXT_BYTES_MAX));
  buffer: Buffer = this.#decoded.buffer;
  from = -1;
  to = -1;

  read(raw: RawRecord, field: number): void {
    const shape = raw.shapeOf(field);
    this.from = shape === Shape.absent ? -1 : (raw.from[field] as number);
    this.to = raw.to[field] as number;
    this.buffer = raw.buffer;
    if (shape !== Shape.escapedText) return;
    this.to = copyEscapedText(this.#decoded, 0, raw.block, this.from, this.to);
    this.from = 0;
    this.buffer = this.#decoded.buffer;
  }
}

/** What the record at hand says. One per reading, overwritten by the next record. */
export class RecordJudge {
  readonly #ledger: Ledger;
  readonly #parts = new UriParts();
  readonly #times = new TimestampReader();
  readonly #text = new TextSpan();
  readonly uri = new TextSpan();
  /** Code of `methodNames`. */
  method = 0;
  /** Code of `Kind` in core/operation.ts. */
  kind: number = Kind.other;
  /** 0 where there is none. */
  status = 0;
  /** Bytes; -1 where there is none. */
  size = -1;
  durationUs = 0;
  /** The traced `timestamp`: microseconds since the Unix epoch. */
  timeUs = 0;
  /** Positions in `uri.buffer`; -1 = none. */
  nameFrom = -1;
  nameTo = -1;
  refFrom = -1;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  /** Reads a record; false if it is broken, which then is counted. A `bare` one, of a list of URIs, has no more than that. */
  read(raw: RawRecord, bare: boolean): boolean {
    if (!hasGoodTexts(this.#ledger, raw)) return false;
    this.#readUri(raw);
    this.#text.read(raw, Field.method);
    this.method = methodOf(this.#text);
    if (!this.#readNumbers(raw, bare) || !hasGoodRange(this.#ledger, raw)) return false;
    this.#ledger.account.read++;
    if (!bare) this.#countDefaults(raw);
    return true;
  }

  #readUri(raw: RawRecord): void {
    const { uri } = this;
    uri.read(raw, Field.uri);
    const parts = this.#parts;
    parts.read(uri.buffer, uri.from, uri.to);
    this.kind = parts.kind;
    const leading = uri.buffer[uri.from] === 47 ? 4 : 3;
    this.nameFrom = parts.nameEnd === 0 ? -1 : uri.from + leading;
    this.nameTo = uri.from + parts.nameEnd;
    this.refFrom = parts.refStart === NONE ? -1 : uri.from + parts.refStart;
  }

  #readNumbers(raw: RawRecord, bare: boolean): boolean {
    const ledger = this.#ledger;
    const duration = numberOf(raw, Field.duration, 0);
    if (!(duration <= DURATION_MAX)) return reject(ledger, raw, "type", Field.duration);
    if (duration < 0) return reject(ledger, raw, "negative_duration", Field.duration);
    this.durationUs = Math.round(duration * 1e6);
    this.status = numberOf(raw, Field.status, 0);
    const isStatus = Number.isInteger(this.status) && this.status >= 0;
    if (!isStatus || this.status > STATUS_MAX) return reject(ledger, raw, "type", Field.status);
    this.size = numberOf(raw, Field.written, -1);
    if (!Number.isSafeInteger(this.size)) return reject(ledger, raw, "type", Field.written);
    const sizeless = raw.shapeOf(Field.written) === Shape.absent && !bare;
    if (sizeless && needsSize(replayedMethod(this.method), this.kind)) {
      return reject(ledger, raw, "missing", Field.written);
    }
    if (this.size < 0) this.size = -1;
    this.#text.read(raw, Field.timestamp);
    this.timeUs = this.#times.read(this.#text.buffer, this.#text.from, this.#text.to);
    return Number.isNaN(this.timeUs) ? reject(ledger, raw, "timestamp", Field.timestamp) : true;
  }

  #countDefaults(raw: RawRecord): void {
    for (const field of optionalFields) {
      if (raw.shapeOf(field) === Shape.absent) this.#ledger.defaulted(field);
    }
  }
}

/** The code by which the replay's filters know the method. */
export const replayedMethod = (method: number): number => {
  if (method <= Method.head) return method;
  return method <= Method.patch ? 3 : 4;
};

function methodOf({ buffer, from, to }: TextSpan): number {
  const code = methodCode(buffer, from, to);
  if (code <= Method.head) return code;
  if (code === 3) return to - from === POST_BYTES ? Method.post : Method.patch;
  const isDelete =
    to - from === DELETE_BYTES && ((buffer[from] as number) & LOWER_CASE) === LETTER_D;
  return isDelete && buffer.toString("latin1", from, to).toUpperCase() === "DELETE"
    ? Method.delete
    : Method.other;
}
