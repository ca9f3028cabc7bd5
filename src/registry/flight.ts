// One operation under way: sends its requests one after another, follows redirects, authorizes, tries again, and lands.
//
// Runs once per request; budget 1 us beside the wire. A plain GET allocates nothing here but its SHA-256 state; strings and
// timers belong to the exceptions (redirects, challenges, retries, uploads). Guarded by perf/end-to-end-loopback.bench.ts.
//   launch -> script.begin -> request -> … onHead, onBody, onEnd -> script.answered -> request … | succeed | fail
//                 ^                                |    401 of the registry, once: authorize, the same request again
//                 +---- again (back-off) ----------+    3xx: the same request elsewhere
import { Failure } from "../core/failure.ts";
import type { Connection } from "../wire/connection.ts";
import type { ConnectionPool } from "../wire/connection-pool.ts";
import type { BodySource, ExchangeOwner, ResponseHead } from "../wire/exchange.ts";
import { errorCodeOf } from "./error-body.ts";
import { followRedirect, isRedirect } from "./flight-redirect.ts";
import type { Place } from "./location.ts";
import { Order } from "./order.ts";
import { ReceivedBody } from "./received-body.ts";
import { pathOfHead } from "./request-head.ts";
import type { Script } from "./script.ts";
import { scriptOf } from "./scripts.ts";
import type { Secret } from "./secret.ts";
import type { ThreadClient } from "./thread-client.ts";

