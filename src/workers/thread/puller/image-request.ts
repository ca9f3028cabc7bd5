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
import { resolveLocation } from "../../../registry/location.ts";
import { pathOfHead, withLine } from "../../../registry/request-head.ts";
import type { Secret } from "../../../registry/secret.ts";
import { STAMP_WORDS, Stamp } from "../../../stats/tally.ts";
import { Event } from "../../../stats/tally-layout.ts";
import type { Connection } from "../../../wire/connection.ts";
import type { ConnectionPool } from "../../../wire/connection-pool.ts";
import type { ExchangeOwner, ResponseHead } from "../../../wire/exchange.ts";
import { BoardWord } from "../../pull-board.ts";
import { ClassOf } from "../../pull-classes.ts";
import { BodyCheck } from "./body-check.ts";
import type { LayoutFile } from "./layout-writer.ts";
import type { PullContext } from "./pull-context.ts";
import { isRetryable, retryPauseMs } from "./pull-retry.ts";
import type { PullerClient } from "./puller-client.ts";

const MANIFEST_BYTES_MAX = 4 * 1024 * 1024;
const SAMPLE_BYTES = 4096;
const REDIRECTS_MAX = 10;
const REDIRECT_CODES: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
const NOTHING: Buffer = Buffer.alloc(0);

