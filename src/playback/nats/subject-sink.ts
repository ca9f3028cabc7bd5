// A session's stream on subjects of a message server. `send` runs per batch, some thousand times a second with many sessions:
// a header block and a library call per event, no promise. Guarded by perf/session-fanout.bench.ts.
import { messageOf } from "../../core/errors.ts";
import type { Micros } from "../../core/units.ts";
import type { StreamSink } from "../session/attachment.ts";
import { itemText, type PlayedEvent, type StreamItem } from "../session/stream-item.ts";
import type { Outlet, Publisher } from "./outlet.ts";
import { emptyGroup, type GroupMarks, partHeaders, playedMessage } from "./played-message.ts";
import type { OneSessionSubjects } from "./session-subjects.ts";
import { asHeaders, wireHeaders } from "./wire-headers.ts";

export type SubjectSinkOptions = {
  readonly outlet: Outlet;
  readonly subjects: OneSessionSubjects;
  /** Begins the names of this sink's batches; no other sink has the same. */
  readonly name: string;
  /** One inbox for all, whose messages name their subject in a header; without it each event has its own. */
  readonly inbox?: string | undefined;
  /** Controls and the end are told by the shard that owns the session. */
  readonly tellsControls: boolean;
  /** Bytes that count as not too many while the connection is lost and nothing is sent. */
  readonly bufferBytes: number;
  readonly onRoom: () => void;
  readonly onClose: () => void;
};

/** Of an event in its batch or image; `stamp` of a batch only. */
type Place = {
  readonly marks: GroupMarks;
  readonly index: number;
  readonly stamp: Micros | undefined;
};

type Outgoing = {
  readonly headers?: Buffer;
  readonly body: Uint8Array;
  readonly stamp?: Micros | undefined;
};

/** Tells what a control became from what others write, on the same subject. */
export const TOLD = "Replay-Control";
/** More than free runs let wait: they stand still while the connection is lost. */
const STANDSTILL_BYTES = (1 << 20) + 1;

export class SubjectSink implements StreamSink, Publisher {
  readonly isBroadcast = true;
  readonly #options: SubjectSinkOptions;
  #groups = 0;
  #unconfirmed = 0;
  /** Events that went nowhere since the connection was lost, or perhaps nowhere just before. */
  lost = 0;
  /** Of the first of these, if it was sent before. */
  lostFrom: Micros | undefined;

  constructor(options: SubjectSinkOptions) {
    this.#options = options;
  }

  send(item: StreamItem): void {
    switch (item.type) {
      case "batch":
        this.#sendGroup(item.events, this.#marks(item, []), item.stamp);
        return;
      case "image":
        this.#sendImage(item);
        return;
      case "control":
        this.#sendControl(item);
        return;
      case "end":
        if (this.#options.tellsControls) this.#notice(item);
        return;
      case "gap":
        // Each shard tells its own streams that one is lost; on subjects, once is enough.
        if (this.#options.tellsControls || item.gap.why !== "shard") this.#notice(item);
        return;
      case "error":
        this.#notice(item);
        return;
      default:
        item satisfies never;
    }
  }

  queued(): number {
    const { outlet, bufferBytes } = this.#options;
    return outlet.isDown ? Math.min(bufferBytes, STANDSTILL_BYTES) : this.#unconfirmed;
  }

  onConfirmed(bytes: number): void {
    this.#unconfirmed -= bytes;
    this.#options.onRoom();
  }

  onLost(events: number, stamp: Micros): void {
    this.lost += events;
    this.lostFrom ??= stamp;
  }

  close(last: StreamItem | undefined): void {
    if (last !== undefined) this.send(last);
    this.#options.onClose();
  }

  #marks(
    { stamp, events }: { stamp: Micros | null; events: readonly PlayedEvent[] },
    lines: readonly string[],
  ): GroupMarks {
    const group = `${this.#options.name}-${this.#groups}`;
    this.#groups++;
    return { stamp, group, count: events.length, lines };
  }

  #sendImage(image: Extract<StreamItem, { type: "image" }>): void {
    const { part, events } = image;
    const place = part === undefined ? [] : [`Replay-Image-Part: ${part.index}/${part.count}`];
    const marks = this.#marks(image, ["Replay-Image: true", ...place]);
    if (events.length > 0) this.#sendGroup(events, marks);
    else if (this.#options.inbox === undefined) this.#notice(image);
    else this.#publish(this.#options.inbox, emptyGroup(marks));
  }

  /** `stamp`: of a batch. What is lost of an image is shown again. */
  #sendGroup(events: readonly PlayedEvent[], marks: GroupMarks, stamp?: Micros): void {
    for (const [index, event] of events.entries()) this.#sendEvent(event, { marks, index, stamp });
  }

