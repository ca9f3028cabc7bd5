import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { DrayageError, messageOf } from "../../core/errors.ts";
import { makeFolder } from "../../core/folder.ts";
import { allUnsaved } from "../../workers/unsaved.ts";
import type { PullFigures } from "./pull-results.ts";

/** Completes what `--save` has written. What the disk did not take is returned as DrayageError `storage`: the ramp's results stay. */
export function savedLayout(
  root: string,
  figures: PullFigures,
  nameOf: (image: number) => string,
): DrayageError | undefined {
  const lack = allUnsaved(figures.end.threads);
  try {
    writeLayoutIndex(root, figures, nameOf);
  } catch (cause) {
    const message = `cannot write the index of ${root}: ${messageOf(cause)}`;
    return new DrayageError("storage", message, { cause });
  }
  if (lack === null) return undefined;
  return new DrayageError(
    "storage",
    `${root} is not complete, ${lack.count} blobs or manifests were pulled and not saved: ${lack.why}`,
  );
}

/** Index of an OCI image layout. */
function writeLayoutIndex(
  root: string,
  { end: { threads } }: PullFigures,
  nameOf: (image: number) => string,
): void {
  const newest = new Map(
    threads.flatMap(({ saved }) => saved.map((one) => [one.image, one] as const)),
  );
  const manifests = [...newest.values()].map(({ image, mediaType, digest, size }) => ({
    mediaType,
    digest,
    size,
    annotations: { "org.opencontainers.image.ref.name": nameOf(image) },
  }));
  makeFolder(root);
  writeFileSync(join(root, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}\n');
  const index = {
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.index.v1+json",
    manifests,
  };
  writeFileSync(join(root, "index.json"), `${JSON.stringify(index, null, 2)}\n`);
}
