// Which images each puller goes through, as indices of the selection.
import type { Selection } from "./selection.ts";

/** Puller k uses pattern k mod N: with more pullers than patterns, several share a list. */
export const sharedLists = (
  { matches }: Pick<Selection, "matches">,
  pullers: number,
): (readonly number[])[] =>
  Array.from({ length: pullers }, (_, puller) => matches[puller % matches.length] ?? []);

/** Every image in one list only, for a run that pulls each of them once: the first pattern that matches has it. */
export function disjointLists(
  { matches }: Pick<Selection, "matches">,
  pullers: number,
): (readonly number[])[] {
  const lists = Array.from({ length: pullers }, (): number[] => []);
  const taken = new Set<number>();
  matches.forEach((images, pattern) => {
    const own = lists.filter((_, puller) => puller % matches.length === pattern);
    images
      .filter((image) => !taken.has(image) && taken.add(image))
      .forEach((image, at) => {
        own[at % own.length]?.push(image);
      });
  });
  return lists;
}

/** All images that any pattern matches, in list order. */
export const union = ({ matches }: Pick<Selection, "matches">): number[] =>
  [...new Set(matches.flat())].sort((a, b) => a - b);
