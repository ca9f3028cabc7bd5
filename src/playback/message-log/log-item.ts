import { isPlainObject, messageType } from "./payload.ts";

/** One message of a log. The names of the fields are those of the documented dictionary. */
export interface LogItem {
  /** Seconds since the time origin. */
  readonly elapsed_time: number;
  /** Empty: the message has no topic. */
  readonly topic: string;
  /** The decoded value; of a raw log the bytes. */
  readonly payload: unknown;
  /** Message type; absent for raw logs, and where a file has no header. */
  readonly type?: string;
}

/** Whatever gives messages one after the other: the readers of this module, or an object of one's own. */
export interface LogReader {
  /** The next item; null at the end and for ever after. */
  read(): LogItem | null;
  /** True while `read` would give an item, or throw what it could not read. */
  isDataPending(): boolean;
  /** Back to the first item. A reader without it cannot be started again from the beginning. */
  reset?(): void;
  /** True: every payload is an object of its message type. */
  readonly message?: boolean;
  /** Where the window begins, seconds: a replay does not wait for what lies before it. */
  readonly minTime?: number | null;
}

/** Refuses what is no reader. Throws a TypeError that names the missing member. */
export function checkReader(reader: unknown): asserts reader is LogReader {
  for (const member of ["read", "isDataPending"] as const) {
    const isThere =
      typeof reader === "object" &&
      reader !== null &&
      typeof (reader as Record<string, unknown>)[member] === "function";
    if (!isThere) throw new TypeError(`reader: has no method ${member}()`);
  }
}

/** Refuses what is no item. Throws a TypeError that names the field. `message`: payloads must be typed objects. */
export function checkItem(item: unknown, message = false): asserts item is LogItem {
  if (!isPlainObject(item)) throw new TypeError("item: is no object");
  for (const field of ["elapsed_time", "topic", "payload"]) {
    if (!(field in item)) throw new TypeError(`${field}: is missing in the item`);
  }
  const { elapsed_time: elapsed, topic, payload, type } = item;
  if (typeof elapsed !== "number" || !Number.isFinite(elapsed) || elapsed < 0) {
    throw new TypeError(`elapsed_time: must be a finite number from 0, not ${String(elapsed)}`);
  }
  if (typeof topic !== "string") throw new TypeError("topic: must be text");
  if (type !== undefined && typeof type !== "string") throw new TypeError("type: must be text");
  if (message && !(isPlainObject(payload) && typeOf(item) !== undefined)) {
    throw new TypeError("payload: must be an object with its message type, as the reader declares");
  }
}

/** The message type of an item: its own, or the one that its payload carries. */
export function typeOf({
  type,
  payload,
}: {
  type?: unknown;
  payload?: unknown;
}): string | undefined {
  if (typeof type === "string") return type;
  if (!isPlainObject(payload)) return undefined;
  const attached = (payload as { [messageType]?: unknown })[messageType];
  return typeof attached === "string" ? attached : undefined;
}
