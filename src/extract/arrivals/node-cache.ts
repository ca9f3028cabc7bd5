import type { Image, ImagePart } from "./image.ts";

/** How much the nodes keep of what they pulled: everything, nothing, or so many bytes each, the latest used. */
export type CachePolicy =
  | { readonly kind: "unlimited" }
  | { readonly kind: "none" }
  | { readonly kind: "lru"; readonly bytes: number };

/** What a node has to ask for: only whether the tag is still the same, or manifest, config and these layers. */
export type Wanted =
  | { readonly kind: "check" }
  | { readonly kind: "pull"; readonly layers: readonly ImagePart[] };

export class NodeCaches {
  readonly #policy: CachePolicy;
  readonly #nodes = new Map<string, NodeCache>();

  constructor(policy: CachePolicy) {
    this.#policy = policy;
  }

  /** What a client asks for when it pulls an image; afterwards it holds it, as far as it keeps anything. */
  pull(client: string, image: Image): Wanted {
    if (this.#policy.kind === "none") return { kind: "pull", layers: distinctParts(image.layers) };
    let node = this.#nodes.get(client);
    if (node === undefined) {
      const bytes = this.#policy.kind === "lru" ? this.#policy.bytes : Number.POSITIVE_INFINITY;
      node = new NodeCache(bytes);
      this.#nodes.set(client, node);
    }
    return node.pull(image);
  }
}

class NodeCache {
  readonly #limit: number;
  #bytes = 0;
  /** Layers in the order of their last use, oldest first. */
  readonly #layers = new Map<string, number>();
  readonly #tags = new Set<string>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  pull({ repo, tag, manifest, layers }: Image): Wanted {
    const name = `${repo}:${tag}@${manifest.digest}`;
    const missing = distinctParts(layers).filter(({ digest }) => !this.#layers.has(digest));
    const isKnown = this.#tags.has(name) && missing.length === 0;
    for (const layer of layers) this.#use(layer);
    this.#evict();
    this.#tags.add(name);
    return isKnown ? { kind: "check" } : { kind: "pull", layers: missing };
  }

  #use({ digest, size }: ImagePart): void {
    if (this.#layers.delete(digest)) this.#bytes -= size;
    this.#layers.set(digest, size);
    this.#bytes += size;
  }

  #evict(): void {
    for (const [digest, size] of this.#layers) {
      if (this.#bytes <= this.#limit) return;
      this.#layers.delete(digest);
      this.#bytes -= size;
    }
  }
}

/** An image may have the same layer twice; nobody asks for it twice. */
const distinctParts = (parts: readonly ImagePart[]): readonly ImagePart[] => [
  ...new Map(parts.map((part) => [part.digest, part])).values(),
];
