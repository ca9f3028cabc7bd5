// One of several recorders: says every second that it is there, hears of the others, and makes their sessions and its own one.
import { randomUUID } from "node:crypto";
import type { NatsConnection } from "@nats-io/nats-core";
import { UsageError } from "../../core/errors.ts";
import type { Micros } from "../../core/units.ts";
import type { WakeSource } from "../clock/wake-clock.ts";
import type { PlaybackArchive } from "../session/session-context.ts";
import type { SessionHost } from "../session/session-host.ts";
import type { MachineClock } from "./clock-offset.ts";
import { type Announcement, type BoardChange, ShardBoard } from "./shard-board.ts";
import { ShardChanges } from "./shard-changes.ts";
import { ShardHost } from "./shard-host.ts";
import { ShardLink } from "./shard-link.ts";
import type { ShardAnswers, ShardRequest } from "./shard-messages.ts";
import { ShardParts } from "./shard-part.ts";
import { SharedCourse } from "./shared-course.ts";

export type ShardClusterOptions = {
  readonly host: SessionHost;
  readonly archive: PlaybackArchive;
  readonly wake: WakeSource;
  /** The system's clock, microseconds since the epoch, to the microsecond. */
  readonly wall: () => Micros;
  /** null: clocks are compared by round trips, on one machine too. */
  readonly machine: MachineClock | null;
  readonly connection: NatsConnection;
  readonly base: string;
  readonly cluster: string;
  readonly shard: number;
  readonly shards: number;
  /** Of the archive; null while it has no file. */
  readonly archiveId: () => string | null;
  /** Another process has this one's place. */
  readonly onRefused: (error: Error) => void;
  readonly log: (sentence: string) => void;
};

const ANNOUNCE_MS = 1000;
/** Clocks of machines drift by less than a millisecond in this. */
const MEASURE_EVERY = 60;

export class ShardCluster {
  readonly desk: ShardHost;
  /** Sends this shard's part of an image to an inbox. */
  onSync: (id: string, inbox: string) => void = () => {};
  readonly #options: ShardClusterOptions;
  readonly #board: ShardBoard;
  readonly #link: ShardLink;
  readonly #parts: ShardParts;
  readonly #course: SharedCourse;
  readonly #instance = randomUUID();
  readonly #began: Micros;
  readonly #machine: MachineClock | null;
  #timer: NodeJS.Timeout | undefined;
  #announced = 0;

  constructor(options: ShardClusterOptions) {
    const { host, archive, wake, wall, shard, shards, connection, base, cluster, log } = options;
    this.#options = options;
    this.#began = wall();
    this.#machine = options.machine;
    this.#board = new ShardBoard(() => this.#own());
    this.#link = new ShardLink({
      connection,
      base,
      cluster,
      shard,
      wall,
      machine: this.#machine,
      onAnnouncement: (said) => this.#hear(said),
      onRequest: (request) => this.#handle(request),
      onNote: (note) => this.#course.onNote(note),
      log,
    });
    this.#parts = new ShardParts({
      host,
      archive,
      wake,
      wall,
      shard,
      note: (to, note) => this.#link.note(to, note),
      onSync: (id, inbox) => this.onSync(id, inbox),
    });
    const [link, board, parts] = [this.#link, this.#board, this.#parts];
    const changes = new ShardChanges({ parts, link, board, shard, shards, wall });
    this.#course = new SharedCourse({ host, parts, board, changes, shard, log });
    const course = this.#course;
    this.desk = new ShardHost({
      host,
      parts,
      link,
      board,
      changes,
      course,
      shard,
      wake,
      wall,
      log,
    });
  }

  /** Begins to listen and to announce. */
  async start(): Promise<void> {
    await this.#link.open();
    this.#announce();
    this.#timer = setInterval(() => this.#announce(), ANNOUNCE_MS).unref();
  }

  /** Sessions go on at the other shards. Called before the host closes. */
  stop(): void {
    clearInterval(this.#timer);
    this.desk.isLeaving = true;
    this.#link.announce({ ...this.#own(), isLeaving: true });
  }

  get shard(): number {
    return this.#options.shard;
  }

  get present(): readonly number[] {
    return this.#board.present;
  }

  /** Why nothing is served yet; undefined = it is. */
  get notReady(): string | undefined {
    return this.#board.notReady;
  }

  /** Why nothing can be played now. */
  get trouble(): string | undefined {
    return this.#board.trouble;
  }

  /** First and last stamp of all archives. */
  get span(): { readonly first: Micros | null; readonly last: Micros | null } {
    const all = [this.#own(), ...this.#board.others];
    const firsts = all.flatMap(({ first }) => (first === null ? [] : [first]));
    const lasts = all.flatMap(({ last }) => (last === null ? [] : [last]));
    return {
      first: firsts.length === 0 ? null : (Math.min(...firsts) as Micros),
      last: lasts.length === 0 ? null : (Math.max(...lasts) as Micros),
    };
  }

  #own(): Announcement {
    const { cluster, shard, shards, archive, archiveId } = this.#options;
    return {
      cluster,
      shard,
      shards,
      instance: this.#instance,
      archive: archiveId(),
      began: this.#began,
      first: archive.first(),
      last: archive.last(),
      machine: this.#machine,
    };
  }

  #announce(): void {
    this.#link.announce(this.#own());
    this.#announced++;
    if (this.#announced % MEASURE_EVERY === 0) this.#link.forgetOffsets();
    for (const change of this.#board.look(performance.now())) this.#follow(change);
    for (const id of this.#options.host.usedReplicas()) this.#parts.tell(id, "used");
  }

  #hear(said: Announcement & { readonly isLeaving?: boolean }): void {
    const isOurs = said.cluster === this.#options.cluster && said.instance !== this.#instance;
    const isPeer = this.#board.others.some(({ instance }) => instance === said.instance);
    const change =
      isOurs && isPeer && said.isLeaving === true
        ? this.#board.leave(said.shard)
        : said.isLeaving === true
          ? undefined
          : this.#board.hear(said, performance.now());
    if (change !== undefined) this.#follow(change);
  }

  #follow(change: BoardChange): void {
    const { log, cluster, shard, shards, onRefused } = this.#options;
    const count = `${this.#board.present.length} of ${shards} are there`;
    switch (change.kind) {
      case "appeared":
        // Whoever is new need not wait for our next second.
        this.#link.announce(this.#own());
        log(`shards: ${change.shard} is there, ${count}`);
        this.#link.meet(change.shard);
        this.desk.onAppeared(change.shard);
        return;
      case "lost":
        log(`warning: shards: ${change.shard} is lost, ${count}; what plays is paused`);
        this.#link.lose(change.shard);
        this.desk.onLost(change.shard);
        return;
      case "taken":
        onRefused(
          new UsageError(
            `shard ${shard} of cluster ${cluster} runs already: give each process its own record.shard, 0 to ${shards - 1}`,
          ),
        );
        return;
      case "disagrees":
        log(
          `error: shards: shard ${change.with.shard} of cluster ${cluster} has publish.shards ${change.with.shards}, this one ${shards}: nothing is played until they agree`,
        );
        return;
      default:
        change satisfies never;
    }
  }

  async #handle(request: ShardRequest): Promise<ShardAnswers[keyof ShardAnswers]> {
    if (request.do !== "write") return this.#parts.handle(request);
    const { id, name, value } = request;
    return { value: await this.desk.write(id, { name, value }) };
  }
}
