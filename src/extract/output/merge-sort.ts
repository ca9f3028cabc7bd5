// Puts lines in order by three numbers each. Runs once per run of lines; twenty comparisons a line, so they are plain code
// on typed arrays: a comparison by Array.sort costs ten times as much. Guarded by perf/extract-stream.bench.ts.

/** Whether the key at `a` of `keys` comes behind the one at `b`; positions of their first numbers. */
export function isAfter(keys: Float64Array, a: number, b: number): boolean {
  if (keys[a] !== keys[b]) return (keys[a] as number) > (keys[b] as number);
  if (keys[a + 1] !== keys[b + 1]) return (keys[a + 1] as number) > (keys[b + 1] as number);
  return (keys[a + 2] as number) > (keys[b + 2] as number);
}

/** The places ordered by the three numbers at `3 * place` of `keys`; stable. `places` is used up. */
export function mergeSorted(places: Uint32Array, keys: Float64Array): Uint32Array {
  let from = places;
  let to = new Uint32Array(places.length);
  for (let width = 1; width < places.length; width *= 2) {
    for (let start = 0; start < places.length; start += 2 * width)
      mergePair({ from, to, keys }, start, width);
    [from, to] = [to, from];
  }
  return from;
}

type Merge = {
  readonly from: Uint32Array;
  readonly to: Uint32Array;
  readonly keys: Float64Array;
};

/** Merges two neighbours of `width` places into one. */
function mergePair({ from, to, keys }: Merge, start: number, width: number): void {
  const middle = Math.min(start + width, from.length);
  const end = Math.min(start + 2 * width, from.length);
  let left = start;
  let right = middle;
  for (let at = start; at < end; at++) {
    const takesRight =
      left >= middle ||
      (right < end && isAfter(keys, 3 * (from[left] as number), 3 * (from[right] as number)));
    to[at] = from[takesRight ? right++ : left++] as number;
  }
}
