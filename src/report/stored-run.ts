// A run as its directory holds it: the same figures and the same timeline that its own outputs were made of, from stored data
// alone. Works on whole runs and on killed ones, whose results.json and whose last words are missing.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DrayageError, messageOf, UsageError } from "../core/errors.ts";
import { emptyDistribution } from "../stats/distribution.ts";
import type { ClassFigures } from "../stats/figures.ts";
import { FiguresSum } from "../stats/figures-sum.ts";
import { decodeHdr } from "../stats/hdr.ts";
import type { RecordedClass } from "../stats/recorded-tally.ts";
import type { ThreadHealth } from "../stats/tally.ts";
import { judge } from "../stats/validity.ts";
import type { PlannedInterval } from "./counts-file.ts";
import type { LatencyResult } from "./results.ts";
import type { RunFrame, RunRecord } from "./run-directory.ts";
import { namedNodes, type RunFigures } from "./run-figures.ts";
import { RunTimeline } from "./run-timeline.ts";
import type { NamedStep } from "./step-sums.ts";
import { newNotes, storedIntervals } from "./stored-intervals.ts";

/** What run.json says; files of older versions may lack the frame. */
export type StoredRecord = RunRecord & {
  readonly version?: number;
  readonly runtime?: { readonly name: string; readonly version: string };
  readonly machine?: Readonly<Record<string, unknown>>;
};

export type StoredRun = {
  readonly directory: string;
  readonly record: StoredRecord;
  readonly frame: RunFrame;
  readonly figures: RunFigures;
  readonly timeline: RunTimeline;
  readonly intervals: number;
  /** Results.json of the run's own end was there: verdict, calibration and what became of records are from it. */
  readonly whole: boolean;
  /** What could not be read, a sentence each. */
  readonly damages: readonly string[];
};

const RUN_FILE = "run.json";
/** The verb whose seconds are of another kind. */
export const PULL = "pull";

/** Content of a JSON file; `undefined` where there is none. Throws DrayageError `storage`, also for a file that is no JSON. */
function storedJson(directory: string, name: string): unknown {
  const path = join(directory, name);
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw new DrayageError("storage", `cannot read ${path}: ${messageOf(error)}`, { cause: error });
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new DrayageError("storage", `${path} is no JSON: ${messageOf(error)}`, { cause: error });
  }
}

