// Can one master hold a fleet? A thousand nodes that say what nodes say each second, and send nothing.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import type { NatsServer } from "../test/fakes/nats-server.ts";
import type { Bench, BenchContext, BenchResult } from "./bench.ts";
import { type Carrier, direct } from "./carriers.ts";
import { HeapProbe } from "./heap-probe.ts";
import { startLoad } from "./load-process.ts";
import { cpuSecondsOf, resultOf } from "./measure.ts";
import { ServerProcess } from "./server-process.ts";

const NODES = 1000;
/** Operations that each node tells a second. */
const OPERATIONS = 20;
/** Between the start of the program and the first second of the run: connections, clocks, plans. */
const START_S_MAX = 120;
/** Left out at both ends: compilation, and the report. */
const EDGE_S = 5;
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

/** MiB behind a full collection, now and so many seconds later. */
async function keptBetween(probe: HeapProbe, seconds: number): Promise<[number, number]> {
  const early = await probe.used();
  await sleep(seconds * 1000);
  return [early, await probe.used()];
}

/** Until the run has told of its first second. */
async function begun(tmp: string, ended: () => boolean): Promise<void> {
  const until = performance.now() + START_S_MAX * 1000;
  const told = (): boolean =>
    globSync(join(tmp, "runs/*/timeseries.csv")).some(
      (series) => readFileSync(series, "utf8").split("\n").length > 2,
    );
  while (!told() && !ended()) {
    if (performance.now() > until) throw new Error(`no second of the run in ${START_S_MAX} s`);
    await sleep(200);
  }
}

type Held = {
  readonly tmp: string;
  readonly seconds: number;
  readonly origin: string;
  readonly hub: NatsServer | undefined;
};

async function hold(
  fleet: ChildProcess,
  { tmp, seconds, origin, hub }: Held,
): Promise<BenchResult[]> {
  const lines = createInterface(fleet.stdout as NodeJS.ReadableStream);
  const said = lines[Symbol.asyncIterator]();
  const where = String((await said.next()).value);
  const rate = NODES * OPERATIONS;
  const group = [`--nats=${hub?.url}`, `--group=${where}`, `--expect=${NODES}`];
  const nodes = hub === undefined ? [`--nodes=${where}`] : group;
  const probe = await HeapProbe.create();
  const master = startLoad(origin, {
    cwd: tmp,
    env: probe.env,
    flags: [`--rate=${rate}`, `--duration=${seconds}s`, ...nodes],
  });
  let over = false;
  const says = master.ended.finally(() => {
    over = true;
  });
  // Awaited below; whatever is thrown before is told instead.
  says.catch(() => {});
  await begun(tmp, () => over);
  await sleep(EDGE_S * 1000);
  // What is kept, and not how lazily the rest is thrown away: resident memory grows for minutes, up to what the heap is given (with
  // --max-old-space-size=128 it stays at 371 MiB, and costs four times the processor), and says nothing of a leak.
  const kept = keptBetween(probe, seconds - 3 * EDGE_S);
  // Where the run fails, that is what is told.
  kept.catch(() => {});
  const { cores, mib } = await watch(master.pid, () => over);
  const { totals } = await says;
  const [early, late] = await kept;
  const [waited = Number.NaN, told = Number.NaN] = String((await said.next()).value)
    .split(" ")
    .map(Number);
  if (totals.done !== told)
    throw new Error(`${told} operations were told, ${totals.done} are in the results`);
  const running = Math.min(cores.length, seconds - 2 * EDGE_S);
  return [
    resultOf(
      { metric: "1,000 nodes: master's processor", unit: "cores", target: { atMost: 1 } },
      cores.slice(0, running),
    ),
    resultOf(
      { metric: "longest wait of a node for the end", unit: "ms", target: { atMost: 2000 } },
      [waited],
    ),
    resultOf(
      { metric: "resident memory, second half", unit: "MiB" },
      mib.slice(running / 2, running),
    ),
    resultOf({ metric: "kept behind a full collection, near the end", unit: "MiB" }, [late]),
    resultOf({ metric: "the same / after the first seconds", unit: "x", target: { atMost: 1.1 } }, [
      late / early,
    ]),
  ];
}

async function run({ quick, tmp }: BenchContext, carrier: Carrier): Promise<BenchResult[]> {
  const seconds = quick ? 25 : 60;
  const hub = await carrier.open();
  const server = await ServerProcess.start("arrival-responder.ts");
  const numbers = [NODES, seconds, OPERATIONS].map(String);
  const simulated = join(import.meta.dirname, "simulated-nodes.ts");
  const fleet = spawn(
    process.execPath,
    [simulated, ...numbers, ...(hub === undefined ? [] : [hub.url])],
    { stdio: ["pipe", "pipe", "inherit"] },
  );
  try {
    return await hold(fleet, { tmp, seconds, origin: `${server.origin}/small`, hub });
  } finally {
    fleet.stdin.end();
    if (fleet.exitCode === null) await once(fleet, "exit");
    await server.stop();
    await hub?.stop();
  }
}

export const fleetBench = (carrier: Carrier): Bench => ({
  name: `cluster-fleet${carrier.suffix}`,
  question: "Does one master keep up with a thousand nodes that tell their figures each second?",
  topology: `
    drayage load   --- ${carrier.drawn} --->   1,000 simulated nodes in one process
                   <-- a snapshot each a second, 20 operations in it --`,
  run: (context) => run(context, carrier),
});

export const bench: Bench = fleetBench(direct);
