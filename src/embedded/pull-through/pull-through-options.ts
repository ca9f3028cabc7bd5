import { type Millis, millis } from "../../core/units.ts";

/** How the registry pulls through: plain data, so that it can be sent to another thread. Source: registry-protocol.md 9.3. */
export type PullThroughOptions = {
  /** The upstream of names without a namespace: `http(s)://host[:port][/prefix]`. */
  readonly url?: string | undefined;
  /** `fixed`: every name goes to `url` as it is. `namespaced`: header, query or first segment may name an upstream. */
  readonly form?: "fixed" | "namespaced" | undefined;
  /** Further upstreams by the name that clients give them. */
  readonly upstreams?: readonly NamedUpstream[] | undefined;
  /** Name of the upstream that a request without a namespace means; absent = the one of `url`. */
  readonly defaultNamespace?: string | undefined;
  /** `false`: every client that misses fetches for itself. */
  readonly parking?: boolean | undefined;
  /** How long a client waits for another one's fetch before it is answered 500. */
  readonly parkTimeoutMs?: Millis | undefined;
  /** `eager`: a manifest is answered once its blobs are here; `lazy`: blobs are fetched when asked for. */
  readonly fetch?: "eager" | "lazy" | undefined;
  /** Ask the upstream, by HEAD, whether a cached tag still means the same. */
  readonly revalidate?: boolean | undefined;
  readonly trust?: UpstreamTrust | undefined;
  /** For the upstream of `url` only. */
  readonly credentials?: { readonly username: string; readonly password: string } | undefined;
};

export type NamedUpstream = { readonly name: string; readonly url: string };

/** For all upstreams. PEM texts. */
export type UpstreamTrust = {
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly insecure?: boolean | undefined;
};

export const pullThroughDefaults = {
  form: "namespaced",
  parking: true,
  parkTimeoutMs: millis(60_000),
  fetch: "eager",
  revalidate: false,
} as const;
