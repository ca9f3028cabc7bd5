// Ramps added up: a repeated one, or one of several machines that pulled at the same time. The sum is the directory of a ramp.
import { UsageError } from "../../core/errors.ts";
import {
  mergedSeconds,
  type RampPlacement,
  type RampSegment,
  segmentsOf,
} from "../../pull/merged-seconds.ts";
import { allRequests, mergeIntervals, pullsOf } from "../../pull/pull-interval.ts";
import { PullSum } from "../../pull/pull-sum.ts";
import { type PullSecond, pullsAlone } from "../../pull/second-reader.ts";
import { planned, surroundings } from "../../report/compare/comparability.ts";
import { type Placement, placeRuns } from "../../report/merge/placement.ts";
import type { RunDirectory } from "../../report/run-directory.ts";
import { RunTimeline } from "../../report/run-timeline.ts";
import { type StoredRecord, storedRecord } from "../../report/stored-run.ts";
import { TimeseriesFile } from "../../report/timeseries.ts";
import { otherRamp } from "../compare/compare-ramps.ts";
import { figuresOfEnd, type PullFigures } from "../pull/pull-results.ts";
import { PullStore } from "../pull/pull-store.ts";
import { loadStoredPull, type StoredPull } from "../pull/stored-pull.ts";
import { mergedServers } from "./merged-servers.ts";

type Ramp = {
  readonly directory: string;
  readonly record: StoredRecord;
  readonly stored: StoredPull;
  readonly segments: readonly RampSegment[];
};

export type MergedRamps = {
  readonly directory: RunDirectory;
  readonly record: StoredRecord;
  readonly placement: RampPlacement;
  /** What is not the same in all of them, a sentence each. */
  readonly warnings: readonly string[];
};

/** A step whose machines began further apart than this share of it was no step of theirs together. */
const SKEW_SHARE_MAX = 0.1;

/**
 * Reads the ramps, makes the directory, and writes what they add up to. Throws UsageError for those that cannot be added without
 * saying what nobody did.
 */
export async function mergeRamps(
  paths: readonly string[],
  {
    makeDirectory,
    placement: wanted,
  }: { readonly makeDirectory: () => Promise<RunDirectory>; readonly placement: Placement },
): Promise<MergedRamps> {
  const ramps = paths.map(load);
  for (const ramp of ramps) refuseAlone(ramp);
  const placement = placementOf(ramps, wanted);
  refuseOtherSchedules(ramps, placement);
  const directory = await makeDirectory();
  const record = recordOf(ramps, paths, placement);
  await directory.writeRun(record);
  await writeSeconds(directory, ramps, placement);
  return {
    directory,
    record,
    placement,
    warnings: [
      ...ramps.flatMap(({ directory: path, stored }) =>
        stored.damages.map((damage) => `${path}: ${damage}`),
      ),
      ...differences(ramps),
    ],
  };
}

function load(directory: string): Ramp {
  const record = storedRecord(directory);
  const seconds: PullSecond[] = [];
  const stored = loadStoredPull(directory, record, (second) => seconds.push(second));
  return { directory, record, stored, segments: segmentsOf(seconds) };
}

function refuseAlone({ directory, segments }: Ramp): void {
  if (segments.length === 0)
    throw new UsageError(`${directory} holds no second: the ramp ended before its first`);
  if (segments.some(({ phase }) => phase === "herd"))
    throw new UsageError(
      `${directory} holds herds, which are not added up: each is one release, compare their lines in herds.tsv`,
    );
}

function spanOf({ record, stored }: Ramp) {
  const startMs = Date.parse(record.clocks.originWall);
  return { startMs, endMs: startMs + 1000 * stored.figures.seconds };
}

function placementOf(ramps: readonly Ramp[], wanted: Placement): RampPlacement {
  if (wanted !== "auto") return wanted;
  const spans = ramps.map(spanOf);
  const groups = placeRuns(spans, "auto");
  if (groups.length === ramps.length) return "in-turn";
  if (groups.length > 1)
    throw new UsageError(
      "some of the ramps overlap and some do not: merge those of the same time first (--as together), then the sums (--as in-turn)",
    );
  const starts = spans.map(({ startMs }) => startMs);
  const apart = (Math.max(...starts) - Math.min(...starts)) / 1000;
  const shortest = Math.min(
    ...ramps.flatMap(({ stored }) => stored.figures.steps.map(({ seconds }) => seconds)),
  );
  if (apart > SKEW_SHARE_MAX * shortest)
    throw new UsageError(
      `the ramps began ${apart.toFixed(1)} s apart, with steps of ${shortest.toFixed(1)} s: they were not in the same step at the same time; --as in-turn takes them as repetitions, --as together as if they had begun together`,
    );
  return "together";
}

