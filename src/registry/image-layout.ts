// The files of an OCI image layout that are no blobs. Source: OCI image specification 1.1, image-layout.md.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { ociIndex } from "./media-type.ts";

/** A manifest that the index names, `name` as `REPOSITORY:TAG` or `REPOSITORY@DIGEST`. */
export type LayoutEntry = {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly name: string;
};

/** Where a blob or a manifest lies below the root. */
export const layoutPath = (digest: string): string => join("blobs", ...digest.split(":"));

/** Writes `oci-layout` and `index.json`. Throws what the system says. */
export function writeLayoutIndex(root: string, entries: readonly LayoutEntry[]): void {
  const manifests = entries.map(({ name, ...descriptor }) => ({
    ...descriptor,
    annotations: { "org.opencontainers.image.ref.name": name },
  }));
  const index = { schemaVersion: 2, mediaType: ociIndex, manifests };
  writeFileSync(join(root, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}\n');
  writeFileSync(join(root, "index.json"), `${JSON.stringify(index, null, 2)}\n`);
}
