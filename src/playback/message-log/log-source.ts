import { messageOf } from "../../core/errors.ts";
import type { LogCursor, LogRecord } from "./log-cursor.ts";
import { malformed } from "./log-io-error.ts";
import type { LogItem } from "./log-item.ts";
import { isPlainObject, typedMessage, unpack } from "./payload.ts";
import { isMap, isSurelySound } from "./sound-payload.ts";

/**
 * The entries of several logs as one stream: by elapsed time, equal times in the order of the logs given, then of the lines.
 * Within a log the order of its lines holds, also where its times go back.
 */
export class LogSource {
  readonly #cursors: readonly LogCursor[];
  /** Those that have something left, by what comes next in them; made when something is first asked for. */
  #order: LogCursor[] | undefined;
  readonly #rank = new Map<LogCursor, number>();

  /** `cursors`: in the order that decides between equal times. */
  constructor(cursors: readonly LogCursor[]) {
    this.#cursors = cursors;
    cursors.forEach((cursor, rank) => {
      this.#rank.set(cursor, rank);
    });
  }

  isPending(): boolean {
    return this.#ordered().length > 0;
  }

  /** The next entry; null at the end. Throws the LogIOError of a line that is none; the next call goes on behind it. */
  next(): LogRecord | null {
    const order = this.#ordered();
    const cursor = order.shift();
    const turn = cursor?.take() ?? null;
    if (cursor === undefined || turn === null) return null;
    if (cursor.peek() !== null) this.#insert(order, cursor);
    if (turn.kind === "unreadable") throw turn.error;
    return turn.record;
  }

  rewind(): void {
    for (const cursor of this.#cursors) cursor.rewind();
    this.#order = undefined;
  }

  #ordered(): LogCursor[] {
    if (this.#order === undefined) {
      this.#order = [];
      for (const cursor of this.#cursors) {
        if (cursor.peek() !== null) this.#insert(this.#order, cursor);
      }
    }
    return this.#order;
  }

  /** By bisection: a directory may hold hundreds of logs. */
  #insert(order: LogCursor[], cursor: LogCursor): void {
    let low = 0;
    let high = order.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#isBefore(order[middle] as LogCursor, cursor)) low = middle + 1;
      else high = middle;
    }
    order.splice(low, 0, cursor);
  }

  #isBefore(a: LogCursor, b: LogCursor): boolean {
    const difference = (a.peek()?.elapsed ?? 0) - (b.peek()?.elapsed ?? 0);
    return (difference || (this.#rank.get(a) ?? 0) - (this.#rank.get(b) ?? 0)) < 0;
  }
}

/**
 * The item of an entry. `message`: its payload becomes an object of the message type. Throws a LogIOError `EFORMAT` when the
 * payload is no MessagePack value, or with `message` no object.
 */
export function itemOf(record: LogRecord, message: boolean): LogItem {
  const payload = payloadOf(record, message);
  const item = { elapsed_time: record.elapsed, topic: record.topic, payload };
  return typeof record.type === "string" ? { ...item, type: record.type } : item;
}

/** Throws what `itemOf` would throw, and makes the value only where there is doubt. */
export function checkRecord(record: LogRecord, message: boolean): void {
  const { type, payload } = record;
  if (type === null || (isSurelySound(payload) && (!message || isMap(payload)))) return;
  itemOf(record, message);
}

function payloadOf(record: LogRecord, message: boolean): unknown {
  if (record.type === null) return record.payload;
  const value = unpackedValue(record);
  if (!message) return value;
  if (isPlainObject(value)) return typedMessage(value, record.type ?? "");
  throw malformed("the payload is no message with named fields", placeOf(record));
}

function unpackedValue(record: LogRecord): unknown {
  try {
    return unpack(record.payload);
  } catch (error) {
    throw malformed(`the payload is no MessagePack value (${messageOf(error)})`, placeOf(record));
  }
}

const placeOf = ({
  file,
  line,
  payload,
}: LogRecord): { file: string; line: number; text: string } => ({
  file,
  line,
  text: payload.toString("hex", 0, 60),
});
