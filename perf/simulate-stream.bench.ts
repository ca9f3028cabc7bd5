import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { synthesize } from "../src/trace/synth/synthesize.ts";
import { zoneFolder } from "../src/trace/writer.ts";
import type { Bench, BenchContext, BenchResult } from "./bench.ts";
import { resultOf } from "./measure.ts";

const program = join(import.meta.dirname, "../bin/drayage.js");
const MIB = 1 << 20;
/** The whole published archive. */
const ARCHIVE = 40e6;
const LOOK_MS = 20;
/** Twice the records may take so much more memory: distinct objects grow with them, and nothing else may. */
const GROWTH_MAX = 1.5;

const COUNTING = `export async function simulate(stream) {
  let requests = 0;
  let bytes = 0;
  for await (const { size } of stream) {
    requests++;
    bytes += size;
  }
  return { requests, bytes };
}
`;

type Way = { readonly name: string; readonly simulate: object };
type Run = { readonly seconds: number; readonly peakBytes: number; readonly kept: number };

const waysOf = (tmp: string): readonly Way[] => [
  { name: "plug-in, for await", simulate: { name: join(tmp, "counting.mjs") } },
  {
    name: "builtin:cache, LRU and SIEVE at two sizes",
    simulate: {
      name: "builtin:cache",
      args: { policies: ["lru", "sieve"], sizes: ["20GB", "100GB"] },
    },
  },
];

/** Runs the program once; throws unless all kept requests were simulated. */
async function runOnce(way: Way, { tmp, trace }: { tmp: string; trace: string }): Promise<Run> {
  const config = join(tmp, "config.json");
  writeFileSync(config, JSON.stringify({ trace: { traces: [trace] }, simulate: way.simulate }));
  const began = performance.now();
  const child = spawn(process.execPath, [program, "simulate", "-i", config, "--json", "--quiet"], {
    cwd: tmp,
    stdio: ["ignore", "pipe", "inherit"],
  });
  let peakBytes = 0;
  const look = setInterval(() => {
    peakBytes = Math.max(peakBytes, peakOf(child.pid ?? 0));
  }, LOOK_MS);
  let out = "";
  child.stdout.on("data", (text: Buffer) => {
    out += text.toString();
  });
  const [code] = await once(child, "close");
  clearInterval(look);
  const seconds = (performance.now() - began) / 1000;
  if (code !== 0) throw new Error(`drayage simulate ended with ${code}`);
  const { records, result } = JSON.parse(out) as {
    records: { kept: number };
    result: { requests: number; leftOut?: number };
  };
  if (result.requests + (result.leftOut ?? 0) !== records.kept)
    throw new Error(`${result.requests} of ${records.kept} requests were simulated`);
  return { seconds, peakBytes, kept: records.kept };
}

/** Largest resident memory so far; 0 where the system does not tell. */
function peakOf(pid: number): number {
  try {
    const [, kilobytes = "0"] =
      /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
    return Number(kilobytes) * 1024;
  } catch {
    // It has just ended.
    return 0;
  }
}

async function run({ quick, tmp }: BenchContext): Promise<BenchResult[]> {
  writeFileSync(join(tmp, "counting.mjs"), COUNTING);
  const records = quick ? 250_000 : 2_000_000;
  const traces = [];
  for (const times of [1, 2]) {
    const outDir = join(tmp, `x${times}`);
    await synthesize({ outDir, records: times * records, seed: 1, shardHours: 24 });
    traces.push({ records: times * records, path: zoneFolder({ outDir, zone: "dal09" }) });
  }
  const results: BenchResult[] = [];
  for (const way of waysOf(tmp)) {
    const runs: Run[] = [];
    for (const { path } of traces) runs.push(await runOnce(way, { tmp, trace: path }));
    results.push(
      ...resultsOf(
        way.name,
        runs,
        traces.map((trace) => trace.records),
      ),
    );
  }
  return results;
}

/** Of a trace and one twice as long: what the second half costs is what records cost, without the start. */
function resultsOf(name: string, runs: readonly Run[], records: readonly number[]): BenchResult[] {
  const [short, long] = runs;
  const [few = 0, many = 0] = records;
  if (short === undefined || long === undefined) throw new Error("two runs are needed");
  const growth = long.peakBytes / short.peakBytes;
  if (growth > GROWTH_MAX)
    throw new Error(`${name}: twice the records take ${growth.toFixed(2)} x the memory`);
  const rate = (many - few) / (long.seconds - short.seconds);
  const result = (metric: string, unit: string, value: number) =>
    resultOf({ metric: `${name}, ${metric}`, unit }, [value]);
  return [
    result("records", "records/s", rate),
    result("40 million records would take", "s", ARCHIVE / rate),
    result("peak memory", "MiB", long.peakBytes / MIB),
    result("peak memory at twice the records", "x", growth),
  ];
}

export const bench: Bench = {
  name: "simulate-stream",
  question: "How fast do records go through drayage simulate, and does its memory stay flat?",
  topology: `
    the program as it is typed, from start to exit, over a synthetic trace and one of twice its records
    shards --- read, sort, spill, merge ---> requests one by one ---> plug-in or shipped caches      a thread of its own
    checked: all kept requests were simulated; memory does not grow with records`,
  run,
};
