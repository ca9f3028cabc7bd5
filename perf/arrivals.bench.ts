// When do requests really arrive that are to be sent 1,000 a second? Asked of a server that stamps them, for drayage's three
// ways of waiting, two programs that pace as well, and a loop that does nothing but look at the clock.
//
//   arrival of request i:   lag(i) = arrival(i) - i / rate        deviation(i) = lag(i) - earliest lag
//
// Nobody may send before the time, so the earliest lag stands for the schedule; it is taken as the lag that one request in a
// hundred is below, so that a single odd one does not shift all. A sender that loses pace is later and later by this measure.
import type { Bench, BenchContext, BenchResult } from "./bench.ts";
import type { LoadSays } from "./load-process.ts";
import { interleave, MissingProgram, quantile, resultOf } from "./measure.ts";
import {
  autocannon,
  hey,
  type PacedSender,
  paced,
  runSender,
  type Schedule,
  spinner,
} from "./paced-sender.ts";
import { ServerProcess } from "./server-process.ts";
import type { SpinnerSays } from "./spinning-sender.ts";

const RATE = 1000;
const CONNECTIONS = 16;
/** The first arrivals are left out: programs that are compiled while they run have to warm up. */
const WARM_UP_S = 2;
const EARLIEST = 0.01;
/** Arrivals that a program may be short of: some send in bursts, and end before the last. */
const ARRIVED_SHARE = 0.8;

type Figures = {
  p50: number[];
  p99: number[];
  /** The same about the middle lag: what a schedule is missed by that may start at any time. */
  aboutMiddle: number[];
  cores: number[];
};
type Lateness = { p50: number[]; p99: number[] };

const modes = ["economical", "balanced", "precise"] as const;

class Arrivals {
  readonly figures = new Map<string, Figures>();
  /** Of the requests themselves, by the sender's own clock. */
  readonly lateness = new Map<string, Lateness>();
  readonly floor: Lateness = { p50: [], p99: [] };
  readonly #server: ServerProcess;
  readonly #tmp: string;
  readonly #seconds: number;

  constructor(server: ServerProcess, { tmp, seconds }: { tmp: string; seconds: number }) {
    this.#server = server;
    this.#tmp = tmp;
    this.#seconds = seconds;
  }

  /** One run of a sender. Returns the median deviation in milliseconds. */
  async once(sender: PacedSender): Promise<number> {
    const schedule: Schedule = {
      port: this.#server.port,
      rate: RATE,
      seconds: this.#seconds,
      connections: CONNECTIONS,
    };
    const { output, cores } = await runSender(sender, schedule, this.#tmp);
    const arrivals = await this.#server.counts();
    const expected = RATE * this.#seconds;
    if (arrivals.length < expected * ARRIVED_SHARE || arrivals.length > expected * 1.1)
      throw new Error(`${sender.name}: ${arrivals.length} requests arrived of ${expected}`);
    const lags = arrivals.map((at, index) => (at - index * (1e9 / RATE)) / 1e6);
    const settled = lags.slice(WARM_UP_S * RATE);
    const deviations = above(settled, quantile(settled, EARLIEST));
    const figures = this.#of(sender.name);
    figures.p50.push(quantile(deviations, 0.5));
    figures.p99.push(quantile(deviations, 0.99));
    figures.aboutMiddle.push(quantile(above(settled, quantile(settled, 0.5)), 0.5));
    figures.cores.push(cores);
    this.#listen(sender, output, arrivals);
    return quantile(deviations, 0.5);
  }

  #of(name: string): Figures {
    const known = this.figures.get(name) ?? { p50: [], p99: [], aboutMiddle: [], cores: [] };
    this.figures.set(name, known);
    return known;
  }

