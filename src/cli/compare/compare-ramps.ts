// Pull tests beside each other, step by step: the same phase, step and number of pullers on both sides, one or several tests a
// side. The methods are those for runs (report/compare): nothing is averaged, histograms and counts are added up.
import { pullInterval, pullsOf } from "../../pull/pull-interval.ts";
import type { PullSecond } from "../../pull/second-reader.ts";
import { type Dissimilarity, planned, surroundings } from "../../report/compare/comparability.ts";
import {
  basisOf,
  type CompareBasis,
  percentilesOf,
} from "../../report/compare/compare-latencies.ts";
import { type CountedSecond, rateEstimate } from "../../report/compare/compare-rates.ts";
import type { ComparedCurve, ComparedSide } from "../../report/compare/compare-runs.ts";
import {
  type CompareVerdict,
  type Estimate,
  type Judged,
  judged,
  worstVerdict,
} from "../../report/compare/judgement.ts";
import { rateOver } from "../../report/run-figures.ts";
import type { StoredRecord } from "../../report/stored-run.ts";
import { type Distribution, mergeDistributions } from "../../stats/distribution.ts";
import { loadStoredPull } from "../pull/stored-pull.ts";

/** What is compared of a step: pulls per second, or a time. */
export type RampMeasure = "rate" | "pull" | "ttfb";

/** Of one step of the schedule; times in ns, rates per second. `percent` is null for a rate. */
export type RampRow = Judged & {
  readonly phase: string;
  readonly step: number;
  readonly level: number;
  readonly measure: RampMeasure;
  readonly percent: number | null;
  readonly a: number;
  readonly b: number;
};

export type RampComparison = {
  /** `perSecond` is over all steps, which differ; `done` counts pulls. */
  readonly a: ComparedSide;
  readonly b: ComparedSide;
  readonly verdict: CompareVerdict;
  readonly basis: CompareBasis;
  readonly dissimilarities: readonly Dissimilarity[];
  readonly rows: readonly RampRow[];
  /** What stands in the way of comparing them, a sentence each. */
  readonly warnings: readonly string[];
};

/** Of one test. */
type Step = {
  readonly phase: string;
  readonly step: number;
  readonly level: number;
  readonly counted: CountedSecond[];
  readonly pull: Distribution[];
  readonly ttfb: Distribution[];
};

type Ramp = {
  readonly directory: string;
  readonly record: StoredRecord;
  readonly steps: ReadonlyMap<string, Step>;
  readonly done: number;
  readonly failed: number;
  readonly seconds: number;
  readonly isLimited: boolean;
  readonly damages: readonly string[];
};

const PERCENTS = [50, 99];

/** Another directory, log or seed makes no other ramp. */
const APART =
  /^plan (options|resolved)\.(results|force|metrics-file|log-file|seed|ui|metrics|otlp|log-requests|log-format|logged\b.*)$/;

/** Whether what differs makes it another ramp. */
export const otherRamp = (what: string): boolean => !APART.test(what);

type RampPaths = readonly { readonly path: string; readonly record: StoredRecord }[];

/** Reads all of them. `warn` is told of what cannot be read. Throws DrayageError `storage`. */
export function compareRamps(
  sides: { readonly a: RampPaths; readonly b: RampPaths },
  { seed, minimum }: { readonly seed: string; readonly minimum: number },
  warn: (line: string) => void,
): { readonly comparison: RampComparison; readonly curves: readonly ComparedCurve[] } {
  const [a = [], b = []] = [sides.a, sides.b].map((side) => side.map(load));
  const all = [...a, ...b];
  for (const { directory, damages } of all)
    for (const damage of damages) warn(`${directory}: ${damage}`);
  const shared = sharedSteps(a, b);
  const estimates = shared.flatMap((step) => estimatesOf(step, seed));
  const verdicts = judged(estimates, minimum);
  const rows = estimates.map(({ interval: _, isRate: __, ...rest }, row) => ({
    ...rest,
    ...(verdicts[row] as Judged),
  }));
  return {
    comparison: {
      a: sideOf(a),
      b: sideOf(b),
      verdict: worstVerdict(rows),
      basis: basisOf({ a: a.map(() => []), b: b.map(() => []) }),
      dissimilarities: differing(a, b),
      rows,
      warnings: warningsOf(all, shared.length),
    },
    curves: shared.map(curveOf),
  };
}

function load({ path, record }: RampPaths[number]): Ramp {
  const steps = new Map<string, Step>();
  const { figures, damages } = loadStoredPull(path, record, (second) => addTo(steps, second));
  const pulls = pullsOf(figures.totals);
  return {
    directory: path,
    record,
    steps,
    done: pulls.done,
    failed: pulls.failed,
    seconds: figures.steps.reduce((sum, { seconds }) => sum + seconds, 0),
    isLimited: figures.steps.some(({ flags }) => flags.includes("C")),
    damages,
  };
}

