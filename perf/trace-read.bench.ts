import { execFile } from "node:child_process";
import { rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Bench, BenchContext, BenchResult } from "./bench.ts";
import { interleave, resultOf } from "./measure.ts";
import { type TraceContent, writeNativeMap, writeNativeTrace } from "./native-trace.ts";
import type { TraceReading, TraceWay } from "./trace-reading.ts";

const program = fileURLToPath(new URL("./trace-reading.ts", import.meta.url));
const MIB = 1 << 20;

type Way = { readonly name: string; readonly way: TraceWay; readonly readings: TraceReading[] };

const waysOf = (): readonly Way[] => [
  { name: "trace to ring", way: "ring", readings: [] },
  { name: "reading, sorting and merging", way: "open", readings: [] },
  { name: "scan", way: "scan", readings: [] },
  { name: "JSON.parse", way: "parse", readings: [] },
];

/** Reads the trace once in a process of its own. Throws when what was found is not what was written. */
async function readOnce(
  way: TraceWay,
  { path, folder, content }: { path: string; folder: string; content: TraceContent },
): Promise<TraceReading> {
  // Compiled code is kept, as the command line keeps it: what takes off the types would count as memory of the reading.
  const env = { ...process.env, NODE_COMPILE_CACHE: join(folder, "compiled") };
  const { stdout } = await promisify(execFile)(process.execPath, [program, way, path, folder], {
    env,
  });
  const reading = JSON.parse(stdout) as TraceReading;
  if (reading.records !== content.records || reading.sizes !== content.sizes)
    throw new Error(
      `${way} found ${reading.records} records of ${reading.sizes} bytes, expected ${content.records} of ${content.sizes}`,
    );
  return reading;
}

/** All ways of reading one trace, in turn. */
async function measure(
  { quick, tmp }: BenchContext,
  order: "random" | "rising",
): Promise<BenchResult[]> {
  const path = join(tmp, `${order}.json`);
  const content = writeNativeTrace({ path, bytes: quick ? 120e6 : 1e9, order });
  const megabytes = statSync(path).size / 1e6;
  const ways = waysOf().filter(({ way }) => order === "random" || way === "ring");
  const read = async ({ way, readings }: Way): Promise<number> => {
    const reading = await readOnce(way, { path, folder: tmp, content });
    readings.push(reading);
    return reading.cpuSeconds;
  };
  await interleave(
    quick ? 1 : 3,
    Object.fromEntries(ways.map((one) => [one.name, () => read(one)])),
  );
  rmSync(path);
  // The first reading of each is the uncounted one.
  for (const { readings } of ways) readings.shift();
  const suffix = order === "random" ? "" : ", in order";
  const rates = ways.flatMap(({ name, readings }) => ratesOf(name + suffix, readings, megabytes));
  return order === "random" ? [...rates, ...ratiosOf(ways)] : rates;
}

function ratesOf(name: string, readings: TraceReading[], megabytes: number): BenchResult[] {
  const each = (value: (reading: TraceReading) => number): number[] => readings.map(value);
  return [
    resultOf(
      { metric: name, unit: "MB/CPU s" },
      each((one) => megabytes / one.cpuSeconds),
    ),
    resultOf(
      { metric: name, unit: "MB/s" },
      each((one) => megabytes / one.seconds),
    ),
    resultOf(
      { metric: name, unit: "CPU us/record" },
      each((one) => (one.cpuSeconds / one.records) * 1e6),
    ),
    resultOf(
      { metric: `${name}, peak memory`, unit: "MiB" },
      each((one) => one.peakBytes / MIB),
    ),
  ];
}

function ratiosOf(ways: readonly Way[]): BenchResult[] {
  const parse = ways.find(({ way }) => way === "parse")?.readings ?? [];
  return ways
    .filter(({ way }) => way !== "parse")
    .map(({ name, readings }) =>
      resultOf(
        { metric: `${name} over JSON.parse`, unit: "x" },
        readings.map(
          ({ cpuSeconds }, round) => (parse[round]?.cpuSeconds ?? Number.NaN) / cpuSeconds,
        ),
      ),
    );
}

export const bench: Bench = {
  name: "trace-read",
  question:
    "How fast does a trace become operations in a ring, against JSON.parse of the whole file?",
  topology: `
    a process each, times are those of its first thread
    file --- scanner - intake - sort - spill files - merge - operations --> ring --> draining thread: count, sizes, order
    file --- scanner - intake - sort - spill files - merge ---------------> count, sum of sizes, order
    file --- scanner -----------------------------------------------------> count, sum of sizes
    file --- JSON.parse --------------------------------------------------> count, sum of sizes`,
  async run(ctx): Promise<BenchResult[]> {
    writeNativeMap(join(ctx.tmp, "map.json"));
    const random = await measure(ctx, "random");
    return [...random, ...(await measure(ctx, "rising"))];
  },
};
