// What does it cost the master to deal 20,000 operations a second to eight nodes, and to have their rows and figures back?
import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import type { Bench, BenchContext, BenchResult } from "./bench.ts";
import { type SyntheticTrace, writeMap, writeTrace } from "./engine-run.ts";
import { cpuSecondsOf, resultOf } from "./measure.ts";
import { SMALL_BYTES, small, startNginx } from "./nginx.ts";
import { NodeProcesses } from "./node-processes.ts";

const NODES = 8;
const RATE = 20_000;
/** The trace has one request a millisecond. */
const SPEED = RATE / 1000;
/** Left out at both ends: compilation, and the last rows. */
const EDGE_S = 2;
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;
const program = join(import.meta.dirname, "../bin/drayage.js");

type Split = "stream" | "local";
type Dealt = { readonly cores: number; readonly late: number };

const configuration = (
  { tmp, origin, nodes }: { tmp: string; origin: string; nodes: readonly string[] },
  split: Split,
): string => `
client_info: { client_list: ${JSON.stringify(nodes)}, wait: true, speed: ${SPEED}, threads: 8 }
trace: { location: ${tmp}, traces: [trace.json], output: rows.json, include: ["blob:GET"] }
warmup: { output: ${tmp}/map.json }
registry: ["${origin.replace("http://", "")}"]
run: { verify: false }
cluster: { split: ${split} }
`;

/** Runs the master, and watches its processor time while operations are dealt. */
async function deal(tmp: string, { seconds, records }: { seconds: number; records: number }) {
  const args = [program, "master", "-c", "run", "-i", "run.yaml", "--allow-invalid", "--json"];
  const running = promisify(execFile)(process.execPath, [...args, "--ui", "json"], {
    cwd: tmp,
    maxBuffer: OUTPUT_BYTES_MAX,
  });
  const { pid, stderr } = running.child;
  if (pid === undefined || stderr === null) throw new Error("the master did not start");
  let progress = "";
  stderr.setEncoding("utf8").on("data", (text: string) => {
    progress += text;
  });
  let ended = false;
  void running.then(
    () => (ended = true),
    () => (ended = true),
  );
  while (!/"sent":[1-9]/.test(progress) && !ended) await sleep(50);
  await sleep(EDGE_S * 1000);
  const before = cpuSecondsOf(pid);
  const span = seconds - 2 * EDGE_S;
  await sleep(span * 1000);
  const cores = (cpuSecondsOf(pid) - before) / span;
  const says = JSON.parse((await running).stdout);
  if (says.totals.done !== records)
    throw new Error(`${records} operations were due, ${says.totals.done} are done`);
  return { cores, late: says.latenessNs.percentiles.p99 / 1e6 };
}

async function run({ quick, tmp }: BenchContext): Promise<BenchResult[]> {
  const nginx = await startNginx(tmp);
  const nodes = await NodeProcesses.start(NODES, tmp);
  const seconds = quick ? 8 : 20;
  const records = RATE * seconds;
  const trace: SyntheticTrace = {
    path: join(tmp, "trace.json"),
    uris: 20_000,
    records,
    bytesOf: () => SMALL_BYTES,
  };
  writeTrace(trace);
  writeMap(join(tmp, "map.json"), trace, small);
  const rounds: Record<Split, Dealt[]> = { stream: [], local: [] };
  try {
    for (let round = 0; round < (quick ? 1 : 3); round++)
      for (const split of ["stream", "local"] as const) {
        const at = { tmp, origin: nginx.origin, nodes: nodes.addresses };
        writeFileSync(join(tmp, "run.yaml"), configuration(at, split));
        rounds[split].push(await deal(tmp, { seconds, records }));
        const rows = readFileSync(join(tmp, "rows.json"), "latin1").match(/"seq":/g)?.length;
        if (rows !== records) throw new Error(`${records} operations, ${rows} rows`);
      }
  } finally {
    await nodes.stop();
    await nginx.stop();
  }
  const figures = (split: Split, atMost: number): BenchResult[] => [
    resultOf(
      { metric: `split: ${split}, master's processor`, unit: "cores", target: { atMost } },
      rounds[split].map(({ cores }) => cores),
    ),
    resultOf(
      { metric: `split: ${split}, lateness p99`, unit: "ms" },
      rounds[split].map(({ late }) => late),
    ),
  ];
  return [...figures("stream", 0.6), ...figures("local", 0.05)];
}

export const bench: Bench = {
  name: "cluster-master",
  question: "What does it cost to deal 20,000 operations a second to eight nodes?",
  topology: `
    drayage master, trace -> rows   --- operations --->   8 drayage client   --- GET ---> nginx, one worker
                                    <-- rows, figures --                     <- 600 bytes
    measured: the master's processor time while it deals, by the system`,
  run,
};
