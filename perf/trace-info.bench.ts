import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { synthesize } from "../src/trace/synth/synthesize.ts";
import type { Bench, BenchResult } from "./bench.ts";
import { resultOf } from "./measure.ts";
import type { TraceDescribing } from "./trace-describing.ts";

/** Sorting goes through files in both, so that what differs is the number of records alone. */
const TIMES_FEW = 5;
const TIMES_MANY = 20;
/** Four times the records may take so much more: pieces of the sorted files, and what the collector leaves behind. */
const GROWTH_MIB_MAX = 64;

type Trace = { readonly files: readonly string[]; readonly records: number };

/** The trace so many times over: more records, the same objects. */
async function describing(
  { files, records }: Trace,
  times: number,
  tmp: string,
): Promise<TraceDescribing> {
  const program = join(import.meta.dirname, "trace-describing.ts");
  const traces = Array.from({ length: times }, () => files).flat();
  const { stdout } = await promisify(execFile)(process.execPath, [program, tmp, ...traces]);
  const found = JSON.parse(stdout) as TraceDescribing;
  if (found.records !== records * times)
    throw new Error(`described ${found.records} records, expected ${records * times}`);
  if (found.duplicateIds !== records * (times - 1))
    throw new Error(`found ${found.duplicateIds} duplicate ids, expected ${records * (times - 1)}`);
  return found;
}

export const bench: Bench = {
  name: "trace-info",
  question: "How many records a second does trace info describe, and does its memory stay flat?",
  topology: `
    files (JSON) --- scanner --- counters, by object --------------------------> description
                        +------- requests and ids --- sort --- spill files --- merge ---^      one thread`,
  async run({ quick, tmp }): Promise<BenchResult[]> {
    const size = quick ? 50_000 : 200_000;
    const { files, records } = await synthesize({ outDir: tmp, records: size, seed: "trace-info" });
    const trace = { files: files.map(({ path }) => path), records };
    const few = await describing(trace, TIMES_FEW, tmp);
    const rounds: TraceDescribing[] = [];
    for (let round = 0; round < (quick ? 1 : 3); round++)
      rounds.push(await describing(trace, TIMES_MANY, tmp));
    const peaks = rounds.map(({ peakMib }) => peakMib);
    const growth = Math.max(...peaks) - few.peakMib;
    if (!quick && growth > GROWTH_MIB_MAX)
      throw new Error(`four times the records take ${Math.round(growth)} MiB more`);
    const at = (times: number): string => `${(records * times).toLocaleString("en-US")} records`;
    return [
      resultOf(
        { metric: "described", unit: "records/s" },
        rounds.map((round) => round.records / round.seconds),
      ),
      resultOf({ metric: `peak memory at ${at(TIMES_FEW)}`, unit: "MiB" }, [few.peakMib]),
      resultOf({ metric: `peak memory at ${at(TIMES_MANY)}`, unit: "MiB" }, peaks),
    ];
  },
};