  #sendEvent(event: PlayedEvent, { marks, index, stamp }: Place): void {
    const { outlet, subjects, inbox } = this.#options;
    if (outlet.isDown) {
      this.lost++;
      return;
    }
    const subject = subjects.data(event.path);
    const lines = inbox === undefined ? [] : [`Replay-Subject: ${subject}`];
    const { headers, body } = playedMessage(event, { marks, index, lines });
    const to = inbox ?? subject;
    if (headers.length + body.length <= outlet.payloadBytesMax) {
      this.#publish(to, { headers, body, stamp });
      return;
    }
    this.#sendParts(to, { event, marks, index, lines, stamp });
  }

  /** A message that the server would refuse, in several; the first has its headers. */
  #sendParts(
    to: string,
    {
      event,
      marks,
      index,
      lines,
      stamp,
    }: Place & { readonly event: PlayedEvent; readonly lines: readonly string[] },
  ): void {
    const bytesMax = this.#options.outlet.payloadBytesMax;
    const widest = "Replay-Part: 99999/99999";
    const whole = playedMessage(event, { marks, index, lines: [...lines, widest] });
    const room =
      bytesMax -
      Math.max(whole.headers.length, partHeaders(marks, index, [...lines, widest]).length);
    if (room <= 0) {
      const error = `the headers of a message of ${event.path} are longer than the server takes`;
      this.#notice({ type: "error", error });
      return;
    }
    const { body } = whole;
    const count = Math.ceil(body.length / room);
    for (let part = 0; part < count; part++) {
      const line = `Replay-Part: ${part}/${count}`;
      const headers =
        part === 0
          ? playedMessage(event, { marks, index, lines: [...lines, line] }).headers
          : partHeaders(marks, index, [...lines, line]);
      const piece = body.subarray(part * room, (part + 1) * room);
      this.#publish(to, { headers, body: piece, stamp: part === 0 ? stamp : undefined });
    }
  }

  #sendControl({ name, value }: Extract<StreamItem, { type: "control" }>): void {
    const { tellsControls, inbox, subjects } = this.#options;
    if (!tellsControls || inbox !== undefined) return;
    const headers = wireHeaders([`${TOLD}: ${name}`]);
    this.#publish(subjects.control(name), { headers, body: Buffer.from(JSON.stringify(value)) });
  }

  /** Whoever asked for an image wants to know of nothing but what went wrong with it. */
  #notice(item: StreamItem): void {
    const { inbox, subjects } = this.#options;
    if (inbox === undefined) this.#publish(subjects.notice, { body: itemText(item) });
    else if (item.type === "error")
      this.#publish(inbox, { body: Buffer.from(JSON.stringify({ error: item.error })) });
  }

  #publish(subject: string, { headers, body, stamp }: Outgoing): void {
    try {
      const wire = headers === undefined ? undefined : asHeaders(headers);
      const message = { subject, body, headers: wire, stamp };
      this.#unconfirmed += this.#options.outlet.publish(message, this);
    } catch (error) {
      // Only what the server could not take at all: a text as long as its limit.
      const reason = { type: "error", error: messageOf(error) } as const;
      if (subject !== this.#options.subjects.notice) this.#notice(reason);
    }
  }
}
