// What benches share: the middle and the spread of rounds, processor time, and rounds that take turns.
import { accessSync, constants, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import type { BenchResult, Target } from "./bench.ts";

/** A bench throws this when it cannot run on this machine; it is listed as not run, which is no failure. */
export class MissingProgram extends Error {
  constructor(program: string, install: string) {
    super(`needs ${program}: ${install}`);
  }
}

/** Full path of a program on PATH. `install` is what to type to get it. */
export function requireProgram(program: string, install: string): string {
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    const path = join(folder, program);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not in this folder of PATH; the next one may have it.
    }
  }
  throw new MissingProgram(program, install);
}

/** Value below which the share `p` of the values lies, linear between neighbours. */
export function quantile(values: readonly number[], p: number): number {
  if (values.length === 0) throw new Error("no rounds were measured");
  const sorted = values.toSorted((a, b) => a - b);
  const at = p * (sorted.length - 1);
  const low = sorted[Math.floor(at)] ?? Number.NaN;
  const high = sorted[Math.ceil(at)] ?? Number.NaN;
  return low + (high - low) * (at - Math.floor(at));
}

export const median = (values: readonly number[]): number => quantile(values, 0.5);

/** Half the distance between the quartiles: what a median may be off by without meaning anything. */
export const spread = (values: readonly number[]): number =>
  (quantile(values, 0.75) - quantile(values, 0.25)) / 2;

/** The result of a metric that was measured once a round. */
export const resultOf = (
  { metric, unit, target }: { metric: string; unit: string; target?: Target },
  values: readonly number[],
): BenchResult => ({
  metric,
  unit,
  value: median(values),
  spread: spread(values),
  rounds: values.length,
  ...(target === undefined ? {} : { target }),
});

export const isMet = (value: number, target: Target): boolean =>
  "atMost" in target ? value <= target.atMost : value >= target.atLeast;

// /proc/PID/stat after the name in parentheses: field 0 is the state, 11 to 14 are utime, stime, cutime, cstime in
// ticks of 10 ms (the value of USER_HZ on every Linux that Node runs on).
const TICKS_PER_SECOND = 100;

function ticksOf(pid: number | "self", fields: readonly number[]): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const values = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields.reduce((sum, field) => sum + Number(values[field]), 0);
}

/**
 * Processor seconds spent by this process, all its threads, and the children that have ended and were waited for.
 * Children are counted on Linux only: elsewhere their time cannot be read.
 */
export function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  const children = process.platform === "linux" ? ticksOf("self", [13, 14]) / TICKS_PER_SECOND : 0;
  return (user + system) / 1e6 + children;
}

/** Processor seconds spent by a running child and the children it has waited for. Linux only; 10 ms steps. */
export function cpuSecondsOf(pid: number): number {
  return ticksOf(pid, [11, 12, 13, 14]) / TICKS_PER_SECOND;
}

/**
 * Runs the variants in turn, round after round, so that a machine that grows slower hits all of them alike.
 * Each variant runs once uncounted first. Returns the values of each variant by its name, in order of rounds.
 */
export async function interleave<Name extends string>(
  rounds: number,
  variants: { readonly [N in Name]: () => number | Promise<number> },
): Promise<{ [N in Name]: number[] }> {
  const names = Object.keys(variants) as Name[];
  const values = Object.fromEntries(names.map((name) => [name, []])) as unknown as {
    [N in Name]: number[];
  };
  for (const name of names) await variants[name]();
  for (let round = 0; round < rounds; round++) {
    for (const name of names) values[name].push(await variants[name]());
  }
  return values;
}