  /** What the sender itself says. */
  #listen({ name }: PacedSender, output: string, arrivals: readonly number[]): void {
    if (name === spinner.name) this.#compare(JSON.parse(output), arrivals);
    if (!modes.some((mode) => mode === name)) return;
    const { totals, latenessNs } = JSON.parse(output) as LoadSays;
    if (totals.done !== arrivals.length || totals.failed > 0)
      throw new Error(`${name}: ${totals.done} done, ${arrivals.length} arrived`);
    const { p50, p99 } = latenessNs.percentiles;
    this.#late(name, (p50 ?? Number.NaN) / 1e3, (p99 ?? Number.NaN) / 1e3);
  }

  #late(name: string, p50: number, p99: number): void {
    const known = this.lateness.get(name) ?? { p50: [], p99: [] };
    known.p50.push(p50);
    known.p99.push(p99);
    this.lateness.set(name, known);
  }

  /** From sending to stamp, beyond the shortest: what the server and the system between add to every sender's figures. */
  #compare({ sent, late }: SpinnerSays, arrivals: readonly number[]): void {
    if (sent.length !== arrivals.length)
      throw new Error(`${sent.length} were sent, ${arrivals.length} arrived`);
    const settled = late.slice(WARM_UP_S * RATE);
    this.#late(spinner.name, quantile(settled, 0.5) / 1e3, quantile(settled, 0.99) / 1e3);
    const ways = arrivals.map((at, index) => (at - (sent[index] as number)) / 1e6);
    const beyond = above(ways, quantile(ways, EARLIEST));
    this.floor.p50.push(quantile(beyond, 0.5));
    this.floor.p99.push(quantile(beyond, 0.99));
  }
}

const above = (lags: readonly number[], zero: number): number[] =>
  lags.map((lag) => Math.abs(lag - zero));

/** Senders that are installed; says which are not. */
function installed(): PacedSender[] {
  return [...modes.map(paced), spinner, hey, autocannon].filter((sender) => {
    try {
      sender.command({ port: 0, rate: 1, seconds: 1, connections: 1 });
      return true;
    } catch (error) {
      if (!(error instanceof MissingProgram)) throw error;
      console.log(`  left out: ${sender.name} ${error.message}`);
      return false;
    }
  });
}

/** The first run of each is the uncounted one. */
const counted = (values: readonly number[]): readonly number[] => values.slice(1);

function resultsOf({ figures, lateness, floor }: Arrivals): BenchResult[] {
  const ms = (metric: string, values: readonly number[]): BenchResult =>
    resultOf({ metric, unit: "ms" }, counted(values));
  const us = (metric: string, values: readonly number[]): BenchResult =>
    resultOf({ metric, unit: "us" }, counted(values));
  const times = (metric: string, one: readonly number[], other: readonly number[]): BenchResult =>
    resultOf(
      { metric, unit: "x" },
      counted(one.map((value, round) => value / (other[round] as number))),
    );
  const seen = [...figures].flatMap(([name, { p50, p99, aboutMiddle, cores }]) => [
    ms(`${name}: deviation p50`, p50),
    ms(`${name}: deviation p99`, p99),
    ms(`${name}: deviation about the middle p50`, aboutMiddle),
    resultOf({ metric: `${name}: processor`, unit: "cores" }, counted(cores)),
  ]);
  const late = [...lateness].flatMap(([name, { p50, p99 }]) => [
    us(`${name}: lateness in the sender p50`, p50),
    us(`${name}: lateness in the sender p99`, p99),
  ]);
  const ratios = [hey.name, autocannon.name].flatMap((peer) =>
    modes.flatMap((mode) => {
      const theirs = figures.get(peer);
      const ours = figures.get(mode);
      if (theirs === undefined || ours === undefined) return [];
      return [times(`${peer} / ${mode}: deviation p50`, theirs.p50, ours.p50)];
    }),
  );
  const bare = lateness.get(spinner.name)?.p99 ?? [];
  const precise = lateness.get("precise")?.p99 ?? [];
  return [
    ms("floor: from sending to stamp, beyond the shortest, p50", floor.p50),
    ms("floor: from sending to stamp, beyond the shortest, p99", floor.p99),
    ...seen,
    ...late,
    times("precise / spinning loop: lateness in the sender p99", precise, bare),
    ...ratios,
  ];
}

async function run({ quick, tmp }: BenchContext): Promise<BenchResult[]> {
  const server = await ServerProcess.start("arrival-responder.ts");
  try {
    const arrivals = new Arrivals(server, { tmp, seconds: quick ? 7 : 10 });
    const variants = Object.fromEntries(
      installed().map((sender) => [sender.name, () => arrivals.once(sender)]),
    );
    await interleave(quick ? 1 : 3, variants);
    return resultsOf(arrivals);
  } finally {
    await server.stop();
  }
}

export const bench: Bench = {
  name: "arrivals",
  question: "How near to the schedule do 1,000 requests/s arrive, and what does that cost?",
  topology: `
    drayage load in its three modes, hey, autocannon,      16 connections
    a bare spinning loop, in turn                      --- 1,000 GET/s --->  a server that stamps, a process of its own`,
  run,
};
