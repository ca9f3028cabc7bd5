// Can one master hold a fleet? A thousand nodes that say what nodes say each second, and send nothing.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import type { Bench, BenchContext, BenchResult } from "./bench.ts";
import { startLoad } from "./load-process.ts";
import { cpuSecondsOf, resultOf } from "./measure.ts";
import { ServerProcess } from "./server-process.ts";

const NODES = 1000;
/** Operations that each node tells a second. */
const OPERATIONS = 20;
/** Between the start of the program and the first second of the run: connections, clocks, plans. */
const START_S = 10;
const MIB = 1024 * 1024;

/** Resident memory of a process, MiB. */
function memoryOf(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return (Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024) / MIB;
}

type Watched = { readonly cores: number[]; readonly mib: number[] };

/** Processor share and memory of each second from now on, until the process has gone. */
async function watch(pid: number, ended: () => boolean): Promise<Watched> {
  const watched: Watched = { cores: [], mib: [] };
  let before = cpuSecondsOf(pid);
  let at = performance.now();
  while (!ended()) {
    await sleep(1000);
    if (ended()) break;
    const now = cpuSecondsOf(pid);
    const later = performance.now();
    watched.cores.push(((now - before) * 1000) / (later - at));
    watched.mib.push(memoryOf(pid));
    before = now;
    at = later;
  }
  return watched;
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

async function hold(
  fleet: ChildProcess,
  { tmp, seconds, origin }: { tmp: string; seconds: number; origin: string },
): Promise<BenchResult[]> {
  const lines = createInterface(fleet.stdout as NodeJS.ReadableStream);
  const said = lines[Symbol.asyncIterator]();
  const addresses = String((await said.next()).value);
  const rate = NODES * OPERATIONS;
  const master = startLoad(origin, {
    cwd: tmp,
    flags: [`--rate=${rate}`, `--duration=${seconds}s`, `--nodes=${addresses}`],
  });
  let over = false;
  const says = master.ended.finally(() => {
    over = true;
  });
  await sleep(START_S * 1000);
  const { cores, mib } = await watch(master.pid, () => over);
  const { totals } = await says;
  const [waited = Number.NaN, told = Number.NaN] = String((await said.next()).value)
    .split(" ")
    .map(Number);
  if (totals.done !== told)
    throw new Error(`${told} operations were told, ${totals.done} are in the results`);
  // The last seconds are those of the report.
  const running = Math.min(cores.length, seconds - START_S);
  const [early, late] = [mib.slice(0, running / 2), mib.slice(running / 2, running)];
  return [
    resultOf(
      { metric: "1,000 nodes: master's processor", unit: "cores", target: { atMost: 1 } },
      cores.slice(0, running),
    ),
    resultOf(
      { metric: "longest wait of a node for the end", unit: "ms", target: { atMost: 2000 } },
      [waited],
    ),
    resultOf({ metric: "memory, second half", unit: "MiB" }, late),
    resultOf({ metric: "memory, second half / first half", unit: "x", target: { atMost: 1.1 } }, [
      mean(late) / mean(early),
    ]),
  ];
}

async function run({ quick, tmp }: BenchContext): Promise<BenchResult[]> {
  const seconds = quick ? 25 : 60;
  const server = await ServerProcess.start("arrival-responder.ts");
  const fleet = spawn(
    process.execPath,
    [join(import.meta.dirname, "simulated-nodes.ts"), ...[NODES, seconds, OPERATIONS].map(String)],
    { stdio: ["pipe", "pipe", "inherit"] },
  );
  try {
    return await hold(fleet, { tmp, seconds, origin: `${server.origin}/small` });
  } finally {
    fleet.stdin.end();
    if (fleet.exitCode === null) await once(fleet, "exit");
    await server.stop();
  }
}

export const bench: Bench = {
  name: "cluster-fleet",
  question: "Does one master keep up with a thousand nodes that tell their figures each second?",
  topology: `
    drayage load --nodes   --- 1,000 WebSockets --->   1,000 simulated nodes in one process
                           <-- a snapshot each a second, 20 operations in it --`,
  run,
};
