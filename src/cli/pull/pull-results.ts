// The figures of a finished pull test, for files and people alike.

import type { DriverEnd } from "../../pull/driver-contract.ts";
import {
  allRequests,
  type ClassInterval,
  type PullInterval,
  pullsOf,
  requestsOf,
} from "../../pull/pull-interval.ts";
import { growth, hitRatio, upstreamDifference } from "../../pull/server-counters.ts";
import type { ServerWatch } from "../../pull/server-watch.ts";
import { clientLimited, type StepFigures, stepFigures } from "../../pull/step-record.ts";
import { type Comparison, comparison, type PhaseFigures } from "../../pull/tables.ts";
import type { Distribution } from "../../stats/distribution.ts";
import { maximumOf, meanOf, supportedPercentile } from "../../stats/distribution.ts";
import { encodeHdr } from "../../stats/hdr.ts";
import { BoardWord } from "../../workers/pull-board.ts";
import type { ErrorCount } from "../../workers/pull-messages.ts";

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
};

export function pullFigures(
  end: DriverEnd,
  {
    watch,
    prunes,
    counts,
  }: {
    readonly watch: ServerWatch;
    /** The run was meant to be cold. */
    readonly prunes: boolean;
    readonly counts: Readonly<Record<string, number>>;
  },
): PullFigures {
  const { recorder, threads } = end;
  const totals = recorder.totals();
  const steps = stepFigures(recorder.steps);
  const phases = phasesOf(end);
  const errors = mergeErrors(threads.flatMap((thread) => thread.errors));
  const failures = errors.reduce((sum, { count }) => sum + count, 0);
  const server = serverFigures(watch, totals);
  const [cold, warm] = ["cold", "warm"].map((wanted) => phases.find(({ name }) => name === wanted));
  return {
    beganAt: end.beganAt,
    seconds: end.seconds,
    end,
    totals,
    steps,
    phases,
    comparison: cold === undefined || warm === undefined ? [] : comparison(cold, warm),
    errors,
    failures,
    aborted: recorder.boardSum(BoardWord.aborted),
    server,
    counts: { ...countsOf(end), ...counts },
    warnings: warningsOf(steps, server, prunes),
  };
}

function phasesOf({ recorder }: DriverEnd): PhaseFigures[] {
  const names = [...new Set(recorder.steps.map(({ phase }) => phase))];
  return names.map((name) => ({
    name,
    interval: recorder.totals(name),
    seconds: recorder.steps
      .filter(({ phase }) => phase === name)
      .reduce((sum, { seconds }) => sum + seconds, 0),
  }));
}

function mergeErrors(counts: readonly ErrorCount[]): ErrorCount[] {
  return counts.toSorted((a, b) => a.puller - b.puller || a.kind.localeCompare(b.kind));
}

function countsOf({ recorder, threads }: DriverEnd): Record<string, number> {
  const of = (word: keyof typeof BoardWord): number => recorder.boardSum(BoardWord[word]);
  return {
    "manifest GETs": of("manifestGets"),
    "blob GETs": of("blobGets"),
    "connections opened": threads.reduce((sum, thread) => sum + thread.connectionsOpened, 0),
    "complete passes": of("passes"),
    prunes: of("prunes"),
    "401 rounds": of("challenges"),
    redirects: of("redirects"),
    "sent again on a fresh connection": of("resent"),
    "foreign layers skipped": of("foreignLayers"),
    "wasted bytes": of("wastedBytes"),
    aborted: of("aborted"),
  };
}

const orNull = (value: number | undefined): number | null => value ?? null;

function serverFigures(
  { first, last, upstreamFirst, upstreamLast }: ServerWatch,
  totals: PullInterval,
): ServerFigures {
  const upstream = upstreamDifference(upstreamFirst, upstreamLast);
  const pulls = pullsOf(totals).done;
  const { bytes } = allRequests(totals);
  const both = first !== undefined && last !== undefined;
  const counted: Record<string, number> = {};
  if (both)
    for (const name of CACHE_COUNTERS) {
      const grown = growth(first.counters, last.counters, name);
      if (grown !== undefined) counted[name] = grown;
    }
  return {
    hitRatio: both ? orNull(hitRatio(first.counters, last.counters)) : null,
    manifestAmplification:
      upstream === undefined || pulls === 0 ? null : upstream.manifestGets / pulls,
    bytesAmplification: upstream === undefined || bytes === 0 ? null : upstream.bytes / bytes,
    upstreamManifestGets: orNull(upstream?.manifestGets),
    upstreamBlobGets: orNull(upstream?.blobGets),
    upstreamBytes: orNull(upstream?.bytes),
    proxy: Object.fromEntries(
      [...(last?.counters ?? [])].filter(([name]) => name.startsWith("registry.proxy.")),
    ),
    counted,
  };
}

