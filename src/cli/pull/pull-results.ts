// The figures of a finished pull test, for files and people alike.

import type { DriverEnd } from "../../pull/driver-contract.ts";
import {
  type ClassInterval,
  type PullInterval,
  pullsOf,
  requestsOf,
} from "../../pull/pull-interval.ts";
import { type StepFigures, stepFigures } from "../../pull/step-record.ts";
import { type Comparison, comparison, type PhaseFigures } from "../../pull/tables.ts";
import { abortedBy, type CalibrationNote, type RunFigures } from "../../report/run-figures.ts";
import type { ThresholdResult } from "../../report/thresholds/threshold.ts";
import type { Distribution } from "../../stats/distribution.ts";
import { maximumOf, meanOf, minimumOf, supportedPercentile } from "../../stats/distribution.ts";
import { encodeHdr } from "../../stats/hdr.ts";
import type { PullCountName } from "../../workers/pull-board.ts";
import type { ErrorCount } from "../../workers/pull-messages.ts";
import { firstElsewhere } from "./first-pulls.ts";
import { runOfCache, warningsOf } from "./pull-warnings.ts";

export type ServerFigures = {
  /** 0..1; null where the cache does not tell. */
  readonly hitRatio: number | null;
  /** Upstream manifest GETs per successful pull, and upstream bytes per byte pulled. */
  readonly manifestAmplification: number | null;
  readonly bytesAmplification: number | null;
  readonly upstreamManifestGets: number | null;
  readonly upstreamBlobGets: number | null;
  readonly upstreamBytes: number | null;
  /** As reported by CNCF distribution. */
  readonly proxy: Readonly<Record<string, number>>;
  /** What the cache holds at the end, in its own words: manifests, blobs, bytes. */
  readonly held: Readonly<Record<string, number>>;
  /** What the cache counted during the run, for comparison with ours. */
  readonly counted: Readonly<Record<string, number>>;
};

export type PullFigures = {
  readonly beganAt: number;
  readonly seconds: number;
  readonly end: DriverEnd;
  readonly totals: PullInterval;
  readonly steps: readonly StepFigures[];
  readonly phases: readonly PhaseFigures[];
  readonly comparison: readonly Comparison[];
  readonly errors: readonly ErrorCount[];
  readonly failures: number;
  readonly aborted: number;
  readonly server: ServerFigures;
  readonly counts: Readonly<Record<string, number>>;
  readonly warnings: readonly string[];
  readonly ending: RunFigures["ending"];
  readonly thresholds: readonly ThresholdResult[];
};

/** From what was driven, here or by a run that is over, and what was found out besides. */
export function figuresOfEnd(
  end: DriverEnd,
  {
    errors,
    server,
    prunes,
    ...rest
  }: Pick<PullFigures, "ending" | "thresholds" | "errors" | "server"> & {
    readonly prunes: boolean;
  },
): PullFigures {
  const { sum } = end;
  const steps = stepFigures(sum.steps);
  const phases = phasesOf(end);
  const [cold, warm] = ["cold", "warm"].map((wanted) => phases.find(({ name }) => name === wanted));
  return {
    ...rest,
    beganAt: end.beganAt,
    seconds: end.seconds,
    end,
    totals: sum.totals(),
    steps,
    phases,
    comparison: cold === undefined || warm === undefined ? [] : comparison(cold, warm),
    errors,
    failures: errors.reduce((count, error) => count + error.count, 0),
    aborted: sum.count("aborted"),
    server,
    counts: countsOf(end),
    warnings: warningsOf(steps, runOfCache(end, server, prunes)),
  };
}

function phasesOf({ sum }: DriverEnd): PhaseFigures[] {
  const { steps } = sum;
  const names = [...new Set(steps.map(({ phase }) => phase))];
  return names.map((name) => ({
    name,
    interval: sum.totals(name),
    seconds: steps
      .filter(({ phase }) => phase === name)
      .reduce((total, { seconds }) => total + seconds, 0),
  }));
}

