// One request of a pull: sent, redirected, authorized, tried again, recorded. Runs once per request; budget 2 us beside the
// wire. A plain GET of a blob makes nothing here; strings belong to manifests, redirects, challenges and retries. Each puller
// has as many of these as it may have requests at once. Guarded by perf/pull-cached.bench.ts.
//
//   begin -> exchange -> onHead, onBody, onEnd -> answered
//              ^   ^            401, once: credentials, the same request      3xx: the same request elsewhere
//              |   +------------+-------------------------------------------------+
//              +-- again, after a pause (retry), a blob from where it broke off
import { messageOf } from "../../../core/errors.ts";
import { Failure } from "../../../core/failure.ts";
import { describeErrorBody } from "../../../registry/error-body.ts";
import { Event } from "../../../stats/tally-layout.ts";
import type { ExchangeOwner, ResponseHead } from "../../../wire/exchange.ts";
import type { RequestConnection } from "../../../wire/request-pool.ts";
import { BoardWord } from "../../pull-board.ts";
import { ClassOf } from "../../pull-classes.ts";
import { PullBody } from "./pull-body.ts";
import type { PullContext } from "./pull-context.ts";
import { isRetryable, retryPauseMs } from "./pull-retry.ts";
import { PullStamps } from "./pull-stamps.ts";
import type { PullerClient } from "./puller-client.ts";
import { RequestRoute } from "./request-route.ts";
import { isAccepted, nothingWanted, type Wanted } from "./wanted-request.ts";

export interface RequestOwner {
  answered(request: ImageRequest): void;
}

export class ImageRequest implements ExchangeOwner {
  /** Result: all of it holds until the next `begin`. */
  status = 0;
  failure: number = Failure.none;
  /** Kind of failure that core/failure.ts has no code for: `size`, `manifest`; else empty. */
  special = "";
  detail = "";
  /** Of the attempt that counts; `beganAt` is that of the first one. */
  sentAt = 0;
  beganAt = Number.NaN;
  firstByteAt = Number.NaN;
  doneAt = 0;
  contentDigest = "";
  contentType = "";
  contentLength = -1;
  busy = false;
  type = 0;
  readyAt = 0;
  attempts = 0;
  readonly wanted: Wanted = nothingWanted();

  readonly #client: PullerClient;
  readonly #context: PullContext;
  readonly #owner: RequestOwner;
  readonly #body: PullBody;
  readonly #route: RequestRoute;
  readonly #stamps = new PullStamps();
  #connection: RequestConnection | undefined;
  #timer: NodeJS.Timeout | undefined;
  #hurried = false;
  #generation = 0;
  #authorized = false;
  #location = "";
  #challenges: string[] = [];
  #retryAfter: string | undefined;

  constructor(client: PullerClient, owner: RequestOwner) {
    this.#client = client;
    this.#context = client.context;
    this.#owner = owner;
    this.#route = new RequestRoute(client, this.wanted);
    this.#body = new PullBody(this.wanted, client.context);
  }

  /** What a resumed download had before included. */
  get bytes(): number {
    return this.#body.bytes;
  }

  /** Of a manifest. */
  get body(): Buffer {
    return this.#body.collected;
  }

  /** Sends what `wanted` says. The owner is told once, never before this returns. */
  begin(): void {
    this.busy = true;
    this.#generation++;
    this.attempts = 0;
    this.beganAt = Number.NaN;
    this.special = "";
    this.#body.begin();
    this.readyAt = this.#context.clock.now();
    this.#attempt();
  }

