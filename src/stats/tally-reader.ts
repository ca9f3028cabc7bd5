// The reading end of all workers' tallies, on the main thread, once a second and at the end. Costs some 10 us for each
// histogram that changed, nothing for the rest.

import { failureKinds, failureLabel } from "../core/failure.ts";
import { operationClasses } from "../core/operation.ts";
import { type Nanos, nanos } from "../core/units.ts";
import { type Distribution, DistributionSum, emptyDistribution } from "./distribution.ts";
import type {
  ClassFigures,
  Counts,
  Figures,
  IntervalSnapshot,
  SizeFigures,
  Totals,
} from "./figures.ts";
import { INDEX_COUNT } from "./histogram.ts";
import { SIZE_BINS } from "./size-bin.ts";
import type { ThreadHealth } from "./tally.ts";
import {
  ClassWord,
  CONNECT_HISTOGRAM,
  classWord,
  countersOf,
  Event,
  FAILURES_AT,
  HTTP_FAILURE,
  HTTP_FAILURES_AT,
  headWord,
  histogramOf,
  LATENESS_HISTOGRAM,
  Measured,
  RunWord,
  STATUS_COUNT,
  STATUSES_AT,
  sizeHistogram,
  wordsOf,
} from "./tally-layout.ts";

/** A histogram as last read. */
type Seen = { readonly counters: Uint32Array; values: number; sum: number };

/** One worker's memory and what was read of it before; `seen` has only histograms that were ever used. */
type Sight = {
  readonly shared: Float64Array;
  readonly counters: Uint32Array;
  readonly wordsBefore: Float64Array;
  readonly seen: Map<number, Seen>;
};

/** A copy of the words of one worker at one instant, less what was there before. */
type Words = { readonly now: Float64Array; readonly before: Float64Array | undefined };

const sightOf = (memory: SharedArrayBuffer): Sight => ({
  shared: wordsOf(memory),
  counters: countersOf(memory),
  wordsBefore: new Float64Array(wordsOf(memory).length),
  seen: new Map(),
});

const histogramCounters = (sight: Sight, histogram: number): Uint32Array =>
  sight.counters.subarray(histogram * INDEX_COUNT, (histogram + 1) * INDEX_COUNT);

function healthOf(words: Float64Array): ThreadHealth {
  const word = (at: number): number => words[at] as number;
  return {
    loopDelayP99: nanos(word(RunWord.loopDelayP99)),
    loopDelayMax: nanos(word(RunWord.loopDelayMax)),
    loopDelayRecent: nanos(word(RunWord.loopDelayRecent)),
    gcCount: word(RunWord.gcCount),
    gcNanos: nanos(word(RunWord.gcNanos)),
    gcP50: nanos(word(RunWord.gcP50)),
    gcP99: nanos(word(RunWord.gcP99)),
    gcMax: nanos(word(RunWord.gcMax)),
    cpuShare: word(RunWord.cpuShare),
    wantedShare: word(RunWord.wantedShare),
    starvedShare: word(RunWord.starvedShare),
  };
}

/** What stands beside the times of operations: when they were sent, and how long connections took. */
export const timesBeside: ReadonlySet<number> = new Set([LATENESS_HISTOGRAM, CONNECT_HISTOGRAM]);

export class TallyReader {
  readonly #sights: readonly Sight[];
  readonly #sum = new DistributionSum();
  readonly #only: ReadonlySet<number> | undefined;

  /** `only`: histograms of intervals; all if absent. Totals have all in any case. */
  constructor(memories: readonly SharedArrayBuffer[], only?: ReadonlySet<number>) {
    this.#sights = memories.map(sightOf);
    this.#only = only;
  }

