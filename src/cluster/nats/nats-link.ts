import { randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { keptEnvelope, openEnvelope } from "../envelope.ts";
import type { Lane, Link, LinkListener } from "../link.ts";
import { FRAME_BYTES_MAX } from "../protocol/codec.ts";
import { type Hub, STREAMS_MS_MAX } from "./hub.ts";
import type { LargeContent } from "./large-content.ts";
import type { End } from "./names.ts";
import { patiently } from "./patiently.ts";
import { StreamOrder } from "./stream-order.ts";
import { StreamWriter } from "./stream-writer.ts";
import { Talk } from "./talk.ts";

/** Between two looks whether there is room again. */
const ROOM_MS = 10;
/** Of a message, for its subject, id and envelope. */
const HEAD_BYTES = 1024;
const AUTHOR_BYTES = 4;

export type NatsLinkOptions = {
  readonly peer: string;
  readonly isPrivate?: boolean;
  readonly end: End;
  readonly run: string;
  readonly conversation: string;
  readonly content: LargeContent;
  /** Of the master; 0 for a master to which the run does not belong yet. */
  readonly term: number;
};

type Counts = { readonly heard: number; readonly said: number };

const NOTHING = new Uint8Array(0);

/**
 * One end of a conversation over message servers: control goes from end to end and is said again until it is heard; operations
 * and results go into the stream of the run, which outlives both ends.
 */
export class NatsLink implements Link {
  readonly peer: string;
  /** Known to a master when the node has answered. */
  isPrivate: boolean;
  readonly frameBytes: number;
  /** The other end is gone, and nobody has taken its place. */
  isOrphan = false;
  /** Of the master that is heard. */
  term: number;
  readonly #hub: Hub;
  readonly #options: NatsLinkOptions;
  readonly #talk: Talk;
  #writer: StreamWriter;
  readonly #stopListening: () => void;
  #listener: LinkListener | undefined;
  readonly #early: Uint8Array[] = [];
  #written = 0;
  readonly #order = new StreamOrder();
  #closed = false;
  #hasRoom: () => boolean = () => true;
  /** When something came last, ms of the process's clock. */
  heardAt: number = performance.now();
  onClosed: () => void = () => {};
  /** Settled when what was said is heard. */
  farewell: Promise<void> = Promise.resolve();

  constructor(hub: Hub, options: NatsLinkOptions) {
    const { peer, isPrivate = false, end, run, conversation, content, term } = options;
    this.peer = peer;
    this.isPrivate = isPrivate;
    this.term = term;
    this.#hub = hub;
    this.#options = options;
    const { max_payload: payload = FRAME_BYTES_MAX } = hub.connection.info ?? {};
    this.frameBytes = Math.min(FRAME_BYTES_MAX, payload - HEAD_BYTES);
    const events = {
      frame: (bytes: Uint8Array) => this.#deliver(bytes),
      ended: (reason: string) => this.fail(reason),
    };
    this.#talk = new Talk(hub, { run, conversation, end, term }, { content, events });
    this.#writer = this.#makeWriter();
    this.#stopListening = hub.onConnected((up) => {
      if (up) this.#talk.again();
      this.#listener?.connected(up);
    });
  }

  #makeWriter(): StreamWriter {
    const { end, run, conversation } = this.#options;
    const { names, streams } = this.#hub;
    const subject =
      end === "master"
        ? names.work(run, conversation, this.term)
        : `${names.run(run)}.results.${conversation}`;
    return new StreamWriter({
      title: `${subject} ${randomBytes(AUTHOR_BYTES).toString("hex")}`,
      publish: (bytes, asked) => streams.publish(subject, bytes, asked),
      fail: (reason) => this.fail(reason),
    });
  }

  get unacknowledgedBytes(): number {
    return this.#writer.bytes + this.#talk.unacknowledgedBytes;
  }

  unacknowledged(): readonly Uint8Array[] {
    const written = this.#writer.waiting.flatMap((bytes) => {
      const envelope = openEnvelope(bytes as Buffer);
      return envelope === undefined ? [] : [envelope.frame];
    });
    return [...this.#talk.unacknowledged(), ...written];
  }

  listen(listener: LinkListener): void {
    this.#listener = listener;
    for (const frame of this.#early.splice(0)) listener.frame(frame);
  }

  send(frame: Uint8Array, lane: Lane): void {
    if (this.#closed) return;
    switch (lane) {
      case "fleeting":
        this.#talk.sayFleeting(frame);
        return;
      case "control":
        this.#talk.sayControl(frame);
        return;
      case "work":
      case "results": {
        const number = ++this.#written;
        this.#writer.write(number, keptEnvelope({ number, lane, frame }, 0));
        return;
      }
      default:
        lane satisfies never;
    }
  }

  /** Control frames that were heard, and those that were said and heard at the other end. */
  get talked(): Counts {
    const { heard, said } = this.#talk;
    return { heard, said };
  }

  /** Hears another master from now on, and no other. */
  follow(term: number): void {
    this.term = term;
    this.#talk.join(term);
  }

  /**
   * Takes the place of a master that is gone, with what the node knows of the conversation. Writes the message behind which
   * nothing counts that the other one wrote, and returns its number in the stream. Rejects where the servers do not keep it.
   */
  async carryOn(term: number, node: Counts | undefined): Promise<number> {
    this.term = term;
    if (node !== undefined) this.#talk.carryOn({ heard: node.said, said: node.heard });
    this.#talk.join(term);
    this.#writer = this.#makeWriter();
    const number = ++this.#written;
    const envelope = keptEnvelope({ number, lane: "work", frame: NOTHING }, 0);
    const { run, conversation } = this.#options;
    const { names, streams } = this.#hub;
    const subject = names.work(run, conversation, term);
    const msgID = `${subject} ${randomBytes(AUTHOR_BYTES).toString("hex")}`;
    const { seq } = await patiently(STREAMS_MS_MAX, () =>
      streams.publish(subject, envelope, { msgID }),
    );
    return seq;
  }

  deliverWhile(hasRoom: () => boolean): void {
    this.#hasRoom = hasRoom;
  }

  /** Settled when there is room for what comes next out of the stream, which keeps it meanwhile. */
  async room(): Promise<void> {
    while (!this.#closed && !this.#hasRoom()) await delay(ROOM_MS);
  }

  /** Takes a message of the stream that was meant for this end. `term`: of the master that wrote it. */
  hearStream(data: Uint8Array, term: number): void {
    if (this.#closed) return;
    const envelope = openEnvelope(Buffer.from(data.buffer, data.byteOffset, data.byteLength));
    if (envelope === undefined) {
      this.fail("what came is no envelope of this protocol");
      return;
    }
    const { number, frame } = envelope;
    if (this.#order.take({ term, number, frame }, (next) => this.#deliver(next))) return;
    const what = `message ${number} of the stream came after ${this.#order.last}`;
    this.fail(`${what}: raise cluster.nats.max_bytes`);
  }

  #deliver(frame: Uint8Array): void {
    this.heardAt = performance.now();
    this.isOrphan = false;
    if (this.#listener === undefined) this.#early.push(Uint8Array.from(frame));
    else this.#listener.frame(frame);
  }

  forsake(): void {
    this.isOrphan = true;
  }

  /** Ends the conversation because of what came, or because nothing can come any more. */
  fail(reason: string): void {
    if (this.#closed) return;
    this.#end();
    this.#listener?.closed(reason);
  }

  close(): void {
    if (!this.#closed) this.#end();
  }

  /** Ends the conversation without a word: the run is another master's. */
  abandon(): void {
    this.#talk.leave();
    this.#writer.stop();
    this.close();
  }

  #end(): void {
    this.#closed = true;
    this.#stopListening();
    this.farewell = this.#sayFarewell();
    this.onClosed();
  }

  async #sayFarewell(): Promise<void> {
    await this.#writer.settled();
    this.#writer.stop();
    await this.#talk.close();
  }
}
