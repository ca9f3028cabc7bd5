// All sessions over one archive: who may have how many, how long they live, and how they are found. Adapters stand on top.
import { type Micros, type Millis, nanosFromMillis } from "../../core/units.ts";
import type { WakeSource } from "../clock/wake-clock.ts";
import type { ControlName } from "./control-values.ts";
import { FreeTurns } from "./free-turns.ts";
import { OneShots } from "./one-shot.ts";
import type { ControlValue } from "./playhead.ts";
import { Refusal } from "./refusal.ts";
import { newSessionId, Session } from "./session.ts";
import { parseSessionArguments, type SessionArguments } from "./session-arguments.ts";
import type { PlaybackArchive, SessionContext, SharedPlay } from "./session-context.ts";
import type {
  SessionBirth,
  SessionDescription,
  SessionDesk,
  SessionFacts,
  SessionSummary,
  SessionWatcher,
} from "./session-desk.ts";

export type SessionHostOptions = {
  readonly archive: PlaybackArchive;
  readonly wake: WakeSource;
  /** The system's clock, microseconds since the epoch. */
  readonly wall: () => Micros;
  readonly maxSessions: number;
  readonly maxSessionsPerClient: number;
  /** Period of the check for sessions that nobody uses, and how long a request keeps a session in use. */
  readonly gcInterval: Millis;
  /** Bytes that a stream's reader may be behind at a paced speed. */
  readonly streamBufferBytes: number;
  /** Names of files that exist elsewhere; asked for at most every 30 s. */
  readonly listFiles?: (() => Promise<readonly string[]>) | undefined;
  readonly log: (sentence: string) => void;
};

/** `list` may be slow and cost money: a seek asks for it again only after this. */
const LIST_EVERY_NS = 30e9;
/** One empty check could fall between two requests; two cannot. */
const EMPTY_CHECKS = 2;

type Tenancy = {
  readonly session: Session;
  /** Another shard says how long it lives. */
  isReplica: boolean;
  readonly since: number;
  leaseUntil: number;
  emptyChecks: number;
};

export class SessionHost implements SessionDesk {
  readonly oneShots: OneShots;
  readonly #options: SessionHostOptions;
  readonly #context: SessionContext;
  readonly #tenancies = new Map<string, Tenancy>();
  readonly #watchers = new Set<SessionWatcher>();
  readonly #leaseNs: number;
  readonly #stopListening: () => void;
  #timer: NodeJS.Timeout | undefined;
  #isGrowthTold = true;
  #listedAt = Number.NEGATIVE_INFINITY;

  constructor(options: SessionHostOptions) {
    const { archive, wake, wall, streamBufferBytes } = options;
    this.#options = options;
    this.#leaseNs = nanosFromMillis(options.gcInterval);
    const beforeSeek = (stamp: Micros): Promise<void> => this.lookForFiles(stamp);
    const turns = new FreeTurns();
    this.#context = { archive, wake, wall, turns, streamBufferBytes, beforeSeek };
    this.oneShots = new OneShots({ archive, wall });
    this.#stopListening = archive.onGrowth(() => this.#onGrowth());
  }

  /** Begins to check every `gcInterval` which sessions are in use. Tests call `check` instead. */
  watch(): void {
    this.#timer = setInterval(() => this.check(), this.#options.gcInterval).unref();
  }

