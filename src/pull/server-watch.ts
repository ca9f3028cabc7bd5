// What cache and upstream count themselves, read at the start, at ticks and at the end. A page that cannot be read is missing,
// never zero.
import type { ControlFetch } from "../registry/control-transport.ts";
import {
  fell,
  type ServerCounters,
  serverCounters,
  type UpstreamCounts,
  upstreamCounts,
} from "./server-counters.ts";

const PAGE_MS_MAX = 5_000;
/** They only grow, unless the cache begins anew: then its figures are not those of the run. */
const TELLING = [
  "ociregistry_upstream_pulls_by_ns",
  "ociregistry_cached_pulls_by_ns_total",
  "ociregistry_v2_api_endpoint_hits_total",
  "drayage_registry_requests_total",
];

export type ServerWatchOptions = {
  /** Page of counters of the cache. */
  readonly metricsUrl: string | undefined;
  /** `/_drayage/stats` of an embedded upstream. */
  readonly statsUrl: string | undefined;
  readonly fetch: ControlFetch;
  readonly warn: (line: string) => void;
};

export type Scrape = { readonly at: number; readonly counters: ServerCounters };

export class ServerWatch {
  readonly #options: ServerWatchOptions;
  #warned = false;
  #pending = false;
  #seen: ServerCounters = new Map();
  /** The cache's counters began anew while they were watched. */
  wasReset = false;
  first: Scrape | undefined;
  last: Scrape | undefined;
  upstreamFirst: UpstreamCounts | undefined;
  upstreamLast: UpstreamCounts | undefined;

  constructor(options: ServerWatchOptions) {
    this.#options = options;
  }

  async begin(now: () => number): Promise<void> {
    const [scrape, upstream] = await Promise.all([this.scrape(now), this.upstream()]);
    this.first = scrape;
    this.upstreamFirst = upstream;
  }

  async end(now: () => number): Promise<void> {
    const [scrape, upstream] = await Promise.all([this.scrape(now), this.upstream()]);
    this.last = scrape;
    this.upstreamLast = upstream;
  }

  /** At a tick: skipped while the one before is still under way. */
  tick(now: () => number, scraped: (scrape: Scrape) => void): void {
    if (this.#options.metricsUrl === undefined || this.#pending) return;
    this.#pending = true;
    void this.scrape(now).then((scrape) => {
      this.#pending = false;
      if (scrape !== undefined) scraped(scrape);
    });
  }

  async scrape(now: () => number): Promise<Scrape | undefined> {
    const { metricsUrl } = this.#options;
    const text = metricsUrl === undefined ? undefined : await this.#page(metricsUrl);
    if (text === undefined) return undefined;
    const counters = serverCounters(text);
    this.wasReset ||= TELLING.some((name) => fell(this.#seen, counters, name));
    this.#seen = counters;
    return { at: now(), counters };
  }

  async upstream(): Promise<UpstreamCounts | undefined> {
    const { statsUrl } = this.#options;
    const text = statsUrl === undefined ? undefined : await this.#page(statsUrl);
    return text === undefined ? undefined : upstreamCounts(text);
  }

  async #page(url: string): Promise<string | undefined> {
    const { fetch, warn } = this.#options;
    let why: string;
    try {
      const signal = AbortSignal.timeout(PAGE_MS_MAX);
      const { status, body } = await fetch({ method: "GET", url, signal });
      if (status === 200) return body.toString("utf8");
      why = `status ${status}`;
    } catch (error) {
      why = error instanceof Error ? error.message : String(error);
    }
    if (!this.#warned) warn(`no counters from ${url} (${why}): what they would tell is n/a`);
    this.#warned = true;
    return undefined;
  }
}
