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
const CURVE = [1, 2, 5, 10, 20, 50, 100, 200].map((size) => size * GB);
/** A hit ratio curve at eight sizes must cost at most a tenth of the plain loop. */
const RATIO_MIN = 10;

type Way = { readonly name: string; readonly program: string; readonly script: string };

async function findings(
  { program, script }: Way,
  { folder, capacities }: { folder: string; capacities: readonly number[] },
): Promise<LruFindings> {
  const args = [script, folder, ...capacities.map(String)];
  const { stdout } = await promisify(execFile)(program, args);
  return JSON.parse(stdout) as LruFindings;
}

/** Both in turn over one trace; throws unless both find the same hits. */
async function compare(
  { quick, tmp }: BenchContext,
  { folder, capacities }: { folder: string; capacities: readonly number[] },
): Promise<{ results: BenchResult[]; ratio: number }> {
  const python = requireProgram("python3", "apt-get install python3");
  const ways: readonly Way[] = [
    { name: "drayage", program: process.execPath, script: ours },
    { name: "Python 3", program: python, script: theirs },
  ];
  const found: Record<string, LruFindings[]> = { drayage: [], "Python 3": [] };
  const measure = (way: Way) => async (): Promise<number> => {
    const one = await findings(way, { folder: join(tmp, folder), capacities });
    found[way.name]?.push(one);
    return one.loop;
  };
  const rounds = quick ? 1 : 5;
  await interleave(rounds, Object.fromEntries(ways.map((way) => [way.name, measure(way)])));
  const [mine = [], peer = []] = ways.map(({ name }) => found[name]?.slice(1) ?? []);
  if (JSON.stringify(mine[0]?.hits) !== JSON.stringify(peer[0]?.hits))
    throw new Error(`hits differ: ${mine[0]?.hits} and ${peer[0]?.hits}`);
  const what = `LRU at ${capacities.length} ${capacities.length === 1 ? "size" : "sizes"}`;
  const ratioOf = (part: "loop" | "whole") =>
    mine.map((one, round) => (peer[round]?.[part] ?? Number.NaN) / one[part]);
  const rate = (list: readonly LruFindings[]) =>
    list.map(({ requests, loop }) => (requests * capacities.length) / loop);
  const loopRatio = resultOf({ metric: `${what}, loop over Python's`, unit: "x" }, ratioOf("loop"));
  return {
    ratio: loopRatio.value,
    results: [
      resultOf({ metric: `${what}, drayage`, unit: "requests/CPU s" }, rate(mine)),
      resultOf({ metric: `${what}, Python 3`, unit: "requests/CPU s" }, rate(peer)),
      loopRatio,
      resultOf({ metric: `${what}, reading included, over Python's`, unit: "x" }, ratioOf("whole")),
    ],
  };
}

async function run(ctx: BenchContext): Promise<BenchResult[]> {
  const records = ctx.quick ? 400_000 : 2_000_000;
  await synthesize({ outDir: ctx.tmp, records, seed: 1, shardHours: 24 });
  const folder = zoneFolder({ outDir: "", zone: "dal09" });
  const one = await compare(ctx, { folder, capacities: [20 * GB] });
  const curve = await compare(ctx, { folder, capacities: CURVE });
  if (curve.ratio < RATIO_MIN)
    throw new Error(`the curve is ${curve.ratio.toFixed(1)} x as fast, expected ${RATIO_MIN} x`);
  return [...one.results, ...curve.results];
}

export const bench: Bench = {
  name: "simulate-peers",
  question: "How much faster is the shipped LRU than a plain loop in Python 3 over the same trace?",
  topology: `
    a process each, in turn; both must find the same hits
    shards --- read, sort, merge ---> memory ---> LRU at one size, at eight in one pass    times: loop, whole process
    shards --- json.load, sort -----> memory ---> OrderedDict, once per size               the same`,
  run,
};
