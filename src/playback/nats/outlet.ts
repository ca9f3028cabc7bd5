// What goes out over one connection: cut where the server wants messages smaller, and counted until the server has it.
//
//   publish ---> bytes on their way ---> ping of one round, then the next ---> pong: the server has them
import type { MsgHdrs, NatsConnection } from "@nats-io/nats-core";
import type { Micros } from "../../core/units.ts";

/** Who publishes, and is told what becomes of it. */
export type Publisher = {
  onConfirmed(bytes: number): void;
  /** The connection broke before the server had confirmed so many events, the first of them of that batch. */
  onLost(events: number, stamp: Micros): void;
};

/** What a publisher has sent that is not confirmed. */
type Load = { bytes: number; events: number; stamp: Micros | undefined };

type Message = {
  readonly subject: string;
  readonly body: Uint8Array;
  readonly headers?: MsgHdrs | undefined;
  /** Of the batch that this is an event of. */
  readonly stamp?: Micros | undefined;
};

/** The usual limit of a server, for as long as it has not told its own. */
const PAYLOAD_BYTES_DEFAULT = 1 << 20;

export class Outlet {
  readonly #connection: NatsConnection;
  #fresh = new Map<Publisher, Load>();
  /** What the ping that is under way asks for. */
  #asked = new Map<Publisher, Load>();
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
    if (isDown) {
      for (const loads of [this.#asked, this.#fresh]) lose(loads);
      return;
    }
    this.#back.resolve();
    this.#back = Promise.withResolvers();
  }

  /** Gives how many bytes went out: none while the connection is lost. */
  publish({ subject, body, headers, stamp }: Message, publisher?: Publisher): number {
    if (this.isDown) return 0;
    this.#connection.publish(subject, body, headers === undefined ? {} : { headers });
    const bytes = subject.length + body.length;
    if (publisher !== undefined) {
      this.#count(publisher, bytes, stamp);
      if (!this.#isAsking) void this.#ask();
    }
    return bytes;
  }

  #count(publisher: Publisher, bytes: number, stamp: Micros | undefined): void {
    const load = this.#fresh.get(publisher) ?? { bytes: 0, events: 0, stamp };
    this.#fresh.set(publisher, load);
    load.bytes += bytes;
    if (stamp === undefined) return;
    load.events++;
    load.stamp ??= stamp;
  }

  /** Resolves once the server has all that was published, or is lost. */
  async settled(): Promise<void> {
    await this.#connection.flush().catch(() => undefined);
  }

  /** One ping at a time: what was published meanwhile goes with the next. */
  async #ask(): Promise<void> {
    this.#isAsking = true;
    while (this.#fresh.size > 0) {
      this.#asked = this.#fresh;
      this.#fresh = new Map();
      await this.settled();
      if (this.#isDown) await this.#back.promise;
      const asked = this.#asked;
      this.#asked = new Map();
      for (const [publisher, { bytes }] of asked) publisher.onConfirmed(bytes);
    }
    this.#isAsking = false;
  }
}

function lose(loads: ReadonlyMap<Publisher, Load>): void {
  for (const [publisher, load] of loads) {
    if (load.stamp !== undefined) publisher.onLost(load.events, load.stamp);
    load.events = 0;
    load.stamp = undefined;
  }
}
