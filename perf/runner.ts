// Finds the benches, runs those that were asked for, prints their figures, keeps one line a run.
import { execFileSync } from "node:child_process";
import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { cpus, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Bench, BenchResult, Target } from "./bench.ts";
import { isMet, MissingProgram } from "./measure.ts";

/**
 * How one bench ended. `not-run`: the machine lacks a program. `failed`: it threw, e.g. its own check of the answer. `missed`: a full
 * run was measured, and a figure is not what it is to be.
 */
export type Ending =
  | { readonly kind: "measured" | "missed"; readonly results: readonly BenchResult[] }
  | { readonly kind: "not-run"; readonly reason: string }
  | { readonly kind: "failed"; readonly reason: string };

export type BenchRun = {
  /** Folder of the `*.bench.ts` modules; results go to `results/<name>.jsonl` below it. */
  readonly folder: string;
  /** Names, or parts of names; none means all. A name means no other bench; one that matches none is an error. */
  readonly patterns: readonly string[];
  readonly quick: boolean;
  readonly print: (line: string) => void;
};

const SUFFIX = ".bench.ts";

/** Names of the benches that match, in order. Throws when there is none, or none for one of the patterns. */
function select({ folder, patterns }: BenchRun): string[] {
  const all = readdirSync(folder)
    .filter((file) => file.endsWith(SUFFIX))
    .map((file) => file.slice(0, -SUFFIX.length))
    .sort();
  if (all.length === 0) throw new Error(`no bench in ${folder}`);
  const means = (pattern: string, name: string): boolean =>
    all.includes(pattern) ? name === pattern : name.includes(pattern);
  const idle = patterns.filter((pattern) => !all.some((name) => means(pattern, name)));
  if (idle.length > 0) {
    throw new Error(`no bench is named like ${idle.join(", ")}; there are: ${all.join(", ")}`);
  }
  return patterns.length === 0
    ? all
    : all.filter((name) => patterns.some((pattern) => means(pattern, name)));
}

async function load(folder: string, name: string): Promise<Bench> {
  const module: { bench?: Bench } = await import(pathToFileURL(join(folder, name + SUFFIX)).href);
  if (module.bench?.name !== name) {
    throw new Error(`${name}${SUFFIX} must export const bench with the name "${name}"`);
  }
  return module.bench;
}

async function measure(bench: Bench, quick: boolean): Promise<Ending> {
  const tmp = mkdtempSync(join(tmpdir(), "drayage-bench-"));
  try {
    const results = await bench.run({ quick, tmp });
    const odd = results.filter(({ value, spread }) => !Number.isFinite(value + spread));
    if (results.length === 0 || odd.length > 0) {
      const metrics = odd.map(({ metric }) => metric).join(", ");
      return { kind: "failed", reason: `no figure for ${metrics || "anything"}` };
    }
    const misses = results.some(({ value, target }) => target && !isMet(value, target));
    return { kind: misses && !quick ? "missed" : "measured", results };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { kind: error instanceof MissingProgram ? "not-run" : "failed", reason };
  } finally {
    rmSync(tmp, { recursive: true, force: true });
  }
}

const commandOutput = (command: string, args: readonly string[]): string | null => {
  try {
    return execFileSync(command, args, {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
  } catch {
    return null;
  }
};

/** What a figure depends on besides the code. */
function circumstances() {
  const changes = commandOutput("git", ["status", "--porcelain", "--", ".", ":!perf/results"]);
  return {
    commit: commandOutput("git", ["rev-parse", "HEAD"]),
    /** Whether the tree differed from the commit; null where that is unknown. */
    changed: changes === null ? null : changes !== "",
    date: new Date().toISOString(),
    machine: {
      cpu: cpus()[0]?.model ?? "unknown",
      cores: cpus().length,
      memoryBytes: totalmem(),
      platform: `${process.platform}-${process.arch}`,
      node: process.version,
    },
  };
}

function record(
  folder: string,
  bench: Bench,
  quick: boolean,
  results: readonly BenchResult[],
): void {
  const line = { name: bench.name, ...circumstances(), quick, results };
  mkdirSync(join(folder, "results"), { recursive: true });
  appendFileSync(join(folder, "results", `${bench.name}.jsonl`), `${JSON.stringify(line)}\n`);
}

const figure = (value: number): string =>
  Math.abs(value) >= 1000 ? Math.round(value).toLocaleString("en-US") : value.toPrecision(4);

const verdict = (value: number, target: Target | undefined): string => {
  if (target === undefined) return "";
  const bar = "atMost" in target ? `≤ ${figure(target.atMost)}` : `≥ ${figure(target.atLeast)}`;
  return `${bar} ${isMet(value, target) ? "met" : "MISSED"}`;
};

function table(results: readonly BenchResult[]): string[] {
  const rows = results.map(({ metric, unit, value, spread, rounds, target }) => [
    metric,
    figure(value),
    unit,
    `± ${figure(spread)}`,
    `${rounds} rounds`,
    verdict(value, target),
  ]);
  const widths = [0, 1, 2, 3, 4, 5].map((column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  const cell = (text: string, column: number) =>
    column === 1 || column === 3
      ? text.padStart(widths[column] ?? 0)
      : text.padEnd(widths[column] ?? 0);
  return rows.map((row) => `  ${row.map(cell).join("  ")}`.trimEnd());
}

function show({ print }: BenchRun, bench: Bench, ending: Ending): void {
  print(`${bench.name}: ${bench.question}`);
  for (const line of bench.topology.split("\n")) if (line.trim() !== "") print(`    ${line}`);
  switch (ending.kind) {
    case "measured":
    case "missed":
      for (const line of table(ending.results)) print(line);
      break;
    case "not-run":
      print(`  not run: ${ending.reason}`);
      break;
    case "failed":
      print(`  FAILED: ${ending.reason}`);
      break;
    default:
      ending satisfies never;
  }
  print("");
}

/** Runs the benches one after the other and returns how each ended. Throws when a pattern matches nothing. */
export async function runBenches(run: BenchRun): Promise<Map<string, Ending>> {
  const endings = new Map<string, Ending>();
  for (const name of select(run)) {
    const bench = await load(run.folder, name);
    const ending = await measure(bench, run.quick);
    if ("results" in ending) record(run.folder, bench, run.quick, ending.results);
    show(run, bench, ending);
    endings.set(name, ending);
  }
  return endings;
}
