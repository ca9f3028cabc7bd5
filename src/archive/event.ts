// What an archive holds, as its writers and readers see it. How it lies in a file: record.ts and event-block.ts.
import type { Micros } from "../core/units.ts";

/**
 * One new value of one path. Paths begin with `/` and have at most 65,535 bytes of UTF-8.
 * `removed` (unsubscribed, deleted), a recorded null and an empty value are three different things.
 */
export type ArchiveEvent =
  | { readonly kind: "removed"; readonly path: string }
  | { readonly kind: "null"; readonly path: string }
  | { readonly kind: "value"; readonly path: string; readonly value: Uint8Array }
  | {
      readonly kind: "message";
      readonly path: string;
      /** As NATS sends them: `NATS/1.0`, lines, an empty line. */
      readonly headers: Uint8Array;
      readonly value: Uint8Array;
    }
  /** An HTTP exchange as JSON text: exchange.ts. */
  | { readonly kind: "exchange"; readonly path: string; readonly json: Uint8Array }
  /** State of a registry as JSON text. */
  | { readonly kind: "json"; readonly path: string; readonly json: Uint8Array };

/** The same in memory of its own: whoever gave the event may use theirs for something else. */
export function ownEvent(event: ArchiveEvent): ArchiveEvent {
  switch (event.kind) {
    case "removed":
    case "null":
      return event;
    case "value":
      return { ...event, value: Buffer.from(event.value) };
    case "message":
      return { ...event, headers: Buffer.from(event.headers), value: Buffer.from(event.value) };
    case "exchange":
    case "json":
      return { ...event, json: Buffer.from(event.json) };
    default:
      return event satisfies never;
  }
}

/** Bytes of what was recorded, without the path. */
export function payloadBytes(event: ArchiveEvent): number {
  switch (event.kind) {
    case "removed":
    case "null":
      return 0;
    case "value":
      return event.value.length;
    case "message":
      return event.headers.length + event.value.length;
    case "exchange":
    case "json":
      return event.json.length;
    default:
      return event satisfies never;
  }
}

/** Events delivered together, in order of arrival. Never merged or split; `stamp` is microseconds since the Unix epoch. */
export type Batch = {
  readonly kind: "batch";
  readonly stamp: Micros;
  readonly events: readonly ArchiveEvent[];
};

export const gapReasons = ["overload", "disconnect", "damage"] as const;
type GapReason = (typeof gapReasons)[number];

/** Something is missing between two stamps. `dropped` counts events, as far as anybody knows. */
export type Gap = {
  readonly kind: "gap";
  readonly from: Micros;
  readonly to: Micros;
  readonly dropped: number;
  readonly why: GapReason;
};

export type ArchiveItem = Batch | Gap;

/** What a reader wants to see; a compiled glob is one. */
export type PathFilter = { matches(path: string): boolean };
