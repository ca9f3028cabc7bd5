import { keptEnvelope, openEnvelope } from "../envelope.ts";
import type { Lane, Link, LinkListener } from "../link.ts";
import { FRAME_BYTES_MAX } from "../protocol/codec.ts";
import type { Hub } from "./hub.ts";
import type { LargeContent } from "./large-content.ts";
import type { End } from "./names.ts";
import { StreamWriter } from "./stream-writer.ts";
import { Talk } from "./talk.ts";

/** Of a message, for its subject, id and envelope. */
const HEAD_BYTES = 1024;

export type NatsLinkOptions = {
  readonly peer: string;
  readonly isPrivate?: boolean;
  readonly end: End;
  readonly run: string;
  readonly conversation: string;
  readonly content: LargeContent;
};

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
  readonly #talk: Talk;
  readonly #writer: StreamWriter;
  readonly #stopListening: () => void;
  #listener: LinkListener | undefined;
  readonly #early: Uint8Array[] = [];
  #written = 0;
  /** Number of the last frame that came out of the stream. */
  #read = 0;
  #closed = false;
  /** When something came last, ms of the process's clock. */
  heardAt: number = performance.now();
  onClosed: () => void = () => {};
  /** Settled when what was said is heard. */
  farewell: Promise<void> = Promise.resolve();

  constructor(
    hub: Hub,
    { peer, isPrivate = false, end, run, conversation, content }: NatsLinkOptions,
  ) {
    this.peer = peer;
    this.isPrivate = isPrivate;
    const { max_payload: payload = FRAME_BYTES_MAX } = hub.connection.info ?? {};
    this.frameBytes = Math.min(FRAME_BYTES_MAX, payload - HEAD_BYTES);
    const events = {
      frame: (bytes: Uint8Array) => this.#deliver(bytes),
      ended: (reason: string) => this.fail(reason),
    };
    this.#talk = new Talk(hub, { run, conversation, end }, { content, events });
    const lane = end === "master" ? "work" : "results";
    const subject = `${hub.names.run(run)}.${lane}.${conversation}`;
    this.#writer = new StreamWriter(hub, subject, (reason) => this.fail(reason));
    this.#stopListening = hub.onConnected((up) => {
      if (up) this.#talk.again();
      this.#listener?.connected(up);
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
  get talked(): { readonly heard: number; readonly said: number } {
    const { heard, said } = this.#talk;
    return { heard, said };
  }

  /** Takes the place of a master that is gone, with what the node knows of the conversation. */
  carryOn({ heard, said }: { readonly heard: number; readonly said: number }): void {
    this.#talk.carryOn({ heard: said, said: heard });
  }

  /** Takes a message that an earlier end wrote: what is written follows it. The frame in it, unless it is a repetition. */
  recall(data: Uint8Array): Uint8Array | undefined {
    const envelope = openEnvelope(Buffer.from(data.buffer, data.byteOffset, data.byteLength));
    if (envelope === undefined || envelope.number <= this.#written) return undefined;
    this.#written = envelope.number;
    return envelope.frame;
  }

  /** Takes a message of the stream that was meant for this end. */
  hearStream(data: Uint8Array): void {
    if (this.#closed) return;
    const envelope = openEnvelope(Buffer.from(data.buffer, data.byteOffset, data.byteLength));
    if (envelope === undefined) {
      this.fail("what came is no envelope of this protocol");
      return;
    }
    if (envelope.number <= this.#read) return;
    if (envelope.number !== this.#read + 1) {
      const what = `message ${envelope.number} of the stream came after ${this.#read}`;
      this.fail(`${what}: raise cluster.nats.max_bytes`);
      return;
    }
    this.#read = envelope.number;
    this.#deliver(envelope.frame);
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
