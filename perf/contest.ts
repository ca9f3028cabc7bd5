// Programs that do the same thing to the same server in turn, and how what each costs compares with what ours does.
import type { BenchResult } from "./bench.ts";
import { interleave, MissingProgram, resultOf } from "./measure.ts";
import { type Peer, type PeerLoad, runPeer } from "./peer.ts";

/** What a program may cost us at most, as a share of what it costs there: the bar of the project. */
type Rival = { readonly peer: Peer; readonly bar?: number };

export type Contest = {
  /** What is asked for, in the name of every figure. */
  readonly what: string;
  readonly ours: Peer;
  readonly rivals: readonly Rival[];
  readonly load: PeerLoad;
  readonly rounds: number;
  readonly unit: string;
  /** Processor seconds and requests to the figure that is asked for. */
  readonly cost: (cpu: number, requests: number) => number;
  /** How many requests the server has been sent so far. */
  readonly served: () => Promise<number>;
  readonly cwd: string;
};

/** A run as short as this is all start: its part of a longer run's cost shrinks with the requests that one sends. */
const START_SECONDS = 0.1;

/** What is typed to get the programs that are missing is printed; the others take part. */
function present(rivals: readonly Rival[], load: PeerLoad): Rival[] {
  return rivals.filter(({ peer }) => {
    try {
      peer.command(load);
      return true;
    } catch (error) {
      if (!(error instanceof MissingProgram)) throw error;
      console.log(`  left out: ${peer.name} ${error.message}`);
      return false;
    }
  });
}

/** Each figure's median and spread, and the spread of the ratios of rounds. Throws where counts disagree. */
export async function hold(contest: Contest): Promise<BenchResult[]> {
  const { what, ours, load, unit, cost, served, cwd } = contest;
  const rivals = present(contest.rivals, load);
  const rates = new Map<string, number[]>();
  const once = (peer: Peer) => async (): Promise<number> => {
    const before = await served();
    const { cpu, requests, rate } = await runPeer(peer, load, cwd);
    checkCount(peer, load, { says: requests, served: (await served()) - before });
    rates.set(peer.name, [...(rates.get(peer.name) ?? []), rate]);
    return cost(cpu, requests);
  };
  const all = [ours, ...rivals.map(({ peer }) => peer)];
  const costs = await interleave(
    contest.rounds,
    Object.fromEntries(all.map((peer) => [peer.name, once(peer)])),
  );
  const starts: number[] = [];
  for (let round = 0; round < contest.rounds; round++) {
    starts.push((await runPeer(ours, { ...load, seconds: START_SECONDS }, cwd)).cpu);
  }
  // The first run of each is the uncounted one.
  const rateOf = ({ name }: Peer) => (rates.get(name) ?? []).slice(1);
  const figures = all.flatMap((peer) => [
    resultOf({ metric: `${what}: ${peer.name}`, unit }, costs[peer.name] as number[]),
    resultOf({ metric: `${what}: ${peer.name}`, unit: "requests/s" }, rateOf(peer)),
  ]);
  const ratios = rivals.map(({ peer, bar }) => {
    const theirs = costs[peer.name] as number[];
    const values = (costs[ours.name] as number[]).map((value, at) => value / (theirs[at] ?? 0));
    const limit = bar === undefined ? "" : `, bar ${bar}`;
    return resultOf({ metric: `${what}: ${ours.name} / ${peer.name}${limit}`, unit: "x" }, values);
  });
  const start = resultOf({ metric: `${what}: ${ours.name}, start`, unit: "CPU s" }, starts);
  return [...figures, start, ...ratios];
}

/** A cost as processor seconds per million requests. */
export const perMillion = (cpu: number, requests: number): number => (cpu / requests) * 1e6;

/** A cost as processor seconds per GB of bodies of this size. */
export const perGb =
  (bodyBytes: number) =>
  (cpu: number, requests: number): number =>
    (cpu / (requests * bodyBytes)) * 1e9;

/** Programs that stop at an instant leave what is under way unanswered; ours asks once before it starts. */
function checkCount(
  { name }: Peer,
  { connections }: PeerLoad,
  { says, served }: { says: number; served: number },
): void {
  const unanswered = served - says;
  if (unanswered < 0 || unanswered > connections + 1)
    throw new Error(`${name} speaks of ${says} responses, the server of ${served} requests`);
}
