// drayage load beside every load generator that is installed, on the same nginx, in turn.
import type { Bench, BenchContext, BenchResult } from "./bench.ts";
import { interleave, resultOf } from "./measure.ts";
import { BLOB_BYTES, startNginx } from "./nginx.ts";
import { drayage, installedPeers, type Peer, runPeer } from "./peer.ts";

type Question = {
  readonly path: string;
  readonly connections: number;
  readonly unit: string;
  /** Processor seconds and requests to the figure that is asked for. */
  readonly cost: (cpu: number, requests: number) => number;
};

const questions: readonly Question[] = [
  {
    path: "/small",
    connections: 64,
    unit: "CPU s/1M requests of 600 bytes",
    cost: (cpu, requests) => (cpu / requests) * 1e6,
  },
  {
    path: "/blob",
    connections: 4,
    unit: "CPU s/GB in blobs of 10 MiB",
    cost: (cpu, requests) => (cpu / (requests * BLOB_BYTES)) * 1e9,
  },
];

async function measure(
  { path, connections, unit, cost }: Question,
  origin: string,
  { quick, tmp }: BenchContext,
): Promise<BenchResult[]> {
  const { present, missing } = installedPeers();
  for (const line of missing) console.log(`  left out: ${line}`);
  const rates = new Map<string, number[]>();
  const load = { url: `${origin}${path}`, connections, seconds: quick ? 2 : 10 };
  const once = (peer: Peer) => async (): Promise<number> => {
    const { cpu, requests, rate } = await runPeer(peer, load, tmp);
    rates.set(peer.name, [...(rates.get(peer.name) ?? []), rate]);
    return cost(cpu, requests);
  };
  const all = [drayage, ...present];
  const variants = Object.fromEntries(all.map((peer) => [peer.name, once(peer)]));
  const costs = await interleave(quick ? 1 : 5, variants);
  const ours = costs[drayage.name] as number[];
  return all.flatMap(({ name }) => {
    const theirs = costs[name] as number[];
    const results = [
      resultOf({ metric: name, unit }, theirs),
      // The first run of each is the uncounted one.
      resultOf({ metric: `${name}, ${path}`, unit: "requests/s" }, rates.get(name)?.slice(1) ?? []),
    ];
    if (name === drayage.name) return results;
    const ratios = ours.map((value, round) => value / (theirs[round] as number));
    return [...results, resultOf({ metric: `drayage / ${name}, ${path}`, unit: "x" }, ratios)];
  });
}

async function run(ctx: BenchContext): Promise<BenchResult[]> {
  const nginx = await startNginx(ctx.tmp);
  try {
    const results: BenchResult[] = [];
    for (const question of questions) results.push(...(await measure(question, nginx.origin, ctx)));
    return results;
  } finally {
    await nginx.stop();
  }
}

export const bench: Bench = {
  name: "peers",
  question:
    "What does a request cost beside the load generators that people use, whole process from start to exit?",
  topology: `
    drayage load, wrk, h2load, ab, hey, autocannon, in turn --- 64 or 4 connections ---> nginx, one worker`,
  run,
};
