// Runs several times per request in the feeder. Moving the cursor and every numeric getter allocate nothing; the string
// getters do, and are for reports and plug-ins. Guarded by perf/trace-read.bench.ts.

import { objectKinds } from "../core/operation.ts";
import {
  AGENT_LENGTH_AT,
  ARRIVAL_AT,
  CLIENT_LENGTH_AT,
  DURATION_AT,
  FILE_AT,
  HEAD_BYTES,
  HOST_LENGTH_AT,
  ID_LENGTH_AT,
  KEY_AT,
  KIND_AT,
  LENGTH_AT,
  METHOD_AT,
  methods,
  NAME_END_AT,
  NONE,
  OFFSET_AT,
  RANGE_LENGTH_AT,
  REF_START_AT,
  ROW_AT,
  SIZE_AT,
  STATUS_AT,
  URI_LENGTH_AT,
} from "./layout.ts";
import type { TraceRecord } from "./record.ts";

/** Bytes that hold records, with the view that reads their numbers: made once per buffer, never per record. */
export type RecordBlock = { readonly buffer: Buffer; readonly data: DataView };

export const recordBlock = (buffer: Buffer): RecordBlock => ({
  buffer,
  data: new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength),
});

/** What a cursor over nothing stands on. */
export const emptyBlock: RecordBlock = recordBlock(Buffer.alloc(HEAD_BYTES));

const SLASH = 47;

/**
 * A cursor over records laid out as in trace/layout.ts. Positions are indexes into `buffer`; a text that the trace
 * does not have starts and ends at -1. What it shows is borrowed: it holds until the owner moves the cursor.
 */
export class RecordView {
  block: RecordBlock;
  buffer: Buffer;
  #data: DataView;
  #at = 0;

  constructor(block: RecordBlock, at = 0) {
    this.block = block;
    this.buffer = block.buffer;
    this.#data = block.data;
    this.#at = at;
  }

  moveTo(block: RecordBlock, at: number): void {
    this.block = block;
    this.buffer = block.buffer;
    this.#data = block.data;
    this.#at = at;
  }

  get at(): number {
    return this.#at;
  }
  get length(): number {
    return this.#data.getUint32(this.#at + LENGTH_AT, true);
  }
  /** Place in its file, from 1, broken records included. */
  get row(): number {
    return this.#data.getUint32(this.#at + ROW_AT, true);
  }
  /** Of a keyed record, which has no row and besides this only arrival and size: number of its key, or NO_KEY. */
  get key(): number {
    return this.#data.getInt32(this.#at + KEY_AT, true);
  }
  /** Microseconds since the Unix epoch. */
  get arrivalUs(): number {
    return this.#data.getFloat64(this.#at + ARRIVAL_AT, true);
  }
  /** Bytes; -1 where the trace has none. */
  get size(): number {
    return this.#data.getFloat64(this.#at + SIZE_AT, true);
  }
  /** Seconds. */
  get duration(): number {
    return this.#data.getFloat64(this.#at + DURATION_AT, true);
  }
  /** Byte offset in the uncompressed stream of its file. */
  get offset(): number {
    return this.#data.getFloat64(this.#at + OFFSET_AT, true);
  }
  /** Index into the stream's `files`. */
  get file(): number {
    return this.#data.getUint16(this.#at + FILE_AT, true);
  }
  /** Code of `methods` in trace/layout.ts; the same as the code of the operation in core/operation.ts. */
  get method(): number {
    return this.#data.getUint8(this.#at + METHOD_AT);
  }
  /** Code of `Kind` in core/operation.ts. */
  get kind(): number {
    return this.#data.getUint8(this.#at + KIND_AT);
  }
  /** 0 where the trace has none. */
  get status(): number {
    return this.#data.getUint16(this.#at + STATUS_AT, true);
  }

