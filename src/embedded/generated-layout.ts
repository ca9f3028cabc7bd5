// Generated images as an OCI image layout on disk, for whatever else wants them. Source: registry-protocol.md 11.3.
import { closeSync, openSync, readdirSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import { messageOf, UsageError } from "../core/errors.ts";
import { makeFolder } from "../core/folder.ts";
import { type LayoutEntry, layoutPath, writeLayoutIndex } from "../registry/image-layout.ts";
import type { Content } from "./content.ts";
import { type GeneratedImages, generateImages } from "./image-set.ts";
import { MemoryBudget } from "./memory-budget.ts";
import type { RegistryObject } from "./registry-object.ts";
import { RegistryStore } from "./registry-store.ts";

export type WrittenLayout = {
  readonly images: number;
  readonly blobs: number;
  /** Of blobs and manifests. */
  readonly bytes: number;
};

/** Fills a directory that is empty or not there yet. Throws UsageError for any other, and for one that cannot be written. */
export function writeGeneratedLayout(
  root: string,
  { memoryBytes, ...wanted }: GeneratedImages & { readonly memoryBytes: number },
): WrittenLayout {
  const store = new RegistryStore(new MemoryBudget(memoryBytes));
  generateImages(store, wanted);
  try {
    makeFolder(root);
    if (readdirSync(root).length > 0) throw new UsageError(`--layout: ${root} is not empty`);
    return writeStore(root, store);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`--layout: cannot write ${root} (${messageOf(error)})`, { cause: error });
  }
}

function writeStore(root: string, store: RegistryStore): WrittenLayout {
  const blobs = [...store.blobs.all()];
  const repositories = [...store.all()];
  const manifests = repositories.flatMap((repository) => repository.manifests());
  const objects = [...blobs, ...manifests.map(({ object }) => object)];
  for (const object of objects) writeObject(root, object);
  const entries = repositories.flatMap((repository) =>
    repository.sortedTags().flatMap((tag): LayoutEntry[] => {
      const object = repository.manifest(tag)?.object;
      if (object === undefined) return [];
      const { mediaType, digest, content } = object;
      return [{ mediaType, digest, size: content.size, name: `${repository.name}:${tag}` }];
    }),
  );
  writeLayoutIndex(root, entries);
  const bytes = objects.reduce((sum, { content }) => sum + content.size, 0);
  return { images: entries.length, blobs: blobs.length, bytes };
}

function writeObject(root: string, { digest, content }: RegistryObject): void {
  const path = join(root, layoutPath(digest));
  makeFolder(dirname(path));
  const descriptor = openSync(path, "w");
  try {
    writeContent(descriptor, content);
  } finally {
    closeSync(descriptor);
  }
}

function writeContent(descriptor: number, content: Content): void {
  for (const slice of content.slices(0, content.size))
    for (let at = 0; at < slice.length; ) at += writeSync(descriptor, slice, at);
}
