// Programs that do the same thing to the same server in turn, and how what each costs compares with what ours does.
import type { BenchResult } from "./bench.ts";
import { interleave, MissingProgram, median, resultOf } from "./measure.ts";
import { type Peer, type PeerLoad, runPeer } from "./peer.ts";

/** What a program may cost us at most, as a share of what it costs there: the bar of the project. */
type Rival = { readonly peer: Peer; readonly bar?: number };

export type Contest = {
  /** What is asked for, in the name of every figure. */
  readonly what: string;
  readonly ours: Peer;
  readonly rivals: readonly Rival[];
  /** False where what our start costs is no question, or the program runs for whole seconds only. */
  readonly measuresStart?: false;
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

type Round = { readonly cost: number; readonly requests: number; readonly rate: number };

/** Each figure's median and spread, and the spread of the ratios of rounds. Throws where counts disagree. */
export async function hold(contest: Contest): Promise<BenchResult[]> {
  const { ours, load } = contest;
  const rivals = present(contest.rivals, load);
  const starts = await startsOf(contest);
  const rounds = new Map<string, Round[]>();
  const all = [ours, ...rivals.map(({ peer }) => peer)];
  const once = (peer: Peer) => async (): Promise<number> => {
    const round = await runOnce(contest, peer);
    rounds.set(peer.name, [...(rounds.get(peer.name) ?? []), round]);
    return round.cost;
  };
  await interleave(contest.rounds, Object.fromEntries(all.map((peer) => [peer.name, once(peer)])));
  // The first run of each is the uncounted one.
  const roundsOf = ({ name }: Peer): Round[] => (rounds.get(name) ?? []).slice(1);
  return [
    ...all.flatMap((peer) => figuresOf(contest, peer, roundsOf(peer))),
    ...(starts.length === 0
      ? []
      : [resultOf({ metric: `${contest.what}: ${ours.name}, start`, unit: "CPU s" }, starts)]),
    ...rivals.flatMap((rival) =>
      ratiosOf(contest, rival, {
        our: roundsOf(ours),
        their: roundsOf(rival.peer),
        start: starts.length === 0 ? undefined : median(starts),
      }),
    ),
  ];
}

/** What our start costs; of a program that sends a number of requests, however long that takes, it is no part by itself. */
async function startsOf({ ours, measuresStart, load, rounds, cwd }: Contest): Promise<number[]> {
  const starts: number[] = [];
  if (ours.counted === true || measuresStart === false) return starts;
  for (let round = 0; round < rounds; round++)
    starts.push((await runPeer(ours, { ...load, seconds: START_SECONDS }, cwd)).cpu);
  return starts;
}

async function runOnce({ load, cost, served, cwd }: Contest, peer: Peer): Promise<Round> {
  const before = await served();
  const { cpu, requests, rate } = await runPeer(peer, load, cwd);
  checkCount(peer, load, { says: requests, served: (await served()) - before });
  return { cost: cost(cpu, requests), requests, rate };
}

const figuresOf = ({ what, unit }: Contest, { name }: Peer, rounds: readonly Round[]) => [
  resultOf(
    { metric: `${what}: ${name}`, unit },
    rounds.map(({ cost }) => cost),
  ),
  resultOf(
    { metric: `${what}: ${name}`, unit: "requests/s" },
    rounds.map(({ rate }) => rate),
  ),
];

/** With our start, and without it: on a busy machine few requests share it, in a run of a minute very many do. */
function ratiosOf(
  { what, ours, cost }: Contest,
  { peer, bar }: Rival,
  {
    our,
    their,
    start,
  }: { our: readonly Round[]; their: readonly Round[]; start: number | undefined },
): BenchResult[] {
  const limit = bar === undefined ? "" : `, bar ${bar}`;
  const against = (value: number, round: number): number => value / (their[round]?.cost ?? 0);
  const whole = our.map((round, at) => against(round.cost, at));
  const metric = `${what}: ${ours.name} / ${peer.name}`;
  const ratios = [resultOf({ metric: `${metric}${limit}`, unit: "x" }, whole)];
  if (start !== undefined) {
    const later = our.map((round, at) => against(round.cost - cost(start, round.requests), at));
    ratios.push(resultOf({ metric: `${metric}, without its start`, unit: "x" }, later));
  }
  return ratios;
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
