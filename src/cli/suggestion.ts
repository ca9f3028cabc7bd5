import { distance } from "fastest-levenshtein";

const DISTANCE_MAX = 2;

/**
 * The candidate that `word` was probably meant to be: at most two letters apart, or one is the beginning of the other.
 * The fewest letters apart win; upper and lower case count as the same letter.
 */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  if (word === "") return undefined;
  const typed = word.toLowerCase();
  let best: { candidate: string; apart: number } | undefined;
  for (const candidate of candidates) {
    const meant = candidate.toLowerCase();
    const apart = distance(typed, meant);
    const near = apart <= DISTANCE_MAX || meant.startsWith(typed) || typed.startsWith(meant);
    if (near && (best === undefined || apart < best.apart)) best = { candidate, apart };
  }
  return best?.candidate;
}

/** `; did you mean "x"?`, or what there is to choose from when nothing is near. */
export function hint(word: string, candidates: readonly string[]): string {
  const near = nearest(word, candidates);
  if (near !== undefined) return `; did you mean "${near}"?`;
  return candidates.length === 0 ? "" : `; there is ${listed(candidates)}`;
}

/** `a, b and c`. */
export function listed(words: readonly string[]): string {
  const last = words.at(-1) ?? "";
  return words.length < 2 ? last : `${words.slice(0, -1).join(", ")} and ${last}`;
}
