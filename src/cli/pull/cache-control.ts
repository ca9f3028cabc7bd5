// What is asked of cache and upstream besides pulls: prunes before the run, and counters.
import { takeOrigin, threadClock } from "../../core/clock.ts";
import type { Re2Pattern } from "../../core/re2-pattern.ts";
import { Pruner } from "../../pull/pruner.ts";
import { upstreamCounts } from "../../pull/server-counters.ts";
import { ServerWatch } from "../../pull/server-watch.ts";
import { endpointAuth } from "../../registry/authorizer.ts";
import type { ControlTransport } from "../../registry/control-transport.ts";
import { userAgent } from "../replay/client-plan.ts";
import type { PullGiven } from "./pull-options.ts";
import type { PullSettings } from "./pull-settings.ts";
import type { ServerAccess } from "./server-access.ts";

const PAGE_MS_MAX = 5_000;

type Parts = {
  readonly given: PullGiven;
  readonly settings: PullSettings;
  readonly access: ServerAccess;
};

export class CacheControl {
  readonly #parts: Parts;
  readonly #transport: ControlTransport;
  readonly #warn: (line: string) => void;
  /** Of all prunes that no puller makes. */
  readonly pruner: Pruner;

  constructor(parts: Parts, transport: ControlTransport, warn: (line: string) => void) {
    this.#parts = parts;
    this.#transport = transport;
    this.#warn = warn;
    this.pruner = this.#newPruner();
  }

  /** Empties the cache of all patterns, before a cold phase; false where it has no such endpoint. */
  async prunes(patterns: readonly Re2Pattern[]): Promise<boolean> {
    for (const { sent } of patterns) {
      const result = await this.pruner.prune(sent);
      if (result.kind === "no-endpoint") {
        this.#warn(
          "the cache has no prune endpoint: each image is pulled once, from a cache that must be empty now",
        );
        return false;
      }
      if (result.kind === "failed")
        this.#warn(`the first prune of "${sent}" failed: ${result.message}`);
    }
    return true;
  }

  #newPruner(): Pruner {
    const { settings, access } = this.#parts;
    const { origin, pathPrefix } = settings.cache;
    return new Pruner({
      origin,
      pathPrefix,
      auth: endpointAuth(access.auth),
      insecure: access.insecure,
      userAgent,
      fetch: this.#transport.fetch,
      clock: threadClock(takeOrigin()),
    });
  }

  async watch(): Promise<ServerWatch> {
    const { given, settings } = this.#parts;
    const isDry = given["dry-run"] === true;
    const asked = given["upstream-stats"];
    const url = asked ?? `${settings.registry.origin}/_drayage/stats`;
    const known = !isDry && (asked !== undefined || (await this.#hasStatistics(url)));
    return new ServerWatch({
      metricsUrl: isDry ? undefined : given["server-metrics"],
      statsUrl: known ? url : undefined,
      fetch: this.#transport.fetch,
      warn: this.#warn,
    });
  }

  /** Whether the cache is an embedded registry. Asked when all is over: a cache's log begins with the first puller. */
  isOurs(): Promise<boolean> {
    const { origin, pathPrefix } = this.#parts.settings.cache;
    return pathPrefix === ""
      ? this.#hasStatistics(`${origin}/_drayage/stats`)
      : Promise.resolve(false);
  }

  /** Embedded registries alone know this page. */
  async #hasStatistics(url: string): Promise<boolean> {
    try {
      const signal = AbortSignal.timeout(PAGE_MS_MAX);
      const { status, body } = await this.#transport.fetch({ method: "GET", url, signal });
      return status === 200 && upstreamCounts(body.toString("utf8")) !== undefined;
    } catch {
      return false;
    }
  }
}
