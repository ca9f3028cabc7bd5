import { execFile } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { synthesize } from "../src/trace/synth/synthesize.ts";
import { zoneFolder } from "../src/trace/writer.ts";
import type { Bench, BenchContext, BenchResult } from "./bench.ts";
import { interleave, requireProgram, resultOf } from "./measure.ts";
import type { LruFindings } from "./simulation-process.ts";

const ours = fileURLToPath(new URL("./simulation-process.ts", import.meta.url));
const theirs = fileURLToPath(new URL("./lru-loop.py", import.meta.url));

const GB = 1e9;
const ONE_SIZE = [20 * GB];
const CURVE = [1, 2, 5, 10, 20, 50, 100, 200].map((size) => size * GB);
/** The simulation must cost at most a tenth of the plain loop. With reading, which both spend most of, there is no bar. */
const RATIO_MIN = 10;

type Way = {
  readonly name: string;
  readonly program: string;
  readonly script: string;
  readonly found: LruFindings[];
};

type Compared = {
  readonly ratio: BenchResult | undefined;
  readonly results: readonly BenchResult[];
};

async function runOnce(
  { program, script, found }: Way,
  { folder, tmp, capacities }: { folder: string; tmp: string; capacities: readonly number[] },
): Promise<number> {
  const args = [script, folder, ...capacities.map(String)];
  // Compiled code is kept, as the command line keeps it.
  const env = { ...process.env, NODE_COMPILE_CACHE: join(tmp, "compiled") };
  const { stdout } = await promisify(execFile)(program, args, { env });
  const findings = JSON.parse(stdout) as LruFindings;
  found.push(findings);
  return findings.loop;
}

/** Both in turn over one trace; throws unless both find the same requests and hits. */
async function compare(
  { quick, tmp }: BenchContext,
  { folder, capacities }: { folder: string; capacities: readonly number[] },
): Promise<Compared> {
  const python = requireProgram("python3", "apt-get install python3");
  const mine: Way = { name: "drayage", program: process.execPath, script: ours, found: [] };
  const peer: Way = { name: "Python 3", program: python, script: theirs, found: [] };
  const measure = (way: Way) => (): Promise<number> => runOnce(way, { folder, tmp, capacities });
  await interleave(quick ? 1 : 5, { drayage: measure(mine), "Python 3": measure(peer) });
  const sameOf = ({ found: [first] }: Way): string =>
    JSON.stringify([first?.requests, first?.hits]);
  if (sameOf(mine) !== sameOf(peer))
    throw new Error(`requests and hits differ: ${sameOf(mine)} and ${sameOf(peer)}`);
  // The first of each is the uncounted one.
  for (const { found } of [mine, peer]) found.shift();
  const what = `LRU at ${capacities.length === 1 ? "one size" : `${capacities.length} sizes`}`;
  const loops = rowsOf(`${what}, requests in memory`, "loop", [mine, peer]);
  const whole = rowsOf(`${what}, reading included`, "whole", [mine, peer]);
  return { ratio: loops.at(-1), results: [...loops, ...whole] };
}

/** What both cost, and how many times as much theirs is, round by round. */
function rowsOf(
  what: string,
  part: "loop" | "whole",
  [mine, peer]: readonly [Way, Way],
): BenchResult[] {
  const costs = [mine, peer].map(({ name, found }) =>
    resultOf(
      { metric: `${what}, ${name}`, unit: "CPU ms" },
      found.map((one) => 1000 * one[part]),
    ),
  );
  const ratios = mine.found.map((one, round) => (peer.found[round]?.[part] ?? 0) / one[part]);
  return [...costs, resultOf({ metric: `${what}, Python 3 / drayage`, unit: "x" }, ratios)];
}

async function run(ctx: BenchContext): Promise<BenchResult[]> {
  const records = ctx.quick ? 400_000 : 2_000_000;
  await synthesize({ outDir: ctx.tmp, records, seed: 1, shardHours: 24 });
  const folder = zoneFolder({ outDir: ctx.tmp, zone: "dal09" });
  const results: BenchResult[] = [];
  for (const capacities of [ONE_SIZE, CURVE]) {
    const { ratio, results: more } = await compare(ctx, { folder, capacities });
    const { value = 0 } = ratio ?? {};
    // A short trace is mostly what starting costs.
    if (!ctx.quick && value < RATIO_MIN)
      throw new Error(`at ${capacities.length} sizes ${value.toFixed(1)} x, not ${RATIO_MIN} x`);
    results.push(...more);
  }
  return results;
}

export const bench: Bench = {
  name: "simulate-peers",
  question: "How much faster is the shipped LRU than a plain loop in Python 3 over the same trace?",
  topology: `
    a process each, in turn, over the same shards; both must find as many requests and, at each size, as many hits
    processor time of the whole process: of the loop alone (requests in memory), and from its start (reading included)
              reading                                              in memory                loop
    drayage   openTrace: scan, check, filter, number keys, sort    columns: number, size    simulateCache, all sizes in one pass
    Python 3  json.load, filter, cut the key off the uri, sort     dicts: key, size         OrderedDict, once per size`,
  run,
};
