// Sessions over NATS: the requests of http/routes.ts on subjects, and what is played as messages. Core NATS, no streams.
//
// The server does not tell who listens, so nobody counts as attached: requests keep a session, and who only listens sends
// `keepalive`. Who listens too slowly is cut off by the server, which is why nobody is closed here for being slow.
import type { Msg, NatsConnection, Status, Subscription } from "@nats-io/nats-core";
import { messageOf } from "../../core/errors.ts";
import type { Millis } from "../../core/units.ts";
import { controlDocs } from "../session/control-values.ts";
import { oneShotText } from "../session/one-shot.ts";
import { Refusal } from "../session/refusal.ts";
import { controlNamed, jsonBody, valueBody } from "../session/request-text.ts";
import type { Session } from "../session/session.ts";
import type { SessionDesk } from "../session/session-desk.ts";
import type { Surroundings } from "../session/surroundings.ts";
import { REFUSAL_HEADER } from "./host-refusal.ts";
import { Outlet } from "./outlet.ts";
import { type Answer, clientOf, requestText, respond } from "./reply.ts";
import { type HostRequest, hostRequests, SessionSubjects } from "./session-subjects.ts";
import { SessionTap } from "./session-tap.ts";

export type NatsAdapterOptions = {
  readonly host: SessionDesk;
  /** Connected, without echo: what is played and told must not come back as a request. Closed with the adapter. */
  readonly connection: NatsConnection;
  /** `publish.base`, a path. */
  readonly base: string;
  readonly surroundings: Surroundings;
  /** How long a request keeps a session; told to who keeps one. */
  readonly lease: Millis;
  readonly streamBufferBytes: number;
  /** Only of a shard: the others have their parts of what is played. */
  readonly cluster?: ShardSide | undefined;
  readonly log: (sentence: string) => void;
};

/** Other shards, as far as an adapter has to know of them. */
type ShardSide = {
  readonly shard: number;
  readonly desk: { sync(id: string, inbox: string): number };
  onSync: (id: string, inbox: string) => void;
};

/** Hosts on the same subjects take turns, so that a session is not made by each of them. */
const QUEUE = "drayage";
const CLOSE_MS_MAX = 1000;

/** undefined: what was asked for answers by itself. */
type MaybeAnswer = Answer | undefined;
type HostHandler = (message: Msg) => Promise<MaybeAnswer> | MaybeAnswer;
type SessionHandler = (id: string, message: Msg) => Promise<MaybeAnswer> | MaybeAnswer;

const json = (value: unknown, lines?: readonly string[]): Answer => ({
  text: Buffer.from(JSON.stringify(value)),
  ...(lines === undefined ? {} : { lines }),
});

const moved = (): Refusal =>
  new Refusal("not-ready", "the session moves to another shard: ask again");

export class NatsAdapter {
  readonly #options: NatsAdapterOptions;
  readonly #outlet: Outlet;
  readonly #subjects: SessionSubjects;
  readonly #taps = new Map<string, SessionTap>();
  readonly #subscriptions: Subscription[] = [];
  readonly #hostRequests: Readonly<Record<HostRequest, HostHandler>> = {
    session: (message) => this.#create(message),
    sessions: () => json(this.#options.host.list()),
    oneshot: (message) => this.#oneShot(message),
    cluster: () => json(this.#options.surroundings.cluster()),
  };
  readonly #sessionRequests: Readonly<Partial<Record<string, SessionHandler>>> = {
    sync: (id, message) => this.#sync(id, message),
    keepalive: (id) => this.#keepAlive(id),
    stats: (id) => json(this.#options.host.statistics(id)),
    description: (id) => json(this.#options.host.describe(id)),
    delete: (id) => this.#delete(id),
  };
  readonly #stopWatching: () => void;
  #isClosing = false;

  private constructor(options: NatsAdapterOptions) {
    this.#options = options;
    this.#outlet = new Outlet(options.connection);
    this.#subjects = new SessionSubjects(options.base);
    this.#stopWatching = options.host.watchSessions({
      onCreated: (session, isOwner) => this.#onCreated(session, isOwner),
      onEnded: (session) => this.#onEnded(session),
    });
    const { cluster } = options;
    if (cluster !== undefined)
      cluster.onSync = (id, inbox) => this.#taps.get(id)?.sync(inbox, undefined);
    void this.#watchConnection();
  }

  /** Rejects if the server does not let us listen. */
  static async start(options: NatsAdapterOptions): Promise<NatsAdapter> {
    const adapter = new NatsAdapter(options);
    for (const request of hostRequests) adapter.#listen(request);
    await options.connection.flush();
    return adapter;
  }

