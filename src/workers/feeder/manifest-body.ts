import { createHash } from "node:crypto";
import { contentSeed } from "../../registry/content.ts";
import { buildManifest } from "../../registry/manifest.ts";

export type ManifestBody = {
  readonly bytes: Buffer;
  readonly digest: Buffer;
  readonly floor: boolean;
};

/** An image manifest of the traced size, made from the same seed and key as a blob would be. */
export function manifestOfRecord({
  seed,
  key,
  size,
  layers,
}: {
  seed: string;
  key: string;
  size: number;
  layers: readonly { digest: Buffer; size: number }[];
}): ManifestBody {
  const key16 = contentSeed({ seed, key, size }).toString("hex").slice(0, 16);
  const { bytes, floor } = buildManifest({
    key16,
    size,
    layers: layers.map((layer) => ({
      digest: `sha256:${layer.digest.toString("hex")}`,
      size: layer.size,
    })),
  });
  return { bytes, floor, digest: createHash("sha256").update(bytes).digest() };
}
