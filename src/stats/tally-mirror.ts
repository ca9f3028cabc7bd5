// A tally into which intervals of others are added, so that whoever reads tallies reads those of other machines in the same way:
// counter by counter, nothing is rounded. Runs once per node and second.
import { failureKinds } from "../core/failure.ts";
import { operationClasses } from "../core/operation.ts";
import type { Distribution } from "./distribution.ts";
import type { ClassFigures, Counts, IntervalSnapshot } from "./figures.ts";
import { INDEX_COUNT } from "./histogram.ts";
import type { ThreadHealth } from "./tally.ts";
import {
  ClassWord,
  CONNECT_HISTOGRAM,
  classWord,
  countersOf,
  Event,
  FAILURES_AT,
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

/** Of the whole run so far: the worst counts. */
const worstWords = [
  "loopDelayP99",
  "loopDelayMax",
  "gcCount",
  "gcNanos",
  "gcP50",
  "gcP99",
  "gcMax",
] as const satisfies readonly (keyof ThreadHealth & keyof typeof RunWord)[];
/** Of the last second, or shares of the run so far: the latest count. */
const latestWords = [
  "loopDelayRecent",
  "cpuShare",
  "wantedShare",
  "starvedShare",
] as const satisfies readonly (keyof ThreadHealth & keyof typeof RunWord)[];

const HTTP = "http:";

export class TallyMirror {
  readonly #words: Float64Array;
  readonly #counters: Uint32Array;
  /** By who is mirrored here: gauges are not sums over time, but over those who have them. */
  readonly #gauges = new Map<number, Pick<IntervalSnapshot, "inFlight" | "waiting">>();

  /** The memory is written by this mirror alone. */
  constructor(memory: SharedArrayBuffer) {
    this.#words = wordsOf(memory);
    this.#counters = countersOf(memory);
  }

  /** Adds one interval of `who`. Of the health of several, the worst is kept. */
  add(who: number, snapshot: IntervalSnapshot): void {
    for (const figures of snapshot.classes) this.#addClass(figures);
    this.#addTimes(LATENESS_HISTOGRAM, snapshot.lateness);
    this.#addTimes(CONNECT_HISTOGRAM, snapshot.connect);
    for (const { bin, service } of snapshot.sizes) this.#addTimes(sizeHistogram(bin), service);
    this.#add(Event.retry, snapshot.retries);
    this.#add(Event.existed, snapshot.existed);
    this.#add(RunWord.clippedHigh, snapshot.clippedHigh);
    this.#add(RunWord.clippedLow, snapshot.clippedLow);
    this.#addHealth(snapshot.health);
    this.gauge(who, snapshot);
  }

  /** How things stand with `who`, without an interval: zeros when it has gone. */
  gauge(who: number, { inFlight, waiting }: Pick<IntervalSnapshot, "inFlight" | "waiting">): void {
    this.#gauges.set(who, { inFlight, waiting });
    const all = [...this.#gauges.values()];
    this.#words[RunWord.inFlight] = all.reduce((sum, gauge) => sum + gauge.inFlight, 0);
    this.#words[RunWord.waiting] = all.reduce((sum, gauge) => sum + gauge.waiting, 0);
  }

  #addClass(figures: ClassFigures): void {
    const operationClass = operationClasses.indexOf(figures.operation);
    // A class that only a later version has cannot come: versions are compared first.
    if (operationClass < 0) return;
    const base = classWord(operationClass);
    for (const name of Object.keys(ClassWord) as (keyof typeof ClassWord)[])
      this.#add(base + ClassWord[name], figures[name]);
    this.#addErrors(base, figures.errors);
    for (const [status, count] of Object.entries(figures.statuses))
      this.#addStatus(base + STATUSES_AT, status, count);
    for (const name of Object.keys(Measured) as (keyof typeof Measured)[])
      this.#addTimes(histogramOf(operationClass, Measured[name]), figures[name]);
  }

  #addErrors(base: number, errors: Counts): void {
    for (const [label, count] of Object.entries(errors)) {
      const kind = (failureKinds as readonly string[]).indexOf(label);
      if (kind >= 0) this.#add(base + FAILURES_AT + kind, count);
      else if (label.startsWith(HTTP))
        this.#addStatus(base + HTTP_FAILURES_AT, label.slice(HTTP.length), count);
    }
  }

  #addStatus(from: number, text: string, count: number): void {
    const status = Number(text);
    if (Number.isInteger(status) && status >= 0 && status < STATUS_COUNT)
      this.#add(from + status, count);
  }

  #addTimes(histogram: number, { indices, counts, total, sum }: Distribution): void {
    const first = histogram * INDEX_COUNT;
    for (let i = 0; i < indices.length; i++) {
      const counter = first + (indices[i] as number);
      this.#counters[counter] = (this.#counters[counter] as number) + (counts[i] as number);
    }
    const head = headWord(histogram);
    this.#add(head + 1, sum);
    this.#add(head, total);
  }

  #addHealth(health: readonly ThreadHealth[]): void {
    for (const name of worstWords) {
      const word = RunWord[name];
      const worst = Math.max(...health.map((thread) => thread[name]));
      this.#words[word] = Math.max(this.#words[word] as number, worst);
    }
    for (const name of latestWords)
      this.#words[RunWord[name]] = Math.max(0, ...health.map((thread) => thread[name]));
  }

  #add(word: number, by: number): void {
    this.#words[word] = (this.#words[word] as number) + by;
  }
}
