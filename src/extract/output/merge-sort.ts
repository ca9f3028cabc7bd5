// Puts lines in order by three numbers each. Runs once per run of lines, with twenty comparisons a line. First keys are
// moved together with the places, so that comparisons walk along memory; the other keys are looked up for equal ones only.
// Array.sort with a comparison of its own costs ten times as much. Guarded by perf/extract-stream.bench.ts.

/** Whether the key at `a` of `keys` comes behind the one at `b`; positions of their first numbers. */
export function isAfter(keys: Float64Array, a: number, b: number): boolean {
  if (keys[a] !== keys[b]) return (keys[a] as number) > (keys[b] as number);
  if (keys[a + 1] !== keys[b + 1]) return (keys[a + 1] as number) > (keys[b + 1] as number);
  return (keys[a + 2] as number) > (keys[b + 2] as number);
}

type Side = { readonly places: Uint32Array; readonly firsts: Float64Array };

/** The places 0 to `count` - 1, ordered by the three numbers at `3 * place` of `keys`; equal keys keep their order. */
export function mergeSorted(count: number, keys: Float64Array): Uint32Array {
  let from = emptySide(count);
  let to = emptySide(count);
  for (let place = 0; place < count; place++) {
    from.places[place] = place;
    from.firsts[place] = keys[3 * place] as number;
  }
  for (let width = 1; width < count; width *= 2) {
    for (let start = 0; start < count; start += 2 * width)
      mergePair({ from, to, keys }, start, width);
    [from, to] = [to, from];
  }
  return from.places;
}

const emptySide = (count: number): Side => ({
  places: new Uint32Array(count),
  firsts: new Float64Array(count),
});

/** Merges two neighbours of `width` places into one. */
function mergePair(
  { from, to, keys }: { from: Side; to: Side; keys: Float64Array },
  start: number,
  width: number,
): void {
  const { places, firsts } = from;
  const middle = Math.min(start + width, places.length);
  const end = Math.min(start + 2 * width, places.length);
  let left = start;
  let right = middle;
  for (let at = start; at < end; at++) {
    let takesRight = left >= middle;
    if (!takesRight && right < end) {
      const [one, other] = [firsts[left] as number, firsts[right] as number];
      takesRight =
        one === other
          ? isAfter(keys, 3 * (places[left] as number), 3 * (places[right] as number))
          : one > other;
    }
    const taken = takesRight ? right++ : left++;
    to.places[at] = places[taken] as number;
    to.firsts[at] = firsts[taken] as number;
  }
}
