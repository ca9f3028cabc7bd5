// Copies every record of a run once, some 30 ns. Guarded by perf/trace-read.bench.ts.
import type { KeyBatch } from "../../trace/byte-map.ts";
import { copyText } from "../../trace/json-text.ts";
import { type RecordBlock, RecordView, recordBlock } from "../../trace/record-view.ts";
import type { TraceStream } from "../../trace/trace-stream.ts";

/** Enough for waits for memory to overlap, few enough for all of it to stay in the first caches. */
export const RECORDS_MAX = 32;
const BYTES_AT_FIRST = 16 << 10;

/** The next records of a stream, copied: so that something can be done for all of them before each gets its turn. */
export class RecordBatch implements KeyBatch {
  readonly view: RecordView;
  count = 0;
  /** Where the uris of the records stand in `block`. */
  readonly from = new Int32Array(RECORDS_MAX);
  readonly to = new Int32Array(RECORDS_MAX);
  readonly #stream: TraceStream;
  readonly #starts = new Int32Array(RECORDS_MAX);
  readonly #delays = new Float64Array(RECORDS_MAX);
  block: RecordBlock = recordBlock(Buffer.allocUnsafeSlow(BYTES_AT_FIRST));
  #firstSeq = 0;
  #shown = 0;

  constructor(stream: TraceStream) {
    this.#stream = stream;
    this.view = new RecordView(this.block);
  }

  /** Place of the current record in the batch. */
  get shown(): number {
    return this.#shown;
  }
  /** Place of the current record in the trace, from 0. */
  get seq(): number {
    return this.#firstSeq + this.#shown;
  }
  /** Microseconds between the first kept arrival and that of the current record. */
  get delayUs(): number {
    return this.#delays[this.#shown] as number;
  }

  /** Takes the next records instead of the present ones. False at the end of the stream. */
  refill(): boolean {
    const stream = this.#stream;
    this.count = 0;
    let filled = 0;
    while (this.count < RECORDS_MAX && filled < BYTES_AT_FIRST && stream.next()) {
      if (this.count === 0) this.#firstSeq = stream.seq;
      filled = this.#take(stream, filled);
    }
    return this.count > 0;
  }

  /** Makes the record of this place in the batch the current one. */
  show(place: number): void {
    this.#shown = place;
    this.view.moveTo(this.block, this.#starts[place] as number);
  }

  #take({ view, delayUs }: TraceStream, at: number): number {
    const { length } = view;
    if (at + length > this.block.buffer.length) this.#grow(at + length);
    const end = copyText(this.block, at, view.block, view.at, view.at + length);
    const place = this.count++;
    this.#starts[place] = at;
    this.#delays[place] = delayUs;
    this.from[place] = view.uriAt - view.at + at;
    this.to[place] = view.uriEnd - view.at + at;
    return end;
  }

  #grow(bytes: number): void {
    const larger = recordBlock(Buffer.allocUnsafeSlow(2 * bytes));
    this.block.buffer.copy(larger.buffer);
    this.block = larger;
  }
}
