import { dockerList, dockerManifest, ociIndex, ociManifest } from "../registry/media-type.ts";
import { algorithmOf } from "./digest.ts";

// Reads a manifest for what a registry has to know of it. Source: OCI image specification 1.1 and docker's manifest
// schemas 1 and 2.

/** The complaint that CNCF distribution 2.8 has no answer to, and fails, for OCI types. */
export const wrongVersion = "schemaVersion is not 2";

const manifestTypes: readonly string[] = [ociManifest, dockerManifest];
const indexTypes: readonly string[] = [ociIndex, dockerList];

export interface ManifestReference {
  readonly digest: string;
  readonly size: number;
}

export interface ManifestDocument {
  readonly mediaType: string;
  readonly blobs: readonly ManifestReference[];
  readonly children: readonly ManifestReference[];
  readonly subject: string | undefined;
  /** What a referrers list shows: `artifactType`, or the config's media type. */
  readonly artifactType: string | undefined;
  readonly annotations: Readonly<Record<string, string>> | undefined;
}

/** Whether the document's parts are understood; others are kept as they are. */
export const isKnownType = (mediaType: string): boolean =>
  manifestTypes.includes(mediaType) || indexTypes.includes(mediaType);

// What is stored as a type is sent as a header again, so nothing else may get in.
const typePattern = /^[\w.+-]+\/[\w.+-]+$/;

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The document, or the sentence that says why it is none. `contentType` is the request's, without parameters. */
export function readManifest(body: Buffer, contentType: string): ManifestDocument | string {
  const fields = parsed(body);
  if (!isFields(fields)) return "the manifest is not a JSON object";
  const named = fields.mediaType;
  if (named !== undefined && typeof named !== "string") return "mediaType is not a string";
  const mediaType = contentType === "" ? (named ?? "") : contentType;
  if (fields.subject !== undefined && referenceOf(fields.subject) === undefined) {
    return "the subject lacks digest or size";
  }
  if (mediaType === "")
    return "neither Content-Type nor mediaType says what kind of manifest this is";
  if (!typePattern.test(mediaType)) return "mediaType is not a media type";
  if (named !== undefined && named !== mediaType) {
    return `mediaType is ${named}, but Content-Type is ${mediaType}`;
  }
  if (manifestTypes.includes(mediaType)) return imageManifest(fields, mediaType);
  if (indexTypes.includes(mediaType)) return imageIndex(fields, mediaType);
  return { ...describing(fields), mediaType, blobs: [], children: [] };
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString("utf8"));
  } catch {
    return undefined;
  }
}

function imageManifest(fields: Fields, mediaType: string): ManifestDocument | string {
  if (fields.schemaVersion !== 2) return wrongVersion;
  const layers = fields.layers;
  if (!Array.isArray(layers)) return "layers is not a list";
  const blobs: ManifestReference[] = [];
  for (const descriptor of [fields.config, ...layers]) {
    const reference = referenceOf(descriptor);
    if (reference === undefined) return "a descriptor lacks digest or size";
    // Layers with URLs live elsewhere and are not pushed.
    if (isFields(descriptor) && Array.isArray(descriptor.urls)) continue;
    blobs.push(reference);
  }
  return { ...describing(fields), mediaType, blobs, children: [] };
}

function imageIndex(fields: Fields, mediaType: string): ManifestDocument | string {
  if (fields.schemaVersion !== 2) return wrongVersion;
  const manifests = fields.manifests;
  if (!Array.isArray(manifests)) return "manifests is not a list";
  const children = manifests.map(referenceOf);
  if (!children.every((child) => child !== undefined)) return "a descriptor lacks digest or size";
  return { ...describing(fields), mediaType, blobs: [], children };
}

function referenceOf(descriptor: unknown): ManifestReference | undefined {
  if (!isFields(descriptor)) return undefined;
  const { digest, size } = descriptor;
  if (typeof digest !== "string" || typeof size !== "number") return undefined;
  if (algorithmOf(digest) === undefined) return undefined;
  return { digest, size };
}

function describing(
  fields: Fields,
): Pick<ManifestDocument, "subject" | "artifactType" | "annotations"> {
  const config = fields.config;
  const configType = isFields(config) ? config.mediaType : undefined;
  const artifactType = [fields.artifactType, configType].find(
    (type) => typeof type === "string" && type !== "",
  );
  return {
    subject: referenceOf(fields.subject)?.digest,
    artifactType: typeof artifactType === "string" ? artifactType : undefined,
    annotations: annotationsOf(fields.annotations),
  };
}

// Only what the specification allows, text to text: it is shown again in lists.
function annotationsOf(value: unknown): Record<string, string> | undefined {
  if (!isFields(value)) return undefined;
  const entries = Object.entries(value).filter(
    (entry): entry is [string, string] => typeof entry[1] === "string",
  );
  return Object.fromEntries(entries);
}
