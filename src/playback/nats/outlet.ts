// What goes out over one connection: cut where the server wants messages smaller, and counted until the server has it.
//
//   publish ---> bytes on their way ---> ping of one round, then the next ---> pong: the server has them
import type { MsgHdrs, NatsConnection } from "@nats-io/nats-core";

/** Who publishes, and is told how much of it the server has not confirmed yet. */
export type Publisher = { onConfirmed(bytes: number): void };

type Message = {
  readonly subject: string;
  readonly body: Uint8Array;
  readonly headers?: MsgHdrs | undefined;
};

/** The usual limit of a server, for as long as it has not told its own. */
const PAYLOAD_BYTES_DEFAULT = 1 << 20;

export class Outlet {
  readonly #connection: NatsConnection;
  #fresh = new Map<Publisher, number>();
  #isAsking = false;
  #isDown = false;
  #back = Promise.withResolvers<void>();

  constructor(connection: NatsConnection) {
    this.#connection = connection;
  }

  /** Most bytes of headers and body together. */
  get payloadBytesMax(): number {
    return this.#connection.info?.max_payload ?? PAYLOAD_BYTES_DEFAULT;
  }

  /** Whether the connection is lost at present: what is published then goes nowhere. */
  get isDown(): boolean {
    return this.#isDown || this.#connection.isClosed();
  }

  /** The connection is lost, or there again. */
  set isDown(isDown: boolean) {
    this.#isDown = isDown;
    if (isDown) return;
    this.#back.resolve();
    this.#back = Promise.withResolvers();
  }

  /** Gives how many bytes went out: none while the connection is lost. */
  publish({ subject, body, headers }: Message, publisher?: Publisher): number {
    if (this.isDown) return 0;
    this.#connection.publish(subject, body, headers === undefined ? {} : { headers });
    const bytes = subject.length + body.length;
    if (publisher !== undefined) {
      this.#fresh.set(publisher, (this.#fresh.get(publisher) ?? 0) + bytes);
      if (!this.#isAsking) void this.#ask();
    }
    return bytes;
  }

  /** Resolves once the server has all that was published, or is lost. */
  async settled(): Promise<void> {
    await this.#connection.flush().catch(() => undefined);
  }

  /** One ping at a time: what was published meanwhile goes with the next. */
  async #ask(): Promise<void> {
    this.#isAsking = true;
    while (this.#fresh.size > 0) {
      const asked = this.#fresh;
      this.#fresh = new Map();
      await this.settled();
      if (this.#isDown) await this.#back.promise;
      for (const [publisher, bytes] of asked) publisher.onConfirmed(bytes);
    }
    this.#isAsking = false;
  }
}
