// What does it cost in exactness to send one load from eight nodes instead of one process? All of them share this machine, which
// is the worst case for it: nodes on machines of their own do not take the processor from each other.
import type { Bench, BenchContext, BenchResult } from "./bench.ts";
import { type Carrier, direct } from "./carriers.ts";
import { startLoad } from "./load-process.ts";
import { interleave, resultOf } from "./measure.ts";
import { NodeProcesses } from "./node-processes.ts";
import { ServerProcess } from "./server-process.ts";

const NODES = 8;
const RATE = 1000;
/** Far enough apart that the first requests of all nodes cannot change places. */
const FIRST_RATE = 40;

/** In µs, of one load of `seconds`. */
async function lateness(
  server: ServerProcess,
  { tmp, seconds, flags }: { tmp: string; seconds: number; flags: readonly string[] },
): Promise<number> {
  const says = await startLoad(`${server.origin}/small`, {
    cwd: tmp,
    flags: [`--rate=${RATE}`, `--duration=${seconds}s`, "--connections=16", ...flags],
  }).ended;
  const arrived = (await server.counts()).length;
  if (arrived !== RATE * seconds || says.totals.done !== arrived)
    throw new Error(`${RATE * seconds} were due, ${says.totals.done} done, ${arrived} arrived`);
  return (says.latenessNs.percentiles.p99 ?? Number.NaN) / 1e3;
}

/** Between the node that was the least late with its first request and the one that was the most, ms, by the server's clock. */
async function firstSpread(
  server: ServerProcess,
  { tmp, nodes }: { tmp: string; nodes: readonly string[] },
): Promise<number> {
  await startLoad(`${server.origin}/small`, {
    cwd: tmp,
    flags: [`--rate=${FIRST_RATE}`, "--duration=1s", "--connections=16", ...nodes],
  }).ended;
  const arrivals = await server.counts();
  if (arrivals.length !== FIRST_RATE) throw new Error(`${arrivals.length} requests arrived`);
  const lags = arrivals.slice(0, NODES).map((at, slot) => (at - (slot * 1e9) / FIRST_RATE) / 1e6);
  return Math.max(...lags) - Math.min(...lags);
}

async function run({ quick, tmp }: BenchContext, carrier: Carrier): Promise<BenchResult[]> {
  const hub = await carrier.open();
  const server = await ServerProcess.start("arrival-responder.ts");
  const nodes = await NodeProcesses.start(NODES, tmp, hub);
  const seconds = quick ? 5 : 15;
  try {
    const rounds = quick ? 2 : 5;
    const spreads: number[] = [];
    for (let round = 0; round < rounds; round++)
      spreads.push(await firstSpread(server, { tmp, nodes: nodes.flags }));
    const { alone, spread } = await interleave(rounds, {
      alone: () => lateness(server, { tmp, seconds, flags: [] }),
      spread: () => lateness(server, { tmp, seconds, flags: nodes.flags }),
    });
    const ratios = spread.map((value, round) => value / (alone[round] as number));
    return [
      resultOf(
        { metric: "first requests of 8 nodes: apart", unit: "ms", target: { atMost: 2 } },
        spreads,
      ),
      resultOf({ metric: "one process: lateness p99", unit: "us" }, alone),
      resultOf({ metric: "8 nodes: lateness p99", unit: "us" }, spread),
      resultOf(
        { metric: "8 nodes / one process: lateness p99", unit: "x", target: { atMost: 1.5 } },
        ratios,
      ),
    ];
  } finally {
    await nodes.stop();
    await server.stop();
    await hub?.stop();
  }
}

export const nodesBench = (carrier: Carrier): Bench => ({
  name: `cluster-nodes${carrier.suffix}`,
  question: "How exact is one load that eight nodes share, beside the same load of one process?",
  topology: `
    drayage load --rate 1000/s                              --- GET ---> a server that stamps
    drayage load, 8 drayage client over ${carrier.drawn}: the same --- GET ---> the same`,
  run: (context) => run(context, carrier),
});

export const bench: Bench = nodesBench(direct);