/** What a request is for. Reused by its maker: read until `begin` returns. */
export type Wanted = {
  /** Class of pull-classes.ts. */
  type: number;
  head: Buffer;
  method: "GET" | "HEAD" | "DELETE";
  /** For the token's scope; empty = none. */
  repository: string;
  /** Bytes that must come, or -1. */
  size: number;
  /** Digest that the body must have; empty = not checked here. */
  digest: string;
  /** Keeps the body: a manifest. */
  collects: boolean;
  /** Statuses other than 200 are an answer, not a failure: a probe. */
  acceptsAny: boolean;
  /** On a connection that is closed behind it. */
  fresh: boolean;
  file: LayoutFile | undefined;
};

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
  bytes = 0;
  /** Of the attempt that counts; `beganAt` is that of the first one. */
  sentAt = 0;
  beganAt = Number.NaN;
  firstByteAt = Number.NaN;
  doneAt = 0;
  contentDigest = "";
  contentType = "";
  contentLength = -1;
  body: Buffer = NOTHING;
  busy = false;
  wanted: Wanted;

  readonly #client: PullerClient;
  readonly #context: PullContext;
  readonly #owner: RequestOwner;
  readonly #check = new BodyCheck();
  readonly #stamps = new Float64Array(STAMP_WORDS);
  readonly #pieces: Buffer[] = [];
  #type = 0;
  #sent: Buffer = NOTHING;
  #pool: ConnectionPool;
  #connection: Connection | undefined;
  #timer: NodeJS.Timeout | undefined;
  #hurried = false;
  #generation = 0;
  #readyAt = 0;
  #attempts = 0;
  #redirects = 0;
  #authorized = false;
  #signedWith: Secret | undefined;
  /** Bytes of this attempt; `bytes` includes those of a download that it resumes. */
  #received = 0;
  #origin = "";
  #location = "";
  #challenges: string[] = [];
  #retryAfter: string | undefined;
  #sample = "";

  constructor(client: PullerClient, owner: RequestOwner) {
    this.#client = client;
    this.#context = client.context;
    this.#owner = owner;
    this.#pool = client.pool;
    this.wanted = {
      type: 0,
      head: NOTHING,
      method: "GET",
      repository: "",
      size: -1,
      digest: "",
      collects: false,
      acceptsAny: false,
      fresh: false,
      file: undefined,
    };
  }

  /** Sends what `wanted` says. The owner is told once, never before this returns. */
  begin(): void {
    this.busy = true;
    this.#generation++;
    this.#attempts = 0;
    this.#authorized = false;
    this.#hurried = false;
    this.beganAt = Number.NaN;
    this.bytes = 0;
    this.special = "";
    this.#check.begin(this.wanted.digest);
    this.#readyAt = this.#context.clock.now();
    this.#attempt();
  }

  #attempt(): void {
    this.#attempts++;
    this.#redirects = 0;
    this.#sendToCache();
  }

  #sendToCache(): void {
    const { wanted } = this;
    this.#type = wanted.type;
    this.#pool = this.#client.pool;
    this.#origin = this.#context.target.origin;
    const head = this.#signed(wanted.head);
    this.#sent = this.bytes > 0 ? withLine(head, this.#rangeLine(), NOTHING) : head;
    this.#transmit(wanted.fresh ? this.#pool.takeFresh() : this.#pool.take());
  }

  #rangeLine(): Buffer {
    return Buffer.from(`Range: bytes=${this.bytes}-\r\n`, "latin1");
  }

  #signed(head: Buffer): Buffer {
    const { authorization } = this.#context;
    if (!this.#needsCredentials()) return head;
    const { name } = this.#client;
    const header = authorization.header(this.#context.purposeOf(name, this.wanted.repository));
    this.#signedWith = header;
    if (header === undefined) return head;
    const line = Buffer.from(`Authorization: ${header.expose()}\r\n`, "latin1");
    return withLine(head, line, NOTHING);
  }

  /** Nothing was configured and nobody has asked: the plain path makes no strings. */
  #needsCredentials(): boolean {
    const { plan, board } = this.#context;
    return plan.wire.endpoint.auth.type !== "none" || board.get(BoardWord.challenges) > 0;
  }

  #transmit(connection: Connection): void {
    this.status = 0;
    this.failure = Failure.none;
    this.detail = "";
    this.firstByteAt = Number.NaN;
    this.#received = 0;
    this.#sample = "";
    this.#retryAfter = undefined;
    this.#pieces.length = 0;
    this.sentAt = connection.state === "fresh" ? -1 : this.#context.clock.now();
    this.#connection = connection;
    const head = this.#sent;
    connection.exchange(this, head, head.length, this.wanted.method !== "HEAD");
  }

  onHead(head: ResponseHead): void {
    this.firstByteAt = this.#context.clock.now();
    const { status } = head;
    this.status = status;
    this.contentLength = head.contentLength;
    const { wanted } = this;
    if (this.bytes > 0 && status === 200) this.#startOver();
    if (status === 200 && !wanted.collects && wanted.method === "GET") {
      this.#check.expect(head.contentLength);
      return;
    }
    this.contentDigest = head.value("docker-content-digest") ?? "";
    this.contentType = (head.value("content-type") ?? "").replace(/\s*;.*$/s, "");
    if (status === 200) return;
    this.#location = head.value("location") ?? "";
    if (status === 401) this.#challenges = head.values("www-authenticate");
    if (status >= 408) this.#retryAfter = head.value("retry-after");
  }

  /** A server that ignores Range sends everything again. */
  #startOver(): void {
    this.#context.board.add(BoardWord.wastedBytes, this.bytes);
    this.bytes = 0;
    this.#check.begin(this.wanted.digest);
    this.wanted.file?.restart();
  }

  onBody(buffer: Buffer, from: number, to: number): void {
    this.#received += to - from;
    if (this.status !== 200 && this.status !== 206) {
      if (this.#sample.length < SAMPLE_BYTES) this.#sample += buffer.toString("latin1", from, to);
      return;
    }
    this.bytes += to - from;
    if (this.wanted.collects) this.#collect(buffer, from, to);
    else this.#check.take(buffer, from, to);
    this.wanted.file?.write(buffer, from, to);
  }

  #collect(buffer: Buffer, from: number, to: number): void {
    if (this.bytes <= MANIFEST_BYTES_MAX) {
      this.#pieces.push(Buffer.from(buffer.subarray(from, to)));
      return;
    }
    this.special = "manifest";
    this.#connection?.abort(Failure.protocol, "manifest too large: more than 4 MiB");
  }

  onEnd(): void {
    this.#leaveConnection();
    if (this.status === 401 && this.#meetChallenge()) return;
    if (REDIRECT_CODES.has(this.status) && this.#location !== "") {
      this.#record();
      this.#redirect();
      return;
    }
    this.#judge();
    if (!this.#triesAgain()) this.#land();
  }

  #judge(): void {
    const { wanted, status } = this;
    const isGood = status === 200 || (status === 206 && this.#attempts > 1);
    if (!isGood && !wanted.acceptsAny) {
      const said = describeErrorBody(Buffer.from(this.#sample, "latin1"));
      this.#fail(Failure.http, `status ${status}${said === "" ? "" : `: ${said}`}`);
    } else if (isGood && wanted.size >= 0 && this.bytes !== wanted.size) {
      this.special = "size";
      this.#fail(Failure.digest_mismatch, `${this.bytes} bytes instead of ${wanted.size}`);
    } else if (isGood && !wanted.collects && wanted.digest !== "" && !this.#check.matches())
      this.#fail(Failure.digest_mismatch, `the body does not have the digest ${wanted.digest}`);
    else if (wanted.collects) this.body = joined(this.#pieces);
  }

  /** For whoever finds the answer wrong: a manifest without the digest that was asked for. */
  #fail(code: number, message: string): void {
    this.failure = code;
    this.detail = message;
  }

  onFailure(code: number, message: string, untouched: boolean): void {
    this.#leaveConnection();
    if (untouched && this.busy) {
      // A fresh connection is never `untouched`, so a request is sent again once.
      this.#context.board.add(BoardWord.resent, 1);
      this.#transmit(this.#pool.takeFresh());
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
      this.sentAt = connection.connectedAt < 0 ? this.#readyAt : connection.connectedAt;
    if (Number.isNaN(this.beganAt)) this.beganAt = this.sentAt;
    if (this.wanted.fresh) connection.close();
    else this.#pool.give(connection);
  }

  /** False where nobody is asked for credentials: another origin must not learn ours. */
  #meetChallenge(): boolean {
    if (this.#origin !== this.#context.target.origin) return false;
    if (this.#authorized) {
      this.#fail(Failure.auth, "401 again, to the credentials that were asked for");
      this.#land();
      return true;
    }
    this.#authorized = true;
    this.#context.board.add(BoardWord.challenges, 1);
    const generation = ++this.#generation;
    const purpose = this.#context.purposeOf(this.#client.name, this.wanted.repository);
    const whileUnderWay = (then: () => void): void => {
      if (this.busy && this.#generation === generation) then();
    };
    this.#context.authorization.answer(purpose, this.#challenges, this.#signedWith).then(
      () => whileUnderWay(() => this.#sendToCache()),
      (error: unknown) =>
        whileUnderWay(() => {
          this.#fail(Failure.auth, messageOf(error));
          this.#land();
        }),
    );
    return true;
  }

  /** The storage hop has a type of its own: the time up to here belongs to the registry. */
  #redirect(): void {
    const { context } = this.#client;
    const place = resolveLocation(`${this.#origin}${pathOfHead(this.#sent)}`, this.#location, {
      insecure: context.plan.wire.endpoint.insecure,
    });
    if (++this.#redirects > REDIRECTS_MAX || place.kind === "refused") {
      const why = place.kind === "refused" ? place.reason : `more than ${REDIRECTS_MAX} hops`;
      this.#fail(Failure.redirect, `${this.status} to another place: ${why}`);
      this.#readyAt = context.clock.now();
      this.#land();
      return;
    }
    context.board.add(BoardWord.redirects, 1);
    this.#type = ClassOf.redirected;
    this.#readyAt = this.doneAt;
    this.#origin = place.origin;
    const own = place.origin === context.target.origin;
    this.#pool = own ? this.#client.pool : this.#client.poolElsewhere(place.origin);
    const moved = context.heads.elsewhere(place.target, this.#pool.target.hostHeader);
    const head = own ? this.#signed(moved) : moved;
    this.#sent = this.bytes > 0 ? withLine(head, this.#rangeLine(), NOTHING) : head;
    this.#transmit(this.#pool.take());
  }

  #triesAgain(): boolean {
    const { failure, status } = this;
    const { retry } = this.#context.plan.wire.profile;
    if (failure === Failure.none || !this.busy || this.#attempts > retry.times) return false;
    if (!isRetryable(retry, failure, status) || this.special !== "") return false;
    this.#record();
    this.#context.tally.count(Event.retry, 1);
    const keeps = retry.resumes && !this.wanted.collects && this.wanted.type !== ClassOf.probe;
    if (!keeps && this.bytes > 0) this.#startOver();
    const pauseMs = this.#hurried
      ? 0
      : retryPauseMs(retry, this.#attempts, {
          draw: this.#context.jitter.next(),
          retryAfter: this.#retryAfter,
        });
    this.#timer = setTimeout(this.#again, pauseMs);
    return true;
  }

  readonly #again = (): void => {
    this.#timer = undefined;
    this.#readyAt = this.#context.clock.now();
    this.#attempt();
  };

  /** Ends the pause before the next attempt. */
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
    this.#fail(code, why);
    this.#land();
  }

  #land(): void {
    this.#record();
    this.busy = false;
    this.#owner.answered(this);
  }

  #record(): void {
    const { clock, tally, board } = this.#context;
    this.doneAt = clock.now();
    if (this.failure === Failure.aborted) return;
    const stamps = this.#stamps;
    stamps[Stamp.due] = this.#readyAt;
    stamps[Stamp.sent] = this.sentAt;
    stamps[Stamp.firstByte] = this.firstByteAt;
    stamps[Stamp.done] = this.doneAt;
    stamps[Stamp.bytesIn] = this.#received;
    tally.started(stamps, 0, this.#type, 0);
    tally.record(stamps, 0, this.#type, this.failure, this.status);
    if (this.wanted.method !== "GET") return;
    if (this.#type === ClassOf["manifest-tag"] || this.#type === ClassOf["manifest-digest"])
      board.add(BoardWord.manifestGets, 1);
    else if (this.#type === ClassOf.config || this.#type === ClassOf.layer)
      board.add(BoardWord.blobGets, 1);
  }
}

function joined(pieces: readonly Buffer[]): Buffer {
  const [only] = pieces;
  return pieces.length === 1 && only !== undefined ? only : Buffer.concat(pieces);
}
