import { setImmediate as turn } from "node:timers/promises";
import { throwIfAborted } from "./interruption.ts";
import type { RunMerge } from "./run-merge.ts";
import type { Selection } from "./trace-stream.ts";

const RECORDS_PER_TURN = 1 << 16;

/** How many of the sorted records fall to the filters that need the order of all of them. */
type Census = { readonly window: number; readonly limit: number };

/**
 * Counts what a selection will leave out, so that the account is complete before the first request is sent. Walks over
 * all runs once and rewinds them; needed only for offsets and limits in seconds, which depend on the first record.
 */
export async function takeCensus(
  merge: RunMerge,
  { fromUs, toUs, spanUs, records }: Selection,
  signal: AbortSignal | undefined,
): Promise<Census> {
  let window = 0;
  let limit = 0;
  let kept = 0;
  let firstUs = Number.NaN;
  for (let walked = 1; merge.next(); walked++) {
    const { arrivalUs } = merge;
    if (arrivalUs < fromUs || arrivalUs >= toUs) window++;
    else {
      if (Number.isNaN(firstUs)) firstUs = arrivalUs;
      if (kept >= records || arrivalUs - firstUs > spanUs) limit++;
      else kept++;
    }
    if (walked % RECORDS_PER_TURN !== 0) continue;
    await turn();
    throwIfAborted(signal);
  }
  merge.rewind();
  return { window, limit };
}
