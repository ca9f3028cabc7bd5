// The way from one shard to the others, over the connection of its NATS adapter.
import type { Msg, NatsConnection } from "@nats-io/nats-core";
import { encodedLevel, subjectOfPath } from "../../archive/subject.ts";
import { messageOf } from "../../core/errors.ts";
import { type Micros, micros } from "../../core/units.ts";
import { objectIn } from "../nats/message-object.ts";
import { Refusal } from "../session/refusal.ts";
import {
  clockOffset,
  type MachineClock,
  offsetOnMachine,
  ROUND_TRIPS,
  type RoundTrip,
} from "./clock-offset.ts";
import type { Announcement } from "./shard-board.ts";
import type { ShardAnswers, ShardNote, ShardRefusal, ShardRequest } from "./shard-messages.ts";

/** Within this each shard has to confirm. */
const CONFIRM_MS_MAX = 2000;
/** What has to be handed over before a session stands still may take so long, and so may the image of one that is shown. */
const SETTLE_MS_MAX = 20_000;
/** All that a write asks of all shards, one after the other: less than a client waits (`ANSWER_MS_MAX` in session-client.ts). */
const WRITE_MS_MAX = 28_000;

export type Answered<R extends ShardRequest> = ShardAnswers[R["do"]];
type AnyAnswer = ShardAnswers[keyof ShardAnswers];

export type ShardLinkOptions = {
  readonly connection: NatsConnection;
  readonly base: string;
  readonly cluster: string;
  readonly shard: number;
  /** The system's clock, finer than a millisecond. */
  readonly wall: () => Micros;
  readonly machine: MachineClock | null;
  readonly onAnnouncement: (said: Announcement & { readonly isLeaving?: boolean }) => void;
  readonly onRequest: (request: ShardRequest) => Promise<AnyAnswer> | AnyAnswer;
  readonly onNote: (note: ShardNote) => void;
  readonly log: (sentence: string) => void;
};

/** Nobody knows whether the shard has done what it was asked for. */
export class Unanswered extends Refusal {}

export class ShardLink {
  readonly #options: ShardLinkOptions;
  readonly #root: string;
  /** How far the clocks of other shards are ahead of ours, by their instances. */
  readonly #offsets = new Map<string, Promise<Micros>>();
  /** Shards that were there and are gone. */
  readonly #lost = new Set<number>();
  #hasComplained = false;
  /** How to end the wait for what a shard has not answered yet. */
  readonly #waits = new Map<number, Set<(why: Refusal) => void>>();

  constructor(options: ShardLinkOptions) {
    this.#options = options;
    this.#root = `${subjectOfPath(options.base)}.cluster`;
  }