function addTo(steps: Map<string, Step>, second: PullSecond): void {
  const { phase, step, level, measured, snapshot } = second;
  if (!measured || step === 0) return;
  const key = `${phase} ${step} ${level}`;
  let known = steps.get(key);
  if (known === undefined) {
    known = { phase, step, level, counted: [], pull: [], ttfb: [] };
    steps.set(key, known);
  }
  const { done, total, ttfb } = pullsOf(pullInterval(snapshot));
  known.counted.push({ count: done, seconds: (snapshot.end - snapshot.start) / 1e9 });
  known.pull.push(total);
  known.ttfb.push(ttfb);
}

type SharedStep = { readonly a: readonly Step[]; readonly b: readonly Step[] };

/** Steps that all of them have, in the order of the first. */
function sharedSteps(a: readonly Ramp[], b: readonly Ramp[]): SharedStep[] {
  const of = (ramps: readonly Ramp[], key: string): Step[] =>
    ramps.flatMap(({ steps }) => steps.get(key) ?? []);
  return [...(a[0]?.steps.keys() ?? [])]
    .map((key) => ({ a: of(a, key), b: of(b, key) }))
    .filter((step) => step.a.length === a.length && step.b.length === b.length);
}

type RampEstimate = Estimate &
  Pick<RampRow, "phase" | "step" | "level" | "measure" | "percent" | "a" | "b">;

function estimatesOf({ a, b }: SharedStep, seed: string): RampEstimate[] {
  const { phase, step, level } = a[0] as Step;
  const place = { phase, step, level };
  const tag = `${seed}/${phase}/${step}`;
  const rate = rateEstimate(
    { a: a.map(({ counted }) => counted), b: b.map(({ counted }) => counted) },
    tag,
  );
  const times = (["pull", "ttfb"] as const).flatMap((measure) => {
    const series = {
      tag: `${step}.${measure}`,
      a: a.map((run) => run[measure]),
      b: b.map((run) => run[measure]),
    };
    return percentilesOf(series, { seed: tag, percents: PERCENTS }).map((estimate) => ({
      ...place,
      measure,
      ...estimate,
    }));
  });
  return rate === undefined
    ? times
    : [{ ...place, measure: "rate", percent: null, ...rate }, ...times];
}

const curveOf = ({ a, b }: SharedStep): ComparedCurve => {
  const { phase, step, level } = a[0] as Step;
  const all = (steps: readonly Step[]): Distribution =>
    mergeDistributions(steps.flatMap(({ pull }) => pull));
  const pullers = level === 1 ? "1 puller" : `${level} pullers`;
  return { operation: `${phase} step ${step}, ${pullers}`, measure: "pull", a: all(a), b: all(b) };
};

function sideOf(ramps: readonly Ramp[]): ComparedSide {
  const sum = (of: (ramp: Ramp) => number): number =>
    ramps.reduce((total, ramp) => total + of(ramp), 0);
  const done = sum((ramp) => ramp.done);
  return {
    directories: ramps.map(({ directory }) => directory),
    done,
    failed: sum(({ failed }) => failed),
    perSecond: rateOver(
      done,
      sum(({ seconds }) => seconds),
    ),
  };
}

/** Of the first ones of both sides, and within each side where tests of the same thing are not. */
function differing(a: readonly Ramp[], b: readonly Ramp[]): Dissimilarity[] {
  const [first, other] = [a[0], b[0]];
  if (first === undefined || other === undefined) return [];
  const within = [a, b].flatMap(([one, ...rest]) =>
    rest.flatMap((ramp) =>
      apart((one as Ramp).record, ramp.record).map((found) => ({
        ...found,
        what: `${found.what} (${ramp.directory})`,
      })),
    ),
  );
  return [...apart(first.record, other.record), ...within];
}

const apart = (a: StoredRecord, b: StoredRecord): Dissimilarity[] =>
  [...surroundings(a, b), ...planned(a, b)].filter(({ what }) => otherRamp(what));

function warningsOf(all: readonly Ramp[], shared: number): string[] {
  const known = new Set(all.flatMap(({ steps }) => [...steps.keys()])).size;
  const alone = known - shared;
  const limited = all.filter(({ isLimited }) => isLimited).map(({ directory }) => directory);
  return [
    ...(alone === 0
      ? []
      : [
          `${alone} of ${known} steps are not in all of them and left out: the schedules differ, or one was cut short`,
        ]),
    ...(limited.length === 0
      ? []
      : [
          `a step is client-limited, and the server may be faster than shown: ${limited.join(", ")}`,
        ]),
  ];
}
