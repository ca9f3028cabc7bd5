// The archives of all shards taken together, as far as positions are looked for in them.
import type { Batch } from "../../archive/event.ts";
import type { Micros } from "../../core/units.ts";
import type { RangeArchive } from "../session/range.ts";
import type { Look } from "./shard-messages.ts";
import { stepBack, stepForward } from "./stamp-merge.ts";

/** The next `count` stamps behind a position, of each shard; below 0: the last ones up to it. */
export type StampSource = (from: Micros, count: number) => Promise<readonly (readonly Micros[])[]>;

export function mergedArchive(
  looks: readonly Pick<Look, "first" | "last">[],
  stamps: StampSource,
): RangeArchive {
  const firsts = looks.flatMap(({ first }) => (first === null ? [] : [first]));
  const lasts = looks.flatMap(({ last }) => (last === null ? [] : [last]));
  const first = earliest(firsts);
  const last = lasts.length === 0 ? null : (Math.max(...lasts) as Micros);
  return {
    firstOfAll: () => Promise.resolve(first),
    last: () => last,
    cursor: (position) => ({
      next: async () => {
        const stamp = earliest((await stamps(position, 1)).flat());
        return stamp === null ? null : batchAt(stamp);
      },
      forward: async (count) =>
        stepForward(position, { lists: await stamps(position, count), count }),
      back: async (count) =>
        stepBack(position, { lists: await stamps(position, -count - 1), count, first }),
      close: () => {},
    }),
  };
}

/** null of nothing. */
export const earliest = (stamps: readonly Micros[]): Micros | null =>
  stamps.length === 0 ? null : (Math.min(...stamps) as Micros);

/** Whoever looks for a position only wants its stamp. */
const batchAt = (stamp: Micros): Batch => ({ kind: "batch", stamp, events: [] });
