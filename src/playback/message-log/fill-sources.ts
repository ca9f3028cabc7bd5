import type { PackedItem } from "./item-record.ts";
import type { LogRecord } from "./log-cursor.ts";
import { checkItem, type LogReader } from "./log-item.ts";
import { checkRecord, type LogSource } from "./log-source.ts";
import type { FillSource } from "./queue-filler.ts";
import { packedItem, sizeChecked } from "./queued-item.ts";

/** A reader of any make. */
export const readerSource = (reader: LogReader): FillSource => ({
  isPending: () => reader.isDataPending(),
  next: () => {
    const item: unknown = reader.read();
    if (item === null) return null;
    const message = reader.message === true;
    checkItem(item, message);
    return packedItem(item, message);
  },
  rewind: () => {
    if (reader.reset === undefined) throw notResettable();
    reader.reset();
  },
});

/** Logs on disk: payloads stay packed, and are only looked through for those that are broken. */
export const logSource = (source: LogSource, message: boolean): FillSource => ({
  isPending: () => source.isPending(),
  next: () => {
    const record = source.next();
    if (record === null) return null;
    checkRecord(record, message);
    return sizeChecked(packedRecord(record, message));
  },
  rewind: () => source.rewind(),
});

const packedRecord = (record: LogRecord, message: boolean): PackedItem => ({
  elapsed: record.elapsed,
  topic: record.topic,
  type: record.type ?? undefined,
  payload: record.payload,
  isRaw: record.type === null,
  isMessage: message && record.type !== null,
});

export const notResettable = (): TypeError =>
  new TypeError("reader: has no method reset(), so it cannot go back to the beginning");
