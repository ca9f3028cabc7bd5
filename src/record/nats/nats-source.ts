import { Socket } from "node:net";
import type { Msg, NatsConnection, Status } from "@nats-io/transport-node";
import { DrayageError } from "../../core/errors.ts";
import { type Micros, micros } from "../../core/units.ts";
import type { BatchSink } from "../batch-sink.ts";
import type { SubjectChoice } from "../subjects/subject-choice.ts";
import { BatchGroups } from "./batch-groups.ts";
import { HeldBatches } from "./held-batches.ts";
import { connectNats } from "./nats-connection.ts";
import { natsMessage } from "./nats-message.ts";
import { type NatsOptions, SILENCE_MS_MAX } from "./nats-options.ts";
import { ReadTurn } from "./read-turn.ts";

/** How long the server may take to send what it had for us when we end. */
const DRAIN_MS_MAX = 2_000;

export type NatsSourceOptions = {
  readonly nats: NatsOptions;
  readonly choice: SubjectChoice;
  readonly sink: BatchSink;
  /** Stamps of the archive. */
  readonly now: () => Micros;
  /** One sentence for the operator. */
  readonly onNotice: (sentence: string) => void;
  /** Messages held in memory while the archive has no room; default 64 MiB. */
  readonly heldBytesMax?: number;
};

export type NatsSourceState = {
  readonly server: string;
  readonly isConnected: boolean;
  /** Messages that were to be recorded, and their bytes with headers; what of them was dropped is told to the sink. */
  readonly messages: number;
  readonly bytes: number;
  /** Copies that overlapping filters brought, and subjects that no glob matches. */
  readonly passedOver: number;
  readonly disconnects: number;
  /** Times that the socket was not read because the archive had no room. */
  readonly pauses: number;
  /** Marked batches that went into the archive in parts. */
  readonly partedBatches: number;
};

/** Subscribes to what the globs want, and offers it batch by batch. */
export class NatsSource {
  readonly #connection: NatsConnection;
  readonly #options: NatsSourceOptions;
  readonly #held: HeldBatches;
  readonly #turn: ReadTurn;
  readonly #groups: BatchGroups;
  #messages = 0;
  #bytes = 0;
  #passedOver = 0;
  #disconnects = 0;
  #lostSince: Micros | undefined;
  #isReading = true;

  private constructor(connection: NatsConnection, options: NatsSourceOptions) {
    this.#connection = connection;
    this.#options = options;
    this.#held = new HeldBatches({
      sink: options.sink,
      setReading: (isOn) => this.#setReading(isOn),
      now: options.now,
      ...(options.heldBytesMax === undefined ? {} : { heldBytesMax: options.heldBytesMax }),
    });
    this.#turn = new ReadTurn((batch) => this.#held.put(batch));
    this.#groups = new BatchGroups({
      onBatch: (batch) => this.#held.put(batch),
      now: () => performance.now(),
    });
  }

  /** DrayageError `target-unreachable` or `auth-failed` where no server takes us. */
  static async start(options: NatsSourceOptions): Promise<NatsSource> {
    const connection = await connectNats(options.nats, { name: "drayage record" });
    const source = new NatsSource(connection, options);
    try {
      await source.#subscribe();
    } catch (error) {
      await connection.close();
      throw error;
    }
    void source.#watch();
    return source;
  }

  state(): NatsSourceState {
    return {
      server: this.#connection.getServer(),
      isConnected: this.#lostSince === undefined,
      messages: this.#messages,
      bytes: this.#bytes,
      passedOver: this.#passedOver,
      disconnects: this.#disconnects,
      pauses: this.#held.pauses,
      partedBatches: this.#groups.parted,
    };
  }

  /** Takes what the server still had for us, offers what is open, and leaves. */
  async stop(): Promise<void> {
    if (this.#lostSince === undefined) await atMost(this.#connection.drain(), DRAIN_MS_MAX);
    this.#connected();
    await this.#connection.close();
    this.#turn.end();
    this.#groups.finishAll();
    await this.#held.empty();
  }

  async #subscribe(): Promise<void> {
    const { choice } = this.#options;
    const refused: string[] = [];
    let isStarting = true;
    for (const [index, filter] of choice.filters.entries()) {
      this.#connection.subscribe(filter, {
        callback: (error, message) => {
          if (error === null) this.#take(message, index);
          else if (isStarting) refused.push(error.message);
          else this.#options.onNotice(`NATS: no messages on ${filter} any more: ${error.message}`);
        },
      });
    }
    await this.#connection.flush();
    isStarting = false;
    if (refused.length > 0) throw new DrayageError("auth-failed", `NATS: ${refused.join("; ")}`);
  }

  /** Must not throw: the library would stop reading the socket and keep it open. */
  #take(message: Msg, filter: number): void {
    const path = this.#options.choice.pathOf(message.subject, filter);
    if (path === undefined) {
      this.#passedOver++;
      return;
    }
    const taken = natsMessage(message, path);
    this.#messages++;
    this.#bytes += taken.bytes;
    if (taken.group === undefined) this.#turn.add(taken.event, taken.bytes);
    else this.#groups.add(taken, taken.group);
  }

  async #watch(): Promise<void> {
    for await (const status of this.#connection.status()) this.#onStatus(status);
  }

  #onStatus(status: Status): void {
    const { onNotice, now } = this.#options;
    switch (status.type) {
      case "disconnect":
        this.#disconnected(now());
        onNotice(`NATS: connection to ${status.server} lost, trying again until it is back`);
        return;
      case "staleConnection":
        this.#disconnected(micros(now() - SILENCE_MS_MAX * 1_000));
        onNotice("NATS: the server is silent, connecting anew");
        return;
      case "reconnect":
        onNotice(`NATS: connected to ${status.server} again, a gap is recorded`);
        this.#connected();
        return;
      case "error":
        onNotice(`NATS: ${status.error.message}`);
        return;
      default:
        return;
    }
  }

  #disconnected(since: Micros): void {
    if (this.#lostSince !== undefined) return;
    this.#disconnects++;
    this.#lostSince = since;
    this.#turn.end();
    this.#groups.finishAll();
  }

  #connected(): void {
    if (this.#lostSince === undefined) return;
    this.#options.sink.lost({ why: "disconnect", events: 0, from: this.#lostSince });
    this.#lostSince = undefined;
    // The new socket reads, whatever the old one did.
    if (!this.#isReading) this.#setReading(false);
  }

  #setReading(isOn: boolean): void {
    this.#isReading = isOn;
    const socket = socketOf(this.#connection);
    if (isOn) socket?.resume();
    else socket?.pause();
  }
}

/** The library has no way to stop reading, so its socket is looked for. Where it is not found, reading goes on. */
function socketOf(connection: NatsConnection): Socket | undefined {
  const socket = ["protocol", "transport", "socket"].reduce<unknown>(
    (holder, name) => (holder === undefined ? undefined : Reflect.get(Object(holder), name)),
    connection,
  );
  return socket instanceof Socket ? socket : undefined;
}

async function atMost(work: Promise<unknown>, ms: number): Promise<void> {
  const over = Promise.withResolvers<void>();
  const timer = setTimeout(over.resolve, ms);
  await Promise.race([work.catch(() => undefined), over.promise]);
  clearTimeout(timer);
}
