import { batchBytes } from "./archive-file-writer.ts";
import { type ArchiveEvent, ownEvent } from "./event.ts";
import { refusePath } from "./path-table.ts";
import type { Behind, Steps } from "./sliced-work.ts";

/** A batch that is written later. Whatever is wrong with it is told now: RecordTooLarge, UsageError. */
export function waitingBatch(
  events: readonly ArchiveEvent[],
  write: (events: readonly ArchiveEvent[]) => Steps,
): Behind {
  const bytes = batchBytes(events);
  for (const { path } of events) refusePath(path);
  const own = events.map(ownEvent);
  return { bytes, batches: 1, run: () => write(own) };
}