/** Steps of the same number must have had the same pullers, or the same share of them. */
function refuseOtherSchedules([first, ...others]: readonly Ramp[], placement: RampPlacement): void {
  if (first === undefined) return;
  for (const other of others) {
    for (const segment of other.segments) {
      const same = first.segments.find(({ key }) => key === segment.key);
      if (same === undefined || same.level === segment.level || placement === "together") continue;
      throw new UsageError(
        `${first.directory} and ${other.directory} cannot be added up: ${segment.phase} step ${segment.step} has ${same.level} pullers in one and ${segment.level} in the other`,
      );
    }
    if (placement === "together") refuseOtherSteps(first, other);
  }
}

function refuseOtherSteps(first: Ramp, other: Ramp): void {
  const steps = ({ stored }: Ramp): string =>
    stored.figures.steps.map(({ phase, step }) => `${phase} ${step}`).join();
  const lengths = [first, other].map(({ stored }) =>
    stored.figures.steps.map(({ seconds }) => seconds),
  ) as [number[], number[]];
  const differ = lengths[0].some(
    (seconds, step) => Math.abs(seconds - (lengths[1][step] ?? 0)) > SKEW_SHARE_MAX * seconds,
  );
  if (steps(first) !== steps(other) || differ)
    throw new UsageError(
      `${first.directory} and ${other.directory} cannot be added second by second: their steps are not the same, or not as long`,
    );
}

function recordOf(
  ramps: readonly Ramp[],
  paths: readonly string[],
  placement: RampPlacement,
): StoredRecord {
  const { record } = ramps[0] as Ramp;
  const ended = ramps.map((ramp) => ramp.record.endedAt ?? "").sort();
  const started = ramps.map((ramp) => ramp.record.startedAt).sort();
  const facts: [string, string][] = [
    ["sum of", `${paths.join(", ")}, ${placementText(placement)}`],
    ...(record.frame?.facts ?? []).map(([name, text]): [string, string] => [name, text]),
  ];
  const frame = record.frame ?? { paced: false, failsOn: "any", judged: null, nodes: [] };
  return {
    ...record,
    arguments: ["merge", ...paths],
    startedAt: started[0] ?? record.startedAt,
    endedAt: ended.at(-1) || null,
    frame: { ...frame, facts },
  };
}

export const placementText = (placement: RampPlacement): string =>
  placement === "together"
    ? "of the same time: a step has the pullers of all of them"
    : "repetitions: a step lasts as long as in all of them together";

/** Files that report makes the others of; results.json has what seconds do not tell. */
async function writeSeconds(
  directory: RunDirectory,
  ramps: readonly Ramp[],
  placement: RampPlacement,
): Promise<void> {
  const startedAt = Math.min(...ramps.map((ramp) => spanOf(ramp).startMs));
  const store = new PullStore((name) => directory.file(name), startedAt);
  const series = new TimeseriesFile(directory.file("timeseries.csv"));
  const timeline = new RunTimeline();
  const sum = new PullSum();
  let seconds = 0;
  for (const second of mergedSeconds(
    ramps.map(({ segments }) => segments),
    placement,
  )) {
    const pulls = pullsAlone(second.snapshot);
    store.add(second);
    series.add(timeline.add({ snapshot: pulls, planned: null }), pulls);
    sum.add(second);
    seconds = second.snapshot.end / 1e9;
  }
  store.close();
  series.close();
  const parts = ramps.map(({ stored }) => stored.figures);
  // Servers tell of all that was pulled, passes that fill the cache included.
  const all = mergeIntervals([sum.totals(), sum.unmeasured]);
  const pulled = { pulls: pullsOf(all).done, bytes: allRequests(all).bytes };
  const watched = ramps.map(({ record, stored }) => ({ record, server: stored.figures.server }));
  const end = {
    errors: parts.flatMap(({ errors }) => errors),
    server: mergedServers(watched, placement, pulled),
    ending: parts.find(({ ending }) => ending !== "finished")?.ending ?? "finished",
    thresholds: [],
  } as const;
  const { warnings } = figuresOfEnd(
    {
      sum,
      ...{ threads: [], herds: [], nodes: [], beganAtNs: 0, seconds, beganAt: startedAt },
      ...{ exhausted: false, noPruneEndpoint: undefined, warmUp: undefined },
    },
    { ...end, prunes: false },
  );
  await directory.writeJson("results.json", {
    ...end,
    ...{ herds: [], exhausted: false, seconds, exit: null, calibration: null, warnings },
    startedAt: new Date(startedAt).toISOString(),
    counts: addedCounts(parts),
  });
}

function addedCounts(parts: readonly Pick<PullFigures, "counts">[]): Record<string, number> {
  const sum: Record<string, number> = {};
  for (const { counts } of parts)
    for (const [name, count] of Object.entries(counts)) sum[name] = (sum[name] ?? 0) + count;
  return sum;
}

function differences([first, ...others]: readonly Ramp[]): string[] {
  if (first === undefined) return [];
  return others.flatMap(({ directory, record }) =>
    [...surroundings(first.record, record), ...planned(first.record, record)]
      .filter(({ what }) => what !== "machine" && otherRamp(what))
      .map(
        ({ what, a, b }) =>
          `not the same: ${what}: ${a} in ${first.directory}, ${b} in ${directory}`,
      ),
  );
}