  /** Plays nothing any more, without telling listeners that sessions end: they go on at other shards. */
  leave(): void {
    for (const tap of this.#taps.values()) tap.close(moved());
    this.#taps.clear();
  }

  /** Sessions must have ended before: their last notices go out. */
  async close(): Promise<void> {
    const { connection } = this.#options;
    this.#isClosing = true;
    this.#stopWatching();
    const over = new Promise((resolve) => setTimeout(resolve, CLOSE_MS_MAX).unref());
    if (!this.#outlet.isDown) await Promise.race([connection.drain().catch(() => undefined), over]);
    await connection.close();
  }

  #listen(request: HostRequest): void {
    const { connection, log } = this.#options;
    const subject = this.#subjects.host(request);
    const subscription = connection.subscribe(subject, {
      queue: QUEUE,
      callback: (error, message) => {
        if (error === null) void this.#answer(message, this.#hostRequests[request]);
        else log(`NATS: no requests on ${subject}: ${error.message}`);
      },
    });
    this.#subscriptions.push(subscription);
  }

  #onCreated(session: Session, isOwner: boolean): void {
    const { connection, streamBufferBytes, cluster } = this.#options;
    const tap = new SessionTap({
      session,
      connection,
      outlet: this.#outlet,
      subjects: this.#subjects.of(session.id),
      bufferBytes: streamBufferBytes,
      shard: cluster?.shard,
      isOwner,
      onRequest: (message, { tokens, over }) => {
        if (over === undefined) this.#onSessionRequest(session.id, message, tokens);
        else
          void this.#answer(message, () => {
            throw over;
          });
      },
    });
    this.#taps.set(session.id, tap);
    // Who asks for a session only asks its owner, and wants what all shards play of it.
    if (cluster === undefined) return;
    // One that changes hands has a place, and listeners, who miss nothing of what follows; a new one has a place soon.
    if (session.course.pos !== null) tap.play();
    else
      setImmediate(() => {
        if (this.#taps.get(session.id) === tap) tap.play();
      });
  }

  #onEnded({ id, isEnded }: Session): void {
    this.#taps.get(id)?.close(isEnded ? new Refusal("missing", "no such session") : moved());
    this.#taps.delete(id);
  }

  #onSessionRequest(id: string, message: Msg, [name = "", control, what]: readonly string[]): void {
    if (name === "control") {
      void this.#answer(message, () => this.#control(id, message, { control, what }));
      return;
    }
    const handler = this.#sessionRequests[name];
    if (handler !== undefined) void this.#answer(message, () => handler(id, message));
    else if (message.reply !== undefined && message.reply !== "")
      void this.#answer(message, () => {
        const known = ["control", ...Object.keys(this.#sessionRequests)];
        throw new Refusal("missing", `no such request: there are ${known.join(", ")}`);
      });
  }

  /** Never rejects: the library would stop reading. */
  async #answer(message: Msg, handler: HostHandler): Promise<void> {
    this.#onBack();
    try {
      const answer = await this.#attempt(message, handler);
      if (answer !== undefined) await respond(message, answer, this.#outlet);
    } catch (error) {
      this.#options.log(`NATS: no answer to ${message.subject}: ${messageOf(error)}`);
    }
  }

  async #attempt(message: Msg, handler: HostHandler): Promise<MaybeAnswer> {
    try {
      const waits = this.#options.surroundings.notReady();
      const isOpen = message.subject === this.#subjects.host("cluster");
      if (waits !== undefined && !isOpen) throw new Refusal("not-ready", waits);
      return await handler(message);
    } catch (error) {
      if (!(error instanceof Refusal)) this.#options.log(`request failed: ${messageOf(error)}`);
      const kind = error instanceof Refusal ? error.kind : "failed";
      return json({ error: messageOf(error) }, [`${REFUSAL_HEADER}: ${kind}`]);
    }
  }

  async #create(message: Msg): Promise<Answer> {
    const given = jsonBody(requestText(message));
    const { id } = await this.#options.host.create(given, clientOf(message));
    this.#taps.get(id)?.play();
    return json({ id });
  }

  async #oneShot(message: Msg): Promise<Answer> {
    const { host, cluster } = this.#options;
    if (cluster !== undefined)
      throw new Refusal(
        "bad",
        "shards do not answer one-shot queries together: ask each over HTTP",
      );
    const answer = await host.oneShots.answer(jsonBody(requestText(message)));
    return { text: Buffer.concat(oneShotText(answer)) };
  }

  async #control(
    id: string,
    message: Msg,
    { control, what }: { control: string | undefined; what: string | undefined },
  ): Promise<Answer> {
    const { host } = this.#options;
    const session = host.use(id);
    this.#taps.get(id)?.play();
    const name = controlNamed(control);
    if (what === "doc") return { text: Buffer.from(controlDocs[name]) };
    if (what !== "current") throw new Refusal("missing", "a control has current and doc");
    if (message.data.length === 0) return json(session.read(name));
    const value = await host.write(id, { name, value: valueBody(requestText(message)) });
    return json(null, [`Replay-Value: ${JSON.stringify(value)}`]);
  }

  /** The answer is the image. */
  #sync(id: string, { reply = "" }: Msg): undefined {
    this.#options.host.use(id);
    if (reply === "") return;
    this.#taps.get(id)?.sync(reply, this.#options.cluster?.desk.sync(id, reply) ?? 1);
  }

  #keepAlive(id: string): Answer {
    this.#options.host.use(id);
    this.#taps.get(id)?.play();
    return json({ lease_seconds: this.#options.lease / 1000 });
  }

  async #delete(id: string): Promise<Answer> {
    await this.#options.host.end(id);
    return json(null);
  }

  async #watchConnection(): Promise<void> {
    for await (const status of this.#options.connection.status()) this.#onStatus(status);
    // The library gives up where its credentials are refused twice.
    if (!this.#isClosing)
      this.#options.log("NATS: the connection has ended, and with it sessions on it");
  }

  #onStatus(status: Status): void {
    const { log } = this.#options;
    if (status.type === "disconnect" || status.type === "staleConnection") {
      if (this.#outlet.isDown) return;
      this.#outlet.isDown = true;
      log("NATS: sessions lost their connection, trying again until it is back");
      for (const tap of this.#taps.values()) tap.onDown();
    } else if (status.type === "reconnect") this.#onBack();
    else if (status.type === "error") log(`NATS: ${status.error.message}`);
  }

  /** A request may be here before the library says that the connection is. */
  #onBack(): void {
    if (!this.#outlet.isDown) return;
    this.#outlet.isDown = false;
    let lost = 0;
    for (const tap of this.#taps.values()) lost += tap.onBack();
    const server = this.#options.connection.getServer();
    this.#options.log(
      `NATS: sessions are connected to ${server} again, ${lost} events went nowhere`,
    );
  }
}
