// The event block of batches and images: varint n, then n events, each
//
//      varint id | u8 kind | varint length | body
//
//   kind 0 removed, 1 null: empty     2: value bytes     3: varint header length, headers, value     4 exchange, 5 json: text

import { ArchiveDamage } from "./archive-errors.ts";
import { ByteCursor } from "./byte-cursor.ts";
import type { ByteWriter } from "./byte-writer.ts";
import { type ArchiveEvent, payloadBytes } from "./event.ts";

const kinds = ["removed", "null", "value", "message", "exchange", "json"] as const;
const codeOf = { removed: 0, null: 1, value: 2, message: 3, exchange: 4, json: 5 } as const;
/** Id, kind and lengths of one event take no more than this. */
const EVENT_OVERHEAD_BYTES = 24;

/** An upper bound of what these events take in a block. */
export function blockBytesMax(events: readonly ArchiveEvent[]): number {
  let total = EVENT_OVERHEAD_BYTES;
  for (const event of events) total += EVENT_OVERHEAD_BYTES + payloadBytes(event);
  return total;
}

export function encodeEvent(out: ByteWriter, id: number, event: ArchiveEvent): void {
  out.varint(id);
  out.u8(codeOf[event.kind]);
  switch (event.kind) {
    case "removed":
    case "null":
      out.varint(0);
      break;
    case "value":
      out.varint(event.value.length);
      out.bytes(event.value);
      break;
    case "message":
      encodeMessage(out, event);
      break;
    case "exchange":
    case "json":
      out.varint(event.json.length);
      out.bytes(event.json);
      break;
    default:
      event satisfies never;
  }
}

function encodeMessage(out: ByteWriter, event: ArchiveEvent & { kind: "message" }): void {
  const { headers, value } = event;
  out.varint(varintBytes(headers.length) + headers.length + value.length);
  out.varint(headers.length);
  out.bytes(headers);
  out.bytes(value);
}

function varintBytes(value: number): number {
  let count = 1;
  for (let rest = value; rest > 127; rest = Math.floor(rest / 128)) count++;
  return count;
}

/** Walks over the events of a block without making objects of them: `next`, then read the fields. */
export class EventWalk {
  readonly count: number;
  id = 0;
  kind = 0;
  /** Where the event begins in the block; its body; where it ends. */
  from = 0;
  bodyFrom = 0;
  end = 0;
  readonly #cursor: ByteCursor;
  #passed = 0;

  constructor(block: Buffer) {
    this.#cursor = new ByteCursor(block);
    this.count = this.#cursor.varint();
    this.end = this.#cursor.at;
  }

  /** False behind the last event. ArchiveDamage if the block is none. */
  next(): boolean {
    const cursor = this.#cursor;
    if (this.#passed === this.count) {
      if (!cursor.isDone) throw new ArchiveDamage("bytes behind the last event of a block");
      return false;
    }
    this.#passed++;
    this.from = cursor.at;
    this.id = cursor.varint();
    this.kind = cursor.u8();
    const length = cursor.varint();
    this.bodyFrom = cursor.at;
    cursor.take(length);
    this.end = cursor.at;
    return true;
  }

  /** The whole event as it lies in the block: a view. */
  get raw(): Buffer {
    return this.#cursor.bytes.subarray(this.from, this.end);
  }

  get body(): Buffer {
    return this.#cursor.bytes.subarray(this.bodyFrom, this.end);
  }

  /** The event with its values as views on the block. */
  event(path: string): ArchiveEvent {
    return decodeEvent(this.kind, path, this.body);
  }
}

function decodeEvent(code: number, path: string, body: Buffer): ArchiveEvent {
  const kind = kinds[code];
  switch (kind) {
    case "removed":
    case "null":
      return { kind, path };
    case "value":
      return { kind, path, value: body };
    case "message": {
      const cursor = new ByteCursor(body);
      const headers = cursor.take(cursor.varint());
      return { kind, path, headers, value: body.subarray(cursor.at) };
    }
    case "exchange":
    case "json":
      return { kind, path, json: body };
    case undefined:
      throw new ArchiveDamage(`an event of kind ${code}`);
    default:
      return kind satisfies never;
  }
}

const endMark = Buffer.from('"end":');
const DIGIT_0 = 48;

/**
 * How long the exchange took, microseconds, without parsing it: the writer keeps the longest. `"end":` can stand in no text
 * of an exchange, since quotes in texts are escaped. 0 if it is not there.
 */
export function exchangeLength(json: Buffer): number {
  const found = json.indexOf(endMark);
  if (found < 0) return 0;
  let value = 0;
  for (let at = found + endMark.length; at < json.length; at++) {
    const digit = (json[at] as number) - DIGIT_0;
    if (digit < 0 || digit > 9) break;
    value = value * 10 + digit;
  }
  return Number.isSafeInteger(value) ? value : 0;
}

export const EVENT_KIND_EXCHANGE = codeOf.exchange;
