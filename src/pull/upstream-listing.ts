// The images of an upstream: catalog, then tags of each repository. Source: pull-driver.md 3, registry-protocol.md 4 and 8.
import type { Clock } from "../core/clock.ts";
import { DrayageError } from "../core/errors.ts";
import { Authorization } from "../registry/authorization.ts";
import type { ControlFetch, ControlResponse } from "../registry/control-transport.ts";
import type { EndpointAuth } from "../registry/endpoint.ts";
import { describeErrorBody } from "../registry/error-body.ts";
import { resolveLocation } from "../registry/location.ts";
import { nextLink } from "../registry/next-link.ts";
import { isTag } from "../registry/reference.ts";
import { atUpstream } from "../workers/credential-places.ts";
import { type Image, isPath } from "./image-list.ts";

export type ListingOptions = {
  /** `http(s)://host[:port]`, and the path before `/v2/`. */
  readonly origin: string;
  readonly pathPrefix: string;
  readonly auth: EndpointAuth;
  readonly insecure: boolean;
  readonly userAgent: string;
  readonly fetch: ControlFetch;
  readonly clock: Clock;
  readonly requestMs: number;
  readonly allTags: boolean;
  readonly warn: (line: string) => void;
};

export type Listing = {
  readonly images: readonly Image[];
  readonly repositories: number;
  readonly repositoriesWithoutTags: number;
  readonly repositoriesGone: number;
};

/** CNCF distribution refuses more than 1,000. */
const PAGE_ENTRIES = 100;
const NAMES_MAX = 1_000_000;
const AT_ONCE = 8;
const TRIES = 3;
const PAUSE_MS = 200;
const CLIENT = "listing";

/** Throws DrayageError `target-unreachable` or `auth-failed` where the upstream cannot be listed. */
export async function listUpstream(options: ListingOptions): Promise<Listing> {
  const pages = new Pages(options);
  const repositories = await pages.catalog();
  const tags: (readonly string[] | "gone")[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let at = next++; at < repositories.length; at = next++)
      tags[at] = await pages.tags(repositories[at] as string);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  return listingOf(repositories, tags, options);
}

function listingOf(
  repositories: readonly string[],
  tags: readonly (readonly string[] | "gone")[],
  { allTags, warn }: ListingOptions,
): Listing {
  const images: Image[] = [];
  const counts = { repositoriesWithoutTags: 0, repositoriesGone: 0 };
  repositories.forEach((repository, at) => {
    const found = tags[at] as readonly string[] | "gone";
    if (found === "gone") {
      counts.repositoriesGone++;
      warn(`repository ${repository} is in the catalog but answers 404: skipped`);
      return;
    }
    const [first] = found;
    if (first === undefined) {
      counts.repositoriesWithoutTags++;
      warn(`repository ${repository} has no tags: skipped`);
      return;
    }
    for (const reference of allTags ? found : [first]) images.push({ repository, reference });
  });
  return { images, repositories: repositories.length, ...counts };
}

class Pages {
  readonly #options: ListingOptions;
  readonly #authorization: Authorization;

  constructor(options: ListingOptions) {
    const { origin, auth, insecure, fetch, clock } = options;
    this.#options = options;
    const places = atUpstream;
    this.#authorization = new Authorization({ origin, auth, insecure, fetch, clock, places });
  }

  async catalog(): Promise<readonly string[]> {
    const path = `${this.#options.pathPrefix}/v2/_catalog?n=${PAGE_ENTRIES}`;
    const names = await this.#all(path, "repositories", ["registry:catalog:*"]);
    if (names === "gone")
      throw this.#refused(path, "it has no catalog: give the images yourself with --images FILE");
    return this.#usable(names, isPath, "repositories");
  }

  async tags(repository: string): Promise<readonly string[] | "gone"> {
    const path = `${this.#options.pathPrefix}/v2/${repository}/tags/list?n=${PAGE_ENTRIES}`;
    const names = await this.#all(path, "tags", [`repository:${repository}:pull`]);
    return names === "gone" ? names : this.#usable(names, isTag, `tags of ${repository}`);
  }

