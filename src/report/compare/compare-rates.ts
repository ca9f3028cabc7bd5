// Rates of two sides: how many things ended in a second, over all runs of a side together.
import { random } from "../../core/random.ts";
import { BLOCKS_MIN, drawnInterval, neighbours } from "./block-bootstrap.ts";
import { basisOf, DRAWS } from "./compare-latencies.ts";
import type { Estimate } from "./judgement.ts";
import { jackknifeSpread, spreadInterval } from "./run-spread.ts";

/** A stretch of about a second. */
export type CountedSecond = { readonly count: number; readonly seconds: number };

/** Of each run, its seconds in order. */
type Run = readonly CountedSecond[];
type Sides = { readonly a: readonly Run[]; readonly b: readonly Run[] };

const total = (seconds: Run): CountedSecond =>
  seconds.reduce(
    (sum, one) => ({ count: sum.count + one.count, seconds: sum.seconds + one.seconds }),
    { count: 0, seconds: 0 },
  );

const rateOf = ({ count, seconds }: CountedSecond): number => (seconds > 0 ? count / seconds : 0);

/** Zero has no logarithm: nothing at all counts as half of one. */
const positiveRateOf = ({ count, seconds }: CountedSecond): number =>
  rateOf({ count: Math.max(0.5, count), seconds });

/** `undefined` where A has no rate that a difference could be a share of. `seed` decides what is drawn. */
export function rateEstimate(sides: Sides, seed: string): Estimate | undefined {
  const [a, b] = [total(sides.a.flat()), total(sides.b.flat())].map(rateOf) as [number, number];
  if (a === 0) return undefined;
  const interval = basisOf(sides) === "runs" ? betweenRuns(sides) : betweenSeconds(sides, seed);
  return { a, b, interval, isRate: true };
}

function betweenRuns({ a, b }: Sides): Estimate["interval"] {
  const spread = (runs: readonly Run[]) =>
    jackknifeSpread(runs, (others) => positiveRateOf(total(others.flat())));
  const spreads = { a: spread(a), b: spread(b) };
  const difference = positiveRateOf(total(b.flat())) / positiveRateOf(total(a.flat())) - 1;
  return (share) => spreadInterval(difference, { ...spreads, share });
}

function betweenSeconds({ a, b }: Sides, seed: string): Estimate["interval"] {
  const blocks = { a: a.flatMap(blockTotals), b: b.flatMap(blockTotals) };
  const fewer = Math.min(blocks.a.length, blocks.b.length);
  if (fewer < BLOCKS_MIN) return () => null;
  const [before, after] = (["a", "b"] as const).map((side) =>
    redrawn(blocks[side], `${seed}/rate/${side}`),
  ) as [Float64Array, Float64Array];
  const differences = after.map((rate, draw) => rate / (before[draw] as number) - 1);
  const difference = positiveRateOf(total(blocks.b)) / positiveRateOf(total(blocks.a)) - 1;
  return (share) => drawnInterval(differences, { difference, blocks: fewer, share });
}

const blockTotals = (seconds: Run): CountedSecond[] => neighbours(seconds).map(total);

/** Rates of runs that might as well have been. */
function redrawn(blocks: readonly CountedSecond[], seed: string): Float64Array {
  const chance = random(seed);
  return Float64Array.from({ length: DRAWS }, () =>
    positiveRateOf(total(blocks.map(() => blocks[chance.integer(blocks.length)] as CountedSecond))),
  );
}
