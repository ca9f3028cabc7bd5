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
  const traces: string[] = [];
  for (const times of [1, 2]) {
    const outDir = join(tmp, `x${times}`);
    await synthesize({ outDir, records: times * records, seed: 1, shardHours: 24 });
    traces.push(zoneFolder({ outDir, zone: "dal09" }));
  }
  const ways = waysOf(tmp).map((way) => ({ way, rounds: [] as Run[][] }));
  for (let round = 0; round < (quick ? 1 : 3); round++) {
    for (const { way, rounds } of ways) {
      const runs: Run[] = [];
      for (const trace of traces) runs.push(await runOnce(way, { tmp, trace }));
      rounds.push(runs);
    }
  }
  return ways.flatMap(({ way, rounds }) => resultsOf(way.name, rounds, 2 * records));
}

/** Of a trace and one twice as long, round by round. Rates are of the long one, from start to exit of the program. */
function resultsOf(
  name: string,
  rounds: readonly (readonly Run[])[],
  records: number,
): BenchResult[] {
  const growths = rounds.map(([short, long]) => (long?.peakBytes ?? 0) / (short?.peakBytes ?? 0));
  const growth = resultOf(
    { metric: `${name}, peak memory at twice the records`, unit: "x" },
    growths,
  );
  if (!(growth.value <= GROWTH_MAX))
    throw new Error(`${name}: twice the records take ${growth.value.toFixed(2)} x the memory`);
  const seconds = rounds.map(([, long]) => long?.seconds ?? Number.NaN);
  const result = (metric: string, unit: string, values: readonly number[]) =>
    resultOf({ metric: `${name}, ${metric}`, unit }, values);
  return [
    result(
      "records",
      "records/s",
      seconds.map((each) => records / each),
    ),
    result(
      "40 million records would take",
      "s",
      seconds.map((each) => (ARCHIVE / records) * each),
    ),
    result(
      "peak memory",
      "MiB",
      rounds.map(([, long]) => (long?.peakBytes ?? 0) / MIB),
    ),
    growth,
  ];
}

export const bench: Bench = {
  name: "simulate-stream",
  question: "How fast do records go through drayage simulate, and does its memory stay flat?",
  topology: `
    the program as it is typed, from start to exit, over a synthetic trace and one of twice its records
    shards --- read, sort, spill, merge ---> requests one by one ---> plug-in               a thread of its own
    shards --- read, number keys, the same -> columns ------------> shipped caches        the same
    checked: all kept requests were simulated; memory does not grow with records`,
  run,
};
