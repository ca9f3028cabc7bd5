// What all flights of one request thread share: connections, credentials, retry rules. The methods on the plain path
// (`poolOf`, and `sign` of an authorizer without credentials) make nothing.
import type { Clock } from "../core/clock.ts";
import { type Random, random } from "../core/random.ts";
import { bytes, type Nanos, nanosFromSeconds, seconds } from "../core/units.ts";
import { ConnectionPool } from "../wire/connection-pool.ts";
import { type ConnectTarget, connectTarget } from "../wire/origin.ts";
import { ThreadWire } from "../wire/thread-wire.ts";
import { Authorizer } from "./authorizer.ts";
import type { ClientSpec, EndpointSpec } from "./client-spec.ts";
import type { ContentSpec } from "./content.ts";
import { KeyedPools } from "./keyed-pools.ts";
import type { HeadStyle } from "./request-head.ts";
import { retryDelayMs } from "./retry.ts";

/** Connections opened to one registry entry before the start; what needs more of them opens them. */
const AHEAD_MAX = 64;
/** A server that does not answer keeps nobody waiting longer: the first requests will tell. */
const AHEAD_MS_MAX = 5000;

/** Trace clients of one thread that keep connections while they rest. */
const SESSIONS_MAX = 1024;
/** Origins that redirects of one thread led to, of which connections are kept while nothing is asked there. */
const ORIGINS_MAX = 256;

type Endpoint = {
  readonly spec: EndpointSpec;
  readonly target: ConnectTarget;
  readonly pool: ConnectionPool;
  readonly authorizer: Authorizer;
};

export class ThreadClient {
  readonly clock: Clock;
  /** Plain counters, read once a second. */
  readonly counts = { redirects: 0, resent: 0, retries: 0 };
  readonly #spec: ClientSpec;
  readonly #wire: ThreadWire;
  readonly #endpoints: readonly Endpoint[];
  /** Each trace client has its own, one pool per registry entry. */
  readonly #sessions: KeyedPools<number>;
  /** Pools of origins that only redirects and Locations lead to, by the entry that trusts them and origin. */
  readonly #elsewhere: KeyedPools<string>;
  readonly #random: Random;

