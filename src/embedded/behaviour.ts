// Where registries differ, one column per registry: `--behave` picks a column, `strict` is the specification.
// Measured on CNCF distribution 2.8.2, `crane registry serve` 0.20 and Ociregistry 1.17; docs/embedded-registry.md
// shows the same table in words.

export const behaviourNames = ["strict", "distribution-2.8", "crane", "ociregistry"] as const;
export type BehaviourName = (typeof behaviourNames)[number];

export interface Behaviour {
  readonly pingBody: string;
  /** `GET /v2/` answers without credentials even when everything else wants them. */
  readonly pingIsOpen: boolean;
  /** Only ping, manifests and blobs exist; the rest is 405, the catalog 404. */
  readonly isReadOnly: boolean;
  readonly hasHeadBlob: boolean;
  /** Headers of a blob: all; without ETag and Content-Type; or none at all, with a chunked body. */
  readonly blobHeaders: "all" | "plain" | "none";
  readonly hasEtag: boolean;
  readonly hasRange: boolean;
  /** An OCI manifest is 404 for a client that does not list its type in Accept. */
  readonly needsManifestType: boolean;
  /** Status and body of a missing manifest: an error body or an empty 500. */
  readonly missingManifest: "404" | "empty 500";
  readonly foldsCase: boolean;
  /** The first segment of a name is a registry's host and is taken off. */
  readonly hasNamespace: boolean;
  /** `POST ?digest=` with the body: done (201), or a session that wants a PUT (202). */
  readonly singlePost: 201 | 202;
  readonly patchStatus: 202 | 204;
  readonly checksContentRange: boolean;
  readonly hasUploadStatus: boolean;
  readonly hasLocationAfterPut: boolean;
  readonly relativeLocations: boolean;
  readonly mounts: boolean;
  /** Manifests: fully checked; the same but only known types, and an OCI one of another version fails; or anything. */
  readonly manifestCheck: "full" | "like distribution" | "none";
  readonly deletesByTag: boolean;
  readonly deletingDigestRemovesTags: boolean;
  /** Blobs belong to repositories, or to the whole registry (a delete then hits all repositories). */
  readonly blobScope: "repository" | "registry";
  readonly tagList: "paged" | "n without Link" | "all, unsorted, null when empty";
  readonly catalogLink: "while more" | "page full" | "never";
  /** `n` above the page limit: the page is cut there, or 400. */
  readonly refusesLargePages: boolean;
  readonly referrers: "index" | "404 text" | "404";
}

const strict: Behaviour = {
  pingBody: "{}",
  pingIsOpen: false,
  isReadOnly: false,
  hasHeadBlob: true,
  blobHeaders: "all",
  hasEtag: true,
  hasRange: true,
  needsManifestType: false,
  missingManifest: "404",
  foldsCase: false,
  hasNamespace: false,
  singlePost: 201,
  patchStatus: 202,
  checksContentRange: true,
  hasUploadStatus: true,
  hasLocationAfterPut: true,
  relativeLocations: false,
  mounts: true,
  manifestCheck: "full",
  deletesByTag: true,
  deletingDigestRemovesTags: true,
  blobScope: "repository",
  tagList: "paged",
  catalogLink: "while more",
  refusesLargePages: false,
  referrers: "index",
};

export const behaviours: Readonly<Record<BehaviourName, Behaviour>> = {
  strict,
  "distribution-2.8": {
    ...strict,
    needsManifestType: true,
    singlePost: 202,
    checksContentRange: false,
    manifestCheck: "like distribution",
    deletesByTag: false,
    tagList: "all, unsorted, null when empty",
    catalogLink: "page full",
    refusesLargePages: true,
    referrers: "404 text",
  },
  crane: {
    ...strict,
    pingBody: "",
    blobHeaders: "plain",
    hasEtag: false,
    patchStatus: 204,
    hasUploadStatus: false,
    hasLocationAfterPut: false,
    relativeLocations: true,
    mounts: false,
    manifestCheck: "none",
    deletingDigestRemovesTags: false,
    blobScope: "registry",
    tagList: "n without Link",
    catalogLink: "never",
    referrers: "404",
  },
  ociregistry: {
    ...strict,
    pingBody: '"true"',
    pingIsOpen: true,
    isReadOnly: true,
    hasHeadBlob: false,
    blobHeaders: "none",
    hasEtag: false,
    hasRange: false,
    missingManifest: "empty 500",
    foldsCase: true,
    hasNamespace: true,
  },
};
