// The part of a results row that is known before the request: uri, method, kind, op and client, as JSON text. Runs once per
// request in the feeder; the buffer is reused.
import { objectKinds, operations } from "../../core/operation.ts";
import type { RecordView } from "../../trace/record-view.ts";
import { jsonTextBytesMax, writeJsonText } from "./json-text.ts";

const URI = Buffer.from('"uri":');
const CLIENT = Buffer.from(',"client":');
const NULL = Buffer.from("null");

/** `,"method":…,"kind":…,"op":…` for every combination, by method code, kind code and operation code. */
const MIDDLES: readonly Buffer[] = ["GET", "PUT", "HEAD"].flatMap((method) =>
  objectKinds.flatMap((kind) =>
    operations.map((op) => Buffer.from(`,"method":"${method}","kind":"${kind}","op":"${op}"`)),
  ),
);

const middleOf = (method: number, kind: number, op: number): Buffer =>
  MIDDLES[(method * objectKinds.length + kind) * operations.length + op] as Buffer;

const FIXED_BYTES_MAX = 128;

/** Reused by one feeder: `bytes[0..length)` is the fragment written last. */
export class RowFragment {
  bytes: Buffer = Buffer.alloc(1024);
  length = 0;

  write(record: RecordView, op: number): void {
    const { buffer, uriAt, uriEnd, clientAt, clientEnd } = record;
    this.#reserve(jsonTextBytesMax(uriEnd - uriAt) + jsonTextBytesMax(clientEnd - clientAt));
    let at = URI.copy(this.bytes, 0);
    at = writeJsonText(this.bytes, at, buffer, uriAt, uriEnd);
    at += middleOf(record.method, record.kind, op).copy(this.bytes, at);
    at += CLIENT.copy(this.bytes, at);
    this.length =
      clientAt < 0
        ? at + NULL.copy(this.bytes, at)
        : writeJsonText(this.bytes, at, buffer, clientAt, clientEnd);
  }

  #reserve(textBytes: number): void {
    const need = textBytes + FIXED_BYTES_MAX;
    if (need > this.bytes.length) this.bytes = Buffer.alloc(need);
  }
}
