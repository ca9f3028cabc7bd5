// One operation under way: sends its requests one after another, follows redirects, authorizes, tries again, and lands.
//
// Runs once per request; budget 1 us beside the wire. A plain GET allocates nothing here but its SHA-256 state; strings and
// timers belong to the exceptions (redirects, challenges, retries, uploads). Guarded by perf/end-to-end-loopback.bench.ts.
//
//   launch -> script.begin -> request -> … onHead, onBody, onEnd -> script.answered -> request … | succeed | fail
//                 ^                                |    401 once: authorize, the same request again
//                 +---- again (back-off) ----------+    3xx: the same request elsewhere
import { createHash, type Hash, hash } from "node:crypto";
import { Failure, failureLabel } from "../core/failure.ts";
import type { Connection } from "../wire/connection.ts";
import type { ConnectionPool } from "../wire/connection-pool.ts";
import type { BodySource, ExchangeOwner, ResponseHead } from "../wire/exchange.ts";
import { authorizeFlight } from "./flight-authorization.ts";
import { followRedirect, isRedirect } from "./flight-redirect.ts";
import { Order } from "./order.ts";
import type { Script } from "./script.ts";
import { scriptOf } from "./scripts.ts";
import type { ThreadClient } from "./thread-client.ts";

/** A request whose reused connection had been closed by the server is sent again at most this often. */
const RESENDS_MAX = 3;
const ERROR_SAMPLE_BYTES = 4096;

/** A request as it was sent, so that it can be sent again: elsewhere, authorized, or on a fresh connection. */
export type Sent = {
  head: Buffer;
  readonly expectsBody: boolean;
  /** Makes the body anew for every sending. */
  readonly body?: (() => BodySource) | undefined;
  readonly bodyBytes: number;
};

export type FlightLanding = { landed(): void };

export class RegistryFlight implements ExchangeOwner {
  readonly order: Order = new Order();
  sentAt = 0;
  firstByteAt = Number.NaN;
  doneAt = 0;
  bytes = 0;
  status = 0;
  failure = 0;
  detail = "";
  attempts = 0;
  how = 0;

  /** State of the script: which of its steps the request under way belongs to. */
  step = 0;
  /** Header fields of the last response that scripts ask for; empty where absent. */
  location = "";
  contentDigest = "";
  contentLength = -1;

  readonly client: ThreadClient;
  readonly #landing: FlightLanding;
  #script: Script;
  #sent: Sent;
  #pool: ConnectionPool | undefined;
  #connection: Connection | undefined;
  #timer: NodeJS.Timeout | undefined;
  #flying = false;
  #resends = 0;
  #redirects = 0;
  #authorized = false;
  /** Nanoseconds that token requests took: no part of the response time. */
  #tokenNanos = 0;
  #received = 0;
  #hash: Hash | undefined;
  #digestOk = true;
  #sample: Buffer | undefined;
  #sampled = 0;
  #challenges: string[] = [];
  #retryAfter: string | undefined;

  constructor(client: ThreadClient, landing: FlightLanding) {
    this.client = client;
    this.#landing = landing;
    this.#script = scriptOf(this.order);
    this.#sent = { head: Buffer.alloc(0), expectsBody: true, bodyBytes: 0 };
  }

  launch(): void {
    this.#flying = true;
    this.attempts = 0;
    this.#tokenNanos = 0;
    this.sentAt = this.client.clock.now();
    this.#attempt();
  }

