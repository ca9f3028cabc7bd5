// Does a load at full rate keep its memory? Resident memory of the whole process, once a second, after 10 and after 60 s.
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { Bench, BenchContext, BenchResult } from "./bench.ts";
import { startLoad } from "./load-process.ts";
import { MissingProgram, median, resultOf } from "./measure.ts";
import { SMALL_PATH, startNginx } from "./nginx.ts";

const WORKERS = 2;
const CONNECTIONS = 64;
/** The middle of so many seconds before the mark: one reading may meet a collection that is due. */
const AROUND_S = 5;

/** Resident memory of a process, MiB. */
function residentMiB(pid: number): number {
  const [, kib] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return Number(kib) / 1024;
}

type Course = { readonly early: number; readonly late: number; readonly peak: number };

async function course(
  url: string,
  { tmp, marks }: { tmp: string; marks: { readonly early: number; readonly late: number } },
): Promise<Course & { rate: number }> {
  const seconds = marks.late + 2;
  const { pid, ended } = startLoad(url, {
    cwd: tmp,
    flags: [`--workers=${WORKERS}`, `--connections=${CONNECTIONS}`, `--duration=${seconds}s`],
  });
  const readings: number[] = [];
  for (let second = 1; second <= marks.late; second++) {
    await sleep(1000);
    readings.push(residentMiB(pid));
  }
  const { totals, seconds: took } = await ended;
  const at = (mark: number): number => median(readings.slice(mark - AROUND_S, mark));
  return {
    early: at(marks.early),
    late: at(marks.late),
    peak: Math.max(...readings),
    rate: totals.done / took,
  };
}

async function run({ quick, tmp }: BenchContext): Promise<BenchResult[]> {
  if (process.platform !== "linux") throw new MissingProgram("/proc", "run it on Linux");
  const nginx = await startNginx(tmp);
  try {
    const marks = { early: 10, late: quick ? 20 : 60 };
    const url = `${nginx.origin}${SMALL_PATH}`;
    // The first start after a change compiles, in every thread, and has no cache of it: 50 MiB more.
    await startLoad(url, { cwd: tmp, flags: ["--duration=2s"] }).ended;
    const courses: Awaited<ReturnType<typeof course>>[] = [];
    for (let round = 0; round < (quick ? 1 : 2); round++)
      courses.push(await course(url, { tmp, marks }));
    const of = (name: keyof (typeof courses)[number]) => courses.map((one) => one[name]);
    return [
      resultOf({ metric: `resident after ${marks.early} s`, unit: "MiB" }, of("early")),
      resultOf({ metric: `resident after ${marks.late} s`, unit: "MiB" }, of("late")),
      resultOf({ metric: "largest reading", unit: "MiB" }, of("peak")),
      resultOf(
        { metric: `after ${marks.late} s / after ${marks.early} s`, unit: "x" },
        courses.map(({ early, late }) => late / early),
      ),
      resultOf({ metric: "rate", unit: "requests/s" }, of("rate")),
    ];
  } finally {
    await nginx.stop();
  }
}

export const bench: Bench = {
  name: "load-memory",
  question: "Does drayage load at full rate keep its memory, and how much is it?",
  topology: `
    drayage load, two request worker threads, no rate --- 64 connections ---> nginx, one worker
    /proc/PID/status of the whole process, once a second`,
  run,
};
