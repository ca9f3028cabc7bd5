// The summary of the original trace replayer, with its labels, definitions and order, from the four classic fields of the
// rows. `add` runs once per row on the main thread: numbers only, no allocation. Source of the labels: the FAST '18
// trace replayer; definitions in docs/formats/summary.md.

/** Codes of the row field `onTime`. */
export const OnTime = { no: 0, yes: 1, failed: 2 } as const;

/** Seconds and bytes. Null where no row succeeded. */
export type CompatFigures = {
  readonly successful: number;
  readonly failed: number;
  readonly duration: number | null;
  readonly transferred: number;
  readonly averageLatency: number | null;
  readonly onTimeShare: number | null;
  readonly throughput: number | null;
};

const Word = { first: 0, last: 1, bytes: 2, latency: 3, successes: 4, failures: 5, onTime: 6 };

export class CompatSum {
  /** Doubles in fields of an object would be boxed at each change. */
  readonly #words = new Float64Array(7);

  constructor() {
    this.#words[Word.first] = Number.POSITIVE_INFINITY;
    this.#words[Word.last] = Number.NEGATIVE_INFINITY;
  }

  /** One row: seconds since the epoch, seconds, bytes, a code of `OnTime`. */
  add(time: number, duration: number, size: number, onTime: number): void {
    const words = this.#words;
    words[Word.first] = Math.min(words[Word.first] as number, time);
    if (onTime === OnTime.failed) {
      this.#increase(Word.failures, 1);
      return;
    }
    words[Word.last] = Math.max(words[Word.last] as number, time + duration);
    this.#increase(Word.successes, 1);
    this.#increase(Word.bytes, size);
    this.#increase(Word.latency, duration);
    if (onTime === OnTime.yes) this.#increase(Word.onTime, 1);
  }

  figures(): CompatFigures {
    const word = (at: number): number => this.#words[at] as number;
    const successes = word(Word.successes);
    const some = successes > 0;
    const duration = some ? word(Word.last) - word(Word.first) : null;
    return {
      successful: successes,
      failed: word(Word.failures),
      duration,
      transferred: word(Word.bytes),
      averageLatency: some ? word(Word.latency) / successes : null,
      onTimeShare: some ? word(Word.onTime) / successes : null,
      throughput: duration !== null && duration > 0 ? successes / duration : null,
    };
  }

  #increase(at: number, by: number): void {
    this.#words[at] = (this.#words[at] as number) + by;
  }
}

/** Label, field and unit, in the original's order. `Transfered` is spelt so there, and scripts look for it. */
const labels = [
  ["Successful Requests", "successful", ""],
  ["Failed Requests", "failed", ""],
  ["Duration", "duration", ""],
  ["Data Transfered", "transferred", " bytes"],
  ["Average Latency", "averageLatency", ""],
  ["% requests on time", "onTimeShare", ""],
  ["Throughput", "throughput", " requests/second"],
] as const satisfies readonly (readonly [string, keyof CompatFigures, string])[];

/** The seven lines under `Statistics`. */
export const compatLines = (figures: CompatFigures): string[] => [
  "Statistics",
  ...labels.map(([label, field, unit]) => {
    const value = figures[field];
    return `${label}: ${value === null ? "n/a" : `${value}${unit}`}`;
  }),
];

/** The same as data: the original's labels as keys. */
export const compatBlock = (figures: CompatFigures): Record<string, number | null> =>
  Object.fromEntries(labels.map(([label, field]) => [label, figures[field]]));