function countsOf(end: DriverEnd): Record<string, number> {
  const { sum, threads } = end;
  const elsewhere = firstElsewhere(end);
  const of = (name: PullCountName): number => sum.count(name);
  return {
    "manifest GETs": of("manifestGets"),
    "blob GETs": of("blobGets"),
    "connections opened": threads.reduce((total, thread) => total + thread.connectionsOpened, 0),
    "complete passes": of("passes"),
    prunes: of("prunes"),
    "401 rounds": of("challenges"),
    redirects: of("redirects"),
    "sent again on a fresh connection": of("resent"),
    "foreign layers skipped": of("foreignLayers"),
    "wasted bytes": of("wastedBytes"),
    aborted: of("aborted"),
    ...(elsewhere > 0 ? { "first pulls that another machine had before": elsewhere } : {}),
    ...(of("rowsLost") > 0 ? { "rows of requests lost": of("rowsLost") } : {}),
  };
}

/** Of a run that was killed before servers were asked a last time. */
export const unknownServer: ServerFigures = {
  hitRatio: null,
  manifestAmplification: null,
  bytesAmplification: null,
  upstreamManifestGets: null,
  upstreamBlobGets: null,
  upstreamBytes: null,
  proxy: {},
  held: {},
  counted: {},
};

/** Whether the run is to be called a success. */
export function verdictOfPull({ failures, end, totals, ending, thresholds }: PullFigures): {
  readonly word: "PASS" | "FAIL" | "ABORTED" | "RUNNING";
  readonly text: string;
} {
  if (ending === "running") return { word: "RUNNING", text: "RUNNING (figures so far)" };
  if (ending !== "finished") return { word: "ABORTED", text: `ABORTED (${abortedBy[ending]})` };
  if (end.noPruneEndpoint !== undefined)
    return { word: "ABORTED", text: "ABORTED (server has no prune endpoint)" };
  const missed = thresholds.filter(({ passed }) => !passed).length;
  if (missed > 0)
    return {
      word: "FAIL",
      text: `FAIL (${missed === 1 ? "1 threshold" : `${missed} thresholds`})`,
    };
  if (failures === 0) return { word: "PASS", text: "PASS" };
  const { done } = pullsOf(totals);
  return { word: "FAIL", text: `FAIL (${failures} failures beside ${done} pulls)` };
}

const PERCENTS = [50, 75, 90, 95, 99, 99.9];

function distributionResult(distribution: Distribution) {
  const some = distribution.total > 0;
  return {
    count: distribution.total,
    min: some ? minimumOf(distribution) : null,
    mean: some ? meanOf(distribution) : null,
    max: some ? maximumOf(distribution) : null,
    percentiles: Object.fromEntries(
      PERCENTS.map((percent) => [`p${percent}`, supportedPercentile(distribution, percent)]),
    ),
    histogram: some ? encodeHdr(distribution) : null,
  };
}

const classResult = ({ name, done, failed, bytes, total, ttfb, failedTotal }: ClassInterval) => ({
  name,
  done,
  failed,
  bytes,
  totalNs: distributionResult(total),
  ttfbNs: distributionResult(ttfb),
  failedTotalNs: distributionResult(failedTotal),
});

/** The content of results.json. */
export function pullResults(
  figures: PullFigures,
  {
    verdict,
    exit,
    calibration,
  }: {
    readonly verdict: string;
    /** Null in results that were made again. */
    readonly exit: number | null;
    readonly calibration: CalibrationNote | null;
  },
) {
  const { totals, seconds, steps, comparison: compared, errors, server, counts, end } = figures;
  const pulls = pullsOf(totals);
  return {
    $schema: "urn:drayage:schema:pull-results:1",
    version: 1,
    verb: "pull",
    startedAt: new Date(figures.beganAt).toISOString(),
    seconds,
    verdict,
    exit,
    ending: figures.ending,
    thresholds: figures.thresholds,
    exhausted: end.exhausted,
    closedLoop: true,
    calibration,
    pulls: { ...classResult(pulls), name: "pull" },
    first: classResult(requestsOf(totals, "pull-first")),
    repeat: classResult(requestsOf(totals, "pull-repeat")),
    requests: totals.classes
      .filter(({ name }) => name !== "pull-first" && name !== "pull-repeat")
      .map(classResult),
    waitNs: distributionResult(totals.wait),
    retries: totals.retries,
    steps,
    comparison: compared,
    herds: end.herds,
    nodes: end.nodes,
    errors,
    server,
    counts,
    warnings: figures.warnings,
  };
}
