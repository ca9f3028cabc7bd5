import { BlobStore } from "./blob-store.ts";
import type { MemoryBudget } from "./memory-budget.ts";
import { Repository } from "./repository.ts";

/** Everything that was pushed. A repository exists from its first complete blob or manifest on. */
export class RegistryStore {
  readonly blobs: BlobStore;
  readonly budget: MemoryBudget;
  readonly #repositories = new Map<string, Repository>();
  #sortedNames: readonly string[] | undefined;

  constructor(budget: MemoryBudget) {
    this.budget = budget;
    this.blobs = new BlobStore(budget);
  }

  find(name: string): Repository | undefined {
    return this.#repositories.get(name);
  }

  findOrCreate(name: string): Repository {
    const known = this.#repositories.get(name);
    if (known !== undefined) return known;
    const repository = new Repository(name, this.blobs);
    this.#repositories.set(name, repository);
    this.#sortedNames = undefined;
    return repository;
  }

  all(): Iterable<Repository> {
    return this.#repositories.values();
  }

  get repositoryCount(): number {
    return this.#repositories.size;
  }

  sortedNames(): readonly string[] {
    this.#sortedNames ??= [...this.#repositories.keys()].sort();
    return this.#sortedNames;
  }
}