  /** Begins to listen; resolves when the server knows. */
  async open(): Promise<void> {
    const { connection, shard, onAnnouncement } = this.#options;
    connection.subscribe(`${this.#root}.announce`, {
      callback: (error, message) => {
        const said = error === null ? this.#said<Announcement>(message) : undefined;
        if (said !== undefined) onAnnouncement(said);
      },
    });
    connection.subscribe(this.#subject(shard), {
      callback: (error, message) => {
        if (error === null) this.#onMessage(message);
      },
    });
    await connection.flush();
  }

  announce(announcement: Announcement & { readonly isLeaving?: boolean }): void {
    const { connection } = this.#options;
    if (!connection.isClosed())
      connection.publish(`${this.#root}.announce`, JSON.stringify(announcement));
  }

  note(to: number, note: ShardNote): void {
    const { connection, shard, onNote } = this.#options;
    if (to === shard) onNote(note);
    else if (!connection.isClosed()) connection.publish(this.#subject(to), JSON.stringify(note));
  }

  /** Rejects with a Refusal: of that shard, or because it does not answer, or is gone before it does. */
  async ask<R extends ShardRequest>(to: number, request: R): Promise<Answered<R>> {
    const { shard, onRequest } = this.#options;
    if (to === shard) return (await onRequest(request)) as Answered<R>;
    const answer = await this.#whileThere(to, () => this.#request(to, request));
    const told = this.#said<Answered<R> | ShardRefusal>(answer);
    if (told === undefined) throw new Unanswered("not-ready", `shard ${to} gives no answer`);
    if ("error" in told) throw new Refusal(told.kind, told.error);
    return told;
  }

  /** A shard is gone: nobody waits for what it has not answered. */
  lose(shard: number): void {
    this.#lost.add(shard);
    this.#endWaits(shard);
  }

  /** Whether it was there and is gone. */
  isLost(shard: number): boolean {
    return this.#lost.has(shard);
  }

  /** A shard is there, perhaps again: what was asked of it in an earlier life is not answered. */
  meet(shard: number): void {
    this.#lost.delete(shard);
    this.#endWaits(shard);
  }

  /** The clock of a shard minus ours, measured once for each of its lives. */
  async offsetOf({ shard, instance, machine }: Announcement): Promise<Micros> {
    const exact = offsetOnMachine(machine, this.#options.machine);
    if (exact !== undefined) return exact;
    const known = this.#offsets.get(instance);
    if (known !== undefined) return known;
    const measured = this.#measure(shard).catch((error: unknown) => {
      this.#offsets.delete(instance);
      throw error;
    });
    this.#offsets.set(instance, measured);
    return measured;
  }

  /** Clocks drift: measures anew when next asked. */
  forgetOffsets(): void {
    this.#offsets.clear();
  }

  #request(to: number, request: ShardRequest): Promise<Msg> {
    return this.#options.connection
      .request(this.#subject(to), JSON.stringify(request), { timeout: limitOf(request) })
      .catch((error: unknown) => {
        throw new Unanswered("not-ready", `shard ${to} does not confirm: ${messageOf(error)}`);
      });
  }

  /** A shard that ends may have taken a request and never answer it. */
  async #whileThere<T>(shard: number, answer: () => Promise<T>): Promise<T> {
    if (this.#lost.has(shard)) throw lossOf(shard);
    const { promise: isLost, reject } = Promise.withResolvers<never>();
    const waits = this.#waits.get(shard) ?? new Set();
    this.#waits.set(shard, waits.add(reject));
    try {
      return await Promise.race([answer(), isLost]);
    } finally {
      waits.delete(reject);
    }
  }

  #endWaits(shard: number): void {
    for (const end of this.#waits.get(shard) ?? []) end(lossOf(shard));
  }

  async #measure(shard: number): Promise<Micros> {
    const { wall } = this.#options;
    const trips: RoundTrip[] = [];
    for (let trip = 0; trip < ROUND_TRIPS; trip++) {
      const sent = wall();
      const { wall: theirs } = await this.ask(shard, { do: "clock" });
      trips.push({ sent, theirs: micros(theirs), received: wall() });
    }
    return clockOffset(trips);
  }

  #subject(shard: number): string {
    return `${this.#root}.${encodedLevel(this.#options.cluster)}.${shard}`;
  }

  /**
   * What a shard said; undefined for what cannot be from one. Nothing may throw in here: the library would stop reading, and
   * say nothing of that.
   */
  #said<T extends object>(message: Msg): T | undefined {
    const said = objectIn(message) as T | undefined;
    if (said === undefined && !this.#hasComplained) {
      this.#hasComplained = true;
      this.#options.log(`shards: others publish on ${message.subject}; that is passed over`);
    }
    return said;
  }

  #onMessage(message: Msg): void {
    const said = this.#said<ShardRequest | ShardNote>(message);
    if (said === undefined) return;
    if ("note" in said) this.#options.onNote(said);
    else void this.#answer(message, said);
  }

  async #answer(message: Msg, request: ShardRequest): Promise<void> {
    const answer = await this.#attempt(request);
    if (!this.#options.connection.isClosed()) message.respond(JSON.stringify(answer));
  }

  async #attempt(request: ShardRequest): Promise<AnyAnswer | ShardRefusal> {
    try {
      return await this.#options.onRequest(request);
    } catch (error) {
      if (error instanceof Refusal) return { error: error.message, kind: error.kind };
      this.#options.log(`shards: ${request.do} failed: ${messageOf(error)}`);
      return { error: messageOf(error), kind: "not-ready" };
    }
  }
}

/** A shard that is lost is not waited for until then. */
function limitOf(request: ShardRequest): number {
  switch (request.do) {
    case "settle":
    case "abort":
      return SETTLE_MS_MAX;
    case "make":
      return request.step.showsImage ? SETTLE_MS_MAX : CONFIRM_MS_MAX;
    case "write":
      return WRITE_MS_MAX;
    default:
      return CONFIRM_MS_MAX;
  }
}

const lossOf = (shard: number): Refusal => new Refusal("not-ready", `shard ${shard} is lost`);
