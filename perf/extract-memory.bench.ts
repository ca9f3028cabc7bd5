import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Bench, BenchResult } from "./bench.ts";
import { resultOf } from "./measure.ts";
import { generatedNova, novaServer } from "./nova-database.ts";

const SAMPLE_MS = 100;
const MIB = 1 << 20;
/** What the command may hold beside its budget for sorting and distinct values. */
const FLAT_MIB_MAX = 150;
const BUDGET_MIB = 32;

/** Peak resident memory of a process, MiB; 0 when it has ended. Linux only. */
function peakMib(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}

async function extract(socket: string, output: string): Promise<{ peak: number; rows: number }> {
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

export const bench: Bench = {
  name: "extract-memory",
  question: "Does the memory of an extraction stay flat, however many rows there are?",
  topology: `
    MariaDB (a view that makes up events) --socket--> drayage extract instances --> file
                                                        peak of its resident memory`,
  async run({ quick, tmp }): Promise<BenchResult[]> {
    const results: BenchResult[] = [];
    const sizes = quick ? [200_000] : [1_000_000, 10_000_000];
    for (const rows of sizes) {
      const server = await novaServer();
      try {
        server.sql(generatedNova(rows));
        const found = await extract(server.socket, join(tmp, "trace.csv"));
        if (found.rows !== rows) throw new Error(`wrote ${found.rows} rows, expected ${rows}`);
        const metric = `peak at ${rows.toLocaleString("en-US")} rows, budget ${BUDGET_MIB} MiB`;
        results.push(resultOf({ metric, unit: "MiB" }, [found.peak]));
        if (found.peak > FLAT_MIB_MAX + BUDGET_MIB)
          throw new Error(`${metric}: ${found.peak} MiB, ${(found.peak * MIB) / rows} bytes a row`);
      } finally {
        await server.stop();
      }
    }
    return results;
  },
};
