// What all pullers of one thread share: the wire, the cache's address, credentials, figures. One per thread.
import type { Clock } from "../../../core/clock.ts";
import { Failure } from "../../../core/failure.ts";
import { type Random, random } from "../../../core/random.ts";
import { bytes, type Nanos, nanos, nanosFromSeconds, seconds } from "../../../core/units.ts";
import { Authorization, type Purpose } from "../../../registry/authorization.ts";
import { endpointAuth } from "../../../registry/authorizer.ts";
import { type ControlFetch, ControlTransport } from "../../../registry/control-transport.ts";
import type { TallyWriter } from "../../../stats/tally.ts";
import { ConnectionPool } from "../../../wire/connection-pool.ts";
import { Http2Pool } from "../../../wire/http2-pool.ts";
import { type ConnectTarget, connectTarget } from "../../../wire/origin.ts";
import type { RequestPool } from "../../../wire/request-pool.ts";
import { ReceiveBytes, ThreadWire } from "../../../wire/thread-wire.ts";
import { atCache } from "../../credential-places.ts";
import type { PullBoard } from "../../pull-board.ts";
import { ClassOf } from "../../pull-classes.ts";
import type { PullPlan } from "../../pull-plan.ts";
import type { LayoutWriter } from "./layout-writer.ts";
import { ManifestCache } from "./manifest-cache.ts";
import { PullHeads } from "./pull-heads.ts";
import type { PullNews } from "./pull-news.ts";
import type { PullRows } from "./pull-rows.ts";
import { PullStamps } from "./pull-stamps.ts";

/** A connection that does not come about in this time is given up, however patient the request is. */
const CONNECT_SECONDS_MAX = 10;

export type PullContextParts = {
  readonly plan: PullPlan;
  readonly clock: Clock;
  readonly tally: TallyWriter;
  readonly board: PullBoard;
  readonly news: PullNews;
  readonly pulledBefore: Uint8Array;
  readonly layout: LayoutWriter | undefined;
  /** Where rows are wanted. */
  readonly rows: PullRows | undefined;
};

export class PullContext {
  readonly plan: PullPlan;
  readonly clock: Clock;
  readonly tally: TallyWriter;
  readonly board: PullBoard;
  readonly news: PullNews;
  readonly pulledBefore: Uint8Array;
  readonly layout: LayoutWriter | undefined;
  readonly rows: PullRows | undefined;
  readonly heads: PullHeads;
  readonly target: ConnectTarget;
  readonly manifests = new ManifestCache();
  readonly jitter: Random;
  readonly authorization: Authorization;
  connectionsOpened = 0;
  readonly #wire: ThreadWire;
  readonly #transport: ControlTransport;
  readonly #stamps = new PullStamps();
  readonly #tagHeads = new Map<number, Buffer>();

  constructor(parts: PullContextParts) {
    const { plan, clock } = parts;
    const { endpoint, requestSeconds } = plan.wire;
    this.plan = plan;
    this.clock = clock;
    this.tally = parts.tally;
    this.board = parts.board;
    this.news = parts.news;
    this.pulledBefore = parts.pulledBefore;
    this.layout = parts.layout;
    this.rows = parts.rows;
    this.heads = new PullHeads(plan.wire);
    this.target = connectTarget(endpoint.origin, trustOf(plan));
    this.jitter = random(`${plan.seed}/jitter`);
    this.#wire = new ThreadWire({
      clock,
      timeouts: timeoutsOf(requestSeconds),
      receiveBytes: bytes(ReceiveBytes.blobs),
    });
    this.#transport = new ControlTransport(trustOf(plan));
    this.authorization = new Authorization({
      origin: endpoint.origin,
      auth: endpointAuth(endpoint.auth),
      insecure: endpoint.insecure,
      fetch: this.#timedFetch,
      clock,
      places: atCache,
    });
  }

  /** Connections to the cache. */
  newPool(): RequestPool {
    return this.plan.wire.http2
      ? new Http2Pool(this.target, this.#wire)
      : this.#plainPool(this.target);
  }

  /** Where a redirect leads, HTTP/1.1 is spoken. */
  newPoolElsewhere(origin: string): ConnectionPool {
    return this.#plainPool(connectTarget(origin, trustOf(this.plan)));
  }

  #plainPool(target: ConnectTarget): ConnectionPool {
    const { keepAlive } = this.plan.wire.endpoint.style;
    return new ConnectionPool(target, this.#wire, { keepAlive });
  }

  /** Head of the first request for an image, by its number; made once. */
  tagHead(image: number): Buffer {
    let head = this.#tagHeads.get(image);
    if (head === undefined) {
      const planned = this.plan.images[image];
      if (planned === undefined) throw new Error(`there is no image ${image}`);
      head = this.heads.byTag("GET", planned);
      this.#tagHeads.set(image, head);
    }
    return head;
  }

  /** Tokens are kept per puller: real clients do not share them either. */
  purposeOf(client: string, repository: string): Purpose {
    const name = this.heads.scopeName(repository);
    return { client, scopes: repository === "" ? [] : [`repository:${name}:pull`] };
  }

  /** Every request to a token service goes through here: a type of its own in the figures. */
  readonly #timedFetch: ControlFetch = async (request) => {
    const from = this.clock.now();
    try {
      const response = await this.#transport.fetch(request);
      const failure = response.status === 200 ? Failure.none : Failure.http;
      const { body, status } = response;
      this.#recordToken(from, { url: request.url, bytes: body.length, failure, status });
      return response;
    } catch (error) {
      this.#recordToken(from, { url: request.url, bytes: 0, failure: Failure.connect, status: 0 });
      throw error;
    }
  };

  #recordToken(
    from: Nanos,
    outcome: { url: string; bytes: number; failure: number; status: number },
  ): void {
    const times = { sentAt: from, firstByteAt: Number.NaN, doneAt: this.clock.now() };
    this.#stamps.fill(Number.NaN, times, outcome.bytes);
    this.#stamps.record(this, ClassOf.token, outcome);
    this.rows?.token({ ...times, ...outcome });
  }

  /** With credentials configured, a token is likely to be asked for: its time is not to hold our own start. */
  async prepare(): Promise<void> {
    if (this.plan.wire.endpoint.auth.type !== "none") await this.#transport.prepare();
  }

  async close(): Promise<void> {
    await this.#transport.close();
  }
}

const trustOf = ({ wire }: PullPlan) => ({
  ca: wire.endpoint.ca,
  cert: wire.endpoint.cert,
  key: wire.endpoint.key,
  insecure: wire.endpoint.insecure,
});

function timeoutsOf(requestSeconds: number) {
  const patience = nanosFromSeconds(seconds(requestSeconds));
  const connect = nanosFromSeconds(
    seconds(
      requestSeconds === 0 ? CONNECT_SECONDS_MAX : Math.min(CONNECT_SECONDS_MAX, requestSeconds),
    ),
  );
  return { connect, firstByte: patience, idle: patience, total: nanos(0) };
}
