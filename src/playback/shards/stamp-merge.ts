// Steps over the batches of several shards, each of which knows its own stamps. Batches of one stamp are one step: no position
// lies between them.
//
//   shard 0     10    30       60
//   shard 1        20 30    50
//   together    10 20 30    50 60          +2 from 10 is 30; -2 from 60 is 30
import { type Micros, micros } from "../../core/units.ts";

/** All stamps once, ascending. */
export const mergedStamps = (lists: readonly (readonly number[])[]): Micros[] =>
  [...new Set(lists.flat())].sort((a, b) => a - b).map(micros);

/** Where `count` steps forward lead; each list has the next `count` stamps of its shard, or all that follow. */
export function stepForward(
  from: Micros,
  { lists, count }: { lists: readonly (readonly number[])[]; count: number },
): Micros {
  const later = mergedStamps(lists).filter((stamp) => stamp > from);
  return later[Math.min(count, later.length) - 1] ?? from;
}

/** Where `count` steps back lead; each list has the last `count + 1` stamps up to `from`, or all. `first` is that of all data. */
export function stepBack(
  from: Micros,
  {
    lists,
    count,
    first,
  }: { lists: readonly (readonly number[])[]; count: number; first: Micros | null },
): Micros {
  const passed = mergedStamps(lists).filter((stamp) => stamp <= from);
  return passed[passed.length - count - 1] ?? micros((first ?? from + 1) - 1);
}
