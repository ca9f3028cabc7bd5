// Manifests that this thread has read, by repository and digest: the same bytes ask for the same blobs, so an image that is
// pulled again is neither parsed nor are the heads of its blobs written again.
import type { BlobPlan } from "./manifest-plan.ts";

export type ReadyBlob = BlobPlan & { readonly head: Buffer };

/** A manifest as the pull works on it. */
export type ReadyManifest =
  | {
      readonly kind: "image";
      readonly config: ReadyBlob | undefined;
      readonly layers: readonly ReadyBlob[];
      readonly foreign: number;
      readonly mediaType: string;
    }
  | {
      readonly kind: "index";
      readonly children: readonly { readonly digest: string; readonly head: Buffer }[];
      readonly mediaType: string;
    };

/** Some 300 bytes each. Beyond it manifests are read anew each time. */
const HEADS_MAX = 50_000;

export class ManifestCache {
  readonly #known = new Map<string, ReadyManifest>();
  #heads = 0;

  get(key: string): ReadyManifest | undefined {
    return this.#known.get(key);
  }

  keep(key: string, manifest: ReadyManifest): void {
    const heads =
      manifest.kind === "image" ? manifest.layers.length + 1 : manifest.children.length + 1;
    if (this.#heads + heads > HEADS_MAX) return;
    this.#heads += heads;
    this.#known.set(key, manifest);
  }
}
