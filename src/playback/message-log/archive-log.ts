// An archive as a message log, and back. All events go into one log, so that their order is that of its lines; the topic is the
// path, the payload says what kind of event it is:
//
//   value      text where the bytes are UTF-8, else bytes     message   {headers, value}
//   null       {null: true}                                   exchange  {exchange}
//   removed    {removed: true}                                json      {json}
//
// JSON is a value where it can be written again letter by letter, else its text. Stamps are kept to 10 us; a batch of several
// events becomes several entries with one time.
import { isUtf8 } from "node:buffer";
import { join } from "node:path";
import type { ArchiveEvent, ArchiveItem } from "../../archive/event.ts";
import { invariant } from "../../core/errors.ts";
import { type Micros, micros } from "../../core/units.ts";
import type { LogRecord } from "./log-cursor.ts";
import { isOneLine } from "./log-header.ts";
import { isPlainObject, unpack } from "./payload.ts";
import type { ReadDirectory } from "./read-directory.ts";
import type { ReadFile } from "./read-file.ts";
import { openReaderOf } from "./reader-plan.ts";
import { WriteFile } from "./write-file.ts";

/** Message type of the log, by which it is known on the way back. */
const ARCHIVE_LOG_TYPE = "ArchiveEvent";
const REVISION = "drayage archive export";
const MICROS_PER_SECOND = 1e6;

/**
 * Writes the batches of an archive into a log directory, which must exist. The log counts from the first batch; without any
 * there is no file. Throws a LogIOError where the log cannot be written.
 */
export class LogExport {
  /** Path of the log, once it has an entry. */
  readonly path: string;
  entries = 0;
  /** The format has no word for them. */
  gaps = 0;
  /** Events whose path has a line break, which a log cannot hold. */
  unwritable = 0;
  readonly #writer: WriteFile;

  constructor(directory: string) {
    const prefix = join(directory, ARCHIVE_LOG_TYPE);
    this.path = `${prefix}.log`;
    this.#writer = new WriteFile(prefix, ARCHIVE_LOG_TYPE, { revision: REVISION });
  }

  add(item: ArchiveItem): void {
    if (item.kind === "gap") {
      this.gaps++;
      return;
    }
    for (const event of item.events) {
      if (!isOneLine(event.path)) {
        this.unwritable++;
        continue;
      }
      this.#writer.write({ topic: event.path, payload: payloadOf(event) }, item.stamp);
      this.entries++;
    }
  }

  close(): void {
    this.#writer.close();
  }
}

function payloadOf(event: ArchiveEvent): unknown {
  switch (event.kind) {
    case "value":
      return textOrBytes(event.value);
    case "message":
      return { headers: textOrBytes(event.headers), value: textOrBytes(event.value) };
    case "null":
      return { null: true };
    case "removed":
      return { removed: true };
    case "exchange":
      return { exchange: jsonOrText(event.json) };
    case "json":
      return { json: jsonOrText(event.json) };
    default:
      return event satisfies never;
  }
}

const textOrBytes = (bytes: Uint8Array): string | Uint8Array =>
  isUtf8(bytes) ? Buffer.from(bytes).toString("utf8") : bytes;

function jsonOrText(json: Uint8Array): unknown {
  const text = Buffer.from(json).toString("utf8");
  // A payload's field of that name cannot be read back.
  if (text.includes("__proto__")) return text;
  try {
    const value: unknown = JSON.parse(text);
    return isPlainObject(value) && JSON.stringify(value) === text ? value : text;
  } catch {
    return text;
  }
}

/** What one entry of a log is in an archive. Stamps increase strictly: entries with equal times follow each other by 1 us. */
export type LoggedBatch = { readonly stamp: Micros; readonly events: readonly ArchiveEvent[] };

/**
 * The entries of logs as batches of one event, in their order. What `exportLog` wrote becomes the events that it came from; any
 * other log becomes values, the payloads unchanged, under `/TYPE/TOPIC`. Throws the LogIOError of a line that is no entry.
 */
export function* logBatches(reader: ReadFile | ReadDirectory): Generator<LoggedBatch> {
  const open = openReaderOf(reader);
  invariant(open !== undefined, "every reader of this module is remembered");
  const origin = reader.header?.timeOrigin ?? micros(0);
  let last = -1;
  for (let record = open.source.next(); record !== null; record = open.source.next()) {
    const stamp = Math.max(origin + Math.round(record.elapsed * MICROS_PER_SECOND), last + 1);
    last = stamp;
    yield { stamp: micros(stamp), events: [eventOf(record)] };
  }
}

function eventOf(record: LogRecord): ArchiveEvent {
  if (record.type !== ARCHIVE_LOG_TYPE) return foreignEvent(record);
  const path = record.topic;
  const payload = unpack(record.payload);
  if (!isPlainObject(payload)) return { kind: "value", path, value: bytesOf(payload) };
  const { headers, value, exchange, json } = payload;
  if (headers !== undefined) {
    return { kind: "message", path, headers: bytesOf(headers), value: bytesOf(value) };
  }
  if (exchange !== undefined) return { kind: "exchange", path, json: bytesOf(exchange) };
  if (json !== undefined) return { kind: "json", path, json: bytesOf(json) };
  return { kind: payload.removed === true ? "removed" : "null", path };
}

const foreignEvent = ({ type, topic, payload }: LogRecord): ArchiveEvent => ({
  kind: "value",
  path: `/${type ?? "raw"}${topic === "" || topic.startsWith("/") ? topic : `/${topic}`}`,
  value: payload,
});

function bytesOf(value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value;
  return Buffer.from(typeof value === "string" ? value : JSON.stringify(value));
}
