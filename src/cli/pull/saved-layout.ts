import { DrayageError, messageOf } from "../../core/errors.ts";
import { makeFolder } from "../../core/folder.ts";
import { writeLayoutIndex } from "../../registry/image-layout.ts";
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
    makeFolder(root);
    writeLayoutIndex(root, newestOf(figures, nameOf));
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

/** Of each image the manifest that was saved last. */
function newestOf({ end: { threads } }: PullFigures, nameOf: (image: number) => string) {
  const newest = new Map(
    threads.flatMap(({ saved }) => saved.map((one) => [one.image, one] as const)),
  );
  return [...newest.values()].map(({ image, ...entry }) => ({ ...entry, name: nameOf(image) }));
}
