// What the pullers of a run are to do: plain data, decided on the main thread, secrets included, so never printed or stored.
import type { EndpointSpec } from "../registry/client-spec.ts";
import type { PullProfile } from "../registry/pull-profile.ts";

/** `reference` is a tag, or a digest with its algorithm. */
export type PullImage = { readonly repository: string; readonly reference: string };

/** How the upstream is named to the cache. */
export type NamespaceForm = "path" | "ns" | "header" | "none";

export type Platform = {
  readonly os: string;
  readonly architecture: string;
  readonly variant: string | undefined;
};

/** Failures alone, or a share from 0 to 1 of all pulls. */
export type PullRowChoice =
  | { readonly which: "errors" }
  | { readonly which: "share"; readonly share: number };

/** How requests to the cache look and are treated. */
export type PullWire = {
  readonly endpoint: EndpointSpec;
  /** Speak HTTP/2 with the cache: the requests of a puller share one connection. */
  readonly http2: boolean;
  readonly form: NamespaceForm;
  readonly namespace: string;
  readonly profile: PullProfile;
  /** Requests of one puller at the same time. */
  readonly concurrency: number;
  readonly platform: Platform | "all";
  /** Fetch blobs that lie elsewhere from there; otherwise the redirect is the answer. */
  readonly follow: boolean;
  /** Compute the digest of every blob. */
  readonly verify: boolean;
  /** Seconds without a byte; 0 = none. Of connecting, the answer and the body alike. */
  readonly requestSeconds: number;
  /** Milliseconds for a whole pull; 0 = no limit. */
  readonly pullMs: number;
  /** Root of an OCI image layout to write to; empty = bodies are discarded. */
  readonly save: string;
};

export type PullPlan = {
  readonly threads: number;
  readonly wire: PullWire;
  readonly images: readonly PullImage[];
  /** Per puller, indices of `images`; pullers that share a pattern share the list. */
  readonly lists: readonly (readonly number[])[];
  /** Per puller, the expression that its prunes send. */
  readonly pruneExpressions: readonly string[];
  readonly probe: "head" | "ping" | "none";
  readonly shuffle: boolean;
  /** Nothing is sent: a pause of 100 ms stands for a pull. */
  readonly dryRun: boolean;
  readonly errorBackoff: { readonly minMs: number; readonly maxMs: number };
  readonly seed: string;
  /** Requests that get a row of their own; none if absent. */
  readonly rows?: PullRowChoice | undefined;
};
