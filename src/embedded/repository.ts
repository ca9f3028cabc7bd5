import type { BlobStore } from "./blob-store.ts";
import type { Content } from "./content.ts";
import type { ManifestDocument } from "./manifest-document.ts";
import type { RegistryObject } from "./registry-object.ts";

export interface StoredManifest {
  readonly object: RegistryObject;
  readonly document: ManifestDocument | undefined;
}

/** One repository: which blobs it holds, its manifests by digest, its tags, and who refers to whom. */
export class Repository {
  readonly name: string;
  readonly #store: BlobStore;
  readonly #blobs = new Set<string>();
  readonly #manifests = new Map<string, StoredManifest>();
  // A tag keeps its manifest, not only the digest: some registries go on serving it after the digest was deleted.
  readonly #tags = new Map<string, StoredManifest>();
  readonly #referrers = new Map<string, Map<string, StoredManifest>>();
  #sortedTags: readonly string[] | undefined;

  constructor(name: string, store: BlobStore) {
    this.name = name;
    this.#store = store;
  }

  manifests(): readonly StoredManifest[] {
    return [...this.#manifests.values()];
  }

  get manifestCount(): number {
    return this.#manifests.size;
  }

  get tagCount(): number {
    return this.#tags.size;
  }

  hasBlob(digest: string): boolean {
    return this.#blobs.has(digest);
  }

  blob(digest: string): RegistryObject | undefined {
    return this.#blobs.has(digest) ? this.#store.find(digest) : undefined;
  }

  /** `heldBytes` of the budget go over to the store: see `BlobStore.hold`. */
  addBlob(digest: string, content: Content, heldBytes: number): void {
    this.#store.hold(digest, content, heldBytes);
    if (this.#blobs.has(digest)) this.#store.release(digest);
    this.#blobs.add(digest);
  }

  /** Takes part in a blob that another repository holds. */
  mountBlob(digest: string): void {
    if (this.#blobs.has(digest)) return;
    this.#store.share(digest);
    this.#blobs.add(digest);
  }

  removeBlob(digest: string): boolean {
    if (!this.#blobs.delete(digest)) return false;
    this.#store.release(digest);
    return true;
  }

  manifest(reference: string): StoredManifest | undefined {
    // A tag cannot contain a colon, so the two kinds of reference never meet.
    return reference.includes(":") ? this.#manifests.get(reference) : this.#tags.get(reference);
  }

  /** `false` = it was there already. */
  addManifest(manifest: StoredManifest): boolean {
    const { digest } = manifest.object;
    if (this.#manifests.has(digest)) return false;
    this.#manifests.set(digest, manifest);
    const subject = manifest.document?.subject;
    if (subject !== undefined) {
      const referrers = this.#referrers.get(subject) ?? new Map<string, StoredManifest>();
      referrers.set(digest, manifest);
      this.#referrers.set(subject, referrers);
    }
    return true;
  }

  setTag(tag: string, manifest: StoredManifest): void {
    if (!this.#tags.has(tag)) this.#sortedTags = undefined;
    this.#tags.set(tag, manifest);
  }

  removeTag(tag: string): boolean {
    this.#sortedTags = undefined;
    return this.#tags.delete(tag);
  }

  /** Removes a manifest by its digest. Returns the bytes that it took, `undefined` if it is not here. */
  removeManifest(digest: string, withTags: boolean): number | undefined {
    const manifest = this.#manifests.get(digest);
    if (manifest === undefined) return undefined;
    this.#manifests.delete(digest);
    const subject = manifest.document?.subject;
    if (subject !== undefined) this.#referrers.get(subject)?.delete(digest);
    if (withTags) {
      for (const [tag, tagged] of this.#tags) if (tagged === manifest) this.removeTag(tag);
    }
    return manifest.object.content.size;
  }

  /** Tags in the order of their character codes. */
  sortedTags(): readonly string[] {
    this.#sortedTags ??= [...this.#tags.keys()].sort();
    return this.#sortedTags;
  }

  tagsAsPushed(): readonly string[] {
    return [...this.#tags.keys()];
  }

  referrersOf(digest: string): readonly StoredManifest[] {
    return [...(this.#referrers.get(digest)?.values() ?? [])];
  }
}
