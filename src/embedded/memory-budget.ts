/** Bytes that the registry holds: blobs, manifests and uploads under way share one cap. */
export class MemoryBudget {
  readonly capBytes: number;
  #usedBytes = 0;
  #refusals = 0;

  constructor(capBytes: number) {
    this.capBytes = capBytes;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** How often something did not fit: the answers 507. */
  get refusals(): number {
    return this.#refusals;
  }

  /** `false` = it does not fit, and nothing is taken. */
  take(bytes: number): boolean {
    if (this.#usedBytes + bytes > this.capBytes) {
      this.#refusals++;
      return false;
    }
    this.#usedBytes += bytes;
    return true;
  }

  give(bytes: number): void {
    this.#usedBytes -= bytes;
  }
}
