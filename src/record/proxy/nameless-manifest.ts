// Where names are masked, a manifest must not tell them: annotations name sources and authors, schema 1 names the repository.

/** Keys of manifests and lists whose values are types, sizes, digests and platforms. */
const harmless: ReadonlySet<string> = new Set([
  "architecture",
  "artifactType",
  "config",
  "digest",
  "features",
  "layers",
  "manifests",
  "mediaType",
  "os",
  "os.features",
  "os.version",
  "platform",
  "schemaVersion",
  "size",
  "subject",
  "variant",
]);

/** Deeper ones are no manifests. */
const DEPTH_MAX = 8;

/** Whether a manifest says nothing but what an image consists of. */
export function isNameless(manifest: Buffer): boolean {
  try {
    return isHarmless(JSON.parse(manifest.toString("utf8")), DEPTH_MAX);
  } catch {
    return false;
  }
}

function isHarmless(value: unknown, depth: number): boolean {
  if (typeof value !== "object" || value === null) return true;
  if (depth === 0) return false;
  return Object.entries(value).every(
    ([key, inner]) => (Array.isArray(value) || harmless.has(key)) && isHarmless(inner, depth - 1),
  );
}
