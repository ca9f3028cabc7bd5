// What an attached stream receives, and its JSON text. One item is one line of NDJSON, or one event of an SSE stream.
import { isUtf8 } from "node:buffer";
import { type ArchiveEvent, type Gap, payloadBytes as recordedBytes } from "../../archive/event.ts";
import type { Micros } from "../../core/units.ts";
import type { ControlName } from "./control-values.ts";
import { stampText } from "./date-time.ts";

/** An event, or in an image a path without a value. */
export type PlayedEvent = ArchiveEvent | { readonly kind: "none"; readonly path: string };

/** A shard is lost: from a position on, its paths are missing. */
type ShardGap = {
  readonly from: Micros;
  readonly to: Micros;
  readonly dropped: number;
  readonly why: "shard";
  readonly shard: number;
};

export type StreamItem =
  /** `part` counts from 0; without it the image is whole. `stamp` is null while the archive is empty. */
  | {
      readonly type: "image";
      readonly stamp: Micros | null;
      readonly events: readonly PlayedEvent[];
      readonly part?: { readonly index: number; readonly count: number };
    }
  | { readonly type: "batch"; readonly stamp: Micros; readonly events: readonly PlayedEvent[] }
  | { readonly type: "control"; readonly name: ControlName; readonly value: string | number | null }
  | { readonly type: "gap"; readonly gap: Gap | ShardGap }
  | { readonly type: "end"; readonly reason: string }
  | { readonly type: "error"; readonly error: string };

/** Items go to several streams, one after the other, and their text is made once. */
let latest: { readonly item: StreamItem; readonly text: Buffer } | undefined;

/** JSON in UTF-8, without line breaks. */
export function itemText(item: StreamItem): Buffer {
  if (latest?.item !== item) latest = { item, text: Buffer.from(jsonOf(item)) };
  return latest.text;
}

function jsonOf(item: StreamItem): string {
  switch (item.type) {
    case "image": {
      const { part } = item;
      const place = part === undefined ? "" : `,"part":${part.index},"parts":${part.count}`;
      return `{"type":"image",${stampFields(item.stamp)}${place},"events":[${item.events.map(eventText).join(",")}]}`;
    }
    case "batch":
      return `{"type":"batch",${stampFields(item.stamp)},"events":[${item.events.map(eventText).join(",")}]}`;
    case "gap": {
      const { from, to, dropped, why } = item.gap;
      const shard = why === "shard" ? { shard: item.gap.shard } : {};
      return JSON.stringify({ type: "gap", from, to, dropped, why, ...shard });
    }
    case "control":
    case "end":
    case "error":
      return JSON.stringify(item);
    default:
      return item satisfies never;
  }
}

const stampFields = (stamp: Micros | null): string =>
  stamp === null ? '"us":null,"stamp":null' : `"us":${stamp},"stamp":"${stampText(stamp)}"`;

/** One event as JSON; a value that is no UTF-8 goes as base64. */
export function eventText(event: PlayedEvent): string {
  const path = `{"path":${JSON.stringify(event.path)}`;
  switch (event.kind) {
    case "none":
      return `${path},"none":true}`;
    case "removed":
      return `${path},"removed":true}`;
    case "null":
      return `${path},"null":true}`;
    case "value":
      return `${path},${valueField(event.value)}}`;
    case "message": {
      const headers = headerFields(event.headers);
      const shown =
        Object.keys(headers).length === 0 ? "" : `"headers":${JSON.stringify(headers)},`;
      return `${path},${shown}${valueField(event.value)}}`;
    }
    case "exchange":
      return `${path},${jsonField("exchange", event.json)}}`;
    case "json":
      return `${path},${jsonField("json", event.json)}}`;
    default:
      return event satisfies never;
  }
}

const bufferOf = (bytes: Uint8Array): Buffer =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

const valueField = (value: Uint8Array): string =>
  isUtf8(value)
    ? `"text":${JSON.stringify(bufferOf(value).toString("utf8"))}`
    : `"base64":"${bufferOf(value).toString("base64")}"`;

/** The recorded JSON as it is, so that no number loses digits; text that is no JSON goes as text. */
function jsonField(name: string, json: Uint8Array): string {
  const text = bufferOf(json).toString("utf8");
  try {
    JSON.parse(text);
  } catch {
    return valueField(json);
  }
  // Between tokens a line break is blank; inside of texts there is none.
  return `"${name}":${text.replace(/[\r\n]+/g, " ")}`;
}

/** `NATS/1.0`, lines `Name: value`, an empty line; names that come again have a list. */
function headerFields(wire: Uint8Array): Record<string, string | string[]> {
  const fields: Record<string, string | string[]> = Object.create(null);
  const [, ...lines] = bufferOf(wire).toString("utf8").split("\r\n");
  for (const line of lines) {
    const colon = line.indexOf(":");
    if (colon <= 0) continue;
    const [name, value] = [line.slice(0, colon), line.slice(colon + 1).trim()];
    const before = fields[name];
    fields[name] = before === undefined ? value : [before, value].flat();
  }
  return fields;
}

/** Bytes of what was recorded. */
export const payloadBytes = (event: PlayedEvent): number =>
  event.kind === "none" ? 0 : recordedBytes(event);

const EVENT_BYTES = 48;

/** About how long the event is as JSON: what queues and parts are counted by before text is made. */
export const eventWeight = (event: PlayedEvent): number =>
  EVENT_BYTES + event.path.length + Math.ceil(payloadBytes(event) * 1.34);

export const itemWeight = (item: StreamItem): number =>
  item.type === "batch" || item.type === "image"
    ? item.events.reduce((sum, event) => sum + eventWeight(event), EVENT_BYTES)
    : 2 * EVENT_BYTES;
