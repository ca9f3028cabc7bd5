// Reads a stream in order from a place on, each message once, whichever servers come and go meanwhile.
import type { Consumer, ConsumerMessages } from "@nats-io/jetstream";
import type { Hub } from "./hub.ts";
import { STREAMS_MS_MAX } from "./hub.ts";
import { patiently } from "./patiently.ts";

/** Asked for in advance. Each is a frame at most. */
const MESSAGES_AHEAD = 32;
/** A leader that died is found out after about as long. */
const EXPIRES_MS = 5000;

export type StreamPlace = {
  readonly run: string;
  /** Subjects of the stream; with wildcards. */
  readonly filter: string;
  /** Number in the stream to begin at. */
  readonly from: number;
};

export type StreamMessage = {
  readonly subject: string;
  /** Number in the stream. */
  readonly seq: number;
  readonly data: Uint8Array;
};

export class StreamReader {
  readonly #hub: Hub;
  readonly #place: StreamPlace;
  readonly #take: (message: StreamMessage) => void | Promise<void>;
  readonly #fail: (error: unknown) => void;
  #messages: ConsumerMessages | undefined;
  #last: number;
  #stopped = false;

  /** `take` is called in order, and again when what it returned is settled. `fail`: there is nothing to read any more. */
  constructor(
    hub: Hub,
    place: StreamPlace,
    events: { take(message: StreamMessage): void | Promise<void>; fail(error: unknown): void },
  ) {
    this.#hub = hub;
    this.#place = place;
    this.#last = place.from - 1;
    this.#take = events.take;
    this.#fail = events.fail;
  }

  start(): void {
    void this.#read();
  }

  async #read(): Promise<void> {
    while (!this.#stopped) {
      try {
        const consumer = await patiently(STREAMS_MS_MAX, () => this.#open(), {
          worth: () => !this.#stopped,
        });
        await this.#consume(consumer);
      } catch (error) {
        if (!this.#stopped) this.#fail(error);
        return;
      }
    }
  }

  #open(): Promise<Consumer> {
    const { run, filter } = this.#place;
    const { streams, names } = this.#hub;
    return streams.consumers.get(names.stream(run), {
      filter_subjects: filter,
      opt_start_seq: this.#last + 1,
      inactive_threshold: 60_000,
    });
  }

  /** Until the consumer is gone. */
  async #consume(consumer: Consumer): Promise<void> {
    const messages = await consumer.consume({
      max_messages: MESSAGES_AHEAD,
      expires: EXPIRES_MS,
    });
    this.#messages = messages;
    if (this.#stopped) messages.stop();
    for await (const { subject, seq, data } of messages) {
      if (this.#stopped) return;
      if (seq <= this.#last) continue;
      this.#last = seq;
      await this.#take({ subject, seq, data });
    }
  }

  stop(): void {
    this.#stopped = true;
    this.#messages?.stop();
  }
}
