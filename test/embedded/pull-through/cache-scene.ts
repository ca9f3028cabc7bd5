// An upstream with images, a cache in front of it, and what both counted.
import type { TestContext } from "node:test";
import {
  type EmbeddedRegistry,
  startEmbeddedRegistry,
} from "../../../src/embedded/embedded-registry.ts";
import type { PullThroughOptions } from "../../../src/embedded/pull-through/pull-through-options.ts";
import type { PullThroughStats } from "../../../src/embedded/pull-through/pull-through-stats.ts";
import type { EmbeddedRegistryOptions } from "../../../src/embedded/registry-options.ts";
import { type Received, send } from "../exchange-script.ts";

export type CacheScene = {
  readonly upstream: EmbeddedRegistry;
  readonly cache: EmbeddedRegistry;
  /** Host and port of the upstream: its namespace. */
  readonly ns: string;
  /** Names of the upstream's repositories; each has the tag v1. */
  readonly names: readonly string[];
  /** Digests of config and layers, in this order. */
  blobsOf(name: string): Promise<readonly string[]>;
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<Received>;
  /** Requests that the upstream answered with content, by type and method: `GET manifest`. */
  asked(): Promise<Readonly<Record<string, number>>>;
  figures(): Promise<PullThroughStats>;
};

type SceneOptions = {
  readonly upstream?: EmbeddedRegistryOptions;
  readonly cache?: EmbeddedRegistryOptions;
  readonly through?: PullThroughOptions;
};

/** Both end with the test. */
export async function cacheScene(t: TestContext, options: SceneOptions = {}): Promise<CacheScene> {
  const upstream = await startEmbeddedRegistry({
    generate: "repos=2,layers=2,sizes=3000",
    ...options.upstream,
  });
  const url = upstream.url;
  const cache = await startEmbeddedRegistry({
    ...options.cache,
    pullThrough: { url, ...options.through },
  });
  t.after(() => Promise.all([cache.close(), upstream.close()]));
  const get: CacheScene["get"] = (path, headers = {}) =>
    send({ method: "GET", url: `${cache.url}${path}`, headers });
  return {
    upstream,
    cache,
    ns: new URL(url).host,
    names: await namesAt(url),
    blobsOf: (name) => blobsAt(url, name),
    get,
    asked: async () => askedOf(upstream),
    figures: async () => {
      const { pullThrough } = await cache.stats();
      if (pullThrough === undefined) throw new Error("the cache pulls through");
      return pullThrough;
    },
  };
}

// By a fetch of its own, whose count is taken back: an upstream may want credentials, then there are no names.
async function namesAt(url: string): Promise<readonly string[]> {
  const { status, body } = await send({ method: "GET", url: `${url}/v2/_catalog` });
  await send({ method: "POST", url: `${url}/_drayage/reset` });
  return status === 200 ? JSON.parse(String(body)).repositories : [];
}

async function blobsAt(url: string, name: string): Promise<readonly string[]> {
  const { body } = await send({ method: "GET", url: `${url}/v2/${name}/manifests/v1` });
  await send({ method: "POST", url: `${url}/_drayage/reset` });
  const { config, layers } = JSON.parse(String(body));
  return [config, ...layers].map(({ digest }) => digest);
}

async function askedOf(upstream: EmbeddedRegistry): Promise<Record<string, number>> {
  const asked: Record<string, number> = {};
  for (const { type, method, code, requests } of (await upstream.stats()).requests) {
    const key = `${method} ${type}`;
    if (code === 200) asked[key] = (asked[key] ?? 0) + requests;
  }
  return asked;
}

/** Sum of the requests with that result. */
export const resultsOf = (
  { cacheResults }: PullThroughStats,
  type: string,
  result: string,
): number =>
  cacheResults
    .filter((count) => count.type === type && count.result === result)
    .reduce((sum, { requests }) => sum + requests, 0);
