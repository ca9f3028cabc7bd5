// How an archive lies in MCAP files.
//
//   channel    one per path and kind of event; topic = path, metadata `kind`; message encoding json where the event is JSON
//   message    logTime = stamp in ns, so the events of one batch have equal times; sequence counts events from 0, wrapping
//              data = value; of a message with headers: u32 little-endian length of the headers, headers, value
//   gap        a message of the channel `drayage/gap`, JSON: from, to (µs), dropped, why. Metadata records would lose their
//              place among the messages, which wait in chunks.
//
// Channel numbers have 16 bits: further paths go into further files, which are merged by logTime and sequence.
import type { ArchiveEvent } from "../event.ts";

export type EventKindName = ArchiveEvent["kind"];

export const eventKinds: readonly EventKindName[] = [
  "removed",
  "null",
  "value",
  "message",
  "exchange",
  "json",
];

export const GAP = "drayage/gap";
export const PROFILE = "drayage-archive";
export const CHANNELS_MAX = 65_000;
const LENGTH_BYTES = 4;

export function dataOf(event: ArchiveEvent): Uint8Array {
  switch (event.kind) {
    case "removed":
    case "null":
      return new Uint8Array(0);
    case "value":
      return event.value;
    case "message": {
      const length = Buffer.alloc(LENGTH_BYTES);
      length.writeUInt32LE(event.headers.length);
      return Buffer.concat([length, event.headers, event.value]);
    }
    case "exchange":
    case "json":
      return event.json;
    default:
      return event satisfies never;
  }
}

/** Undefined for data that cannot be of this kind. */
export function eventOf(
  kind: EventKindName,
  path: string,
  data: Uint8Array,
): ArchiveEvent | undefined {
  switch (kind) {
    case "removed":
    case "null":
      return { kind, path };
    case "value":
      return { kind, path, value: data };
    case "message": {
      if (data.length < LENGTH_BYTES) return undefined;
      const end = LENGTH_BYTES + new DataView(data.buffer, data.byteOffset).getUint32(0, true);
      if (end > data.length) return undefined;
      return { kind, path, headers: data.subarray(LENGTH_BYTES, end), value: data.subarray(end) };
    }
    case "exchange":
    case "json":
      return { kind, path, json: data };
    default:
      return kind satisfies never;
  }
}
