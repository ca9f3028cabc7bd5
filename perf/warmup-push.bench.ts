// A warm-up as the command line does it: contents are made twice, once for their digests in the feeder and once while they
// are sent, and every object costs a HEAD, a POST and a PUT. Against a registry that keeps nothing, and a real one.
import { rmSync } from "node:fs";
import { join } from "node:path";
import { WarmupLedger } from "../src/cli/replay/warmup-ledger.ts";
import { random } from "../src/core/random.ts";
import { contentDigest } from "../src/registry/content.ts";
import { WarmupJournal } from "../src/trace/warmup-journal.ts";
import { startDockerRegistry } from "../test/fakes/docker-registry.ts";
import type { Bench, BenchContext, BenchResult } from "./bench.ts";
import {
  enginePlanOf,
  objectPlanOf,
  runEngine,
  type SyntheticTrace,
  writeTrace,
} from "./engine-run.ts";
import { interleave, resultOf } from "./measure.ts";
import { ServerProcess } from "./server-process.ts";

const PLACES = 8;
const SMALLEST = 1024;
const LARGEST = 32 * 1024 * 1024;

/** Sizes from 1 KiB to 32 MiB, as many of each order of magnitude. */
function sizesOf(bytes: number): number[] {
  const draw = random("warmup-push");
  const sizes: number[] = [];
  for (let sum = 0; sum < bytes; sum += sizes.at(-1) ?? 0)
    sizes.push(Math.round(SMALLEST * (LARGEST / SMALLEST) ** draw.next()));
  return sizes;
}

type Load = { readonly trace: SyntheticTrace; readonly bytes: number };
type Cost = { readonly cpuPerGb: number; readonly megabytesPerSecond: number };

/** Pushes every object once. Throws when the ledger did not see all of them pushed. */
async function push({ trace, bytes }: Load, origin: string, tmp: string): Promise<Cost> {
  const map = join(tmp, "interm.json");
  const {
    trace: reading,
    endpoints: _,
    threads: __,
    ...settings
  } = objectPlanOf(trace, origin, tmp);
  const journal = WarmupJournal.open(
    {
      path: `${map}.journal`,
      identity: { ...settings, registries: [origin], traces: [] },
      restart: true,
    },
    () => undefined,
  );
  const ledger = new WarmupLedger(journal, { earlier: [], failuresFile: `${map}.failures` });
  const began = performance.now();
  const plan = enginePlanOf(origin, PLACES, {
    kind: "warmup",
    ...objectPlanOf(trace, origin, tmp),
    trace: reading,
    registries: [0],
    finished: [],
  });
  const { cpuSeconds } = await runEngine(plan, ledger);
  const wall = (performance.now() - began) / 1000;
  ledger.finish(map);
  rmSync(map);
  const { pushed } = ledger.counts;
  if (pushed !== trace.uris || ledger.counts.bytes !== bytes)
    throw new Error(`${trace.uris} objects of ${bytes} bytes: ${JSON.stringify(ledger.counts)}`);
  return { cpuPerGb: (cpuSeconds / bytes) * 1e9, megabytesPerSecond: bytes / 1e6 / wall };
}

/** The digests alone: what a warm-up cannot do without. */
function digestCost({ trace, bytes }: Load): number {
  const before = process.cpuUsage();
  for (let uri = 0; uri < trace.uris; uri++)
    contentDigest({ seed: "0", key: String(uri), size: trace.bytesOf(uri), random: true });
  const { user, system } = process.cpuUsage(before);
  return ((user + system) / 1e6 / bytes) * 1e9;
}

async function measure(
  load: Load,
  sink: ServerProcess,
  { quick, tmp }: BenchContext,
): Promise<BenchResult[]> {
  const rates: Record<"sink" | "real", number[]> = { sink: [], real: [] };
  const ours = (name: keyof typeof rates, cost: Cost): number => {
    rates[name].push(cost.megabytesPerSecond);
    return cost.cpuPerGb;
  };
  const intoSink = async (): Promise<number> => {
    const [bodies = 0, bytes = 0] = await sink.counts();
    const cost = await push(load, sink.origin, tmp);
    const [bodiesAfter = 0, bytesAfter = 0] = await sink.counts();
    if (bodiesAfter - bodies !== load.trace.uris || bytesAfter - bytes !== load.bytes)
      throw new Error(
        `the server took ${bodiesAfter - bodies} bodies, ${bytesAfter - bytes} bytes`,
      );
    return ours("sink", cost);
  };
  /** A fresh one each time: objects that it has are not sent again. On a disk: in memory it copies a blob again and again. */
  const intoReal = async (): Promise<number> => {
    const registry = await startDockerRegistry({ storage: "filesystem" });
    if (registry === undefined) return Number.NaN;
    try {
      return ours("real", await push(load, registry.url, tmp));
    } finally {
      await registry.stop();
    }
  };
  const cpu = await interleave(quick ? 1 : 5, {
    sink: intoSink,
    real: intoReal,
    digests: () => digestCost(load),
  });
  const installed = cpu.real.every(Number.isFinite);
  return [
    resultOf({ metric: "warm-up into a sink", unit: "CPU s/GB" }, cpu.sink),
    resultOf({ metric: "warm-up into a sink", unit: "MB/s" }, rates.sink.slice(1)),
    ...(installed
      ? [
          resultOf({ metric: "warm-up into docker-registry", unit: "CPU s/GB" }, cpu.real),
          resultOf({ metric: "warm-up into docker-registry", unit: "MB/s" }, rates.real.slice(1)),
        ]
      : []),
    resultOf({ metric: "digests of the same contents alone", unit: "CPU s/GB" }, cpu.digests),
  ];
}

async function run(ctx: BenchContext): Promise<BenchResult[]> {
  const sizes = sizesOf(ctx.quick ? 100e6 : 1.2e9);
  const trace: SyntheticTrace = {
    path: join(ctx.tmp, "trace.json"),
    uris: sizes.length,
    records: sizes.length,
    bytesOf: (uri) => sizes[uri] as number,
  };
  writeTrace(trace);
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  const sink = await ServerProcess.start("upload-responder.ts");
  try {
    return await measure({ trace, bytes }, sink, ctx);
  } finally {
    await sink.stop();
  }
}

export const bench: Bench = {
  name: "warmup-push",
  question: "what does it cost to fill a registry with generated blobs?",
  topology: `
    this process                                                     child process
    trace file -> feeder: contents, digests -> ring -> worker:       sink: HEAD 404, POST 202, PUT 201
    contents again, 8 at once  -- HEAD, POST, PUT -->                or docker-registry on a disk
    measured: processor time of this process, all threads; sizes 1 KiB to 32 MiB`,
  run,
};
