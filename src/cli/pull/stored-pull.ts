// A pull test as its directory holds it: the same figures and charts that its own outputs were made of, from stored seconds.
// Works on whole tests and on killed ones, whose results.json and whose errors by puller are missing.
import type { DriverEnd } from "../../pull/driver-contract.ts";
import { PullSum } from "../../pull/pull-sum.ts";
import type { RatePoint } from "../../pull/rate-course.ts";
import { type PullSecond, pullsAlone } from "../../pull/second-reader.ts";
import type { CalibrationNote } from "../../report/run-figures.ts";
import { RunTimeline } from "../../report/run-timeline.ts";
import { type StoredRecord, storedEnd, storedEnding, uncounted } from "../../report/stored-run.ts";
import { figuresOfEnd, type PullFigures, unknownServer } from "./pull-results.ts";
import { storedSeconds } from "./pull-store.ts";
import { SecondCourse } from "./second-course.ts";

/** Of results.json: what the seconds do not tell. */
type StoredEnd = Pick<PullFigures, "ending" | "thresholds" | "errors" | "server" | "counts"> &
  Pick<DriverEnd, "herds" | "exhausted"> & {
    readonly startedAt: string;
    readonly seconds: number;
    readonly exit: number | null;
    readonly calibration: CalibrationNote | null;
    readonly warnings: readonly string[];
  };

export type StoredPull = {
  readonly figures: PullFigures;
  readonly rates: readonly RatePoint[];
  readonly timeline: RunTimeline;
  readonly calibration: CalibrationNote | null;
  /** How it exited; null where it was killed. */
  readonly exit: number | null;
  /** What could not be read, a sentence each. */
  readonly damages: readonly string[];
};

/** Reads the directory of a pull test; `visit` is shown each of its seconds. Throws DrayageError `storage`. */
export function loadStoredPull(
  directory: string,
  record: StoredRecord,
  visit: (second: PullSecond) => void = () => {},
): StoredPull {
  const damages: string[] = [];
  const sum = new PullSum();
  const timeline = new RunTimeline();
  const course = new SecondCourse();
  for (const second of storedSeconds(directory, damages)) {
    visit(second);
    sum.add(second);
    timeline.add({ snapshot: pullsAlone(second.snapshot), planned: null });
    course.add(second);
  }
  const end = storedEnd(directory, record) as StoredEnd | undefined;
  const driven: DriverEnd = {
    sum,
    threads: [],
    herds: end?.herds ?? [],
    beganAt: Date.parse(end?.startedAt ?? record.startedAt),
    beganAtNs: 0,
    seconds: end?.seconds ?? course.seconds,
    exhausted: end?.exhausted ?? false,
    noPruneEndpoint: undefined,
    nodes: [],
    warmUp: undefined,
  };
  const figures = figuresOfEnd(driven, {
    errors: end?.errors ?? course.errors,
    server: { ...unknownServer, ...end?.server },
    ending: end?.ending ?? storedEnding(record),
    thresholds: end?.thresholds ?? [],
    prunes: false,
  });
  return {
    // What threads and servers told at the end stands in results alone.
    figures:
      end === undefined
        ? { ...figures, counts: { ...figures.counts, ...uncounted(timesOf(figures)) } }
        : { ...figures, counts: { ...figures.counts, ...end.counts }, warnings: end.warnings },
    rates: course.points,
    timeline,
    calibration: end?.calibration ?? null,
    exit: end?.exit ?? null,
    damages,
  };
}

const timesOf = ({ totals }: Pick<PullFigures, "totals">) =>
  totals.classes.map(({ done, failed, total, failedTotal }) => ({
    ...{ done, failed },
    service: total,
    failedService: failedTotal,
  }));