  #attempt(): void {
    this.attempts++;
    this.#authorized = false;
    this.#sendToCache();
  }

  #sendToCache(): void {
    this.type = this.wanted.type;
    this.#route.toCache(this.#body);
    const { pool } = this.#route;
    this.#transmit(this.wanted.fresh ? pool.takeFresh() : pool.take());
  }

  #transmit(connection: RequestConnection): void {
    this.status = 0;
    this.failure = Failure.none;
    this.detail = "";
    this.firstByteAt = Number.NaN;
    this.#retryAfter = undefined;
    this.#body.beginAttempt();
    this.sentAt = connection.state === "fresh" ? -1 : this.#context.clock.now();
    this.#connection = connection;
    const { head } = this.#route;
    connection.exchange(this, head, head.length, this.wanted.method !== "HEAD");
  }

  onHead(head: ResponseHead): void {
    this.firstByteAt = this.#context.clock.now();
    const { status } = head;
    this.status = status;
    this.contentLength = head.contentLength;
    const { wanted } = this;
    this.#body.answered(head);
    if (status === 200 && !wanted.collects && wanted.method === "GET") {
      this.#body.expect(head.contentLength);
      return;
    }
    this.contentDigest = head.value("docker-content-digest") ?? "";
    this.contentType = (head.value("content-type") ?? "").replace(/\s*;.*$/s, "");
    if (status === 200) return;
    this.#location = head.value("location") ?? "";
    if (status === 401) this.#challenges = head.values("www-authenticate");
    if (status >= 408) this.#retryAfter = head.value("retry-after");
  }

  onBody(buffer: Buffer, from: number, to: number): void {
    if (this.#body.take(buffer, from, to)) return;
    this.special = "manifest";
    this.#connection?.abort(Failure.protocol, "manifest too large: more than 4 MiB");
  }

  onEnd(): void {
    this.#leaveConnection();
    if (this.status === 401 && this.#meetChallenge()) return;
    if (this.#route.leadsOn(this.status, this.#location)) this.#redirect();
    else {
      this.#judge();
      if (!this.#triesAgain()) this.#land();
    }
  }

  #judge(): void {
    const { wanted, status } = this;
    const { isContent } = this.#body;
    if (!isContent && !isAccepted(status, wanted.accepts)) {
      const said = describeErrorBody(this.#body.sample);
      this.#fail(Failure.http, `status ${status}${said === "" ? "" : `: ${said}`}`);
      return;
    }
    const wrong = isContent ? this.#body.judge() : undefined;
    this.special = wrong?.special ?? "";
    if (wrong !== undefined) this.#fail(Failure.digest_mismatch, wrong.message);
  }

  #fail(code: number, message: string): void {
    this.failure = code;
    this.detail = message;
  }

  #failAndLand(code: number, message: string): void {
    this.#fail(code, message);
    this.#land();
  }

  onFailure(code: number, message: string, untouched: boolean): void {
    this.#leaveConnection();
    if (untouched && this.busy) {
      // A fresh connection is never `untouched`, so a request is sent again once.
      this.#context.board.add(BoardWord.resent, 1);
      this.#transmit(this.#route.pool.takeFresh());
      return;
    }
    this.#fail(code, message);
    if (code === Failure.aborted || !this.#triesAgain()) this.#land();
  }

  #leaveConnection(): void {
    const connection = this.#connection;
    this.#connection = undefined;
    if (connection === undefined) return;
    if (this.sentAt < 0)
      this.sentAt = connection.connectedAt < 0 ? this.readyAt : connection.connectedAt;
    if (Number.isNaN(this.beganAt)) this.beganAt = this.sentAt;
    if (this.wanted.fresh) connection.close();
    else this.#route.pool.give(connection);
  }

  /** False where nobody is asked for credentials: another origin must not learn ours. */
  #meetChallenge(): boolean {
    if (!this.#route.isCache) return false;
    if (this.#authorized) {
      this.#failAndLand(Failure.auth, "401 again, to the credentials that were asked for");
      return true;
    }
    this.#authorized = true;
    this.#context.board.add(BoardWord.challenges, 1);
    const generation = ++this.#generation;
    const isUnderWay = (): boolean => this.busy && this.#generation === generation;
    const { repository } = this.wanted;
    this.#client.credentials(repository, this.#challenges, this.#route.signedWith).then(
      () => {
        if (isUnderWay()) this.#sendToCache();
      },
      (error: unknown) => {
        if (isUnderWay()) this.#failAndLand(Failure.auth, messageOf(error));
      },
    );
    return true;
  }

  /** The storage hop has a type of its own: the time up to here belongs to the registry. */
  #redirect(): void {
    const { head } = this.#route;
    const refusal = this.#route.redirected(this.status, this.#location, this.#body);
    if (refusal !== undefined) {
      this.#failAndLand(Failure.redirect, `${this.status} to another place: ${refusal}`);
      return;
    }
    this.#record(head);
    this.readyAt = this.doneAt;
    this.#context.board.add(BoardWord.redirects, 1);
    this.type = ClassOf.redirected;
    this.#transmit(this.#route.pool.take());
  }

  #triesAgain(): boolean {
    const { failure, status } = this;
    const { retry } = this.#context.plan.wire.profile;
    if (failure === Failure.none || !this.busy || this.attempts > retry.times) return false;
    // A prune is no part of a pull: its puller backs off instead.
    if (this.special !== "" || this.wanted.type === ClassOf.prune) return false;
    if (!isRetryable(retry, { failure, status, attempts: this.attempts })) return false;
    this.#record();
    this.#context.tally.count(Event.retry, 1);
    const keeps = retry.resumes && !this.wanted.collects && this.wanted.type !== ClassOf.probe;
    if (!keeps && this.bytes > 0) this.#body.startOver();
    const chance = { draw: this.#context.jitter.next(), retryAfter: this.#retryAfter };
    const pauseMs = retryPauseMs(retry, this.attempts, chance);
    this.#timer = setTimeout(this.#again, this.#hurried ? 0 : pauseMs);
    return true;
  }

  readonly #again = (): void => {
    this.#timer = undefined;
    this.readyAt = this.#context.clock.now();
    this.#attempt();
  };

  /** Ends a pause, and makes none any more: its puller has been told to stop, and only the pull in progress is left. */
  hurry(): void {
    this.#hurried = true;
    if (this.#timer === undefined) return;
    clearTimeout(this.#timer);
    this.#again();
  }

  /** Ends it now with this code of core/failure.ts. */
  abort(code: number, why: string): void {
    if (!this.busy) return;
    if (this.#connection !== undefined) {
      this.#connection.abort(code, why);
      return;
    }
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#generation++;
    this.#failAndLand(code, why);
  }

  #land(): void {
    this.#record();
    this.busy = false;
    this.#owner.answered(this);
  }

  #record(head = this.#route.head): void {
    this.doneAt = this.#context.clock.now();
    if (this.failure === Failure.aborted) return;
    const { received } = this.#body;
    this.#stamps.fill(this.readyAt, this, received);
    this.#stamps.record(this.#context, this.type, this);
    this.#client.rows?.requestEnded(this, received, head);
    if (this.wanted.method === "GET") this.#context.board.countGet(this.type);
  }
}