  /** What a server lists goes into the requests of pulls: nothing in it may end a path or a line early. */
  #usable(names: readonly string[], isUsable: (name: string) => boolean, what: string): string[] {
    const usable = names.filter(isUsable);
    const skipped = names.length - usable.length;
    const sample = JSON.stringify(names.find((name) => !isUsable(name)));
    if (skipped > 0) this.#options.warn(`${what}: ${skipped} skipped, no names: ${sample}`);
    return usable;
  }

  /** Follows links until there is none, or one that has been followed. "gone" = the first page was 404 or 405. */
  async #all(
    first: string,
    key: string,
    scopes: readonly string[],
  ): Promise<readonly string[] | "gone"> {
    const names: string[] = [];
    const seen = new Set<string>();
    let target: string | undefined = first;
    while (target !== undefined && !seen.has(target)) {
      seen.add(target);
      const response = await this.#get(target, scopes);
      const { status } = response;
      if (status === 404 || (status === 405 && names.length === 0)) return "gone";
      if (status !== 200) throw this.#statusError(target, response);
      for (const name of this.#namesOf(response, target, key)) names.push(name);
      if (names.length > NAMES_MAX) throw this.#refused(first, `more than ${NAMES_MAX} names`);
      target = this.#nextPage(response, target);
    }
    return names;
  }

  /** Three tries: an upstream that hiccups once should not end a ramp before it began. */
  async #get(target: string, scopes: readonly string[]): Promise<ControlResponse> {
    for (let left = TRIES - 1; ; left--) {
      const response = await this.#attempt(target, scopes, left === 0);
      if (response !== undefined) return response;
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS * (TRIES - left)));
    }
  }

  /** `undefined` = try again. */
  async #attempt(
    target: string,
    scopes: readonly string[],
    isLast: boolean,
  ): Promise<ControlResponse | undefined> {
    try {
      const response = await this.#once(target, scopes);
      const isTransient = response.status >= 500 || response.status === 429;
      return isTransient && !isLast ? undefined : response;
    } catch (error) {
      if (!(error instanceof DrayageError)) throw error;
      if (isLast || error.code === "auth-failed") throw this.#named(error, target);
      return undefined;
    }
  }

  async #once(target: string, scopes: readonly string[]): Promise<ControlResponse> {
    const purpose = { client: CLIENT, scopes };
    const sent = this.#authorization.header(purpose);
    const response = await this.#send(target, sent?.expose());
    if (response.status !== 401) return response;
    const challenges = response.headers("www-authenticate");
    const answer = await this.#authorization.answer(purpose, challenges, sent);
    return await this.#send(target, answer.expose());
  }

  async #send(target: string, authorization: string | undefined): Promise<ControlResponse> {
    const { fetch, origin, userAgent, requestMs } = this.#options;
    const signal = AbortSignal.timeout(requestMs);
    try {
      return await fetch({
        method: "GET",
        url: `${origin}${target}`,
        headers: {
          "user-agent": userAgent,
          ...(authorization === undefined ? {} : { authorization }),
        },
        signal,
      });
    } catch (error) {
      if (!signal.aborted) throw error;
      throw new DrayageError("target-unreachable", `no answer within ${requestMs / 1000} s`);
    }
  }

  #namesOf({ body }: ControlResponse, target: string, key: string): string[] {
    let names: unknown;
    try {
      names = (JSON.parse(body.toString("utf8")) as Record<string, unknown> | null)?.[key];
    } catch {
      throw this.#refused(target, "the answer is not JSON");
    }
    // CNCF distribution says null where it means an empty list.
    if (names === null || names === undefined) return [];
    if (!Array.isArray(names)) throw this.#refused(target, `"${key}" is not a list`);
    return names.filter((name) => typeof name === "string");
  }

  /** Credentials go to the upstream alone: a link to another host is followed there, by path and query. */
  #nextPage(response: ControlResponse, target: string): string | undefined {
    const link = nextLink(response.headers("link"));
    if (link === undefined) return undefined;
    const { origin, insecure } = this.#options;
    const place = resolveLocation(`${origin}${target}`, link, { insecure });
    if (place.kind === "refused") throw this.#refused(target, `next page: ${place.reason}`);
    return place.target;
  }

  #statusError(target: string, { status, body }: ControlResponse): DrayageError {
    const said = describeErrorBody(body.subarray(0, 4096));
    const words = `status ${status}${said === "" ? "" : `: ${said}`}`;
    const code = status === 401 || status === 403 ? "auth-failed" : "target-unreachable";
    return new DrayageError(code, `${this.#place(target)}: ${words}`);
  }

  /** Without its cause, which says the same in the system's words. */
  #named(error: DrayageError, target: string): DrayageError {
    return new DrayageError(error.code, `${this.#place(target)}: ${error.message}`);
  }

  #refused(target: string, what: string): DrayageError {
    return new DrayageError("target-unreachable", `${this.#place(target)}: ${what}`);
  }

  #place(target: string): string {
    return `cannot list the upstream: GET ${this.#options.origin}${target.replace(/\?.*$/s, "")}`;
  }
}
