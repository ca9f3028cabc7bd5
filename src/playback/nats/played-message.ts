// Events of a session as messages, and back.
import type { MsgHdrs } from "@nats-io/nats-core";
import type { Micros } from "../../core/units.ts";
import type { PlayedEvent } from "../session/stream-item.ts";
import { recordedHeaders, wireHeaders } from "./wire-headers.ts";

export type GroupMarks = {
  /** Of the batch or image; null while the archive is empty. */
  readonly stamp: Micros | null;
  /** Told apart from those of any other batch, session and shard. */
  readonly group: string;
  readonly count: number;
  /** Lines that all messages of the group have besides. */
  readonly lines: readonly string[];
};

export type PlayedMessage = { readonly headers: Buffer; readonly body: Uint8Array };

const EMPTY = new Uint8Array(0);

/** `lines` are those of this message only. */
export function playedMessage(
  event: PlayedEvent,
  { marks, index, lines = [] }: { marks: GroupMarks; index: number; lines?: readonly string[] },
): PlayedMessage {
  const own = [...groupLines(marks, index), ...kindLines(event), ...lines];
  const recorded = event.kind === "message" ? event.headers : undefined;
  return { headers: wireHeaders(own, recorded), body: bodyOf(event) };
}

/** Of a group without events, as the image of an empty archive is one. */
export const emptyGroup = (marks: GroupMarks): PlayedMessage => ({
  headers: wireHeaders(groupLines(marks, 0)),
  body: EMPTY,
});

/** Of the further parts of a message that is too large for the server. */
export const partHeaders = (marks: GroupMarks, index: number, lines: readonly string[]): Buffer =>
  wireHeaders([...groupLines(marks, index), ...lines]);

const groupLines = ({ stamp, group, count, lines }: GroupMarks, index: number): string[] => [
  ...(stamp === null ? [] : [`Replay-Stamp: ${stamp}`]),
  `Replay-Batch: ${group}/${index}/${count}`,
  ...lines,
];

function kindLines({ kind }: PlayedEvent): string[] {
  switch (kind) {
    case "null":
      return ["Replay-Null: true"];
    case "none":
      return ["Replay-None: true"];
    case "removed":
      return ["Replay-Removed: true"];
    case "exchange":
    case "json":
      return [`Replay-Kind: ${kind}`];
    case "value":
    case "message":
      return [];
    default:
      return kind satisfies never;
  }
}

function bodyOf(event: PlayedEvent): Uint8Array {
  switch (event.kind) {
    case "null":
    case "none":
    case "removed":
      return EMPTY;
    case "exchange":
    case "json":
      return event.json;
    case "value":
    case "message":
      return event.value;
    default:
      return event satisfies never;
  }
}

/** The event that a message, whose parts were put together, is of. */
export function eventOf(
  path: string,
  { headers, body }: { headers: MsgHdrs; body: Uint8Array },
): PlayedEvent {
  if (headers.get("Replay-Null") === "true") return { kind: "null", path };
  if (headers.get("Replay-None") === "true") return { kind: "none", path };
  if (headers.get("Replay-Removed") === "true") return { kind: "removed", path };
  const kind = headers.get("Replay-Kind");
  if (kind === "exchange" || kind === "json") return { kind, path, json: body };
  const recorded = recordedHeaders(headers);
  if (recorded === undefined) return { kind: "value", path, value: body };
  return { kind: "message", path, headers: recorded, value: body };
}
