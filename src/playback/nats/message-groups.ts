// Puts messages of a session together again: parts to messages, messages to the batch or image that they were sent for.
import type { Msg, MsgHdrs } from "@nats-io/nats-core";
import { type Micros, micros } from "../../core/units.ts";
import type { PlayedEvent, StreamItem } from "../session/stream-item.ts";
import { eventOf } from "./played-message.ts";

type Group = { readonly events: PlayedEvent[]; readonly item: Head };
type ImageItem = Extract<StreamItem, { type: "image" }>;
type BatchItem = Extract<StreamItem, { type: "batch" }>;
type Shown = ImageItem | BatchItem;
type Head = Omit<ImageItem, "events"> | Omit<BatchItem, "events">;
type Parts = { readonly headers: MsgHdrs; readonly bodies: Uint8Array[] };

/** Groups that are open at a time: what is lost on the way must not be kept for ever. */
const OPEN_MAX = 1024;

export class MessageGroups {
  readonly #open = new Map<string, Group>();
  readonly #parts = new Map<string, Parts>();

  /** The item that this message completes, if it does; `path` is undefined for a group without events. */
  add(message: Msg, path: string | undefined): Shown | undefined {
    const { headers } = message;
    if (headers === undefined) return undefined;
    const place = placeOf(headers.get("Replay-Batch"));
    if (place === undefined) return undefined;
    const item = itemOf(headers);
    if (path === undefined) return { ...item, events: [] };
    const whole = this.#whole(message, `${place.group}/${place.index}`);
    if (whole === undefined) return undefined;
    const group = this.#open.get(place.group) ?? { events: [], item };
    this.#open.set(place.group, group);
    group.events.push(eventOf(path, whole));
    if (group.events.length < place.count) {
      this.#forgetOldest();
      return undefined;
    }
    this.#open.delete(place.group);
    return { ...group.item, events: group.events };
  }

  /** What was begun will not be completed: the connection was lost. */
  clear(): void {
    this.#open.clear();
    this.#parts.clear();
  }

  #whole({ headers, data }: Msg, key: string): { headers: MsgHdrs; body: Uint8Array } | undefined {
    if (headers === undefined) return undefined;
    const part = /^(\d+)\/(\d+)$/.exec(headers.get("Replay-Part"));
    if (part === null) return { headers, body: data };
    const parts = this.#parts.get(key) ?? { headers, bodies: [] };
    this.#parts.set(key, parts);
    parts.bodies.push(data);
    if (parts.bodies.length < Number(part[2])) return undefined;
    this.#parts.delete(key);
    return { headers: parts.headers, body: Buffer.concat(parts.bodies) };
  }

  #forgetOldest(): void {
    if (this.#open.size <= OPEN_MAX) return;
    const [oldest] = this.#open.keys();
    if (oldest !== undefined) this.#open.delete(oldest);
  }
}

function placeOf(text: string): { group: string; index: number; count: number } | undefined {
  const match = /^(.+)\/(\d+)\/(\d+)$/.exec(text);
  if (match === null) return undefined;
  return { group: match[1] ?? "", index: Number(match[2]), count: Number(match[3]) };
}

function itemOf(headers: MsgHdrs): Head {
  const text = headers.get("Replay-Stamp");
  const stamp: Micros | null = text === "" ? null : micros(Number(text));
  if (headers.get("Replay-Image") !== "true" && stamp !== null) return { type: "batch", stamp };
  const part = /^(\d+)\/(\d+)$/.exec(headers.get("Replay-Image-Part"));
  if (part === null) return { type: "image", stamp };
  return { type: "image", stamp, part: { index: Number(part[1]), count: Number(part[2]) } };
}