const CACHE_COUNTERS = [
  "ociregistry_upstream_pulls_by_ns",
  "ociregistry_cached_pulls_by_ns_total",
  "ociregistry_manifest_pulls_total",
  "ociregistry_blob_pulls_total",
  "ociregistry_v2_api_endpoint_hits_total",
  "ociregistry_api_errors_total",
  "drayage_registry_upstream_requests_total",
  "drayage_registry_cache_results_total",
];

function warningsOf(
  steps: readonly StepFigures[],
  server: ServerFigures,
  prunes: boolean,
): string[] {
  const warnings: string[] = [];
  if (steps.some(({ flags }) => flags.includes("C"))) {
    warnings.push(
      `${clientLimited} (step ${stepNames(steps, ({ flags }) => flags.includes("C"))})`,
    );
  }
  warnings.push(...steeperThanProportion(steps));
  if (prunes && server.upstreamManifestGets === 0)
    warnings.push(
      "all prunes succeeded but nothing was pulled from the upstream: the run was warm",
    );
  return warnings;
}

/** Numbers of the steps meant; with the name of the phase where there are several. */
function stepNames(steps: readonly StepFigures[], isMeant: (step: StepFigures) => boolean): string {
  const phases = [...new Set(steps.map(({ phase }) => phase))];
  const numbers = phases.map((name) => ({
    name,
    own: steps.filter((step) => step.phase === name && isMeant(step)).map(({ step }) => step),
  }));
  return numbers
    .filter(({ own }) => own.length > 0)
    .map(({ name, own }) => (phases.length > 1 ? `${name} ${own.join(", ")}` : own.join(", ")))
    .join("; ");
}

/** By how much a rate must exceed the one in proportion to the first puller before anything is said about it. */
const STEEPER_MIN = 1.2;

/** Why a rate may rise faster than its pullers: those that were compared with filled the cache. */
function steeperThanProportion(steps: readonly StepFigures[]): string[] {
  const base = steps.find(({ phase, level }) => phase === "run" && level === 1);
  if (base === undefined || base.firstPulls < base.pulls / 2) return [];
  const steep = steps.filter(
    ({ phase, level, speedUp, firstPulls, pulls }) =>
      phase === base.phase && (speedUp ?? 0) > level * STEEPER_MIN && firstPulls < pulls / 2,
  );
  if (steep.length === 0) return [];
  const [named, all] = [steep.map(({ step }) => step).join(", "), base.pulls];
  return [
    `the rate rises faster than the pullers (step ${named}) for a reason: of the ${all} pulls of step ${base.step}, which they are compared with, ${base.firstPulls} were the first of their image, and later ones find it in the cache`,
  ];
}

/** Whether the run is to be called a success. */
export function verdictOfPull(
  { failures, end, totals }: PullFigures,
  signalled: boolean,
): { readonly word: "PASS" | "FAIL" | "ABORTED"; readonly text: string } {
  if (signalled) return { word: "ABORTED", text: "ABORTED (interrupted)" };
  if (end.noPruneEndpoint !== undefined)
    return { word: "ABORTED", text: "ABORTED (server has no prune endpoint)" };
  if (failures === 0) return { word: "PASS", text: "PASS" };
  const { done } = pullsOf(totals);
  return { word: "FAIL", text: `FAIL (${failures} failures beside ${done} pulls)` };
}

const PERCENTS = [50, 75, 90, 95, 99, 99.9];

function distributionResult(distribution: Distribution) {
  const some = distribution.total > 0;
  return {
    count: distribution.total,
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
  { verdict, exit }: { verdict: string; exit: number },
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
    exhausted: end.exhausted,
    closedLoop: true,
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
    errors,
    server,
    counts,
    warnings: figures.warnings,
  };
}
