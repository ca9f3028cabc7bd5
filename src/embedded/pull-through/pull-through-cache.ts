// What was pulled through, on top of the registry's own store: which images there are, which blobs they need, what goes
// first when room is wanted.
//
//   entry (tag or digest) --> manifest of a repository --> blobs of that repository --> bytes, shared by all repositories
//
// A manifest lives while an entry leads to it, a blob while a manifest of its repository names it, or a pull that is
// under way does (pins). Blobs that were asked for without any manifest are strays: they go first, the oldest at first.
// Then images go, the one that was asked for longest ago first.
import { invariant } from "../../core/errors.ts";
import type { Millis } from "../../core/units.ts";
import type { Content } from "../content.ts";
import type { RegistryObject } from "../registry-object.ts";
import type { RegistryStore } from "../registry-store.ts";
import type { Repository, StoredManifest } from "../repository.ts";
import { type CacheEntry, imageUrl } from "./cache-entry.ts";

export class PullThroughCache {
  readonly #store: RegistryStore;
  readonly #now: () => Millis;
  /** By url, in the order of their last use. */
  readonly #entries = new Map<string, CacheEntry>();
  /** Manifests and pulls under way that need a blob, by `<ns>/<repo>@<digest>`. */
  readonly #needs = new Map<string, number>();
  readonly #strays = new Map<
    string,
    { readonly repository: Repository; readonly digest: string }
  >();
  #evictedImages = 0;
  #evictedBlobs = 0;

  constructor(store: RegistryStore, now: () => Millis) {
    this.#store = store;
    this.#now = now;
  }

  /** Images, images that had to go to make room, and blobs that no image needed and that went before them. */
  get counts(): { images: number; evictedImages: number; evictedBlobs: number } {
    return {
      images: this.#entries.size,
      evictedImages: this.#evictedImages,
      evictedBlobs: this.#evictedBlobs,
    };
  }

  /** In the order of their last use, the oldest first. */
  entries(): readonly CacheEntry[] {
    return [...this.#entries.values()];
  }

  /** A manifest by tag or digest, which counts as its use. `name` has the namespace in front. */
  manifest(name: string, reference: string): StoredManifest | undefined {
    const url = imageUrl(name, reference);
    const entry = this.#entries.get(url);
    if (entry !== undefined) {
      entry.accessedAt = this.#now();
      // Moves to the end of the order of use.
      this.#entries.delete(url);
      this.#entries.set(url, entry);
    }
    return this.#store.find(name)?.manifest(reference);
  }

  /** A blob, also one that came for another repository: its bytes are the same. */
  blob(name: string, digest: string): RegistryObject | undefined {
    const known = this.#store.find(name)?.blob(digest);
    if (known !== undefined) return known;
    const shared = this.#store.blobs.find(digest);
    if (shared === undefined) return undefined;
    const repository = this.#store.findOrCreate(name);
    repository.mountBlob(digest);
    this.#strayUnlessNeeded(repository, digest);
    return shared;
  }

  /** Whether a blob of that size can be kept at all, if everything else goes. */
  canHold(bytes: number): boolean {
    return bytes <= this.#store.budget.capBytes;
  }

  /** Takes bytes of the budget, at the price of strays and old images; `false` = there is nothing left that could go. */
  reserve(bytes: number): boolean {
    const { budget } = this.#store;
    if (!this.canHold(bytes)) return false;
    while (budget.usedBytes + bytes > budget.capBytes) {
      if (!this.#dropStray() && !this.#dropOldest()) return false;
    }
    return budget.take(bytes);
  }

  unreserve(bytes: number): void {
    this.#store.budget.give(bytes);
  }

  /** Stores a blob whose bytes were reserved. */
  keepBlob(name: string, digest: string, content: Content): RegistryObject {
    const repository = this.#store.findOrCreate(name);
    repository.addBlob(digest, content, content.size);
    this.#strayUnlessNeeded(repository, digest);
    const object = repository.blob(digest);
    invariant(object !== undefined, "a blob that was stored is there");
    return object;
  }

  /** Stores a manifest under the reference that it was asked by; `false` = there is no room. */
  keepManifest(name: string, reference: string, manifest: StoredManifest): boolean {
    const { digest, content } = manifest.object;
    const url = imageUrl(name, reference);
    const known = this.#entries.get(url);
    if (known?.digest === digest) return true;
    const isNew = this.#store.find(name)?.manifest(digest) === undefined;
    if (isNew && !this.reserve(content.size)) return false;
    const repository = this.#store.findOrCreate(name);
    if (known !== undefined) this.drop(known);
    if (isNew) {
      repository.addManifest(manifest);
      for (const blob of manifest.document?.blobs ?? []) this.pin(name, blob.digest);
    }
    if (reference !== digest) repository.setTag(reference, repository.manifest(digest) ?? manifest);
    const at = this.#now();
    const entry = { url, repository, reference, digest, createdAt: at, accessedAt: at };
    this.#entries.set(url, entry);
    return true;
  }

  /** Lets an image go; its manifest and its blobs follow where nothing else leads to them. */
  drop(entry: CacheEntry): void {
    const { repository, digest, reference } = entry;
    this.#entries.delete(entry.url);
    if (reference !== digest) repository.removeTag(reference);
    if (this.#isLedTo(entry)) return;
    const manifest = repository.manifest(digest);
    const size = repository.removeManifest(digest, false);
    if (size !== undefined) this.#store.budget.give(size);
    for (const blob of manifest?.document?.blobs ?? []) {
      if (this.#letGo(repository.name, blob.digest)) repository.removeBlob(blob.digest);
    }
  }

  dropReference(name: string, reference: string): void {
    const entry = this.#entries.get(imageUrl(name, reference));
    if (entry !== undefined) this.drop(entry);
  }

  /** Keeps a blob, whether it is here already or will come, until `unpin`. */
  pin(name: string, digest: string): void {
    const key = imageUrl(name, digest);
    this.#needs.set(key, (this.#needs.get(key) ?? 0) + 1);
    this.#strays.delete(key);
  }

  /** A blob that nobody else keeps becomes a stray. */
  unpin(name: string, digest: string): void {
    const repository = this.#store.find(name);
    if (!this.#letGo(name, digest) || repository?.hasBlob(digest) !== true) return;
    this.#strays.set(imageUrl(name, digest), { repository, digest });
  }

  #letGo(name: string, digest: string): boolean {
    const key = imageUrl(name, digest);
    const rest = (this.#needs.get(key) ?? 0) - 1;
    if (rest > 0) this.#needs.set(key, rest);
    else this.#needs.delete(key);
    return rest <= 0;
  }

  // Only tags can lead to a manifest besides its own digest, and repositories have few.
  #isLedTo({ repository, digest }: CacheEntry): boolean {
    if (this.#entries.has(imageUrl(repository.name, digest))) return true;
    return repository
      .tagsAsPushed()
      .some((tag) => repository.manifest(tag)?.object.digest === digest);
  }

  #strayUnlessNeeded(repository: Repository, digest: string): void {
    const key = imageUrl(repository.name, digest);
    if (!this.#needs.has(key)) this.#strays.set(key, { repository, digest });
  }

  #dropStray(): boolean {
    const [oldest] = this.#strays;
    if (oldest === undefined) return false;
    const [key, { repository, digest }] = oldest;
    this.#strays.delete(key);
    repository.removeBlob(digest);
    this.#evictedBlobs++;
    return true;
  }

  #dropOldest(): boolean {
    const [oldest] = this.#entries.values();
    if (oldest === undefined) return false;
    this.drop(oldest);
    this.#evictedImages++;
    return true;
  }
}
