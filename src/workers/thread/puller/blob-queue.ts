import type { PullProfile } from "../../../registry/pull-profile.ts";
import type { ReadyBlob, ReadyManifest } from "./manifest-cache.ts";

/** Blobs of one pull in the order in which they are asked for. One object per puller, filled anew for every image. */
export class BlobQueue {
  readonly #blobs: ReadyBlob[] = [];
  #next = 0;
  /** A config that comes first: the others wait until it is complete. */
  #waits = false;

  clear(): void {
    this.#blobs.length = 0;
    this.#next = 0;
    this.#waits = false;
  }

  add(
    { config, layers }: Extract<ReadyManifest, { kind: "image" }>,
    place: PullProfile["config"],
  ): void {
    const blobs = this.#blobs;
    if (place === "first" && config !== undefined && blobs.length === 0) this.#waits = true;
    if (place !== "last" && config !== undefined) blobs.push(config);
    for (const layer of layers) blobs.push(layer);
    if (place === "last" && config !== undefined) blobs.push(config);
  }

  /** Several manifests of an index may share blobs. */
  dropRepeated(): void {
    const seen = new Set<string>();
    const once = this.#blobs.filter(({ digest }) => !seen.has(digest) && seen.add(digest));
    this.#blobs.length = 0;
    for (const blob of once) this.#blobs.push(blob);
  }

  /** The next blob, unless there is none or it has to wait. */
  next(): ReadyBlob | undefined {
    if (this.#waits && this.#next > 0) return undefined;
    return this.#blobs[this.#next++];
  }

  /** A blob has come. */
  complete(): void {
    this.#waits = false;
  }
}
