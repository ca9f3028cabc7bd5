import { type Clock, takeOrigin, threadClock } from "../../core/clock.ts";
import { UsageError } from "../../core/errors.ts";
import type { Millis } from "../../core/units.ts";
import type { EndpointAuth } from "../../registry/endpoint.ts";
import { Secret } from "../../registry/secret.ts";
import type { RegistryStore } from "../registry-store.ts";
import type { BlobFetch } from "./blob-fetch.ts";
import type { ManifestOutcome } from "./manifest-fetch.ts";
import { Parking } from "./parking.ts";
import { PullThroughCache } from "./pull-through-cache.ts";
import { type PullThroughOptions, pullThroughDefaults } from "./pull-through-options.ts";
import type { UpstreamNames } from "./through-target.ts";
import { Upstream, type UpstreamOptions } from "./upstream.ts";
import { UpstreamCounters } from "./upstream-counters.ts";

/** The pull-through mode of a registry: its upstreams, its cache, and the fetches under way. */
export type PullThrough = {
  readonly names: UpstreamNames;
  readonly cache: PullThroughCache;
  readonly counters: UpstreamCounters;
  readonly manifests: Parking<Promise<ManifestOutcome>>;
  readonly blobs: Parking<BlobFetch>;
  readonly isEager: boolean;
  readonly revalidates: boolean;
  readonly parkTimeoutMs: Millis;
  close(): Promise<void>;
};

type Surroundings = {
  readonly store: RegistryStore;
  readonly now: () => Millis;
  readonly segmentsMax: number | undefined;
};

/** Wires the mode. Addresses that are none, and names that lead nowhere, are a UsageError. */
export function pullThrough(
  options: PullThroughOptions,
  { store, now, segmentsMax }: Surroundings,
): PullThrough {
  const counters = new UpstreamCounters();
  const clock = threadClock(takeOrigin());
  const upstreams = upstreamsOf(options, counters, clock);
  const isParking = options.parking ?? pullThroughDefaults.parking;
  return {
    names: {
      byName: upstreams.byName,
      standard: upstreams.standard,
      isFixed: (options.form ?? pullThroughDefaults.form) === "fixed",
      segmentsMax,
    },
    cache: new PullThroughCache(store, now),
    counters,
    manifests: new Parking(isParking),
    blobs: new Parking(isParking),
    isEager: (options.fetch ?? pullThroughDefaults.fetch) === "eager",
    revalidates: options.revalidate ?? pullThroughDefaults.revalidate,
    parkTimeoutMs: options.parkTimeoutMs ?? pullThroughDefaults.parkTimeoutMs,
    close: async () => {
      const all = new Set([...upstreams.byName.values()]);
      await Promise.all([...all].map((upstream) => upstream.close()));
    },
  };
}

type Upstreams = {
  readonly byName: ReadonlyMap<string, Upstream>;
  readonly standard: Upstream | undefined;
};

function upstreamsOf(
  options: PullThroughOptions,
  counters: UpstreamCounters,
  clock: Clock,
): Upstreams {
  const byName = new Map<string, Upstream>();
  const shared = { trust: options.trust ?? {}, counters, clock };
  for (const { name, url } of options.upstreams ?? []) {
    const upstream = new Upstream({ ...shared, ...placeOf(url), name, auth: { type: "none" } });
    if (byName.has(name.toLowerCase())) throw new UsageError(`--upstream ${name} is given twice`);
    byName.set(name.toLowerCase(), upstream);
  }
  const own = ownUpstream(options, shared);
  if (own !== undefined && byName.has(own.name))
    throw new UsageError(
      `--upstream ${own.name} is the name that --proxy has: leave one of them out`,
    );
  if (own !== undefined) byName.set(own.name, own);
  return { byName, standard: standardOf(options, byName, own) };
}

function ownUpstream(
  { url, credentials }: PullThroughOptions,
  shared: Pick<UpstreamOptions, "trust" | "counters" | "clock">,
): Upstream | undefined {
  if (url === undefined) return undefined;
  return new Upstream({
    ...shared,
    ...placeOf(url),
    name: URL.parse(url)?.host ?? url,
    auth: authOf(credentials),
  });
}

function standardOf(
  { defaultNamespace, upstreams = [] }: PullThroughOptions,
  byName: ReadonlyMap<string, Upstream>,
  own: Upstream | undefined,
): Upstream | undefined {
  if (own === undefined && upstreams.length === 0) {
    throw new UsageError("nothing to pull through: give --proxy URL or --upstream NAME=URL");
  }
  if (defaultNamespace === undefined) return own;
  const standard = byName.get(defaultNamespace.toLowerCase());
  if (standard !== undefined) return standard;
  const known = [...byName.keys()].join(", ");
  throw new UsageError(`--default-ns ${defaultNamespace} names no upstream: known are ${known}`);
}

// Basic or a token: which one, the upstream says.
function authOf(credentials: PullThroughOptions["credentials"]): EndpointAuth {
  if (credentials === undefined) return { type: "none" };
  const { username, password } = credentials;
  return {
    type: "bearer",
    credentials: { username, password: new Secret(password) },
    token: undefined,
  };
}

function placeOf(text: string): { origin: string; pathPrefix: string } {
  const url = URL.parse(text);
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:")) {
    throw new UsageError(`an upstream wants a URL such as http://127.0.0.1:5000, not "${text}"`);
  }
  if (url.username !== "" || url.password !== "") {
    throw new UsageError("credentials do not belong into an upstream's URL: use --upstream-user");
  }
  if (url.search !== "" || url.hash !== "") {
    throw new UsageError(`an upstream's URL has no "?" and no "#": "${text}"`);
  }
  return { origin: url.origin, pathPrefix: url.pathname.replace(/\/+$/, "") };
}
