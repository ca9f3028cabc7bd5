// The writing end of a tally. `started` and `record` run once per request on a request thread: budget 150 ns together,
// no allocation, no string. Times and byte counts come in a Float64Array because a double handed over as an argument is
// boxed wherever the call is not inlined; the arguments proper are small integers. Guarded by the bench perf/tally-record.

import { Failure } from "../core/failure.ts";
import type { Nanos } from "../core/units.ts";
import { HIGHEST_NS, INDEX_COUNT, indexOf } from "./histogram.ts";
import { sizeBinOf } from "./size-bin.ts";
import {
  ClassWord,
  CONNECT_HISTOGRAM,
  classWord,
  countersOf,
  type Event,
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

/**
 * Where `started` and `record` find the numbers of a request, counted from the offset they are given.
 *
 *   | due | sent | firstByte | done | bytesIn | bytesOut | connected |     times in ns of one clock
 *
 * `due` is NaN for a request that nothing was due for: it has neither lateness nor response time.
 * `firstByte` is NaN (or 0) where no body or head came; `connected` where the connection stood before.
 */
export const Stamp = {
  due: 0,
  sent: 1,
  firstByte: 2,
  done: 3,
  bytesIn: 4,
  bytesOut: 5,
  connected: 6,
} as const;
export const STAMP_WORDS = 7;

/** Why a request was sent after it was due: every place was taken, or a place was free and we were slow. */
export const LateCause = { generator: 0, slots: 1 } as const;

/**
 * Health of the writing thread since its beginning, all times in ns; `loopDelayRecent` is the largest delay of its last
 * second. `cpuShare` is 0..1: the part of that second in which its event loop did not wait. `wantedShare` and `starvedShare` are
 * parts of the whole run: ran or was ready to run (0 where it spins), and was ready but had no processor; both 0 where the
 * system does not tell.
 */
export type ThreadHealth = {
  readonly loopDelayP99: Nanos;
  readonly loopDelayMax: Nanos;
  readonly loopDelayRecent: Nanos;
  readonly gcCount: number;
  readonly gcNanos: Nanos;
  readonly gcP50: Nanos;
  readonly gcP99: Nanos;
  readonly gcMax: Nanos;
  readonly cpuShare: number;
  readonly wantedShare: number;
  readonly starvedShare: number;
};

/** `onTime`: largest lateness that counts as on time. `tooLate`: lateness by the generator that spoils a run. */
export type TallyThresholds = { readonly onTime: Nanos; readonly tooLate: Nanos };

function add(words: Float64Array, word: number, by: number): void {
  words[word] = (words[word] as number) + by;
}

function addStamp(words: Float64Array, word: number, stamps: Float64Array, stamp: number): void {
  words[word] = (words[word] as number) + (stamps[stamp] as number);
}

/** One thread owns it for the life of the memory. */
export class TallyWriter {
  readonly #words: Float64Array;
  readonly #counters: Uint32Array;
  readonly #onTime: number;
  readonly #tooLate: number;
  /** From 0 on. */
  readonly #span = new Float64Array(2);

  constructor(memory: SharedArrayBuffer, { onTime, tooLate }: TallyThresholds) {
    this.#words = wordsOf(memory);
    this.#counters = countersOf(memory);
    this.#onTime = onTime;
    this.#tooLate = tooLate;
  }

  /** At sending: needs `due` and `sent` in `stamps`. `cause` (a `LateCause`) matters only when it is late. */
  started(stamps: Float64Array, at: number, operationClass: number, cause: number): void {
    const words = this.#words;
    const base = classWord(operationClass);
    add(words, base + ClassWord.started, 1);
    add(words, RunWord.inFlight, 1);
    const lateness = (stamps[at + Stamp.sent] as number) - (stamps[at + Stamp.due] as number);
    // NaN, from a request without a due time, fails every comparison.
    if (lateness <= this.#onTime) {
      add(words, base + ClassWord.onTime, 1);
    } else if (lateness > this.#onTime) {
      if (cause === LateCause.slots) {
        add(words, base + ClassWord.lateSlots, 1);
      } else {
        add(words, base + ClassWord.lateGenerator, 1);
        if (lateness > this.#tooLate) add(words, base + ClassWord.tooLate, 1);
      }
    }
    this.#time(LATENESS_HISTOGRAM, stamps, at + Stamp.due, at + Stamp.sent);
  }

  /**
   * At the end, once for every `started`: needs all of `stamps`. `failure` is a code of core/failure.ts; `status` is the
   * last HTTP status, 0 for none. Failures get histograms of their own.
   */
  record(
    stamps: Float64Array,
    at: number,
    operationClass: number,
    failure: number,
    status: number,
  ): void {
    const words = this.#words;
    const base = classWord(operationClass);
    add(words, RunWord.inFlight, -1);
    const known = status > 0 && status < STATUS_COUNT ? status : 0;
    add(words, base + STATUSES_AT + known, 1);
    const due = at + Stamp.due;
    const sent = at + Stamp.sent;
    const done = at + Stamp.done;
    if (failure === Failure.none) {
      add(words, base + ClassWord.done, 1);
      addStamp(words, base + ClassWord.bytesIn, stamps, at + Stamp.bytesIn);
      addStamp(words, base + ClassWord.bytesOut, stamps, at + Stamp.bytesOut);
      this.#time(histogramOf(operationClass, Measured.response), stamps, due, done);
      const service = this.#time(histogramOf(operationClass, Measured.service), stamps, sent, done);
      if (service >= 0) this.#sized(service, stamps, at);
      const firstByte = at + Stamp.firstByte;
      if ((stamps[firstByte] as number) > 0) {
        this.#time(histogramOf(operationClass, Measured.ttfb), stamps, sent, firstByte);
        this.#time(histogramOf(operationClass, Measured.transfer), stamps, firstByte, done);
      }
      const connected = at + Stamp.connected;
      if ((stamps[connected] as number) > 0) {
        this.#time(CONNECT_HISTOGRAM, stamps, sent, connected);
      }
    } else {
      add(words, base + ClassWord.failed, 1);
      add(words, base + FAILURES_AT + failure, 1);
      if (failure === HTTP_FAILURE) add(words, base + HTTP_FAILURES_AT + known, 1);
      addStamp(words, base + ClassWord.failedBytesIn, stamps, at + Stamp.bytesIn);
      addStamp(words, base + ClassWord.failedBytesOut, stamps, at + Stamp.bytesOut);
      this.#time(histogramOf(operationClass, Measured.failedResponse), stamps, due, done);
      this.#time(histogramOf(operationClass, Measured.failedService), stamps, sent, done);
    }
  }

  /** A connection that was opened before any request needed it took so long. */
  connected(taken: Nanos): void {
    this.#span[1] = taken;
    this.#time(CONNECT_HISTOGRAM, this.#span, 0, 1);
  }

  /** So many more of an `Event`. */
  count(event: (typeof Event)[keyof typeof Event], times: number): void {
    add(this.#words, event, times);
  }

  /** Requests that are due and wait for a free place. */
  waiting(requests: number): void {
    this.#words[RunWord.waiting] = requests;
  }

  /** About once a second. */
  health(health: ThreadHealth): void {
    const words = this.#words;
    words[RunWord.loopDelayP99] = health.loopDelayP99;
    words[RunWord.loopDelayMax] = health.loopDelayMax;
    words[RunWord.loopDelayRecent] = health.loopDelayRecent;
    words[RunWord.gcCount] = health.gcCount;
    words[RunWord.gcNanos] = health.gcNanos;
    words[RunWord.gcP50] = health.gcP50;
    words[RunWord.gcP99] = health.gcP99;
    words[RunWord.gcMax] = health.gcMax;
    words[RunWord.cpuShare] = health.cpuShare;
    words[RunWord.wantedShare] = health.wantedShare;
    words[RunWord.starvedShare] = health.starvedShare;
  }

  /** Counts a service time, whose index is known, once more in the bin of its body's size. */
  #sized(index: number, stamps: Float64Array, at: number): void {
    const words = this.#words;
    const counters = this.#counters;
    const bytes = (stamps[at + Stamp.bytesIn] as number) + (stamps[at + Stamp.bytesOut] as number);
    const histogram = sizeHistogram(sizeBinOf(bytes));
    const counter = histogram * INDEX_COUNT + index;
    counters[counter] = (counters[counter] as number) + 1;
    const head = headWord(histogram);
    add(words, head + 1, (stamps[at + Stamp.done] as number) - (stamps[at + Stamp.sent] as number));
    add(words, head, 1);
  }

  /**
   * Counts the time between two stamps, whose places it takes, not the doubles themselves. Returns the index of its counter;
   * -1 and nothing counted if either is NaN.
   */
  #time(histogram: number, stamps: Float64Array, from: number, to: number): number {
    const words = this.#words;
    let value = (stamps[to] as number) - (stamps[from] as number);
    if (!(value >= 0 && value <= HIGHEST_NS)) {
      if (Number.isNaN(value)) return -1;
      add(words, value < 0 ? RunWord.clippedLow : RunWord.clippedHigh, 1);
      value = value < 0 ? 0 : HIGHEST_NS;
    }
    const counters = this.#counters;
    const index = indexOf(value);
    const counter = histogram * INDEX_COUNT + index;
    counters[counter] = (counters[counter] as number) + 1;
    const head = headWord(histogram);
    add(words, head + 1, value);
    // Last, so that a reader who sees the new count rarely looks for a value that is not there yet.
    add(words, head, 1);
    return index;
  }
}