/** What was run there. Throws UsageError where there is no run. */
export function storedRecord(directory: string): StoredRecord {
  const record = storedJson(directory, RUN_FILE);
  if (record === undefined)
    throw new UsageError(
      `${directory} holds no run: there is no ${RUN_FILE}; give a run directory`,
    );
  if (!isRecord(record))
    throw new UsageError(
      `${directory} holds no run: its ${RUN_FILE} is not one that drayage wrote`,
    );
  if (record.version !== undefined && record.version !== 1)
    throw new UsageError(
      `${directory} was written by a later version: run.json has version ${record.version}`,
    );
  return record;
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null;

/** Has what every record has from the start of its run on. */
const isRecord = (value: unknown): value is StoredRecord =>
  isObject(value) &&
  typeof value.verb === "string" &&
  typeof value.startedAt === "string" &&
  Array.isArray(value.arguments) &&
  Array.isArray(value.traces) &&
  isObject(value.tool) &&
  isObject(value.clocks);

const unknownFrame: RunFrame = { paced: false, failsOn: "all", judged: null, nodes: [], facts: [] };

/** Borders of steps in time are known only for a run that kept its speed. */
export const stepsOf = ({ frame, controls = [] }: StoredRecord): readonly NamedStep[] =>
  controls.some(({ kind }) => kind === "speed") ? [] : (frame?.steps ?? []);

/** How it ended, as far as run.json tells: the results of a run that came to its end may be gone. */
export const storedEnding = ({
  ending,
  endedAt,
}: Pick<StoredRecord, "ending" | "endedAt">): RunFigures["ending"] =>
  endings.find((known) => endedAt !== null && known === ending) ?? "cut";

const endings = ["finished", "signal", "limit"] as const satisfies readonly RunFigures["ending"][];

type Ended = Pick<
  RunFigures,
  | "validity"
  | "calibration"
  | "planned"
  | "traceSeconds"
  | "skipped"
  | "records"
  | "besides"
  | "compat"
  | "examples"
  | "seconds"
  | "ending"
  | "thresholds"
  | "machines"
> & { readonly recorded?: readonly StoredRecorded[] };

type StoredRecorded = Omit<RecordedClass, "service"> & { readonly serviceNs: LatencyResult };

/**
 * Results of the run's end; `undefined` where it did not come to it: where they are a snapshot of a run that went on, or what was
 * made of one that was cut off, which may have gone on since.
 */
export function storedEnd(directory: string, { endedAt }: Pick<StoredRecord, "endedAt">): unknown {
  const results = storedJson(directory, "results.json");
  if (!isObject(results) || typeof results.ending !== "string") return undefined;
  const isEnd = results.ending !== "running" && (results.ending !== "cut" || endedAt !== null);
  return isEnd ? results : undefined;
}

/**
 * Reads a run directory of run, warmup, load or demo. Each interval is read once and given to
 * `listener`, if there is one, before the next. Throws UsageError, DrayageError `storage`.
 */
export function loadStoredRun(
  directory: string,
  listener: (interval: PlannedInterval) => void = () => {},
): StoredRun {
  const record = storedRecord(directory);
  if (record.verb === PULL)
    throw new UsageError(
      `${directory} holds a pull test: its steps stand in steps.tsv, and drayage report makes its outputs again`,
    );
  const notes = newNotes();
  const sum = new FiguresSum();
  const frame = record.frame ?? unknownFrame;
  const timeline = new RunTimeline(stepsOf(record));
  let last: PlannedInterval | undefined;
  let planned: number | null = null;
  let intervals = 0;
  for (const interval of storedIntervals(directory, notes)) {
    sum.add(interval.snapshot);
    timeline.add(interval);
    if (interval.planned !== null) planned = (planned ?? 0) + interval.planned;
    last = interval;
    intervals++;
    listener(interval);
  }
  const end = storedEnd(directory, record) as Ended | undefined;
  if (end === undefined && storedEnding(record) !== "cut")
    notes.damages.push(`results.json of the run's end is missing, and with it ${endAlone}`);
  const seen: Seen = { sum, timeline, planned, last, examples: notes.examples };
  return {
    directory,
    record,
    frame,
    figures: figuresOf(record, frame, { ...seen, end }),
    timeline,
    intervals,
    whole: end !== undefined,
    damages: notes.damages,
  };
}

const endAlone = "thresholds, calibration and what became of the trace's records";

type Seen = {
  readonly sum: FiguresSum;
  readonly timeline: RunTimeline;
  readonly planned: number | null;
  readonly last: PlannedInterval | undefined;
  readonly examples: Readonly<Record<string, string>>;
};

function figuresOf(
  record: StoredRecord,
  frame: RunFrame,
  { sum, timeline, planned, last, examples, end }: Seen & { readonly end: Ended | undefined },
): RunFigures {
  const health: readonly ThreadHealth[] = last?.snapshot.health ?? [];
  const totals = {
    ...sum.figures(),
    inFlight: last?.snapshot.inFlight ?? 0,
    waiting: last?.snapshot.waiting ?? 0,
    health,
  };
  const seconds = (last?.snapshot.end ?? 0) / 1e9;
  const common = {
    tool: record.tool,
    verb: record.verb,
    startedAt: Date.parse(record.startedAt),
    totals,
    nodes: namedNodes(sum.nodes(), frame),
    meanInFlight: timeline.meanInFlight,
    pausedSeconds: timeline.pausedSeconds,
    steps: timeline.steps.figures(),
    paced: frame.paced,
    failsOn: frame.failsOn,
  };
  if (end !== undefined) return { ...common, ...endingOf(end), seconds: end.seconds };
  const ending = storedEnding(record);
  return {
    ...common,
    seconds,
    validity: laterValidity(totals, frame, {
      planned,
      seconds,
      interrupted: ending !== "finished",
    }),
    calibration: null,
    ending,
    planned: frame.paced ? planned : null,
    traceSeconds: null,
    skipped: {},
    records: {},
    besides: uncounted(totals.classes),
    examples,
    compat: null,
  };
}

/** What a kill leaves between times and counts, which are read one after the other while threads go on: under a name of its own. */
export function uncounted(
  classes: readonly Pick<ClassFigures, "done" | "failed" | "service" | "failedService">[],
): Record<string, number> {
  const missing = classes.reduce(
    (sum, { done, failed, service, failedService }) =>
      sum + service.total + failedService.total - done - failed,
    0,
  );
  return missing === 0 ? {} : { "timed, but not counted when it was killed": missing };
}

const endingOf = (end: Ended) => ({
  validity: end.validity,
  calibration: end.calibration,
  ending: end.ending,
  planned: end.planned,
  traceSeconds: end.traceSeconds,
  skipped: end.skipped,
  records: end.records,
  besides: end.besides,
  examples: end.examples,
  compat: end.compat,
  thresholds: end.thresholds ?? [],
  machines: end.machines ?? [],
  recorded: (end.recorded ?? []).map(({ serviceNs: { histogram, sum }, ...counts }) => ({
    ...counts,
    service: histogram === null ? emptyDistribution : decodeHdr(histogram, sum),
  })),
});

/** From seconds alone. Of a run that was cut off, what was not sent yet is no fault. */
function laterValidity(
  totals: RunFigures["totals"],
  { judged, paced }: RunFrame,
  {
    planned,
    seconds,
    interrupted,
  }: {
    readonly planned: number | null;
    readonly seconds: number;
    readonly interrupted: boolean;
  },
): RunFigures["validity"] {
  if (judged === null) return { verdict: "ok", cause: null, reasons: [] };
  return judge(totals, judged.limits, {
    paced,
    planned,
    plannedSeconds: null,
    sendingSeconds: seconds,
    placesKey: judged.placesKey,
    interrupted,
  });
}
