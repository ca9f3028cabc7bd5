// Figures of pullers that have no place in a tally, one block of shared memory per thread. One thread writes, the main thread
// reads plainly, as with tallies.
//
//   | words below, float64 each |     times in ns on the clock of the run
//
// The area under "pulls in progress" grows when one begins or ends: with the current value and the instant of its last
// change, a reader knows the area at any later instant.
import { ClassOf } from "./pull-classes.ts";

export const BoardWord = {
  pullsInProgress: 0,
  area: 1,
  changedAt: 2,
  /** 401 rounds that led to credentials. */
  challenges: 3,
  /** Layers that are somewhere else by their own word (`urls`), and so are not fetched. */
  foreignLayers: 4,
  /** Bytes received twice, because a resumed download began anew. */
  wastedBytes: 5,
  /** Pulls cut off at the end: neither success nor failure. */
  aborted: 6,
  cpuNanos: 7,
  redirects: 8,
  resent: 9,
  prunes: 10,
  /** Manifest and blob GETs that were answered or failed, as the server's log counts them. */
  manifestGets: 11,
  blobGets: 12,
  passes: 13,
  /** Rows of --log-requests that the main thread was too slow for. */
  rowsLost: 14,
} as const;

/** Words that only grow, and so are counts of the run. */
export type PullCountName = Exclude<
  keyof typeof BoardWord,
  "pullsInProgress" | "area" | "changedAt" | "cpuNanos"
>;

const WORDS = 16;

export const allocateBoard = (): SharedArrayBuffer =>
  new SharedArrayBuffer(WORDS * Float64Array.BYTES_PER_ELEMENT);

export class PullBoard {
  readonly #words: Float64Array;

  constructor(memory: SharedArrayBuffer) {
    this.#words = new Float64Array(memory);
  }

  get(word: number): number {
    return this.#words[word] as number;
  }

  set(word: number, value: number): void {
    this.#words[word] = value;
  }

  add(word: number, by: number): void {
    this.#words[word] = (this.#words[word] as number) + by;
  }

  /** One pull more (1) or less (-1) is in progress from `at` on. */
  change(by: number, at: number): void {
    this.#words[BoardWord.area] = this.areaAt(at);
    this.#words[BoardWord.changedAt] = at;
    this.add(BoardWord.pullsInProgress, by);
  }

  /** A GET of this class was answered or failed, as the server's log counts it. */
  countGet(type: number): void {
    if (type === ClassOf["manifest-tag"] || type === ClassOf["manifest-digest"])
      this.add(BoardWord.manifestGets, 1);
    else if (type === ClassOf.config || type === ClassOf.layer) this.add(BoardWord.blobGets, 1);
  }

  /** Nanoseconds of pulls, summed up to `at`. */
  areaAt(at: number): number {
    const since = at - this.get(BoardWord.changedAt);
    return this.get(BoardWord.area) + this.get(BoardWord.pullsInProgress) * since;
  }
}
