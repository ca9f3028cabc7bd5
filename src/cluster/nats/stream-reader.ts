// Reads a stream in order from a place on, each message once, whichever servers come and go meanwhile. What the servers keep of
// a reader, its consumer, lives on one of them and dies with it: the reader itself knows where it is, looks after it when nothing
// comes, and makes another one where it stopped.
import { AckPolicy, type Consumer, type ConsumerMessages, DeliverPolicy } from "@nats-io/jetstream";
import { nanos } from "@nats-io/transport-node";
import { type Hub, STREAMS_MS_MAX } from "./hub.ts";
import { patiently } from "./patiently.ts";

/** Asked for at once. Each is a frame at most. */
const MESSAGES = 64;
/** How long the servers may take to have as many; then the consumer is looked after. */
const FETCH_MS = 2000;
/** A request of which nothing is heard beyond that is given up. */
const FETCH_MS_MAX = 3000;
/** A consumer that nobody asks is removed by the servers after this. */
const INACTIVE_MS = 60_000;

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

type StreamEvents = {
  take(message: StreamMessage): void | Promise<void>;
  fail(error: unknown): void;
};

export class StreamReader {
  readonly #hub: Hub;
  readonly #place: StreamPlace;
  readonly #events: StreamEvents;
  /** Number in the stream of what came last, and of how much came of this consumer. */
  #last: number;
  #delivered = 0;
  #stopped = false;

  /** `take` is called in order, and again when what it returned is settled. `fail`: there is nothing to read any more. */
  constructor(hub: Hub, place: StreamPlace, events: StreamEvents) {
    this.#hub = hub;
    this.#place = place;
    this.#events = events;
    this.#last = place.from - 1;
  }

  start(): void {
    void this.#read();
  }

  async #read(): Promise<void> {
    try {
      while (!this.#stopped) {
        const consumer = await patiently(STREAMS_MS_MAX, () => this.#open(), {
          worth: () => !this.#stopped,
        });
        while (!this.#stopped && (await this.#fetch(consumer)));
      }
    } catch (error) {
      if (!this.#stopped) this.#events.fail(error);
    }
  }

  async #open(): Promise<Consumer> {
    const { run, filter } = this.#place;
    const { manager, streams, names } = this.#hub;
    const stream = names.stream(run);
    this.#delivered = 0;
    const { name } = await manager.consumers.add(stream, {
      filter_subject: filter,
      deliver_policy: DeliverPolicy.StartSequence,
      opt_start_seq: this.#last + 1,
      ack_policy: AckPolicy.None,
      mem_storage: true,
      num_replicas: 1,
      inactive_threshold: nanos(INACTIVE_MS),
    });
    return streams.consumers.get(stream, name);
  }

  /** False when the consumer is gone, or something of it was lost on the way. */
  async #fetch(consumer: Consumer): Promise<boolean> {
    let came = 0;
    let late: NodeJS.Timeout | undefined;
    let messages: ConsumerMessages | undefined;
    try {
      const fetched = await consumer.fetch({ max_messages: MESSAGES, expires: FETCH_MS });
      messages = fetched;
      late = setTimeout(() => fetched.stop(), FETCH_MS_MAX);
      for await (const { subject, seq, data, info } of fetched) {
        if (this.#stopped) return false;
        if (info.deliverySequence !== this.#delivered + 1) return false;
        this.#delivered++;
        this.#last = seq;
        came++;
        late.refresh();
        await this.#take({ subject, seq, data });
      }
      return came > 0 || this.#stopped || (await this.#isThere(consumer));
    } catch (error) {
      if (error instanceof Taking) throw error.cause;
      return false;
    } finally {
      clearTimeout(late);
      messages?.stop();
    }
  }

  /** What goes wrong with a message is not the fault of the consumer. */
  async #take(message: StreamMessage): Promise<void> {
    try {
      await this.#events.take(message);
    } catch (cause) {
      throw new Taking("a message could not be taken", { cause });
    }
  }

  /** The last message may be lost as well as any other. */
  async #isThere(consumer: Consumer): Promise<boolean> {
    const { delivered } = await consumer.info();
    return delivered.consumer_seq === this.#delivered;
  }

  stop(): void {
    this.#stopped = true;
  }
}

class Taking extends Error {}
