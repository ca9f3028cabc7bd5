import { methods } from "../../../trace/layout.ts";

type MethodFigures = {
  readonly requests: number;
  readonly hits: number;
  readonly bytes: number;
  readonly hitBytes: number;
};

/** `byMethod` has only methods that occurred. Ratios are null without requests. */
export type TierFigures = MethodFigures & {
  readonly hitRatio: number | null;
  readonly byteHitRatio: number | null;
  readonly byMethod: Readonly<Record<string, MethodFigures>>;
};

/** A request as the tiers see it; one object for all, overwritten. */
export type TierItem = { object: number; size: number; method: number };

/** What a tier was asked for and had, per method. */
export class TierTally {
  readonly #requests = new Float64Array(methods.length);
  readonly #hits = new Float64Array(methods.length);
  readonly #bytes = new Float64Array(methods.length);
  readonly #hitBytes = new Float64Array(methods.length);

  add({ method, size }: Readonly<TierItem>, hit: boolean): void {
    this.#requests[method] = (this.#requests[method] as number) + 1;
    this.#bytes[method] = (this.#bytes[method] as number) + size;
    if (!hit) return;
    this.#hits[method] = (this.#hits[method] as number) + 1;
    this.#hitBytes[method] = (this.#hitBytes[method] as number) + size;
  }

  figures(): TierFigures {
    const each = methods.map((name, method) => ({
      name,
      figures: {
        requests: this.#requests[method] as number,
        hits: this.#hits[method] as number,
        bytes: this.#bytes[method] as number,
        hitBytes: this.#hitBytes[method] as number,
      },
    }));
    const sum = (of: (figures: MethodFigures) => number): number =>
      each.reduce((total, { figures }) => total + of(figures), 0);
    const total = {
      requests: sum(({ requests }) => requests),
      hits: sum(({ hits }) => hits),
      bytes: sum(({ bytes }) => bytes),
      hitBytes: sum(({ hitBytes }) => hitBytes),
    };
    const some = each.filter(({ figures }) => figures.requests > 0);
    return {
      ...total,
      hitRatio: total.requests === 0 ? null : total.hits / total.requests,
      byteHitRatio: total.bytes === 0 ? null : total.hitBytes / total.bytes,
      byMethod: Object.fromEntries(some.map(({ name, figures }) => [name, figures])),
    };
  }
}
