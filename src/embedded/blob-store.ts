import type { Content } from "./content.ts";
import type { MemoryBudget } from "./memory-budget.ts";
import { type RegistryObject, registryObject } from "./registry-object.ts";

interface SharedBlob {
  readonly object: RegistryObject;
  /** What the blob takes of the budget: generated content takes nothing. */
  readonly heldBytes: number;
  /** Repositories that hold it. */
  holders: number;
}

/** All blobs, each kept once however many repositories hold it; the last repository to let go frees it. */
export class BlobStore {
  readonly #blobs = new Map<string, SharedBlob>();
  readonly #budget: MemoryBudget;

  constructor(budget: MemoryBudget) {
    this.#budget = budget;
  }

  get count(): number {
    return this.#blobs.size;
  }

  *all(): Generator<RegistryObject, void, undefined> {
    for (const { object } of this.#blobs.values()) yield object;
  }

  find(digest: string): RegistryObject | undefined {
    return this.#blobs.get(digest)?.object;
  }

  /**
   * Adds a holder, and the blob itself if it is new. `heldBytes` were taken from the budget by the caller and belong to
   * the store from here on: a blob that was there already gives them back.
   */
  hold(digest: string, content: Content, heldBytes: number): RegistryObject {
    const known = this.#blobs.get(digest);
    if (known !== undefined) {
      this.#budget.give(heldBytes);
      known.holders++;
      return known.object;
    }
    const object = registryObject(digest, content);
    this.#blobs.set(digest, { object, heldBytes, holders: 1 });
    return object;
  }

  /** Adds a holder of a blob that is known to be there. */
  share(digest: string): void {
    const blob = this.#blobs.get(digest);
    if (blob !== undefined) blob.holders++;
  }

  release(digest: string): void {
    const blob = this.#blobs.get(digest);
    if (blob === undefined) return;
    blob.holders--;
    if (blob.holders > 0) return;
    this.#blobs.delete(digest);
    this.#budget.give(blob.heldBytes);
  }
}
