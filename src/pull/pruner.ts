// Prunes that belong to no puller: before a cold phase, before a herd. Not measured. Source: pull-driver.md 6.
import type { Clock } from "../core/clock.ts";
import { DrayageError } from "../core/errors.ts";
import { Authorization } from "../registry/authorization.ts";
import type { ControlFetch, ControlResponse } from "../registry/control-transport.ts";
import type { EndpointAuth } from "../registry/endpoint.ts";
import type { Secret } from "../registry/secret.ts";
import { atCache } from "../workers/credential-places.ts";

const PRUNE_MS_MAX = 10_000;
const PURPOSE = { client: "prune", scopes: [] };

export type PrunerOptions = {
  readonly origin: string;
  readonly pathPrefix: string;
  readonly auth: EndpointAuth;
  readonly insecure: boolean;
  readonly userAgent: string;
  readonly fetch: ControlFetch;
  readonly clock: Clock;
};

/** `no-endpoint`: the server has no such thing as prunes. */
export type PruneResult =
  | { readonly kind: "done" }
  | { readonly kind: "no-endpoint"; readonly status: number }
  | { readonly kind: "failed"; readonly message: string };

/** Prunes that failed, by what was wrong with them. `firstAt`: ms since the epoch. */
type PruneFailures = {
  readonly kind: string;
  count: number;
  readonly firstAt: number;
  readonly sample: string;
};

export class Pruner {
  readonly #options: PrunerOptions;
  readonly #authorization: Authorization;
  readonly #failures = new Map<string, PruneFailures>();
  /** How often it succeeded. */
  pruned = 0;

  constructor(options: PrunerOptions) {
    const { origin, auth, insecure, fetch, clock } = options;
    this.#options = options;
    const places = atCache;
    this.#authorization = new Authorization({ origin, auth, insecure, fetch, clock, places });
  }

  async prune(expression: string): Promise<PruneResult> {
    const { origin, pathPrefix } = this.#options;
    const query = `count=-1&dryRun=false&expr=${encodeURIComponent(expression)}&type=pattern`;
    const url = `${origin}${pathPrefix}/cmd/prune?${query}`;
    try {
      const { status } = await this.#delete(url, AbortSignal.timeout(PRUNE_MS_MAX));
      if (status >= 200 && status < 300) {
        this.pruned++;
        return { kind: "done" };
      }
      if (status === 404 || status === 405) return { kind: "no-endpoint", status };
      const isRefusal = status === 401 || status === 403;
      const kind = isRefusal ? "auth" : `status-${Math.floor(status / 100)}xx`;
      return this.#failed(kind, `status ${status}`);
    } catch (error) {
      if (error instanceof DrayageError)
        return this.#failed(error.code === "auth-failed" ? "auth" : "connect", error.message);
      return this.#failed("timeout", `no answer within ${PRUNE_MS_MAX / 1000} s`);
    }
  }

  #failed(kind: string, message: string): PruneResult {
    const known = this.#failures.get(kind);
    if (known !== undefined) known.count++;
    else
      this.#failures.set(kind, {
        kind,
        count: 1,
        firstAt: Date.now(),
        sample: `prune: ${message}`,
      });
    return { kind: "failed", message };
  }

  /** So far. */
  get failures(): readonly PruneFailures[] {
    return [...this.#failures.values()];
  }

  /** One request, and one more after a 401. */
  async #delete(url: string, signal: AbortSignal): Promise<ControlResponse> {
    const sent = this.#authorization.header(PURPOSE);
    const response = await this.#send(url, sent, signal);
    if (response.status !== 401) return response;
    const challenges = response.headers("www-authenticate");
    return await this.#send(
      url,
      await this.#authorization.answer(PURPOSE, challenges, sent),
      signal,
    );
  }

  #send(url: string, credentials: Secret | undefined, signal: AbortSignal) {
    const { fetch, userAgent } = this.#options;
    const authorization = credentials && { authorization: credentials.expose() };
    const headers = { "user-agent": userAgent, ...authorization };
    return fetch({ method: "DELETE", url, headers, signal });
  }
}

/** What selects this image alone in the cache. */
export function expressionOfImage({
  namespace,
  repository,
  reference,
}: {
  readonly namespace: string;
  readonly repository: string;
  readonly reference: string;
}): string {
  const name = quoted(`${namespace}/${repository}`);
  if (reference.includes(":")) return `^${name}@${quoted(reference)}$`;
  return `^${name}(:${quoted(reference)}|@.*)$`;
}

/** RE2's own quoting would do more; these characters are all that names and tags have. */
const quoted = (text: string): string => text.replace(/[.+*?()|[\]{}^$\\]/g, "\\$&");