const SCRATCH_BYTES = 4096;
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
  connectedAt = Number.NaN;
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
  /** Counts launches: what was started for an earlier one must not touch this one. */
  generation = 0;
  /** Credentials that the request under way carries. */
  signedWith: Secret | undefined = undefined;
  /** Where the request under way goes. */
  origin = "";

  readonly client: ThreadClient;
  /** Where a head with credentials is put together. */
  readonly scratch: Buffer = Buffer.allocUnsafe(SCRATCH_BYTES);
  readonly #landing: FlightLanding;
  #script: Script;
  #sent: Sent;
  #pool: ConnectionPool | undefined;
  #connection: Connection | undefined;
  #timer: NodeJS.Timeout | undefined;
  #flying = false;
  #redirects = 0;
  #authorized = false;
  /** Nanoseconds that token requests took: no part of the response time. */
  #tokenNanos = 0;
  readonly #body = new ReceivedBody();
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
    this.generation++;
    this.attempts = 0;
    this.#tokenNanos = 0;
    this.connectedAt = Number.NaN;
    this.sentAt = this.client.clock.now();
    this.#attempt();
  }

  #attempt(): void {
    this.attempts++;
    this.firstByteAt = Number.NaN;
    this.#retryAfter = undefined;
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
    this.#sendToRegistry();
  }

  /** Where the request under way goes, as Locations are resolved against it. */
  get url(): string {
    return `${this.origin}${pathOfHead(this.#sent.head)}`;
  }

  #sendToRegistry(): void {
    const { registry, session } = this.order;
    this.#pool = this.client.poolOf(registry, session);
    this.origin = this.client.originOf(registry);
    const head = this.client.authorizerOf(registry).sign(this, this.#sent.head);
    this.#transmit(head, this.#pool.take());
  }

  /** Sends a plain request whose head stands complete in the order: the hot path. */
  requestTarget(expectsBody: boolean): void {
    const sent = expectsBody ? this.#plainGet : this.#plainHead;
    sent.head = this.order.target;
    this.request(sent);
  }

  readonly #plainGet: Sent = { head: Buffer.alloc(0), expectsBody: true, bodyBytes: 0 };
  readonly #plainHead: Sent = { head: Buffer.alloc(0), expectsBody: false, bodyBytes: 0 };

  /**
   * Sends a request to where a Location led: to the registry as any other, to another origin without credentials.
   * `make` is given the Host field of that place.
   */
  requestAt({ origin }: Place, make: (hostHeader: string) => Sent): void {
    const { registry } = this.order;
    this.#authorized = false;
    if (origin === this.client.originOf(registry)) {
      this.#sent = make(this.client.styleOf(registry).hostHeader);
      this.#sendToRegistry();
      return;
    }
    this.#pool = this.client.poolElsewhere(origin, registry);
    this.origin = origin;
    this.#sent = make(this.#pool.target.hostHeader);
    this.#transmit(this.#sent.head, this.#pool.take());
  }

  #transmit(head: Buffer, connection: Connection): void {
    this.#body.begin(this.order.digest, this.order.verify);
    const sent = this.#sent;
    this.#lastHead = head;
    this.#connection = connection;
    if (sent.body === undefined) connection.exchange(this, head, head.length, sent.expectsBody);
    else connection.upload(this, head, head.length, sent.body(), sent.bodyBytes);
  }

  #lastHead: Buffer = Buffer.alloc(0);

  onHead(head: ResponseHead): void {
    this.firstByteAt = this.client.clock.now() - this.#tokenNanos;
    this.status = head.status;
    this.contentLength = head.contentLength;
    this.#body.expect(head.contentLength, head.status >= 300);
    // The plain path: nothing else of the head is of interest, and every value makes a string.
    if (head.status === 200 && this.#sent.expectsBody) return;
    this.location = head.value("location") ?? "";
    this.contentDigest = head.value("docker-content-digest") ?? "";
    if (head.status === 401) this.#challenges = head.values("www-authenticate");
    if (head.status >= 429) this.#retryAfter = head.value("retry-after");
  }

  onBody(buffer: Buffer, from: number, to: number): void {
    this.#body.take(buffer, from, to);
  }

  onEnd(): void {
    this.#leaveConnection();
    this.bytes = this.#body.bytes;
    if (this.status === 401 && this.#meetChallenge()) return;
    if (isRedirect(this.status, this.#sent)) {
      followRedirect(this, this.#sent, ++this.#redirects);
      return;
    }
    this.#script.answered(this);
  }

  /** False where nobody is asked for credentials: another origin must not learn ours, nor send us to a token service. */
  #meetChallenge(): boolean {
    const { registry } = this.order;
    if (this.origin !== this.client.originOf(registry)) return false;
    if (this.#authorized) {
      this.fail(
        Failure.auth,
        "the registry answered 401 again, to the credentials that it had asked for",
      );
    } else {
      this.#authorized = true;
      this.client.authorizerOf(registry).authorize(this, this.#challenges);
    }
    return true;
  }

  onFailure(code: number, message: string, untouched: boolean): void {
    this.#leaveConnection();
    if (untouched && this.#flying) {
      // A fresh connection is never `untouched`, so a request is sent again once.
      this.client.counts.resent++;
      this.#transmit(this.#lastHead, (this.#pool as ConnectionPool).takeFresh());
      return;
    }
    this.bytes = this.#body.bytes;
    this.fail(code, message);
  }

  #leaveConnection(): void {
    const connection = this.#connection;
    this.#connection = undefined;
    if (connection === undefined) return;
    // A connection that stood before the sending was there already. Of several requests the first counts.
    if (connection.connectedAt > this.sentAt && Number.isNaN(this.connectedAt))
      this.connectedAt = connection.connectedAt;
    (this.#pool as ConnectionPool).give(connection);
  }

  /** Whether the body that was received has the digest that was asked for. */
  digestMatches(): boolean {
    return this.#body.matches();
  }

  /** Time that went into credentials, whatever came of it: no part of the operation. */
  excuse(tokenNanos: number): void {
    this.#tokenNanos += tokenNanos;
  }

  /** The same request again, now that there are credentials for it. */
  repeat(): void {
    this.#sendToRegistry();
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
      const { status, attempts } = this;
      const retryAfter = this.#retryAfter;
      const waitMs = this.client.retryAfterMs({ code, status, attempts, retryAfter });
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
    const said = errorCodeOf(this.#body.sample);
    const code = said === undefined ? "" : ` ${said}`;
    this.fail(Failure.http, `${what}: status ${this.status}${code}`);
  }

  #land(): void {
    if (!this.#flying) return;
    this.#flying = false;
    this.generation++;
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
