import { type Distribution, mergeDistributions } from "../../stats/distribution.ts";
import type { PlannedInterval } from "../counts-file.ts";
import { activeSeconds, overall, rateOver } from "../run-figures.ts";
import { loadStoredRun, type StoredRun } from "../stored-run.ts";
import { type Dissimilarity, dissimilarities } from "./comparability.ts";
import {
  basisOf,
  type CompareBasis,
  type ComparedRow,
  type CompareOptions,
  compareLatencies,
} from "./compare-latencies.ts";
import { type CompareVerdict, worstVerdict } from "./judgement.ts";

/** One side: a run, or several of the same thing. */
export type ComparedSide = {
  readonly directories: readonly string[];
  readonly done: number;
  readonly failed: number;
  /** Successes per second, pauses left out; null for runs that took no time. */
  readonly perSecond: number | null;
};

/** Two sides held against each other. `rows`: percentiles of operations that both have. */
export type Comparison = {
  readonly a: ComparedSide;
  readonly b: ComparedSide;
  readonly verdict: CompareVerdict;
  readonly basis: CompareBasis;
  readonly dissimilarities: readonly Dissimilarity[];
  readonly rows: readonly ComparedRow[];
  /** Operations that only one of the sides has, or that have too few values. */
  readonly leftOut: readonly string[];
};

/** Distributions of an operation in whole runs, for curves. */
export type ComparedCurve = {
  readonly operation: string;
  readonly measure: string;
  readonly a: Distribution;
  readonly b: Distribution;
};

type Loaded = {
  readonly run: StoredRun;
  /** By tag `operation.measure`, an entry per interval. */
  readonly series: ReadonlyMap<string, readonly Distribution[]>;
};

/** Reads all run directories. Throws UsageError, DrayageError `storage`. */
export function compareRuns(
  { a: before, b: after }: { readonly a: readonly string[]; readonly b: readonly string[] },
  options: CompareOptions & {
    /** Called for each second that was read. */
    readonly read: () => void;
  },
): {
  readonly comparison: Comparison;
  readonly curves: readonly ComparedCurve[];
  /** What could not be read, a sentence each. */
  readonly damages: readonly string[];
} {
  const loaded = (directory: string): Loaded => load(directory, options.read);
  const [a, b] = [before.map(loaded), after.map(loaded)];
  const all = [...a, ...b];
  const measure = all.every(({ run }) => run.figures.paced) ? "response" : "service";
  const tags = [...new Set(all.flatMap(({ series }) => [...series.keys()]))].filter((tag) =>
    tag.endsWith(`.${measure}`),
  );
  const series = tags
    .map((tag) => ({ tag, a: seriesOf(a, tag), b: seriesOf(b, tag) }))
    .filter((part) => part.a.length === a.length && part.b.length === b.length);
  const rows = compareLatencies(series, options);
  const comparison = {
    a: sideOf(a),
    b: sideOf(b),
    verdict: worstVerdict(rows),
    basis: basisOf({ a: a.map(() => []), b: b.map(() => []) }),
    dissimilarities: differing(a, b),
    rows,
    leftOut: tags
      .map((tag) => tag.slice(0, tag.indexOf(".")))
      .filter((operation) => rows.every((row) => row.operation !== operation)),
  };
  const curves = series.map(({ tag, ...sides }) => ({
    operation: tag.slice(0, tag.indexOf(".")),
    measure,
    a: mergeDistributions(sides.a.flat()),
    b: mergeDistributions(sides.b.flat()),
  }));
  const damages = all.flatMap(({ run }) =>
    run.damages.map((damage) => `${run.directory}: ${damage}`),
  );
  return { comparison, curves, damages };
}

/** An entry per run that has the tag. */
const seriesOf = (runs: readonly Loaded[], tag: string): (readonly Distribution[])[] =>
  runs.flatMap(({ series }) => {
    const found = series.get(tag);
    return found === undefined ? [] : [found];
  });

function sideOf(runs: readonly Loaded[]): ComparedSide {
  const parts = runs.map(({ run }) => overall(run.figures.totals));
  const sum = (of: (part: (typeof parts)[number]) => number): number =>
    parts.reduce((total, part) => total + of(part), 0);
  const seconds = runs.reduce((total, { run }) => total + activeSeconds(run.figures), 0);
  const done = sum((part) => part.done);
  return {
    directories: runs.map(({ run }) => run.directory),
    done,
    failed: sum((part) => part.failed),
    perSecond: rateOver(done, seconds),
  };
}

/** Of the first runs of both sides, and within each side where runs of the same thing are not. */
function differing(a: readonly Loaded[], b: readonly Loaded[]): Dissimilarity[] {
  const [first, other] = [a[0]?.run, b[0]?.run];
  if (first === undefined || other === undefined) return [];
  const within = [a, b].flatMap(([one, ...rest]) =>
    rest.flatMap(({ run }) =>
      dissimilarities((one as Loaded).run, run)
        .filter(({ what }) => what !== "seconds")
        .map((found) => ({ ...found, what: `${found.what} (${run.directory})` })),
    ),
  );
  return [...dissimilarities(first, other), ...within];
}

function load(directory: string, read: () => void): Loaded {
  const series = new Map<string, Distribution[]>();
  const run = loadStoredRun(directory, ({ snapshot }: PlannedInterval) => {
    read();
    for (const { operation, response, service } of snapshot.classes) {
      for (const [measure, times] of Object.entries({ response, service })) {
        if (times.total === 0) continue;
        const tag = `${operation}.${measure}`;
        const known = series.get(tag);
        if (known === undefined) series.set(tag, [times]);
        else known.push(times);
      }
    }
  });
  return { run, series };
}