  constructor(spec: ClientSpec, clock: Clock) {
    this.clock = clock;
    this.#spec = spec;
    const { connect, firstByte, idle, total } = spec.timeouts;
    this.#wire = new ThreadWire({
      clock,
      timeouts: {
        connect: nanosFromSeconds(seconds(connect)),
        firstByte: nanosFromSeconds(seconds(firstByte)),
        idle: nanosFromSeconds(seconds(idle)),
        total: nanosFromSeconds(seconds(total)),
      },
      receiveBytes: bytes(spec.receiveBytes),
    });
    this.#endpoints = spec.endpoints.map((endpoint) => this.#endpointOf(endpoint));
    this.#sessions = new KeyedPools({
      make: () => this.#endpoints.map(({ target }) => this.#newPool(target)),
      keysMax: SESSIONS_MAX,
    });
    this.#elsewhere = new KeyedPools({
      make: (place) => [this.#poolAt(place)],
      keysMax: ORIGINS_MAX,
    });
    this.#random = random(`${spec.seed}/retry`);
  }

  #endpointOf(spec: EndpointSpec): Endpoint {
    const target = connectTarget(spec.origin, { ca: spec.ca, insecure: spec.insecure });
    return {
      spec,
      target,
      pool: this.#newPool(target),
      authorizer: new Authorizer(spec, this.clock),
    };
  }

  #newPool(target: ConnectTarget): ConnectionPool {
    return new ConnectionPool(target, this.#wire, { keepAlive: this.#spec.keepAlive });
  }

  /** Connections to a registry entry: the common ones, or those of a session (-1 = none). */
  poolOf(registry: number, session: number): ConnectionPool {
    const endpoint = this.#endpoints[registry] as Endpoint;
    if (session < 0) return endpoint.pool;
    return this.#sessions.of(session)[registry] as ConnectionPool;
  }

  /**
   * Opens connections to registry entries before they are needed, so that the first requests find them: `places` in all, but
   * no more to one entry than there is sense in. Resolves when all stand or have failed, or after five seconds: why an entry
   * has no connection, or undefined. Those of sessions are made by their first requests.
   */
  async openAhead(
    entries: readonly number[],
    { places, stood }: { readonly places: number; readonly stood: (taken: Nanos) => void },
  ): Promise<string | undefined> {
    const each = Math.min(AHEAD_MAX, Math.ceil(places / entries.length));
    const late = Promise.withResolvers<string>();
    const timer = setTimeout(
      () => late.resolve(`no connection within ${AHEAD_MS_MAX / 1000} s`),
      AHEAD_MS_MAX,
    );
    const failures = entries.map(async (entry) => {
      const { pool, target } = this.#endpoints[entry] as Endpoint;
      const failure = await Promise.race([pool.openAhead(each, stood), late.promise]);
      return failure === undefined || pool.idle > 0 ? undefined : `${target.origin}: ${failure}`;
    });
    const all = await Promise.all(failures).finally(() => clearTimeout(timer));
    return this.#spec.keepAlive ? all.find((failure) => failure !== undefined) : undefined;
  }

  /** Connections to another origin, trusted as far as the entry that led there. */
  poolElsewhere(origin: string, registry: number): ConnectionPool {
    const [pool] = this.#elsewhere.of(`${registry} ${origin}`);
    return pool as ConnectionPool;
  }

  #poolAt(place: string): ConnectionPool {
    const [registry, origin = ""] = place.split(" ");
    const { ca, insecure } = (this.#endpoints[Number(registry)] as Endpoint).spec;
    return this.#newPool(connectTarget(origin, { ca, insecure }));
  }

  originOf(registry: number): string {
    return (this.#endpoints[registry] as Endpoint).target.origin;
  }

  styleOf(registry: number): HeadStyle {
    return (this.#endpoints[registry] as Endpoint).spec.style;
  }

  isInsecure(registry: number): boolean {
    return (this.#endpoints[registry] as Endpoint).spec.insecure;
  }

  authorizerOf(registry: number): Authorizer {
    return (this.#endpoints[registry] as Endpoint).authorizer;
  }

  /** The body that belongs to a content key. */
  contentOf(key: string, size: number): ContentSpec {
    return { seed: this.#spec.seed, key, size, random: this.#spec.random };
  }

  /** Milliseconds until the next attempt, or `undefined` when there is none. `attempts` have been made. */
  retryAfterMs(failure: {
    code: number;
    status: number;
    attempts: number;
    retryAfter: string | undefined;
  }): number | undefined {
    const delay = retryDelayMs(this.#spec.retries, failure, this.#random);
    if (delay !== undefined) this.counts.retries++;
    return delay;
  }

  /** Connections opened so far, wherever to. */
  connectionsOpened(): number {
    let opened = this.#sessions.opened + this.#elsewhere.opened;
    for (const { pool } of this.#endpoints) opened += pool.opened;
    return opened;
  }

  /** Origins of redirects whose connections were closed as there were too many others. */
  originsForgotten(): number {
    return this.#elsewhere.forgotten;
  }

  /** Token requests so far and the time they took, nanoseconds. */
  tokenCounts(): { requests: number; nanos: number } {
    let requests = 0;
    let nanos = 0;
    for (const { authorizer } of this.#endpoints) {
      requests += authorizer.tokenCounts.requests;
      nanos += authorizer.tokenCounts.nanos;
    }
    return { requests, nanos };
  }

  async close(): Promise<void> {
    for (const { pool } of this.#endpoints) pool.closeAll();
    this.#sessions.closeAll();
    this.#elsewhere.closeAll();
    await Promise.all(this.#endpoints.map(({ authorizer }) => authorizer.close()));
  }
}
