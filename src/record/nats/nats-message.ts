import type { Msg } from "@nats-io/transport-node";
import type { ArchiveEvent } from "../../archive/event.ts";

/** A message on its way into a batch. `group` is its `Replay-Batch` header, if it has one. */
export type NatsMessage = {
  readonly event: ArchiveEvent;
  readonly group: string | undefined;
  readonly bytes: number;
};

const OWN_HEADERS = "Replay-";

/** The event that a message is recorded as. Its bytes stay views into what was read from the socket. */
export function natsMessage(message: Msg, path: string): NatsMessage {
  const headers = wireHeaders(message);
  const value = message.data;
  if (headers === undefined)
    return { event: { kind: "value", path, value }, group: undefined, bytes: value.length };
  const bytes = headers.length + value.length;
  if (!headers.includes(OWN_HEADERS))
    return { event: { kind: "message", path, headers, value }, group: undefined, bytes };
  const text = headers.toString();
  const event = emptyEvent(text, path) ?? { kind: "message", path, headers, value };
  return { event, group: headerOf(text, "Batch"), bytes };
}

/** Null, and what our own sessions play where a path has no value. */
function emptyEvent(headers: string, path: string): ArchiveEvent | undefined {
  const says = (name: string): boolean => headerOf(headers, name) === "true";
  if (says("Null")) return { kind: "null", path };
  return says("Removed") || says("None") ? { kind: "removed", path } : undefined;
}

/** The library's own reading throws on names that it does not like, which would end its loop over the socket. */
const headerOf = (headers: string, name: string): string | undefined =>
  new RegExp(`\\r\\n${OWN_HEADERS}${name}:[ \\t]*([^\\r\\n]*?)[ \\t]*\\r\\n`).exec(headers)?.[1] ||
  undefined;

/**
 * The headers as they came, byte for byte. The library only gives them taken apart, which loses blanks, order and empty
 * lines; but they lie in front of the body in the same memory.
 */
function wireHeaders(message: Msg): Buffer | undefined {
  const { data } = message;
  const length = headerBytes(message);
  return length <= 0 ? undefined : Buffer.from(data.buffer, data.byteOffset - length, length);
}

/**
 * The library keeps what the server said of the message, though its public type does not say so. What is left of the message's size
 * will not do: of a subject that is no UTF-8, the text has another length than the bytes.
 */
function headerBytes(message: Msg): number {
  const said: unknown = Reflect.get(message, "_msg");
  const length: unknown = Reflect.get(Object(said), "hdr");
  return typeof length === "number" ? length : 0;
}
