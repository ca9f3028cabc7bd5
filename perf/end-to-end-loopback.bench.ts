// A replay from the trace file to histogram and results row, against a server that costs little, and what wrk and undici
// cost on the same server in the same minutes.
import { join } from "node:path";
import type { Bench, BenchContext, BenchResult } from "./bench.ts";
import { timed, undici } from "./client-load.ts";
import {
  type EngineCourse,
  enginePlanOf,
  objectPlanOf,
  replay,
  type SyntheticTrace,
  writeMap,
  writeTrace,
} from "./engine-run.ts";
import { interleave, resultOf } from "./measure.ts";
import { bodyOf, smallBodyBytes } from "./raw-responder.ts";
import { ServerProcess } from "./server-process.ts";
import { runWrk } from "./wrk.ts";

const CONNECTIONS = 64;
const URIS = 20_000;

type Course = EngineCourse & { readonly rows: number };

/** Replays the whole trace once. Throws when rows, requests, histogram and server do not agree. */
async function replayOnce(
  trace: SyntheticTrace,
  responder: ServerProcess,
  { tmp, verify }: { readonly tmp: string; readonly verify: boolean },
): Promise<Course> {
  const [before = 0] = await responder.counts();
  const plan = enginePlanOf(responder.origin, CONNECTIONS, {
    kind: "run",
    ...objectPlanOf(trace, responder.origin, tmp),
    map: join(tmp, "interm.json"),
    unmapped: "skip",
    wait: false,
    speed: 1,
    nodes: 1,
    route: false,
    slots: 0,
    sessions: false,
    registryChoice: "random",
    verify,
    runId: "bench",
    dryRun: false,
  });
  const course = await replay(plan, tmp);
  const [after = 0] = await responder.counts();
  const { figures, rows } = course;
  const counted = [rows, figures.done, figures.service.total, after - before];
  if (counted.some((count) => count !== trace.records))
    throw new Error(`${trace.records} records gave rows, requests, times, answers: ${counted}`);
  if (figures.bytesIn !== trace.records * smallBodyBytes)
    throw new Error(`${figures.bytesIn} bytes were received`);
  return course;
}

async function measure(
  trace: SyntheticTrace,
  responder: ServerProcess,
  { quick, tmp }: BenchContext,
): Promise<BenchResult[]> {
  const { records } = trace;
  const { origin } = responder;
  const courses: Record<"verified" | "plain", Course[]> = { verified: [], plain: [] };
  const perMillion = (cpu: number, requests: number): number => (cpu / requests) * 1e6;
  const ours = (name: keyof typeof courses) => async (): Promise<number> => {
    const course = await replayOnce(trace, responder, { tmp, verify: name === "verified" });
    courses[name].push(course);
    return perMillion(course.cpuSeconds, records);
  };
  const cpu = await interleave(quick ? 1 : 5, {
    plain: ours("plain"),
    verified: ours("verified"),
    async wrk() {
      const seconds = quick ? 1 : 4;
      const { requests, cpu: spent } = await runWrk(`${origin}/small`, {
        connections: CONNECTIONS,
        seconds,
      });
      return perMillion(spent, requests);
    },
    async undici() {
      const load = {
        path: "/small",
        requests: records,
        connections: CONNECTIONS,
        bodyBytes: smallBodyBytes,
      } as const;
      return perMillion((await timed(undici(origin), load)).cpu, records);
    },
  });
  const ratio = (one: readonly number[], other: readonly number[]): number[] =>
    one.map((value, round) => value / (other[round] as number));
  // The first run of each is the uncounted one.
  const counted = courses.plain.slice(1);
  return [
    resultOf({ metric: "trace to row", unit: "CPU s/1M" }, cpu.plain),
    resultOf({ metric: "trace to row, digests verified", unit: "CPU s/1M" }, cpu.verified),
    resultOf({ metric: "wrk", unit: "CPU s/1M" }, cpu.wrk),
    resultOf({ metric: "undici dispatch", unit: "CPU s/1M" }, cpu.undici),
    resultOf({ metric: "trace to row over wrk", unit: "x" }, ratio(cpu.plain, cpu.wrk)),
    resultOf({ metric: "trace to row over undici", unit: "x" }, ratio(cpu.plain, cpu.undici)),
    resultOf(
      { metric: "trace to row", unit: "requests/s" },
      counted.map(({ sendingSeconds }) => records / sendingSeconds),
    ),
    resultOf(
      { metric: "garbage collection in the worker, mean pause", unit: "ms" },
      counted.map(({ health }) => (health[0]?.gcNanos ?? 0) / (health[0]?.gcCount ?? 1) / 1e6),
    ),
    resultOf(
      { metric: "garbage collection in the worker, longest pause", unit: "ms" },
      counted.map(({ health }) => (health[0]?.gcMax ?? 0) / 1e6),
    ),
    resultOf(
      { metric: "garbage collections in the worker", unit: "per 1M requests" },
      counted.map(({ health }) => ((health[0]?.gcCount ?? 0) / records) * 1e6),
    ),
  ];
}

async function run(ctx: BenchContext): Promise<BenchResult[]> {
  const responder = await ServerProcess.start("raw-responder.ts");
  try {
    const trace: SyntheticTrace = {
      path: join(ctx.tmp, "trace.json"),
      uris: URIS,
      records: ctx.quick ? 50_000 : 500_000,
      bytesOf: () => smallBodyBytes,
    };
    writeTrace(trace);
    writeMap(join(ctx.tmp, "interm.json"), trace, bodyOf(smallBodyBytes));
    return await measure(trace, responder, ctx);
  } finally {
    await responder.stop();
  }
}

export const bench: Bench = {
  name: "end-to-end-loopback",
  question:
    "what does a replayed request cost from the trace file to histogram and results row, against wrk and undici?",
  topology: `
    this process                                              child process, one thread
    trace file -> feeder -> ring -> request worker,  -- GET -->  raw responder:
    results <- ring <- one thread, 64 connections    <- 200 ---  600 bytes
    measured: processor time of this process, all threads; wrk: 1 thread, 64 connections, the same server`,
  run,
};
