// What the pullers did in a stretch of time, read from their tallies and boards. Times in ns on the clock of the run.
import { type Distribution, meanOf, mergeDistributions } from "../stats/distribution.ts";
import type { ClassFigures, IntervalSnapshot } from "../stats/figures.ts";
import { type PullClass, pullClasses, pullClassOf } from "../workers/pull-classes.ts";

/** Requests or pulls of one class. Without due times there is no response time: `total` is written to last byte. */
export type ClassInterval = {
  readonly name: PullClass;
  readonly done: number;
  readonly failed: number;
  readonly bytes: number;
  readonly total: Distribution;
  readonly ttfb: Distribution;
  readonly failedTotal: Distribution;
};

export type PullInterval = {
  readonly classes: readonly ClassInterval[];
  /** Between a request being ready and its first byte written: connecting, mostly. All classes. */
  readonly wait: Distribution;
  readonly retries: number;
};

const classInterval = ({ operation, ...figures }: ClassFigures): ClassInterval => ({
  name: pullClassOf(operation),
  done: figures.done,
  failed: figures.failed,
  bytes: figures.bytesIn + figures.failedBytesIn,
  total: figures.service,
  ttfb: figures.ttfb,
  failedTotal: figures.failedService,
});

export const pullInterval = (snapshot: IntervalSnapshot): PullInterval => ({
  classes: snapshot.classes.map(classInterval),
  wait: snapshot.lateness,
  retries: snapshot.retries,
});

export function mergeIntervals(parts: readonly PullInterval[]): PullInterval {
  return {
    classes: pullClasses.flatMap((name) => {
      const same = parts.flatMap(({ classes }) => classes.filter((part) => part.name === name));
      return same.length === 0 ? [] : [mergeClass(name, same)];
    }),
    wait: mergeDistributions(parts.map(({ wait }) => wait)),
    retries: parts.reduce((sum, { retries }) => sum + retries, 0),
  };
}

function mergeClass(name: PullClass, parts: readonly ClassInterval[]): ClassInterval {
  const sum = (of: (part: ClassInterval) => number): number =>
    parts.reduce((total, part) => total + of(part), 0);
  return {
    name,
    done: sum(({ done }) => done),
    failed: sum(({ failed }) => failed),
    bytes: sum(({ bytes }) => bytes),
    total: mergeDistributions(parts.map(({ total }) => total)),
    ttfb: mergeDistributions(parts.map(({ ttfb }) => ttfb)),
    failedTotal: mergeDistributions(parts.map(({ failedTotal }) => failedTotal)),
  };
}

const isPull = (name: PullClass): boolean => name === "pull-first" || name === "pull-repeat";

/** Whole pulls, first and repeated ones together. Their time to first byte is that of the manifest. */
export const pullsOf = ({ classes }: PullInterval): ClassInterval =>
  mergeClass(
    "pull-first",
    classes.filter(({ name }) => isPull(name)),
  );

/** Requests of one class; zeros where there were none. */
export const requestsOf = ({ classes }: PullInterval, wanted: PullClass): ClassInterval =>
  mergeClass(
    wanted,
    classes.filter(({ name }) => name === wanted),
  );

/** Everything that was sent, pulls aside, which are made of it. */
export function allRequests({ classes }: PullInterval): { count: number; bytes: number } {
  const requests = classes.filter(({ name }) => !isPull(name));
  return {
    count: requests.reduce((sum, { done, failed }) => sum + done + failed, 0),
    bytes: requests.reduce((sum, { bytes }) => sum + bytes, 0),
  };
}

/** Mean of all pulls that ended, failed ones included, which occupy a puller as well; ns, NaN without any. */
export function meanPullNanos(pulls: ClassInterval): number {
  return meanOf(mergeDistributions([pulls.total, pulls.failedTotal]));
}
