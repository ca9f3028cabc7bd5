// How long do request worker threads stand still for the garbage collector? Taken from results.json, where each thread says
// what its own observer of collections has seen. On a shared machine a pause also holds the time in which the system runs
// somebody else, so a piece of work as long as a usual pause is timed beside it, in a thread that does nothing else.
import { once } from "node:events";
import { isMainThread, parentPort, Worker } from "node:worker_threads";
import type { Bench, BenchContext, BenchResult } from "./bench.ts";
import { startLoad } from "./load-process.ts";
import { interleave, quantile, resultOf } from "./measure.ts";
import { SMALL_PATH, startNginx } from "./nginx.ts";

const CONNECTIONS = 64;
const PIECE_MS = 0.2;
const PIECE_EVERY_MS = 20;

/** Busy until this thread has had `PIECE_MS` of processor time. Returns how long that took by the clock. */
function pieceOfWork(): number {
  const began = performance.now();
  const before = process.threadCpuUsage();
  for (;;) {
    const { user, system } = process.threadCpuUsage(before);
    if (user + system >= PIECE_MS * 1000) return performance.now() - began;
  }
}

function timePieces(): void {
  const took: number[] = [];
  const timer = setInterval(() => took.push(pieceOfWork()), PIECE_EVERY_MS);
  parentPort?.once("message", () => {
    clearInterval(timer);
    parentPort?.postMessage(took);
  });
}

type Kind = "closed loop" | "1,000 requests/s";
const flagsOf: Record<Kind, readonly string[]> = {
  "closed loop": [],
  "1,000 requests/s": ["--rate=1000"],
};

type Pauses = { p50: number[]; p99: number[]; max: number[]; perSecond: number[]; floor: number[] };

async function load(
  url: string,
  { tmp, kind, seconds }: { tmp: string; kind: Kind; seconds: number },
  pauses: Pauses,
): Promise<number> {
  const beside = new Worker(new URL(import.meta.url));
  const flags = [`--connections=${CONNECTIONS}`, `--duration=${seconds}s`, ...flagsOf[kind]];
  const { threads, seconds: took } = await startLoad(url, { cwd: tmp, flags }).ended;
  beside.postMessage("enough");
  const [pieces] = (await once(beside, "message")) as [number[]];
  await beside.terminate();
  const [thread] = threads;
  if (thread === undefined || thread.gcCount === 0) throw new Error("no collection was seen");
  pauses.p50.push(thread.gcP50 / 1e6);
  pauses.p99.push(thread.gcP99 / 1e6);
  pauses.max.push(thread.gcMax / 1e6);
  pauses.perSecond.push(thread.gcCount / took);
  pauses.floor.push(quantile(pieces, 0.99));
  return thread.gcP99 / 1e6;
}

async function run({ quick, tmp }: BenchContext): Promise<BenchResult[]> {
  const nginx = await startNginx(tmp);
  try {
    const kinds = Object.keys(flagsOf) as Kind[];
    const measured = kinds.map((kind) => ({
      kind,
      pauses: { p50: [], p99: [], max: [], perSecond: [], floor: [] } as Pauses,
    }));
    const seconds = quick ? 4 : 20;
    const url = `${nginx.origin}${SMALL_PATH}`;
    const variants = Object.fromEntries(
      measured.map(({ kind, pauses }) => [kind, () => load(url, { tmp, kind, seconds }, pauses)]),
    );
    await interleave(quick ? 1 : 3, variants);
    return measured.flatMap(({ kind, pauses }) => {
      // The first run of each is the uncounted one.
      const of = (metric: string, unit: string, values: readonly number[]): BenchResult =>
        resultOf({ metric: `${kind}: ${metric}`, unit }, values.slice(1));
      return [
        of("pause p50", "ms", pauses.p50),
        of("pause p99", "ms", pauses.p99),
        of("longest pause", "ms", pauses.max),
        of("collections", "a second", pauses.perSecond),
        of(`floor: ${PIECE_MS} ms of work beside it, p99`, "ms", pauses.floor),
      ];
    });
  } finally {
    await nginx.stop();
  }
}

export const bench: Bench = {
  name: "gc-pauses",
  question: "How long do request worker threads stand still for the garbage collector?",
  topology: `
    drayage load, one request worker thread --- 64 connections ---> nginx, one worker
    beside it: a thread that times a piece of work as long as a usual pause`,
  run,
};

if (!isMainThread) timePieces();