  /**
   * What has happened since the last call. While workers are writing, a request may be counted in one interval and its
   * time in the next; the sum of all intervals is exact once the workers have stopped.
   */
  takeInterval(start: Nanos, end: Nanos): IntervalSnapshot {
    // Words first: a value that is in a copied head is in its histogram by the time that is read.
    const words = this.#sights.map((sight) => ({
      now: sight.shared.slice(),
      before: sight.wordsBefore,
    }));
    const figures = this.#figures(words, (histogram) => this.#takeHistogram(words, histogram));
    const gauges = this.#gauges(words);
    this.#sights.forEach((sight, worker) => {
      sight.wordsBefore.set((words[worker] as Words).now);
    });
    return { start, end, ...figures, ...gauges };
  }

  /** Everything since the workers began, whatever intervals were taken. */
  totals(): Totals {
    const words = this.#sights.map((sight) => ({ now: sight.shared.slice(), before: undefined }));
    return {
      ...this.#figures(words, (histogram) => this.#wholeHistogram(words, histogram)),
      ...this.#gauges(words),
    };
  }

  #figures(words: readonly Words[], read: (histogram: number) => Distribution): Figures {
    const sum = (word: number): number => sumOf(words, word);
    const classes: ClassFigures[] = [];
    for (let operationClass = 0; operationClass < operationClasses.length; operationClass++) {
      const figures = classFigures(operationClass, sum, read);
      if (figures !== undefined) classes.push(figures);
    }
    return {
      classes,
      lateness: read(LATENESS_HISTOGRAM),
      connect: read(CONNECT_HISTOGRAM),
      sizes: sizeFigures(read),
      retries: sum(Event.retry),
      existed: sum(Event.existed),
      clippedHigh: sum(RunWord.clippedHigh),
      clippedLow: sum(RunWord.clippedLow),
    };
  }

  #gauges(words: readonly Words[]): Pick<Totals, "inFlight" | "waiting" | "health"> {
    const sum = (word: number): number =>
      words.reduce((total, { now }) => total + (now[word] as number), 0);
    return {
      inFlight: sum(RunWord.inFlight),
      waiting: sum(RunWord.waiting),
      health: words.map(({ now }) => healthOf(now)),
    };
  }

  #takeHistogram(words: readonly Words[], histogram: number): Distribution {
    if (this.#only?.has(histogram) === false) return emptyDistribution;
    const head = headWord(histogram);
    let changed = false;
    this.#sights.forEach((sight, worker) => {
      const { now } = words[worker] as Words;
      let seen = sight.seen.get(histogram);
      // Compared with what the counters held, not with the last head: a value that came too late last time is found now, and
      // so is the part of the sum that came after its value had been counted.
      const isSeen = now[head] === (seen?.values ?? 0) && now[head + 1] === (seen?.sum ?? 0);
      if (isSeen) return;
      if (seen === undefined) {
        seen = { counters: new Uint32Array(INDEX_COUNT), values: 0, sum: 0 };
        sight.seen.set(histogram, seen);
      }
      seen.values += this.#sum.addCounters(histogramCounters(sight, histogram), seen.counters);
      const sum = now[head + 1] as number;
      this.#sum.addToSum(sum - seen.sum);
      seen.sum = sum;
      changed = true;
    });
    return changed ? this.#sum.take() : emptyDistribution;
  }

  #wholeHistogram(words: readonly Words[], histogram: number): Distribution {
    const head = headWord(histogram);
    let used = false;
    this.#sights.forEach((sight, worker) => {
      const { now } = words[worker] as Words;
      if (now[head] === 0) return;
      this.#sum.addCounters(histogramCounters(sight, histogram), undefined);
      this.#sum.addToSum(now[head + 1] as number);
      used = true;
    });
    return used ? this.#sum.take() : emptyDistribution;
  }
}

const sumOf = (words: readonly Words[], word: number): number =>
  words.reduce(
    (total, { now, before }) => total + (now[word] as number) - (before?.[word] ?? 0),
    0,
  );

type Sum = (word: number) => number;

function errorsOf(base: number, sum: Sum): Counts {
  const errors: Record<string, number> = {};
  for (let kind = 1; kind < failureKinds.length; kind++) {
    if (kind === HTTP_FAILURE) continue;
    const count = sum(base + FAILURES_AT + kind);
    if (count > 0) errors[failureLabel(kind, 0) as string] = count;
  }
  for (let status = 0; status < STATUS_COUNT; status++) {
    const count = sum(base + HTTP_FAILURES_AT + status);
    if (count > 0) errors[failureLabel(HTTP_FAILURE, status) as string] = count;
  }
  return errors;
}

function statusesOf(base: number, sum: Sum): Counts {
  const statuses: Record<string, number> = {};
  for (let status = 0; status < STATUS_COUNT; status++) {
    const count = sum(base + STATUSES_AT + status);
    if (count > 0) statuses[status] = count;
  }
  return statuses;
}

function sizeFigures(read: (histogram: number) => Distribution): SizeFigures[] {
  const sizes: SizeFigures[] = [];
  for (let bin = 0; bin < SIZE_BINS; bin++) {
    const service = read(sizeHistogram(bin));
    if (service !== emptyDistribution) sizes.push({ bin, service });
  }
  return sizes;
}

function classFigures(
  operationClass: number,
  sum: Sum,
  read: (histogram: number) => Distribution,
): ClassFigures | undefined {
  const base = classWord(operationClass);
  const started = sum(base + ClassWord.started);
  const done = sum(base + ClassWord.done);
  const failed = sum(base + ClassWord.failed);
  const times = (measure: number): Distribution => read(histogramOf(operationClass, measure));
  // All are read before it is decided that there is nothing: what stays unread in the last interval is lost.
  const measured = {
    response: times(Measured.response),
    service: times(Measured.service),
    ttfb: times(Measured.ttfb),
    transfer: times(Measured.transfer),
    failedResponse: times(Measured.failedResponse),
    failedService: times(Measured.failedService),
  };
  const isIdle = Object.values(measured).every(
    (distribution) => distribution === emptyDistribution,
  );
  if (isIdle && started + done + failed === 0) return undefined;
  return {
    operation: operationClasses[operationClass] as ClassFigures["operation"],
    started,
    done,
    failed,
    bytesIn: sum(base + ClassWord.bytesIn),
    bytesOut: sum(base + ClassWord.bytesOut),
    failedBytesIn: sum(base + ClassWord.failedBytesIn),
    failedBytesOut: sum(base + ClassWord.failedBytesOut),
    onTime: sum(base + ClassWord.onTime),
    lateSlots: sum(base + ClassWord.lateSlots),
    lateGenerator: sum(base + ClassWord.lateGenerator),
    tooLate: sum(base + ClassWord.tooLate),
    errors: errorsOf(base, sum),
    statuses: statusesOf(base, sum),
    ...measured,
  };
}
