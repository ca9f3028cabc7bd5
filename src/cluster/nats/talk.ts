// What two ends say to each other directly: signs of life, and control messages that are said again until they are heard.
// Servers forget such messages while a connection is away.
//
//   .fleeting   a frame
//   .control    an envelope with number and frame
//   .stored     an envelope with number and, for the frame, its name in the object store
//   .received   an envelope with the number of the last control frame that came
//   .bye        why the conversation is over, as text
//
// A node that a new master has taken over hears and answers that one only.
import { randomBytes } from "node:crypto";
import type { Msg, Subscription } from "@nats-io/transport-node";
import { messageOf } from "../../core/errors.ts";
import { keptEnvelope, openEnvelope, receivedEnvelope } from "../envelope.ts";
import { type KeptFrame, KeptFrames } from "../kept-frames.ts";
import type { Hub } from "./hub.ts";
import type { LargeContent } from "./large-content.ts";
import type { End } from "./names.ts";

/** A control frame that nobody has acknowledged is said again after this. */
const AGAIN_MS = 500;
/** Frames beyond go through the object store: heartbeats would wait behind them. */
const LARGE_BYTES = 64 * 1024;
/** How long a conversation that is closed waits for what was said last to be heard. */
const FAREWELL_MS_MAX = 3000;
const AUTHOR_BYTES = 4;

export type TalkEvents = {
  /** Borrowed until return. */
  frame(bytes: Uint8Array): void;
  /** The other end has gone, or what came is no message of this protocol. */
  ended(reason: string): void;
};

export type TalkPlace = {
  readonly run: string;
  readonly conversation: string;
  readonly end: End;
  /** Of the master; 0 for one to which the run does not belong yet: it says and hears nothing. */
  readonly term: number;
};

export class Talk {
  readonly #hub: Hub;
  readonly #content: LargeContent;
  readonly #events: TalkEvents;
  readonly #place: TalkPlace;
  #there = "";
  #subscription: Subscription | undefined;
  #kept = new KeptFrames();
  /** Of the names of what is stored: two masters of a run may say other things under one number. */
  readonly #author = randomBytes(AUTHOR_BYTES).toString("hex");
  readonly #storing = new Set<number>();
  readonly #stored = new Set<number>();
  #received = 0;
  #fetching = false;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;
  #heardAll: () => void = () => {};

  constructor(
    hub: Hub,
    place: TalkPlace,
    { content, events }: { readonly content: LargeContent; readonly events: TalkEvents },
  ) {
    this.#hub = hub;
    this.#content = content;
    this.#events = events;
    this.#place = place;
    this.join(place.term);
  }

