import { Kind, objectKinds } from "../../core/operation.ts";
import { methodNames, type RecordJudge } from "./record-judge.ts";
import { FINE_BITS, Sketch } from "./sketch.ts";

const MEGABYTE = 1e6;

const quantiles = [0.05, 0.1, 0.25, 0.5, 0.65, 0.75, 0.8, 0.9, 0.95, 0.99] as const;

/** By name: `min`, `p5`, ..., `p99`, `max`. */
export type Quantiles = Readonly<Record<string, number>>;

/** Quantiles of a sketch in some unit, `scale` of which make one of the sketch's. Empty without values. */
export function quantilesOf(sketch: Sketch, scale = 1): Quantiles {
  if (sketch.total === 0) return {};
  const scaled = (value: number): number => Number((value * scale).toPrecision(12));
  return Object.fromEntries([
    ["min", scaled(sketch.least)],
    ...quantiles.map((p) => [`p${Math.round(p * 100)}`, scaled(sketch.quantile(p))]),
    ["max", scaled(sketch.greatest)],
  ]);
}

/** Sizes of one method and kind, bytes. Only records with a size above 0. */
export type SizeFacts = {
  readonly method: string;
  readonly kind: string;
  readonly records: number;
  readonly quantiles: Quantiles;
  readonly sum: number;
  /** Every blob (by digest) and manifest (by URI) once; `null` where objects have no identity. */
  readonly distinctBytes: number | null;
  readonly below1MB: number;
  readonly below10MB: number;
};

type Group = {
  readonly sketch: Sketch;
  distinctBytes: number;
  below1MB: number;
  below10MB: number;
};

/** Sizes by method and kind. Runs per record; allocates nothing but the first time. */
export class Sizes {
  readonly #groups: (Group | undefined)[] = [];

  /** `isNew`: the first record of its method for the whole of this object. */
  add({ method, kind, size }: RecordJudge, isNew: boolean): void {
    if (size <= 0) return;
    const at = method * objectKinds.length + kind;
    let group = this.#groups[at];
    if (group === undefined) {
      group = { sketch: new Sketch(FINE_BITS), distinctBytes: 0, below1MB: 0, below10MB: 0 };
      this.#groups[at] = group;
    }
    group.sketch.add(size);
    if (size < MEGABYTE) group.below1MB++;
    if (size < 10 * MEGABYTE) group.below10MB++;
    if (isNew) group.distinctBytes += size;
  }

  of(method: number, kind: number): Sketch | undefined {
    return this.#groups[method * objectKinds.length + kind]?.sketch;
  }

  facts(): SizeFacts[] {
    return this.#groups.flatMap((group, at) => {
      if (group === undefined) return [];
      const { sketch } = group;
      const kind = at % objectKinds.length;
      return [
        {
          method: methodNames[Math.floor(at / objectKinds.length)] as string,
          kind: objectKinds[kind] as string,
          records: sketch.total,
          quantiles: quantilesOf(sketch),
          sum: sketch.sum,
          distinctBytes: kind <= Kind.manifest ? group.distinctBytes : null,
          below1MB: group.below1MB / sketch.total,
          below10MB: group.below10MB / sketch.total,
        },
      ];
    });
  }
}
