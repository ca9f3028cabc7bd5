// The part of a results row that is known before the request: uri, method, kind, op and client, as JSON text. Runs once per
// request in the feeder; the buffer is reused.
import { objectKinds, operations } from "../../core/operation.ts";
import { copyText } from "../../trace/json-text.ts";
import { type RecordBlock, type RecordView, recordBlock } from "../../trace/record-view.ts";
import { copyJsonText, jsonTextBytesMax } from "./json-text.ts";
import { blockOf } from "./span.ts";

const URI = blockOf('"uri":');
const CLIENT = blockOf(',"client":');
const NULL = blockOf("null");

/** `,"method":…,"kind":…,"op":…` for every combination, by method code, kind code and operation code. */
const MIDDLES: readonly RecordBlock[] = ["GET", "PUT", "HEAD"].flatMap((method) =>
  objectKinds.flatMap((kind) =>
    operations.map((op) => blockOf(`,"method":"${method}","kind":"${kind}","op":"${op}"`)),
  ),
);

const middleOf = (method: number, kind: number, op: number): RecordBlock =>
  MIDDLES[(method * objectKinds.length + kind) * operations.length + op] as RecordBlock;

const FIXED_BYTES_MAX = 128;

/** Reused by one feeder: `bytes[0..length)` is the fragment written last. */
export class RowFragment {
  #block: RecordBlock = recordBlock(Buffer.alloc(1024));
  length = 0;

  get bytes(): Buffer {
    return this.#block.buffer;
  }

  write(record: RecordView, op: number): void {
    const { block, uriAt, uriEnd, clientAt, clientEnd } = record;
    this.#reserve(jsonTextBytesMax(uriEnd - uriAt) + jsonTextBytesMax(clientEnd - clientAt));
    const into = this.#block;
    let at = put(into, 0, URI);
    at = copyJsonText(into, at, block, uriAt, uriEnd);
    at = put(into, at, middleOf(record.method, record.kind, op));
    at = put(into, at, CLIENT);
    this.length =
      clientAt < 0 ? put(into, at, NULL) : copyJsonText(into, at, block, clientAt, clientEnd);
  }

  #reserve(textBytes: number): void {
    const need = textBytes + FIXED_BYTES_MAX;
    if (need > this.bytes.length) this.#block = recordBlock(Buffer.alloc(need));
  }
}

const put = (into: RecordBlock, at: number, piece: RecordBlock): number =>
  copyText(into, at, piece, 0, piece.buffer.length);
