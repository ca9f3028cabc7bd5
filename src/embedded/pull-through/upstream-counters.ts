import type { RequestType } from "../route.ts";

/** Requests to one upstream. `code` 0 = no answer came. `bytes` = body bytes received. */
export type UpstreamCount = {
  readonly ns: string;
  readonly type: RequestType;
  readonly method: string;
  readonly code: number;
  readonly requests: number;
  readonly bytes: number;
};

/**
 * How clients' requests for manifests and blobs were met: from the cache; by a fetch of their own; or by waiting for the
 * fetch of another one.
 */
export type CacheResult = "hit" | "miss" | "parked";

/** Manifests that a client got without a fetch of its own: from the cache, or by waiting. */
export type CachedPullCount = { readonly ns: string; readonly requests: number };

export type CacheCount = {
  readonly ns: string;
  readonly type: RequestType;
  readonly result: CacheResult;
  readonly requests: number;
};

/** What went wrong between here and an upstream; answers with an error status are not among them, they are answers. */
export type UpstreamTrouble =
  | "unreachable"
  | "tls"
  | "timeout"
  | "truncated"
  | "digest"
  | "protocol"
  | "redirect"
  | "auth";

export type TroubleCount = {
  readonly ns: string;
  readonly kind: UpstreamTrouble;
  readonly count: number;
};

/** A counter that bytes are added to while they come. */
export type OpenCount = { requests: number; bytes: number };

/** Everything counted about upstreams, since the start or the last reset. */
export class UpstreamCounters {
  readonly #requests = new Map<string, UpstreamCount & OpenCount>();
  readonly #cachedPulls = new Map<string, CachedPullCount & { requests: number }>();
  readonly #results = new Map<string, CacheCount & { requests: number }>();
  readonly #troubles = new Map<string, TroubleCount & { count: number }>();
  /** Clients that waited in vain: see `parkTimeoutMs`. */
  parkTimeouts = 0;
  /** Answers that were passed on without being kept, for want of room. */
  uncached = 0;

  /** Counts a request. Body bytes are for the caller to add. */
  request(asked: Pick<UpstreamCount, "ns" | "type" | "method" | "code">): OpenCount {
    const key = `${asked.ns} ${asked.type} ${asked.method} ${asked.code}`;
    const known = this.#requests.get(key);
    const count = known ?? { ...asked, requests: 0, bytes: 0 };
    if (known === undefined) this.#requests.set(key, count);
    count.requests++;
    return count;
  }

  result(ns: string, type: RequestType, result: CacheResult): void {
    const key = `${ns} ${type} ${result}`;
    const known = this.#results.get(key);
    if (known === undefined) this.#results.set(key, { ns, type, result, requests: 1 });
    else known.requests++;
  }

  cachedPull(ns: string): void {
    const known = this.#cachedPulls.get(ns);
    if (known === undefined) this.#cachedPulls.set(ns, { ns, requests: 1 });
    else known.requests++;
  }

  trouble(ns: string, kind: UpstreamTrouble): void {
    const key = `${ns} ${kind}`;
    const known = this.#troubles.get(key);
    if (known === undefined) this.#troubles.set(key, { ns, kind, count: 1 });
    else known.count++;
  }

  reset(): void {
    this.#requests.clear();
    this.#results.clear();
    this.#cachedPulls.clear();
    this.#troubles.clear();
    this.parkTimeouts = 0;
    this.uncached = 0;
  }

  requests(): UpstreamCount[] {
    return copiesInOrder(this.#requests);
  }

  results(): CacheCount[] {
    return copiesInOrder(this.#results);
  }

  cachedPulls(): CachedPullCount[] {
    return copiesInOrder(this.#cachedPulls);
  }

  troubles(): TroubleCount[] {
    return copiesInOrder(this.#troubles);
  }
}

function copiesInOrder<Count extends object>(counts: ReadonlyMap<string, Count>): Count[] {
  return [...counts.keys()].sort().map((key) => ({ ...(counts.get(key) as Count) }));
}
