// Unmeasured requests to one registry entry: the check before a start, and listings. Source: registry-protocol.md 1, 4 and 8,
// trace-replay.md 3.4.
import type { Clock } from "../core/clock.ts";
import { DrayageError } from "../core/errors.ts";
import { Authorization } from "./authorization.ts";
import {
  type ControlFetch,
  type ControlRequest,
  type ControlResponse,
  ControlTransport,
  TransportError,
} from "./control-transport.ts";
import { describeEndpoint, type Endpoint } from "./endpoint.ts";
import { describeErrorBody } from "./error-body.ts";
import { resolveLocation, shownLocation } from "./location.ts";
import { nextLink } from "./next-link.ts";

/** Why an entry cannot be used: nobody there, not trusted, not let in, or not a registry. `message` is one line. */
export type PingProblem = {
  readonly kind: "unreachable" | "tls" | "auth" | "status";
  readonly message: string;
};

export type ControlClientOptions = {
  readonly endpoint: Endpoint;
  readonly clock: Clock;
  /** Product and version. */
  readonly userAgent: string;
  /** Instead of the network, for tests. */
  readonly fetch?: ControlFetch;
};

const CLIENT = "control";
const PAGE_ENTRIES = 1000;
/** A registry whose pages lead in a circle ends here. */
const PAGES_MAX = 10_000;

export class ControlClient {
  readonly #endpoint: Endpoint;
  readonly #userAgent: string;
  readonly #transport: ControlTransport | undefined;
  readonly #fetch: ControlFetch;
  readonly #authorization: Authorization;

  constructor({ endpoint, clock, userAgent, fetch }: ControlClientOptions) {
    const { origin, auth, insecure } = endpoint;
    this.#endpoint = endpoint;
    this.#userAgent = userAgent;
    this.#transport = fetch === undefined ? new ControlTransport(endpoint) : undefined;
    this.#fetch = fetch ?? (this.#transport as ControlTransport).fetch;
    this.#authorization = new Authorization({ origin, auth, insecure, fetch: this.#fetch, clock });
  }

  /** Sends `GET /v2/`, with credentials where they are asked for. `undefined` = 200. Rejects only with the signal's reason. */
  async ping(signal?: AbortSignal): Promise<PingProblem | undefined> {
    try {
      const response = await this.#get("/v2/", [], signal);
      return response.status === 200 ? undefined : statusProblem(response);
    } catch (error) {
      if (error instanceof DrayageError) return thrownProblem(error);
      throw error;
    }
  }

  /** The same before a command starts: rejects with `target-unreachable` or `auth-failed`, naming the entry and the cause. */
  async requireReachable(signal?: AbortSignal): Promise<void> {
    const problem = await this.ping(signal);
    if (problem === undefined) return;
    const code = problem.kind === "auth" ? "auth-failed" : "target-unreachable";
    throw new DrayageError(code, `${describeEndpoint(this.#endpoint)}: ${problem.message}`);
  }

  /** Tags of a repository, page by page, in the registry's order. */
  tags(repository: string, signal?: AbortSignal): AsyncGenerator<string> {
    const scopes = [`repository:${repository}:pull`];
    return this.#list({ path: `/v2/${repository}/tags/list`, key: "tags", scopes, signal });
  }

  /** Names of repositories, page by page. Not in the specification: many registries answer 404 or 401. */
  repositories(signal?: AbortSignal): AsyncGenerator<string> {
    const scopes = ["registry:catalog:*"];
    return this.#list({ path: "/v2/_catalog", key: "repositories", scopes, signal });
  }

  async close(): Promise<void> {
    await this.#transport?.close();
  }

  async *#list({ path, key, scopes, signal }: Listing): AsyncGenerator<string> {
    let target: string | undefined = `${path}?n=${PAGE_ENTRIES}`;
    for (let page = 0; target !== undefined; page++) {
      if (page === PAGES_MAX) throw this.#protocolError(path, `more than ${PAGES_MAX} pages`);
      const response = await this.#get(target, scopes, signal);
      if (response.status !== 200) throw this.#protocolError(path, statusProblem(response).message);
      yield* this.#namesOf(response, path, key);
      target = this.#nextPage(response, target);
    }
  }

  #namesOf({ body }: ControlResponse, path: string, key: string): string[] {
    let names: unknown;
    try {
      names = (JSON.parse(body.toString("utf8")) as Record<string, unknown> | null)?.[key];
    } catch {
      throw this.#protocolError(path, "the answer is not JSON");
    }
    // CNCF distribution says null where it means an empty list.
    if (names === null || names === undefined) return [];
    if (!Array.isArray(names)) throw this.#protocolError(path, `"${key}" is not a list`);
    return names.filter((name) => typeof name === "string");
  }

  #nextPage(response: ControlResponse, target: string): string | undefined {
    const link = nextLink(response.headers("link"));
    if (link === undefined) return undefined;
    const { origin, pathPrefix, insecure } = this.#endpoint;
    const place = resolveLocation(`${origin}${pathPrefix}${target}`, link, { insecure });
    if (place.kind === "refused") throw this.#protocolError(target, `next page: ${place.reason}`);
    // Behind a proxy a registry may not know its own name; credentials go to the entry, whatever the link says.
    const next = place.target.startsWith(`${pathPrefix}/`)
      ? place.target.slice(pathPrefix.length)
      : place.target;
    return next === target ? undefined : next;
  }

  #protocolError(path: string, what: string): DrayageError {
    return new DrayageError(
      "protocol",
      `${describeEndpoint(this.#endpoint)}: GET ${path}: ${what}`,
    );
  }

  /** One request, and one more after a 401. */
  async #get(
    target: string,
    scopes: readonly string[],
    signal: AbortSignal | undefined,
  ): Promise<ControlResponse> {
    const purpose = { client: CLIENT, scopes };
    const sent = this.#authorization.header(purpose);
    const response = await this.#fetch(this.#request(target, sent?.expose(), signal));
    if (response.status !== 401) return response;
    const challenges = response.headers("www-authenticate");
    const answer = await this.#authorization.answer(purpose, challenges, sent);
    return await this.#fetch(this.#request(target, answer.expose(), signal));
  }

  #request(
    target: string,
    authorization: string | undefined,
    signal: AbortSignal | undefined,
  ): ControlRequest {
    const { origin, pathPrefix } = this.#endpoint;
    const credentials = authorization === undefined ? {} : { authorization };
    return {
      method: "GET",
      url: `${origin}${pathPrefix}${target}`,
      headers: { "user-agent": this.#userAgent, ...credentials },
      signal,
    };
  }
}

type Listing = {
  readonly path: string;
  /** Where the names stand in the answer. */
  readonly key: string;
  readonly scopes: readonly string[];
  readonly signal: AbortSignal | undefined;
};

function statusProblem({ status, headers, body }: ControlResponse): PingProblem {
  const said = describeErrorBody(body.subarray(0, 4096));
  const words = said === "" ? "" : `: ${said}`;
  if (status === 401 || status === 403)
    return { kind: "auth", message: `the credentials were refused (status ${status}${words})` };
  const [location] = headers("location");
  const leads =
    status >= 300 && status < 400 && location !== undefined ? ` to ${shownLocation(location)}` : "";
  return { kind: "status", message: `it answered with status ${status}${leads}${words}` };
}

function thrownProblem(error: DrayageError): PingProblem {
  const { message } = error;
  if (error.code === "auth-failed") return { kind: "auth", message };
  return { kind: error instanceof TransportError && error.tls ? "tls" : "unreachable", message };
}
