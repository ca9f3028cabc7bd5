/** A layer that was pushed to a name, and the clients that need no prefetch of it any more. */
type Pushed = {
  readonly at: number;
  readonly size: number;
  readonly digest: string | null;
  readonly clients: Set<string>;
};

type Prefetched = {
  readonly size: number;
  readonly digest: string | null;
  hits: number;
  refreshedAt: number;
};

type OfName = { pushed: Pushed[]; prefetched: Prefetched[] };

/** Layers of nearly one size are taken for the same where their digests are not known. */
const SIZE_APART_MAX = 1000;

export type PrefetchTimeouts = { readonly repository: number; readonly manifest: number };

export type PrefetchFigures = {
  readonly hits: number;
  readonly misses: number;
  /** Prefetched entries that were asked for, and those that were not. */
  readonly good: number;
  readonly bad: number;
  /** Most bytes that were prefetched at once. */
  readonly maxBytes: number;
};

export type LayerRequest = {
  readonly name: string;
  /** Seconds. */
  readonly at: number;
  readonly client: string;
  readonly size: number;
  readonly digest: string | null;
};

/**
 * Prefetching of pushed layers when a client asks for a manifest of their name. Without time-outs, as in the original,
 * nothing is ever forgotten; with them, pushes older than `repository` seconds are not prefetched any more, and what was
 * prefetched goes when nobody has asked for a manifest for `manifest` seconds. Source: trace-replay.md 6.4.
 */
export class PrefetchRun {
  readonly #timeouts: PrefetchTimeouts | undefined;
  readonly #names = new Map<string, OfName>();
  #hits = 0;
  #misses = 0;
  #good = 0;
  #bad = 0;
  #bytes = 0;
  #maxBytes = 0;

  constructor(timeouts: PrefetchTimeouts | undefined) {
    this.#timeouts = timeouts;
  }

  push({ name, at, client, size, digest }: LayerRequest): void {
    const { pushed } = this.#ofName(name, at);
    pushed.push({ at, size, digest, clients: new Set([client]) });
  }

  manifest({ name, at, client }: Pick<LayerRequest, "name" | "at" | "client">): void {
    const { pushed, prefetched } = this.#ofName(name, at);
    for (const layer of pushed) {
      if (layer.clients.has(client)) continue;
      layer.clients.add(client);
      const known = prefetched.find((entry) => this.#isSame(entry, layer));
      if (known !== undefined) {
        known.refreshedAt = at;
        continue;
      }
      prefetched.push({ size: layer.size, digest: layer.digest, hits: 0, refreshedAt: at });
      this.#bytes += layer.size;
      this.#maxBytes = Math.max(this.#maxBytes, this.#bytes);
    }
  }

  layer({ name, at, size, digest }: LayerRequest): void {
    const { prefetched } = this.#ofName(name, at);
    if (prefetched.length === 0) this.#misses++;
    for (const entry of prefetched) {
      if (!this.#isAskedFor(entry, { size, digest })) continue;
      entry.hits++;
      this.#hits++;
    }
  }

  figures(): PrefetchFigures {
    const left = [...this.#names.values()].flatMap(({ prefetched }) => prefetched);
    const good = left.filter(({ hits }) => hits > 0).length;
    return {
      hits: this.#hits,
      misses: this.#misses,
      good: this.#good + good,
      bad: this.#bad + left.length - good,
      maxBytes: this.#maxBytes,
    };
  }

  #isSame(a: Pick<Prefetched, "size" | "digest">, b: Pick<Prefetched, "size" | "digest">): boolean {
    return this.#digestsTell(a.digest, b.digest) ? a.digest === b.digest : a.size === b.size;
  }

  #isAskedFor(entry: Prefetched, { size, digest }: Pick<LayerRequest, "size" | "digest">): boolean {
    return this.#digestsTell(entry.digest, digest)
      ? entry.digest === digest
      : Math.abs(entry.size - size) < SIZE_APART_MAX;
  }

  #digestsTell(a: string | null, b: string | null): boolean {
    return this.#timeouts !== undefined && a !== null && b !== null;
  }

  #ofName(name: string, at: number): OfName {
    const known = this.#names.get(name);
    if (known === undefined) {
      const made: OfName = { pushed: [], prefetched: [] };
      this.#names.set(name, made);
      return made;
    }
    if (this.#timeouts !== undefined) this.#forget(known, at, this.#timeouts);
    return known;
  }

  #forget(ofName: OfName, at: number, { repository, manifest }: PrefetchTimeouts): void {
    ofName.pushed = ofName.pushed.filter((layer) => at - layer.at <= repository);
    ofName.prefetched = ofName.prefetched.filter((entry) => {
      if (at - entry.refreshedAt <= manifest) return true;
      if (entry.hits > 0) this.#good++;
      else this.#bad++;
      this.#bytes -= entry.size;
      return false;
    });
  }
}
