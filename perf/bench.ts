/** One question about speed, answered by measurement. Lives in `perf/<name>.bench.ts` as `export const bench`. */
export type Bench = {
  readonly name: string;
  readonly question: string;
  /** A drawing of what is measured: which threads, which rings, which sockets. */
  readonly topology: string;
  /** Measures, and throws when its own check of the answer fails, or `MissingProgram` when it cannot run here. */
  run(ctx: BenchContext): Promise<BenchResult[]>;
};

/** `quick`: fewer rounds, to see that it works. `tmp`: an empty folder, removed afterwards. */
export type BenchContext = { readonly quick: boolean; readonly tmp: string };

/** What a figure is to be, in its own unit. */
export type Target = { readonly atMost: number } | { readonly atLeast: number };

/**
 * `value` is the median of the rounds; `spread` half the distance between the quartiles, in the same unit. A full run that
 * misses a `target` fails; a quick one only says so.
 */
export type BenchResult = {
  readonly metric: string;
  readonly unit: string;
  readonly value: number;
  readonly spread: number;
  readonly rounds: number;
  readonly target?: Target;
};