  /** Creates a session from a JSON object of arguments, or null. Throws a Refusal. */
  async create(given: unknown, client: string): Promise<Session> {
    this.#refuseAboveLimits(client);
    const args = this.parse(given);
    const session = this.#admit({ id: newSessionId(), client, args });
    try {
      await session.begin(args);
    } catch (error) {
      this.#remove(session, "it could not begin");
      throw error;
    }
    for (const watcher of this.#watchers) watcher.onCreated(session, true);
    return session;
  }

  /** Arguments of a session; offsets count from now. Throws a Refusal. */
  parse(given: unknown): SessionArguments {
    return parseSessionArguments(given, this.#options.wall());
  }

  /** Takes in a session of several shards, which waits for what they agree on. Throws a Refusal. */
  adopt(birth: SessionBirth, shared: SharedPlay): Session {
    if (birth.isLimited) this.#refuseAboveLimits(birth.client);
    const session = this.#admit(birth, shared);
    for (const watcher of this.#watchers) watcher.onCreated(session, !birth.isReplica);
    return session;
  }

  /** Another shard had the session, or has it from now on: requests about it change hands. */
  own(id: string, isOwner: boolean): void {
    const tenancy = this.#tenancy(id);
    tenancy.isReplica = !isOwner;
    for (const watcher of this.#watchers) {
      watcher.onEnded(tenancy.session);
      watcher.onCreated(tenancy.session, isOwner);
    }
    if (isOwner) this.use(id);
  }

  /** Sessions of other shards that somebody uses here. */
  usedReplicas(): string[] {
    const used = [...this.#tenancies.values()].filter(
      (tenancy) => tenancy.isReplica && this.#isUsed(tenancy),
    );
    return used.map(({ session }) => session.id);
  }

  #admit(
    {
      id,
      client,
      args,
      isReplica = false,
    }: Omit<SessionBirth, "isLimited" | "isReplica"> & { isReplica?: boolean },
    shared?: SharedPlay,
  ): Session {
    const session = new Session({ id, client }, args, { ...this.#context, shared });
    const now = this.#options.wake.now();
    const leaseUntil = isReplica ? now : now + this.#leaseNs;
    this.#tenancies.set(id, { session, isReplica, since: now, leaseUntil, emptyChecks: 0 });
    return session;
  }

  /** Tells of sessions from now on; call the answer to stop. */
  watchSessions(watcher: SessionWatcher): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  #refuseAboveLimits(client: string): void {
    const { maxSessions, maxSessionsPerClient } = this.#options;
    if (this.#tenancies.size >= maxSessions) throw new Refusal("limit", "too many sessions");
    let own = 0;
    for (const { session } of this.#tenancies.values()) if (session.client === client) own++;
    if (own >= maxSessionsPerClient) {
      throw new Refusal("limit", `too many sessions, client ${client}`);
    }
  }

  /** Throws a Refusal. */
  find(id: string): Session {
    return this.#tenancy(id).session;
  }

  /** The same for a request that shows that somebody uses the session: it stays for another `gcInterval`. */
  use(id: string): Session {
    const tenancy = this.#tenancy(id);
    tenancy.leaseUntil = this.#options.wake.now() + this.#leaseNs;
    return tenancy.session;
  }

  has(id: string): boolean {
    return this.#tenancies.has(id);
  }

  #tenancy(id: string): Tenancy {
    const tenancy = this.#tenancies.get(id);
    if (tenancy === undefined) throw new Refusal("missing", "no such session");
    return tenancy;
  }

  /** Writes a control and gives its value once that has taken effect. Rejects with a Refusal, and then nothing has changed. */
  async write(
    id: string,
    { name, value }: { name: ControlName; value: unknown },
  ): Promise<ControlValue> {
    return this.use(id).write(name, value);
  }

  /** Shows that somebody uses the session. Throws a Refusal. */
  describe(id: string): SessionDescription {
    const session = this.use(id);
    return { ...this.summary(id), filter: session.filter, stats: session.figures() };
  }

  /** Throws a Refusal. */
  statistics(id: string): SessionFacts {
    const session = this.find(id);
    return { ...session.figures(), lateness_hdr: session.histogram() };
  }

  list(): SessionSummary[] {
    return [...this.#tenancies.values()].map((tenancy) => this.#summaryOf(tenancy));
  }

  summary(id: string): SessionSummary {
    return this.#summaryOf(this.#tenancy(id));
  }

  #summaryOf({ session, since }: Tenancy): SessionSummary {
    const { id, client, streams } = session;
    const age = (this.#options.wake.now() - since) / 1e9;
    return {
      id,
      client,
      controls: session.controls(),
      streams,
      age_seconds: Math.round(age * 1000) / 1000,
    };
  }

  get size(): number {
    return this.#tenancies.size;
  }

  /** Ends a session because somebody asked for it. Throws a Refusal. */
  end(id: string, reason = "deleted"): void {
    this.#remove(this.find(id), reason);
  }

  /** Ends sessions that were not in use at two checks in a row: no stream attached, no lease. */
  check(): void {
    for (const tenancy of this.#tenancies.values()) {
      if (tenancy.isReplica) continue;
      tenancy.emptyChecks = this.#isUsed(tenancy) ? 0 : tenancy.emptyChecks + 1;
      if (tenancy.emptyChecks >= EMPTY_CHECKS) {
        this.#remove(tenancy.session, "not in use: no stream and no request for two checks");
      }
    }
  }

  #isUsed({ session, leaseUntil }: Tenancy): boolean {
    return session.streams > 0 || leaseUntil > this.#options.wake.now();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#stopListening();
    for (const { session } of this.#tenancies.values()) this.#remove(session, "the host ends");
  }

  #remove(session: Session, reason: string): void {
    this.#tenancies.delete(session.id);
    session.end(reason);
    for (const watcher of this.#watchers) watcher.onEnded(session);
    const { lateness_us: late, drift_us, ...counts } = session.figures();
    const figures = Object.entries({
      ...counts,
      late_p99_us: late.p99,
      late_max_us: late.max,
      drift_us,
    });
    const told = figures.map(([name, value]) => `${name}=${value ?? "-"}`).join(" ");
    this.#options.log(`session ${session.id} of ${session.client} ended (${reason}): ${told}`);
  }

  /** The writer calls for each batch: sessions are told once in a turn of the event loop. */
  #onGrowth(): void {
    if (!this.#isGrowthTold) return;
    this.#isGrowthTold = false;
    setImmediate(() => {
      this.#isGrowthTold = true;
      for (const { session } of this.#tenancies.values()) session.onGrowth();
    });
  }

  /** Before a seek to a stamp outside of what is known: looks for files that appeared, if that was not done lately. */
  async lookForFiles(stamp: Micros): Promise<void> {
    const { archive, wake, listFiles } = this.#options;
    const [first, last] = [archive.first(), archive.last()];
    const isKnown = first !== null && last !== null && stamp >= first && stamp <= last;
    if (isKnown || wake.now() - this.#listedAt < LIST_EVERY_NS) return;
    this.#listedAt = wake.now();
    await archive.refresh(await listFiles?.());
  }
}