  /** Says and hears what goes on while the run is the master's of this term. */
  join(term: number): void {
    const { conversation, end } = this.#place;
    const { names, connection } = this.#hub;
    if (!connection.isClosed()) this.#subscription?.unsubscribe();
    this.#there = "";
    if (term === 0) return;
    this.#there = names.talk(conversation, end === "master" ? "node" : "master", term);
    this.#subscription = connection.subscribe(`${names.talk(conversation, end, term)}.*`, {
      callback: (error, message) => {
        if (error === null) this.#hear(message);
        else this.#end(`the servers do not let it listen: ${messageOf(error)}`);
      },
    });
  }

  /** Control frames that came, and those that were said and heard. */
  get heard(): number {
    return this.#received;
  }

  get said(): number {
    return this.#kept.last - this.#kept.unacknowledged().length;
  }

  /** Takes the place of an earlier end, which had heard and said so many. Before anything is said. */
  carryOn({ heard, said }: { readonly heard: number; readonly said: number }): void {
    this.#received = heard;
    this.#kept = new KeptFrames(said);
  }

  get unacknowledgedBytes(): number {
    return this.#kept.bytes;
  }

  unacknowledged(): readonly Uint8Array[] {
    return this.#kept.unacknowledged().map(({ frame }) => frame);
  }

  sayFleeting(frame: Uint8Array): void {
    this.#publish("fleeting", frame);
  }

  sayControl(frame: Uint8Array): void {
    this.#transmit(this.#kept.add(frame, "control"));
    this.#timer ??= setInterval(() => this.again(), AGAIN_MS);
  }

  /** Says everything again that was not acknowledged. */
  again(): void {
    for (const kept of this.#kept.unacknowledged()) this.#transmit(kept);
  }

  #transmit(kept: KeptFrame): void {
    if (kept.frame.length <= LARGE_BYTES) {
      this.#publish("control", keptEnvelope(kept, 0));
      return;
    }
    const { run, conversation } = this.#place;
    const name = `${run}/${conversation}/${this.#author}/${kept.number}`;
    if (this.#stored.has(kept.number))
      this.#publish("stored", keptEnvelope({ ...kept, frame: Buffer.from(name) }, 0));
    else void this.#store(kept, name);
  }

  async #store(kept: KeptFrame, name: string): Promise<void> {
    // Only once, however often it is asked for meanwhile: until it is there it is not announced.
    if (this.#storing.has(kept.number)) return;
    this.#storing.add(kept.number);
    try {
      await this.#content.put(name, kept.frame);
      this.#stored.add(kept.number);
      if (!this.#closed) this.#transmit(kept);
    } catch (error) {
      this.#end(`the object store does not take ${name}: ${messageOf(error)}`);
    }
  }

  #publish(kind: string, bytes: Uint8Array): void {
    if (this.#there === "" || this.#hub.connection.isClosed()) return;
    this.#hub.connection.publish(`${this.#there}.${kind}`, bytes);
  }

  #hear({ subject, data }: Msg): void {
    if (this.#closed) return;
    const kind = subject.slice(subject.lastIndexOf(".") + 1);
    switch (kind) {
      case "fleeting":
        this.#events.frame(data);
        return;
      case "bye":
        this.#end(Buffer.from(data).toString());
        return;
      default:
        this.#hearEnvelope(kind, data);
    }
  }

  #hearEnvelope(kind: string, data: Uint8Array): void {
    const envelope = openEnvelope(Buffer.from(data.buffer, data.byteOffset, data.byteLength));
    if (envelope === undefined) {
      this.#end("what came is no envelope of this protocol");
      return;
    }
    switch (kind) {
      case "received":
        this.#acknowledge(envelope.received);
        return;
      case "control":
        if (this.#isNext(envelope.number)) this.#deliver(envelope.frame);
        return;
      case "stored":
        if (this.#isNext(envelope.number)) void this.#fetch(Buffer.from(envelope.frame).toString());
        return;
      default:
      // Of a newer minor version.
    }
  }

  #acknowledge(number: number): void {
    this.#kept.acknowledge(Math.min(number, this.#kept.last));
    if (this.#kept.bytes > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#heardAll();
  }

  /** Frames that overtook others, which are said again soon, and those that came before are passed over. */
  #isNext(number: number): boolean {
    if (number === this.#received + 1) return !this.#fetching;
    if (number <= this.#received) this.#publish("received", receivedEnvelope(this.#received));
    return false;
  }

  #deliver(frame: Uint8Array): void {
    this.#received++;
    this.#publish("received", receivedEnvelope(this.#received));
    this.#events.frame(frame);
  }

  async #fetch(name: string): Promise<void> {
    this.#fetching = true;
    try {
      const frame = await this.#content.get(name);
      this.#fetching = false;
      if (this.#closed) return;
      if (frame === undefined) this.#end(`the object store has no ${name}`);
      else this.#deliver(frame);
    } catch (error) {
      this.#end(`the object store does not give ${name}: ${messageOf(error)}`);
    }
  }

  #end(reason: string): void {
    if (this.#closed) return;
    this.#stop();
    this.#events.ended(reason);
  }

  #stop(): void {
    this.#closed = true;
    clearInterval(this.#timer);
    if (!this.#hub.connection.isClosed()) this.#subscription?.unsubscribe();
  }

  /** Ends it without a word: nobody hears this end any more. */
  leave(): void {
    if (!this.#closed) this.#stop();
  }

  /** Ends it when what was said is heard, or after some seconds. */
  async close(): Promise<void> {
    if (this.#closed) return;
    if (this.#kept.bytes > 0) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#heardAll = resolve;
      const late = setTimeout(resolve, FAREWELL_MS_MAX);
      await promise;
      clearTimeout(late);
    }
    if (this.#closed) return;
    this.#publish("bye", Buffer.from("it has ended the conversation"));
    this.#stop();
  }
}
