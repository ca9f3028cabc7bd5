// Is a rate held for a minute, at half of what goes here? The ceiling is measured first, closed loop, same server.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Histogram, HistogramLogReader } from "hdr-histogram-js";
import type { Bench, BenchContext, BenchResult } from "./bench.ts";
import { startLoad } from "./load-process.ts";
import { resultOf } from "./measure.ts";
import { SMALL_PATH, startNginx } from "./nginx.ts";

const CONNECTIONS = 64;
const CEILING_S = 8;
const SHARE = 0.5;
/** The part of the run, at its beginning and its end, whose mean lateness is compared; the first seconds are compilation. */
const PART = 0.25;
const WARM_UP_S = 3;

type Held = { target: number; achieved: number; early: number; late: number; drift: number };

/** Mean lateness of each interval of a run, milliseconds, in order. */
function latenessByInterval(directory: string): number[] {
  const log = readFileSync(join(directory, "histograms.hlog"), "utf8");
  const reader = new HistogramLogReader(log);
  const means: number[] = [];
  for (
    let histogram: Histogram | null = reader.nextIntervalHistogram();
    histogram !== null;
    histogram = reader.nextIntervalHistogram()
  ) {
    if (histogram.tag === "lateness") means.push(histogram.mean / 1e6);
  }
  return means;
}

/** Requests sent per second by whole intervals: the first and the last are parts of a second, and have a beginning or an end. */
function sendingRate(directory: string): number {
  const [header = "", ...rows] = readFileSync(join(directory, "timeseries.csv"), "utf8")
    .trim()
    .split("\n");
  const names = header.split(",");
  const sumOf = (name: string): number =>
    rows.slice(1, -1).reduce((sum, row) => sum + Number(row.split(",")[names.indexOf(name)]), 0);
  return sumOf("sent") / sumOf("length");
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

async function hold(
  url: string,
  { tmp, seconds }: { tmp: string; seconds: number },
): Promise<Held> {
  const connections = `--connections=${CONNECTIONS}`;
  const ceiling = await startLoad(url, {
    cwd: tmp,
    flags: [connections, `--duration=${CEILING_S}s`],
  }).ended;
  const target = Math.round((ceiling.totals.done / ceiling.seconds) * SHARE);
  const says = await startLoad(url, {
    cwd: tmp,
    flags: [connections, `--rate=${target}`, `--duration=${seconds}s`],
  }).ended;
  if (says.totals.done !== target * seconds)
    throw new Error(`${target * seconds} requests were due, ${says.totals.done} are done`);
  const means = latenessByInterval(join(tmp, says.directory)).slice(WARM_UP_S);
  const part = Math.floor(means.length * PART);
  const early = mean(means.slice(0, part));
  // The last interval is the rest of a second.
  const late = mean(means.slice(-part - 1, -1));
  const achieved = sendingRate(join(tmp, says.directory)) / target;
  return { target, achieved, early, late, drift: late - early };
}

async function run({ quick, tmp }: BenchContext): Promise<BenchResult[]> {
  const nginx = await startNginx(tmp);
  try {
    const held: Held[] = [];
    for (let round = 0; round < (quick ? 1 : 2); round++)
      held.push(await hold(`${nginx.origin}${SMALL_PATH}`, { tmp, seconds: quick ? 15 : 60 }));
    const of = (name: keyof Held) => held.map((one) => one[name]);
    return [
      resultOf({ metric: "target, half of the ceiling", unit: "requests/s" }, of("target")),
      resultOf({ metric: "achieved / target", unit: "x" }, of("achieved")),
      resultOf({ metric: "mean lateness, first quarter", unit: "ms" }, of("early")),
      resultOf({ metric: "mean lateness, last quarter", unit: "ms" }, of("late")),
      resultOf({ metric: "drift of the mean lateness", unit: "ms" }, of("drift")),
    ];
  } finally {
    await nginx.stop();
  }
}

export const bench: Bench = {
  name: "rate-hold",
  question: "Is half of the ceiling held for a minute, and does lateness grow?",
  topology: `
    drayage load, no rate: the ceiling   --- 64 connections ---> nginx, one worker
    drayage load, half of it, 60 s       --- the same --->`,
  run,
};
