import type { NatsConnection } from "@nats-io/nats-core";
import { connectTo, type NatsAddress, natsAddress } from "../nats/nats-address.ts";
import { LostMessages, type MessageSink } from "./message-sink.ts";
import { payloadJson } from "./payload.ts";
import type { OutgoingItem } from "./queued-item.ts";
import { SUBJECT_DEFAULT, type SubjectOf, subjectTemplate } from "./subject-template.ts";

/** What a message's body is: the recorded bytes unchanged, or the payload as JSON text. */
export const bodyForms = ["msgpack", "json"] as const;
type BodyForm = (typeof bodyForms)[number];

export type NatsSinkOptions = {
  /** `nats://[user:password@|token@]host[:port]`; several with commas. */
  readonly url: string;
  /** With `{type}` and `{topic}`; default `{type}.{topic}`. */
  readonly subject?: string;
  readonly body?: BodyForm;
  /** Gets a sentence when the connection is lost, and when it is there again. */
  readonly onNotice?: (sentence: string) => void;
};

/** Bytes that may be under way before the server has said that it has them. */
const UNCONFIRMED_BYTES_MAX = 1024 * 1024;
/** A server that does not confirm the last messages is not waited for longer. */
const DELIVERY_MS_MAX = 10_000;

/**
 * Publishes each message. Throws a TypeError for what is no address or gives no subject. `open` rejects with a DrayageError
 * `target-unreachable` or `auth-failed`. A connection that is lost later is taken up again for ever, and the replay waits
 * for it; what the server had not confirmed by then may be lost, and is told as LostMessages.
 */
export function nats({ url, subject = SUBJECT_DEFAULT, ...options }: NatsSinkOptions): MessageSink {
  return new NatsSink({
    ...options,
    url,
    subjectOf: subjectTemplate(subject),
    address: natsAddress(url),
  });
}

type SinkOptions = Pick<NatsSinkOptions, "url" | "body" | "onNotice"> & {
  readonly subjectOf: SubjectOf;
  readonly address: NatsAddress;
};

/** Messages that the server has not confirmed. */
type Load = { messages: number; bytes: number };
const noLoad = (): Load => ({ messages: 0, bytes: 0 });

// Whatever the library is given while the connection is down goes nowhere, though it says nothing of that: so nothing is given
// to it then. What was given before is confirmed by pings, one at a time:
//
//   publish --> fresh --ping--> asked --pong--> confirmed
//                  \______________\____ connection lost --> lost
class NatsSink implements MessageSink {
  readonly #options: SinkOptions;
  #connection: NatsConnection | undefined;
  #fresh = noLoad();
  #asked = noLoad();
  #lost = 0;
  #isDown = false;
  /** The library has given up: it does so where credentials are refused twice. */
  #isOver = false;
  /** Over which a ping is under way. */
  #asking: NatsConnection | undefined;
  /** Something was confirmed or lost, the connection is back, or nothing more is wanted. */
  #change = Promise.withResolvers<void>();

  constructor(options: SinkOptions) {
    this.#options = options;
  }

  async open(): Promise<void> {
    if (this.#connection !== undefined) return;
    const { url, address } = this.#options;
    const names = { name: "drayage replay-log", doing: "cannot publish to" };
    this.#connection = await connectTo(url, { ...names, address });
    void this.#watch(this.#connection);
  }

  send(item: OutgoingItem): Promise<void> | undefined {
    if (this.#isDown) return this.#sendLater(item);
    this.#publish(item);
    if (this.#lost > 0) return Promise.reject(this.#takeLost());
    return this.#isFull ? this.#untilRoom() : undefined;
  }

  async close(): Promise<void> {
    const connection = this.#connection;
    this.#connection = undefined;
    this.#tell();
    if (connection === undefined) return;
    if (this.#isDown || !(await delivers(connection))) this.#lose();
    await connection.close();
    this.#fresh = noLoad();
    this.#asked = noLoad();
    this.#isDown = false;
    this.#isOver = false;
    if (this.#lost > 0) throw this.#takeLost();
  }

  get #isFull(): boolean {
    return this.#fresh.bytes + this.#asked.bytes >= UNCONFIRMED_BYTES_MAX;
  }

  #publish(item: OutgoingItem): void {
    const { subjectOf, body } = this.#options;
    const bytes = body === "json" ? Buffer.from(payloadJson(item.payload)) : item.bytes;
    const connection = this.#connection;
    connection?.publish(subjectOf(item), bytes);
    this.#fresh.messages++;
    this.#fresh.bytes += bytes.length;
    if (connection !== undefined && this.#asking !== connection) void this.#confirm(connection);
  }

  async #sendLater(item: OutgoingItem): Promise<void> {
    while (this.#isDown && !this.#isOver && this.#connection !== undefined)
      await this.#change.promise;
    if (this.#isDown) throw new Error("a message was not sent: the connection to NATS is lost");
    await this.send(item);
  }

  async #untilRoom(): Promise<void> {
    while (this.#isFull && this.#connection !== undefined) await this.#change.promise;
  }

  /** One ping at a time: what is published meanwhile goes with the next. */
  async #confirm(connection: NatsConnection): Promise<void> {
    this.#asking = connection;
    while (this.#fresh.messages > 0 && this.#connection === connection && !this.#isDown) {
      this.#asked = this.#fresh;
      this.#fresh = noLoad();
      const isConfirmed = await connection.flush().then(
        () => true,
        () => false,
      );
      // Whoever watches the connection, or closes it, has counted what was asked for.
      if (!isConfirmed || this.#connection !== connection) break;
      this.#asked = noLoad();
      this.#tell();
    }
    if (this.#asking === connection) this.#asking = undefined;
  }

  async #watch(connection: NatsConnection): Promise<void> {
    for await (const { type } of connection.status()) {
      if (this.#connection !== connection) return;
      if ((type === "disconnect" || type === "staleConnection") && !this.#isDown) this.#onDown();
      else if (type === "reconnect") this.#onBack(connection);
    }
    if (this.#connection !== connection) return;
    this.#isOver = true;
    this.#onDown();
  }

  #onDown(): void {
    this.#isDown = true;
    this.#lose();
    const then = this.#isOver ? "for good" : "messages wait until it is back";
    this.#options.onNotice?.(`the connection to NATS is lost: ${then}`);
    this.#tell();
  }

  #onBack(connection: NatsConnection): void {
    this.#isDown = false;
    this.#options.onNotice?.(`connected to NATS at ${connection.getServer()} again`);
    this.#tell();
  }

  #lose(): void {
    this.#lost += this.#fresh.messages + this.#asked.messages;
    this.#fresh = noLoad();
    this.#asked = noLoad();
  }

  #takeLost(): LostMessages {
    const lost = new LostMessages(this.#lost);
    this.#lost = 0;
    return lost;
  }

  #tell(): void {
    this.#change.resolve();
    this.#change = Promise.withResolvers();
  }
}

/** Whether the server has all that was published. */
async function delivers(connection: NatsConnection): Promise<boolean> {
  const { promise: isLate, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => resolve(false), DELIVERY_MS_MAX);
  const drained = connection.drain().then(
    () => true,
    () => false,
  );
  try {
    return await Promise.race([drained, isLate]);
  } finally {
    clearTimeout(timer);
  }
}
