import { Failure, failureKinds } from "../core/failure.ts";
import { operationClasses } from "../core/operation.ts";
import { INDEX_COUNT } from "./histogram.ts";
import { SIZE_BINS } from "./size-bin.ts";

// Byte map of one worker's tally in shared memory. Writer and reader take offsets from here and nowhere else.
//
//   words (float64)                                                            counters (uint32)
//   | run: 32 | class 0 | class 1 | .. | class 9 | heads: 2 per histogram | pad | histogram 0 | histogram 1 | ..
//
//   run    events | clipped | gauges and health of the thread
//   class  numbers below | failures by kind (15) | final status 0..599 | failures of kind http by status 0..599
//   head   values counted, sum of the values (ns): the sum makes means exact
//
//   histograms   class 0: response service ttfb transfer failed-response failed-service | class 1: .. | .. | lateness
//                | connect | service times by size: 21 bins
//
// One thread writes; others read plainly, without atomics: every word and counter is written by a single aligned store,
// and a reader that misses the newest few sees them next time. 10.8 MiB are reserved per worker, but the system hands out
// pages only for the counters that are touched.

/** Events that are counted for the whole thread; the value is the word. */
export const Event = { retry: 0, existed: 1 } as const;

export const RunWord = {
  clippedHigh: 8,
  clippedLow: 9,
  inFlight: 16,
  waiting: 17,
  loopDelayP99: 18,
  loopDelayMax: 19,
  gcCount: 20,
  gcNanos: 21,
  gcMax: 22,
  cpuShare: 23,
  gcP50: 24,
  gcP99: 25,
  loopDelayRecent: 26,
  wantedShare: 27,
  starvedShare: 28,
} as const;

const RUN_WORDS = 32;

export const ClassWord = {
  started: 0,
  done: 1,
  failed: 2,
  bytesIn: 3,
  bytesOut: 4,
  failedBytesIn: 5,
  failedBytesOut: 6,
  onTime: 7,
  lateSlots: 8,
  lateGenerator: 9,
  tooLate: 10,
} as const;

export const STATUS_COUNT = 600;
export const FAILURES_AT = 16;
export const STATUSES_AT: number = FAILURES_AT + failureKinds.length;
export const HTTP_FAILURES_AT: number = STATUSES_AT + STATUS_COUNT;
const CLASS_WORDS = HTTP_FAILURES_AT + STATUS_COUNT;

export const Measured = {
  response: 0,
  service: 1,
  ttfb: 2,
  transfer: 3,
  failedResponse: 4,
  failedService: 5,
} as const;
const MEASURES = Object.keys(Measured).length;

export const LATENESS_HISTOGRAM: number = operationClasses.length * MEASURES;
export const CONNECT_HISTOGRAM: number = LATENESS_HISTOGRAM + 1;
const SIZES_AT = CONNECT_HISTOGRAM + 1;
const HISTOGRAM_COUNT = SIZES_AT + SIZE_BINS;

const HEADS_AT = RUN_WORDS + operationClasses.length * CLASS_WORDS;
const HEAD_WORDS = 2;
const CACHE_LINE_WORDS = 8;
/** Rounded up to a whole cache line. */
const WORD_COUNT =
  Math.ceil((HEADS_AT + HISTOGRAM_COUNT * HEAD_WORDS) / CACHE_LINE_WORDS) * CACHE_LINE_WORDS;
const COUNTERS_BYTE = WORD_COUNT * Float64Array.BYTES_PER_ELEMENT;

export const classWord = (operationClass: number): number =>
  RUN_WORDS + operationClass * CLASS_WORDS;
export const histogramOf = (operationClass: number, measure: number): number =>
  operationClass * MEASURES + measure;
export const sizeHistogram = (bin: number): number => SIZES_AT + bin;
export const headWord = (histogram: number): number => HEADS_AT + histogram * HEAD_WORDS;

export const HTTP_FAILURE: number = Failure.http;

/** Shared memory for one worker's tally; all zero. */
export const allocateTally = (): SharedArrayBuffer =>
  new SharedArrayBuffer(
    COUNTERS_BYTE + HISTOGRAM_COUNT * INDEX_COUNT * Uint32Array.BYTES_PER_ELEMENT,
  );

export const wordsOf = (memory: SharedArrayBuffer): Float64Array =>
  new Float64Array(memory, 0, WORD_COUNT);
export const countersOf = (memory: SharedArrayBuffer): Uint32Array =>
  new Uint32Array(memory, COUNTERS_BYTE);