  #attempt(): void {
    this.attempts++;
    this.firstByteAt = Number.NaN;
    this.bytes = 0;
    this.status = 0;
    this.failure = Failure.none;
    this.detail = "";
    this.how = 0;
    this.step = 0;
    this.#script = scriptOf(this.order);
    this.#script.begin(this);
  }

  /** Sends a request to the operation's endpoint. Called by scripts. */
  request(sent: Sent): void {
    this.#redirects = 0;
    this.#authorized = false;
    this.#sent = sent;
    this.#pool = this.client.poolOf(this.order.registry, this.order.session);
    this.#send(this.client.withAuthorization(this, sent.head));
  }

  /** Sends a plain request whose head stands complete in the order: the hot path. */
  requestTarget(expectsBody: boolean): void {
    const sent = expectsBody ? this.#plainGet : this.#plainHead;
    sent.head = this.order.target;
    this.request(sent);
  }

  readonly #plainGet: Sent = { head: Buffer.alloc(0), expectsBody: true, bodyBytes: 0 };
  readonly #plainHead: Sent = { head: Buffer.alloc(0), expectsBody: false, bodyBytes: 0 };

  /** Sends the request that was sent last to another place, without credentials. */
  requestElsewhere(pool: ConnectionPool, sent: Sent): void {
    this.#sent = sent;
    this.#pool = pool;
    this.#send(sent.head);
  }

  #send(head: Buffer): void {
    this.#resends = 0;
    this.#transmit(head);
  }

  #transmit(head: Buffer): void {
    this.#received = 0;
    this.#hash = undefined;
    this.#sampled = 0;
    const sent = this.#sent;
    this.#lastHead = head;
    const connection = (this.#pool as ConnectionPool).take();
    this.#connection = connection;
    if (sent.body === undefined) connection.exchange(this, head, head.length, sent.expectsBody);
    else connection.upload(this, head, head.length, sent.body(), sent.bodyBytes);
  }

  #lastHead: Buffer = Buffer.alloc(0);

  onHead(head: ResponseHead): void {
    this.firstByteAt = this.client.clock.now();
    this.status = head.status;
    this.contentLength = head.contentLength;
    if (head.status === 200 && this.#sent.expectsBody) return;
    this.location = head.value("location") ?? "";
    this.contentDigest = head.value("docker-content-digest") ?? "";
    if (head.status === 401) this.#challenges = head.values("www-authenticate");
    if (head.status >= 429) this.#retryAfter = head.value("retry-after");
  }

  onBody(buffer: Buffer, from: number, to: number): void {
    if (this.status >= 400) {
      this.#keepSample(buffer, from, to);
      return;
    }
    if (this.order.verify) this.#digest(buffer, from, to);
    this.#received += to - from;
    this.bytes = this.#received;
  }

  #digest(buffer: Buffer, from: number, to: number): void {
    const chunk = buffer.subarray(from, to);
    // Most blobs of a registry arrive in one piece: one call, no state.
    if (this.#received === 0 && to - from === this.contentLength) {
      this.#digestOk = hash("sha256", chunk, "buffer").equals(this.order.digest);
      this.#hash = undefined;
      return;
    }
    this.#hash ??= createHash("sha256");
    this.#hash.update(chunk);
    this.#digestOk = true;
  }

  #keepSample(buffer: Buffer, from: number, to: number): void {
    this.#sample ??= Buffer.alloc(ERROR_SAMPLE_BYTES);
    this.#sampled += buffer.copy(this.#sample, this.#sampled, from, to);
  }

  /** What the server said about its refusal, at most 4 KiB. */
  get errorSample(): Buffer | undefined {
    return this.#sampled === 0 ? undefined : this.#sample?.subarray(0, this.#sampled);
  }

  onEnd(): void {
    this.#leaveConnection();
    if (this.status === 401 && !this.#authorized) {
      this.#authorized = true;
      authorizeFlight(this, this.#challenges);
      return;
    }
    if (isRedirect(this.status, this.#sent)) {
      followRedirect(this, this.#sent, ++this.#redirects);
      return;
    }
    this.#script.answered(this);
  }

  onFailure(code: number, message: string, untouched: boolean): void {
    this.#leaveConnection();
    if (untouched && this.#flying && this.#resends < RESENDS_MAX) {
      this.#resends++;
      this.client.countResent();
      this.#transmit(this.#lastHead);
      return;
    }
    this.bytes = Math.max(this.bytes, this.#received);
    this.fail(code, message);
  }

  #leaveConnection(): void {
    const connection = this.#connection;
    this.#connection = undefined;
    if (connection !== undefined) (this.#pool as ConnectionPool).give(connection);
  }

  /** True when the body that was received has the digest that was asked for. */
  get digestMatches(): boolean {
    if (this.#hash !== undefined) return this.#hash.digest().equals(this.order.digest);
    return this.#received === 0 ? emptyMatches(this.order.digest) : this.#digestOk;
  }

  /** The same request again, after a token was fetched. */
  repeatAuthorized(tokenNanos: number): void {
    this.#tokenNanos += tokenNanos;
    this.#send(this.client.withAuthorization(this, this.#sent.head));
  }

  succeed(): void {
    this.failure = Failure.none;
    this.#land();
  }

  /** Ends the attempt; another one follows if the configuration says so. */
  fail(code: number, message: string): void {
    this.failure = code;
    this.detail = message;
    if (this.#flying && code !== Failure.aborted) {
      const waitMs = this.client.retryAfterMs(code, this.status, this.attempts, this.#retryAfter);
      if (waitMs !== undefined) {
        this.#timer = setTimeout(() => {
          this.#timer = undefined;
          this.#attempt();
        }, waitMs);
        return;
      }
    }
    this.#land();
  }

  /** Fails with the status of the last response, in the words of the server where it found some. */
  failWithStatus(what: string): void {
    const said = this.client.describeRefusal(this.errorSample);
    const label = failureLabel(Failure.http, this.status);
    this.fail(Failure.http, `${what}: ${label}${said === "" ? "" : ` ${said}`}`);
  }

  #land(): void {
    if (!this.#flying) return;
    this.#flying = false;
    this.doneAt = this.client.clock.now() - this.#tokenNanos;
    this.#landing.landed();
  }

  get flying(): boolean {
    return this.#flying;
  }

  abort(): void {
    if (!this.#flying) return;
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.#timer = undefined;
    const why = "cut off by the second interrupt";
    if (this.#connection !== undefined) this.#connection.abort(Failure.aborted, why);
    else this.fail(Failure.aborted, why);
  }
}

const EMPTY_DIGEST = hash("sha256", "", "buffer");
const emptyMatches = (digest: Buffer): boolean => digest.equals(EMPTY_DIGEST);
