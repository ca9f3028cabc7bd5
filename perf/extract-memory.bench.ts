import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Bench, BenchResult } from "./bench.ts";
import { resultOf } from "./measure.ts";
import { generatedNova, novaServer } from "./nova-database.ts";

const SAMPLE_MS = 100;
/** What an extraction may hold beside its budget, whatever the number of rows. */
const FLAT_MIB_MAX = 150;
const BUDGET_MIB = 32;
/** Ten times the rows may not hold more than so many times the memory. */
const GROWTH_MAX = 1.15;

/** Peak resident memory of a process, MiB; 0 when it has ended. Linux only. */
function peakMib(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}

type Found = { readonly peak: number; readonly rows: number };

/** The whole command. */
async function extract(socket: string, output: string): Promise<Found> {
  const program = join(import.meta.dirname, "../bin/drayage.js");
  const database = ["--no-defaults", "--socket", socket, "-u", "root"];
  const trace = ["--sort", "none", "--memory-limit", `${BUDGET_MIB}MiB`, output];
  const child = spawn(process.execPath, [program, "extract", "instances", ...database, ...trace], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  let peak = 0;
  const sampling = setInterval(() => {
    peak = Math.max(peak, peakMib(child.pid ?? 0));
  }, SAMPLE_MS);
  const [exit] = await once(child, "close");
  clearInterval(sampling);
  if (exit !== 0) throw new Error(`drayage ended with ${exit}: ${said}`);
  return { peak, rows: Number(/: (\d+) rows/.exec(said)?.[1]) };
}

/** The reading half of it alone. */
async function read(socket: string): Promise<Found> {
  const reader = join(import.meta.dirname, "extract-reader.ts");
  const { stdout } = await promisify(execFile)(process.execPath, [reader, socket]);
  return JSON.parse(stdout) as Found;
}

async function figures(
  rows: number,
  output: string,
): Promise<{ peak: number; results: BenchResult[] }> {
  const server = await novaServer();
  try {
    server.sql(generatedNova(rows));
    const at = `peak at ${rows.toLocaleString("en-US")} rows`;
    const source = await read(server.socket);
    if (source.peak > FLAT_MIB_MAX) throw new Error(`source, ${at}: ${source.peak} MiB`);
    const trace = await extract(server.socket, output);
    if (trace.peak > FLAT_MIB_MAX + BUDGET_MIB) throw new Error(`trace, ${at}: ${trace.peak} MiB`);
    for (const found of [source, trace])
      if (found.rows !== rows) throw new Error(`found ${found.rows} rows, expected ${rows}`);
    const results = [
      resultOf({ metric: `source, ${at}`, unit: "MiB" }, [source.peak]),
      resultOf({ metric: `trace, ${at}, budget ${BUDGET_MIB} MiB`, unit: "MiB" }, [trace.peak]),
    ];
    return { peak: trace.peak, results };
  } finally {
    await server.stop();
  }
}

export const bench: Bench = {
  name: "extract-memory",
  question: "Does the memory of an extraction stay flat, however many rows there are?",
  topology: `
    MariaDB (a view that makes up events) --socket--> source --> nowhere       peak of its
    MariaDB (the same) --socket--> drayage extract instances --> file          resident memory`,
  async run({ quick, tmp }): Promise<BenchResult[]> {
    const results: BenchResult[] = [];
    let before: number | undefined;
    for (const rows of quick ? [200_000] : [1_000_000, 10_000_000]) {
      const found = await figures(rows, join(tmp, "trace.csv"));
      results.push(...found.results);
      if (before !== undefined && found.peak > GROWTH_MAX * before)
        throw new Error(`the trace's peak grows with its rows: ${before} to ${found.peak} MiB`);
      before = found.peak;
    }
    return results;
  },
};
