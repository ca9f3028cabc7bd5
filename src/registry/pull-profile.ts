// How well-known clients pull an image: which requests in which order, what they accept, how many at once, what they try
// again. Traffic shape, not identity: the User-Agent stays ours. Source: registry-protocol.md 2.1.
import { dockerList, dockerManifest, ociIndex, ociManifest } from "./media-type.ts";

const signedSchema1 = "application/vnd.docker.distribution.manifest.v1+prettyjws";
const schema1 = "application/vnd.docker.distribution.manifest.v1+json";

/** Which failed requests inside a pull are sent again, and when. Plain data. */
export type PullRetry = {
  /** Requests after the first that one object may take. */
  readonly times: number;
  readonly statuses: readonly number[];
  /** Sent again after the first attempt alone. */
  readonly statusesOnce: readonly number[];
  /** Connections that break, before or within a body, count as well. */
  readonly transport: boolean;
  readonly firstMs: number;
  readonly factor: number;
  readonly capMs: number;
  /** Share of the pause that is drawn by lot, to both sides. */
  readonly jitter: number;
  /** A blob goes on where it broke off, with a Range. */
  readonly resumes: boolean;
};

/** Plain data, so that it can go to another thread. */
export type PullProfile = {
  /** `GET /v2/` before each image. */
  readonly ping: boolean;
  /** `HEAD manifests/<tag>`, then `GET` by the digest that it named. */
  readonly headFirst: boolean;
  /** Accept lines of a request by tag, and by digest; "type" = the type that was announced, then anything. */
  readonly acceptTag: readonly string[];
  readonly acceptDigest: readonly string[] | "type";
  readonly config: "last" | "first" | "with-layers";
  readonly concurrency: number;
  /** A connection of its own for every blob. */
  readonly freshPerBlob: boolean;
  readonly retry: PullRetry;
};

export const clientNames = ["containerd", "docker", "crane", "skopeo"] as const;
export type ClientName = (typeof clientNames)[number];

const RETRYABLE = [408, 429, 500, 502, 503, 504];
const BACKOFF_CAP_MS = 30_000;

/** `--retry`, `--retry-backoff`: none unless asked for, since each retry hides an error of the server from the report. */
export const retryRule = (times: number, firstMs: number): PullRetry => ({
  times,
  statuses: RETRYABLE,
  statusesOnce: [],
  transport: true,
  firstMs,
  factor: 2,
  capMs: BACKOFF_CAP_MS,
  jitter: 0.2,
  resumes: true,
});

/** What the original test driver does: lists before images, layers in their order, the config at the end. */
export const plainProfile: PullProfile = {
  ping: false,
  headFirst: false,
  acceptTag: [[dockerList, dockerManifest, ociIndex, ociManifest].join(",")],
  acceptDigest: [[dockerList, dockerManifest, ociIndex, ociManifest].join(",")],
  config: "last",
  concurrency: 1,
  freshPerBlob: false,
  retry: retryRule(0, 500),
};

const dockerAccept = [dockerManifest, dockerList, ociIndex, ociManifest, signedSchema1];
const craneAccept = [
  [schema1, signedSchema1, dockerManifest, ociManifest, dockerList, ociIndex].join(","),
];
const skopeoAccept = [ociManifest, dockerManifest, signedSchema1, schema1, dockerList, ociIndex];

export const clientProfiles: Readonly<Record<ClientName, PullProfile>> = {
  containerd: {
    ping: false,
    headFirst: true,
    acceptTag: [[dockerManifest, dockerList, ociManifest, ociIndex, "*/*"].join(", ")],
    acceptDigest: "type",
    config: "first",
    concurrency: 3,
    freshPerBlob: false,
    retry: {
      ...retryRule(4, 50),
      statuses: [408, 429],
      statusesOnce: [500, 502, 503, 504],
      factor: 1,
      jitter: 0,
    },
  },
  docker: {
    ping: true,
    headFirst: true,
    acceptTag: dockerAccept,
    acceptDigest: dockerAccept,
    config: "with-layers",
    concurrency: 3,
    freshPerBlob: false,
    retry: { ...retryRule(4, 250), statuses: [], jitter: 0 },
  },
  crane: {
    ping: true,
    headFirst: false,
    acceptTag: craneAccept,
    acceptDigest: craneAccept,
    config: "first",
    concurrency: 4,
    freshPerBlob: false,
    retry: {
      ...retryRule(2, 1000),
      statuses: [408, 429, 500, 502, 503, 504, 499, 522],
      factor: 3,
      jitter: 0.1,
      resumes: false,
    },
  },
  skopeo: {
    ping: true,
    headFirst: false,
    acceptTag: skopeoAccept,
    acceptDigest: skopeoAccept,
    config: "first",
    concurrency: 6,
    freshPerBlob: true,
    retry: {
      ...retryRule(4, 2000),
      statuses: [429],
      transport: false,
      capMs: 60_000,
      jitter: 0,
      resumes: false,
    },
  },
};
