// Judges every record that a reader found and lays out those that are kept: budget 1 µs a record, together with the
// scanner; allocates nothing for a record that is sound. Guarded by perf/trace-read.bench.ts.

import type { TraceFormat } from "./account.ts";
import { FOLDED_METHOD, type IncludeFilter, methodCode, needsSize } from "./include-filter.ts";
import { copyEscapedText } from "./json-text.ts";
import type { KeyNumbers } from "./key-numbers.ts";
import type { LaterFilters } from "./later-filters.ts";
import { NO_KEY, recordBytes, TEXT_BYTES_MAX } from "./layout.ts";
import type { Ledger } from "./ledger.ts";
import {
  Field,
  type Place,
  type RawRecord,
  type RecordSink,
  Shape,
  shapeBits,
} from "./raw-record.ts";
import {
  DURATION_MAX,
  hasGoodRange,
  hasGoodTexts,
  numberOf,
  optionalFields,
  reject,
  requiredFields,
  STATUS_MAX,
  textFields,
} from "./record-soundness.ts";
import { emptyBlock, RecordView, recordBlock } from "./record-view.ts";
import {
  putKeyed,
  putNumbers,
  putRange,
  putReference,
  putTexts,
  putUri,
  RecordNumbers,
} from "./record-writer.ts";
import type { SortedRuns } from "./sorted-runs.ts";
import { TimestampReader } from "./timestamp.ts";
import { UriParts } from "./uri-parts.ts";

type Options = {
  readonly ledger: Ledger;
  readonly runs: SortedRuns;
  readonly include: IncludeFilter;
  readonly later: LaterFilters;
  readonly arrival: "timestamp" | "start";
  /** Fields that a kept record does without. */
  readonly dropped: readonly number[];
  /** Kept records become keyed ones. `sparse`: those that are not asked about are only counted. */
  readonly keyed: { readonly numbers: KeyNumbers; readonly sparse: boolean } | undefined;
};

const bitsOf = (fields: readonly number[], shape: number): number =>
  fields.reduce((bits, field) => bits | shapeBits(field, shape), 0);
/** Set in a record that has a required text, and in one that has something else where a text should be. */
const requiredTexts = bitsOf(requiredFields, Shape.text);
const noTexts = bitsOf(textFields, Shape.number);
/** None of what may be missing is missing: `null` and absence have no bits. */
const optionalBits = optionalFields.map((field) => shapeBits(field, 7));
export class Intake implements RecordSink {
  readonly #options: Options;
  /** Shapes of the fields that a kept record has. */
  readonly #keptBits: number;
  /** Records of a plain uri list have neither time nor size. */
  #bare = false;
  readonly #numbers = new RecordNumbers();
  readonly #uri = new UriParts();
  readonly #times = new TimestampReader();
  readonly #view = new RecordView(emptyBlock);
  /** Decoded text of the rare uri, method or time that was written with escapes. */
  readonly #decoded = recordBlock(Buffer.alloc(TEXT_BYTES_MAX));

  constructor(options: Options) {
    this.#options = options;
    this.#keptBits = ~bitsOf(options.dropped, 7);
  }

  /** The following records come from the file of this index. */
  startFile(index: number, format: TraceFormat): void {
    this.#numbers.file = index;
    this.#bare = format === "uri-list";
  }

  broken(reason: string, place: Place, message: string): void {
    this.#options.ledger.broken(reason, place, message);
  }