  get uriAt(): number {
    return this.#at + HEAD_BYTES;
  }
  get uriEnd(): number {
    return this.uriAt + this.#u16(URI_LENGTH_AT);
  }
  /** Behind `v2/` or `/v2/`. */
  get nameAt(): number {
    if (this.#u16(NAME_END_AT) === 0) return -1;
    return this.uriAt + (this.buffer[this.uriAt] === SLASH ? 4 : 3);
  }
  get nameEnd(): number {
    const end = this.#u16(NAME_END_AT);
    return end === 0 ? -1 : this.uriAt + end;
  }
  get refAt(): number {
    const start = this.#u16(REF_START_AT);
    return start === NONE ? -1 : this.uriAt + start;
  }
  get refEnd(): number {
    return this.#u16(REF_START_AT) === NONE ? -1 : this.uriEnd;
  }
  get clientAt(): number {
    return this.#u16(CLIENT_LENGTH_AT) === NONE ? -1 : this.uriEnd;
  }
  get clientEnd(): number {
    return this.#u16(CLIENT_LENGTH_AT) === NONE ? -1 : this.#behind(CLIENT_LENGTH_AT);
  }
  get hostAt(): number {
    return this.#u16(HOST_LENGTH_AT) === NONE ? -1 : this.#behind(CLIENT_LENGTH_AT);
  }
  get hostEnd(): number {
    return this.#u16(HOST_LENGTH_AT) === NONE ? -1 : this.#behind(HOST_LENGTH_AT);
  }
  get idAt(): number {
    return this.#u16(ID_LENGTH_AT) === NONE ? -1 : this.#behind(HOST_LENGTH_AT);
  }
  get idEnd(): number {
    return this.#u16(ID_LENGTH_AT) === NONE ? -1 : this.#behind(ID_LENGTH_AT);
  }
  get agentAt(): number {
    return this.#u16(AGENT_LENGTH_AT) === NONE ? -1 : this.#behind(ID_LENGTH_AT);
  }
  get agentEnd(): number {
    return this.#u16(AGENT_LENGTH_AT) === NONE ? -1 : this.#behind(AGENT_LENGTH_AT);
  }

  /** Bytes of the range, as in the Range header; 0 where the whole object was asked for. */
  get rangeBytes(): number {
    return this.#u16(RANGE_LENGTH_AT);
  }
  get rangeAt(): number {
    return this.#behind(AGENT_LENGTH_AT);
  }
  get range(): string {
    return this.buffer.toString("latin1", this.rangeAt, this.rangeAt + this.rangeBytes);
  }

  get uri(): string {
    return this.buffer.toString("utf8", this.uriAt, this.uriEnd);
  }
  get name(): string | null {
    return this.#text(this.nameAt, this.nameEnd);
  }
  get ref(): string | null {
    return this.#text(this.refAt, this.refEnd);
  }
  get client(): string | null {
    return this.#text(this.clientAt, this.clientEnd);
  }
  get host(): string | null {
    return this.#text(this.hostAt, this.hostEnd);
  }
  get id(): string | null {
    return this.#text(this.idAt, this.idEnd);
  }
  get userAgent(): string | null {
    return this.#text(this.agentAt, this.agentEnd);
  }
  get methodName(): string {
    return methods[this.method] ?? "";
  }
  get kindName(): TraceRecord["kind"] {
    return objectKinds[this.kind] ?? "other";
  }

  #u16(field: number): number {
    return this.#data.getUint16(this.#at + field, true);
  }

  /** Where the text whose length stands at `field` ends: the lengths before it stand side by side in the head. */
  #behind(field: number): number {
    let at = this.uriEnd;
    for (let one = CLIENT_LENGTH_AT; one <= field; one += 2) {
      const bytes = this.#u16(one);
      if (bytes !== NONE) at += bytes;
    }
    return at;
  }

  #text(from: number, to: number): string | null {
    return from === -1 ? null : this.buffer.toString("utf8", from, to);
  }
}

/** What a record cannot know about itself: its place after merge and filters, seconds since the first, file names. */
type Placement = {
  readonly seq: number;
  readonly delay: number;
  readonly files: readonly string[];
};

/** The record as an object of its own, for everything that is not the replay. */
export function toTraceRecord(view: RecordView, { seq, delay, files }: Placement): TraceRecord {
  return {
    seq,
    delay,
    arrival: view.arrivalUs / 1e6,
    uri: view.uri,
    kind: view.kindName,
    name: view.name,
    ref: view.ref,
    method: view.methodName,
    size: view.size === -1 ? 0 : view.size,
    duration: view.duration,
    client: view.client,
    host: view.host,
    id: view.id,
    userAgent: view.userAgent,
    status: view.status === 0 ? null : view.status,
    origin: { file: files[view.file] ?? "", row: view.row, offset: view.offset },
  };
}
