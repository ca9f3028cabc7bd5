// Where runs that are added up stand on the common line of time.
//
//   together   A |=========|            runs of several machines in the same minutes: their seconds are added
//              B   |=========|
//
//   in turn    A |=====|        |=====| B      one behind the other; what lay between them is left out
//
// Both may come together: groups of runs that overlap are set one behind the other.

/** How runs may be taken: as their clocks say, or as the user says. */
export const placements = ["auto", "together", "in-turn"] as const;
export type Placement = (typeof placements)[number];

/** A run on the wall clock, ms since the epoch. */
export type RunSpan = { readonly startMs: number; readonly endMs: number };

/** Runs of one group, by their number; `shiftMs`: behind the start of the group. */
export type PlacedGroup = readonly { readonly run: number; readonly shiftMs: number }[];

/** Clocks of machines may be apart: an overlap this short, or by this share of the shorter run, is none. */
const OVERLAP_MS_MIN = 1000;
const OVERLAP_SHARE_MIN = 0.1;

function isOverlap(a: RunSpan, b: RunSpan): boolean {
  const overlap = Math.min(a.endMs, b.endMs) - Math.max(a.startMs, b.startMs);
  const shorter = Math.min(a.endMs - a.startMs, b.endMs - b.startMs);
  return overlap > OVERLAP_MS_MIN && overlap > OVERLAP_SHARE_MIN * shorter;
}

/** `in-turn` keeps the order given; otherwise runs stand as they were started. */
export function placeRuns(spans: readonly RunSpan[], placement: Placement): PlacedGroup[] {
  if (placement === "in-turn") return spans.map((_, run) => [{ run, shiftMs: 0 }]);
  const ordered = spans
    .map((span, run) => ({ run, span }))
    .sort((a, b) => a.span.startMs - b.span.startMs);
  const groups: { run: number; span: RunSpan }[][] = [];
  for (const one of ordered) {
    const group = groups.at(-1);
    const joins =
      group !== undefined &&
      (placement === "together" || group.some(({ span }) => isOverlap(span, one.span)));
    if (joins) group.push(one);
    else groups.push([one]);
  }
  return groups.map((group) => {
    const first = group[0]?.span.startMs ?? 0;
    return group.map(({ run, span }) => ({
      run,
      // Runs that were never at it at the same time, and are taken together nevertheless, start together.
      shiftMs: placement === "together" ? 0 : span.startMs - first,
    }));
  });
}
