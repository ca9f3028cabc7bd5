// How far the clocks of two machines are apart, from question and answer. Source: NTP's four time stamps; of several rounds the
// one with the shortest way counts, since its error can be half of it at most.
//
//   master   asked ----------------------> . . . . ------------> back
//                     \                            /
//   node               taken --- answered --------'
//
//   offset = ((taken - asked) + (answered - back)) / 2        node's clock minus master's
//   bound  = ((back - asked) - (answered - taken)) / 2

/** All in ns; `asked` and `back` on the master's clock, `taken` and `answered` on the node's. */
export type ClockRound = {
  readonly asked: number;
  readonly taken: number;
  readonly answered: number;
  readonly back: number;
};

/** ns. The true offset lies within `bound` of `offset`. */
export type ClockOffset = { readonly offset: number; readonly bound: number };

export const CLOCK_ROUNDS = 8;

const offsetOf = ({ asked, taken, answered, back }: ClockRound): ClockOffset => ({
  offset: (taken - asked + (answered - back)) / 2,
  bound: Math.max(0, (back - asked - (answered - taken)) / 2),
});

/** Undefined without rounds. */
export function bestOffset(rounds: readonly ClockRound[]): ClockOffset | undefined {
  let best: ClockOffset | undefined;
  for (const round of rounds) {
    const offset = offsetOf(round);
    if (best === undefined || offset.bound < best.bound) best = offset;
  }
  return best;
}
