import type { Distribution } from "../../stats/distribution.ts";
import type { PlannedInterval } from "../counts-file.ts";
import { loadStoredRun, type StoredRun } from "../stored-run.ts";
import { type Dissimilarity, dissimilarities } from "./comparability.ts";
import {
  type ComparedRow,
  type CompareVerdict,
  compareLatencies,
  worstVerdict,
} from "./compare-latencies.ts";

/** Two runs held against each other. `rows`: percentiles of operations that both have. */
export type Comparison = {
  readonly a: string;
  readonly b: string;
  readonly verdict: CompareVerdict;
  readonly dissimilarities: readonly Dissimilarity[];
  readonly rows: readonly ComparedRow[];
  /** Operations that only one of the runs has, or that have too few values. */
  readonly leftOut: readonly string[];
};

type Loaded = {
  readonly run: StoredRun;
  /** By tag `operation.measure`, an entry per interval. */
  readonly series: ReadonlyMap<string, readonly Distribution[]>;
};

/** Reads both run directories. Throws UsageError, DrayageError `storage`. */
export function compareRuns(
  directories: { readonly a: string; readonly b: string },
  options: { readonly seed: string; readonly minimum: number },
): Comparison {
  const [a, b] = [load(directories.a), load(directories.b)];
  const measure = a.run.figures.paced && b.run.figures.paced ? "response" : "service";
  const tags = [...new Set([...a.series.keys(), ...b.series.keys()])].filter((tag) =>
    tag.endsWith(`.${measure}`),
  );
  const series = tags.flatMap((tag) => {
    const [one, other] = [a.series.get(tag), b.series.get(tag)];
    return one === undefined || other === undefined ? [] : [{ tag, a: one, b: other }];
  });
  const rows = compareLatencies(series, options);
  return {
    ...directories,
    verdict: worstVerdict(rows),
    dissimilarities: dissimilarities(a.run, b.run),
    rows,
    leftOut: tags
      .map((tag) => tag.slice(0, tag.indexOf(".")))
      .filter((operation) => rows.every((row) => row.operation !== operation)),
  };
}

function load(directory: string): Loaded {
  const series = new Map<string, Distribution[]>();
  const run = loadStoredRun(directory, ({ snapshot }: PlannedInterval) => {
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
