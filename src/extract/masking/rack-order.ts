/**
 * Numbers of racks: distinct values in the order of code points, from 0. `UNKNOWN` is a rack like the others; `null` is
 * none and gets no number. Source: extract.md 3.5, and the original's README on its ordered technique.
 */
export function rackNumbers(racks: Iterable<string | null>): ReadonlyMap<string, number> {
  const distinct = new Set<string>();
  for (const rack of racks) if (rack !== null) distinct.add(rack);
  const ordered = [...distinct].sort(byCodePoint);
  return new Map(ordered.map((rack, number) => [rack, number]));
}

// The order of UTF-8 bytes is that of code points; the order of UTF-16 units is not, beyond the first plane.
const byCodePoint = (a: string, b: string): number =>
  Buffer.compare(Buffer.from(a, "utf8"), Buffer.from(b, "utf8"));