  take(raw: RawRecord): void {
    const { ledger, include } = this.#options;
    if (!looksSound(raw) && !hasGoodTexts(ledger, raw)) return;
    const numbers = this.#numbers;
    this.#readUri(raw);
    if (!this.#readNumbers(raw)) return;
    if (!hasGoodRange(ledger, raw)) return;
    ledger.account.read++;
    if (!this.#bare) this.#countDefaults(raw);
    if (numbers.method === FOLDED_METHOD) {
      ledger.account.folded++;
      return;
    }
    const excluded = include.reason(numbers.method, numbers.kind, this.#bare ? 1 : numbers.size);
    if (excluded !== null) {
      ledger.filtered(excluded);
      return;
    }
    if (numbers.size < 0) numbers.size = -1;
    raw.shapes &= this.#keptBits;
    this.#keep(raw);
  }

  /** Lays the record out, if the filters that look at its texts let it pass. */
  #keep(raw: RawRecord): void {
    const { ledger, runs, later, keyed } = this.#options;
    const numbers = this.#numbers;
    const at = runs.room(recordBytes(raw.bytes));
    const { block } = runs.buffer;
    const textEnd = putTexts(block, at, raw, putUri(block, at, raw));
    const end = raw.rangeFrom < 0 ? textEnd : putRange(block, textEnd, raw);
    numbers.rangeBytes = end - textEnd;
    this.#view.moveTo(block, at);
    const left = later.reason(numbers.arrivalUs, this.#view);
    if (left !== null) {
      ledger.filtered(left);
      return;
    }
    ledger.account.kept++;
    if (keyed !== undefined) this.#keepKey(keyed, at);
    else runs.buffer.append(putNumbers(block, at, raw, { numbers, end }), numbers.arrivalUs);
  }

  #keepKey({ numbers: keys, sparse }: NonNullable<Options["keyed"]>, at: number): void {
    const { buffer } = this.#options.runs;
    const numbers = this.#numbers;
    const wanted = keys.wants(numbers.method, numbers.kind);
    if (!wanted && sparse) {
      keys.leftOut++;
      return;
    }
    putReference(buffer.block, at, numbers.refStart);
    const key = wanted ? keys.add(this.#view) : NO_KEY;
    buffer.append(putKeyed(buffer.block, at, { numbers, key }), numbers.arrivalUs);
  }

  #readUri(raw: RawRecord): void {
    const field = Field.uri;
    if (raw.shapeOf(field) === Shape.escapedText)
      this.#uri.read(this.#decoded.buffer, 0, this.#decode(raw, field));
    else this.#uri.read(raw.buffer, raw.from[field] as number, raw.to[field] as number);
    this.#numbers.kind = this.#uri.kind;
    this.#numbers.nameEnd = this.#uri.nameEnd;
    this.#numbers.refStart = this.#uri.refStart;
  }

  /** Reads everything that is no plain text; the kind of the uri is known. */
  #readNumbers(raw: RawRecord): boolean {
    const { ledger } = this.#options;
    const numbers = this.#numbers;
    numbers.method = this.#method(raw);
    numbers.duration = numberOf(raw, Field.duration, 0);
    if (!(numbers.duration <= DURATION_MAX)) return reject(ledger, raw, "type", Field.duration);
    if (numbers.duration < 0) return reject(ledger, raw, "negative_duration", Field.duration);
    numbers.status = numberOf(raw, Field.status, 0);
    const isStatus = Number.isInteger(numbers.status) && numbers.status >= 0;
    if (!isStatus || numbers.status > STATUS_MAX) return reject(ledger, raw, "type", Field.status);
    numbers.size = numberOf(raw, Field.written, -1);
    if (!Number.isSafeInteger(numbers.size)) return reject(ledger, raw, "type", Field.written);
    const sizeless = raw.shapeOf(Field.written) === Shape.absent && !this.#bare;
    if (sizeless && needsSize(numbers.method, numbers.kind)) {
      return reject(ledger, raw, "missing", Field.written);
    }
    const time = this.#time(raw);
    if (Number.isNaN(time)) return reject(ledger, raw, "timestamp", Field.timestamp);
    const shift = this.#options.arrival === "start" ? Math.round(numbers.duration * 1e6) : 0;
    numbers.arrivalUs = time - shift;
    return true;
  }

  #method(raw: RawRecord): number {
    const field = Field.method;
    if (raw.shapeOf(field) === Shape.escapedText) {
      return methodCode(this.#decoded.buffer, 0, this.#decode(raw, field));
    }
    return methodCode(raw.buffer, raw.from[field] as number, raw.to[field] as number);
  }

  #time(raw: RawRecord): number {
    const field = Field.timestamp;
    if (raw.shapeOf(field) === Shape.escapedText) {
      return this.#times.read(this.#decoded.buffer, 0, this.#decode(raw, field));
    }
    return this.#times.read(raw.buffer, raw.from[field] as number, raw.to[field] as number);
  }

  #decode(raw: RawRecord, field: number): number {
    const from = raw.from[field] as number;
    return copyEscapedText(this.#decoded, 0, raw.block, from, raw.to[field] as number);
  }

  #countDefaults(raw: RawRecord): void {
    for (let i = 0; i < optionalBits.length; i++) {
      if ((raw.shapes & (optionalBits[i] as number)) === 0)
        this.#options.ledger.defaulted(optionalFields[i] as number);
    }
  }
}

/** Whether the required texts are there, no field for a text holds anything else, and none can be too long. */
const looksSound = ({ shapes, bytes }: RawRecord): boolean =>
  (shapes & requiredTexts) === requiredTexts && (shapes & noTexts) === 0 && bytes <= TEXT_BYTES_MAX;
