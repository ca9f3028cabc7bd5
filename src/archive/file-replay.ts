import { micros } from "../core/units.ts";
import { batchBlock, placeOf } from "./batch-record.ts";
import type { ByteSource } from "./byte-source.ts";
import { checksum } from "./checksum.ts";
import { EVENT_KIND_EXCHANGE, EventWalk, exchangeLength } from "./event-block.ts";
import type { FileScan } from "./file-scan.ts";
import { HEADER_BYTES } from "./header-page.ts";
import { LastEvents } from "./last-events.ts";
import { RecordType } from "./record.ts";
import { RecordWalk } from "./record-walk.ts";
import type { FileTotals } from "./seal.ts";

const CHECK_BYTES = 1_048_576;

/** CRC of all bytes from the first record up to `until`, as the seal states it. */
export function bodyChecksum(
  source: ByteSource,
  { until, seed }: { readonly until: number; readonly seed: number },
): number {
  let crc = seed;
  for (let at = HEADER_BYTES; at < until; at += CHECK_BYTES)
    crc = checksum(source.read(at, Math.min(CHECK_BYTES, until - at)), crc);
  return crc;
}

/** Decodes what the scan passed over: places of last events from the newest image on, totals from the last stop on. */
export function replay(
  scan: FileScan,
  { source, seed }: { readonly source: ByteSource; readonly seed: number },
): { last: LastEvents; totals: FileTotals } {
  const last = new LastEvents();
  const stopAt = scan.stop?.at ?? 0;
  let events = scan.stop?.totals.events ?? 0;
  let longest: number = scan.stop?.totals.longestExchange ?? 0;
  const walk = new RecordWalk(source, seed);
  let at = Math.max(HEADER_BYTES, Math.min(scan.imageAt, stopAt));
  while (at < scan.at) {
    const found = walk.at(at);
    if (found.kind !== "record") {
      at = walk.resync(at + 1);
      continue;
    }
    const { record } = found;
    at = record.end;
    const isBatch = record.type === RecordType.batch;
    if (!isBatch && record.type !== RecordType.image) continue;
    const block = batchBlock(record);
    if (record.offset >= scan.imageAt) last.see(block, record.offset, placeOf(record));
    if (!isBatch || record.offset < stopAt) continue;
    const facts = factsOf(block);
    events += facts.events;
    longest = Math.max(longest, facts.longest);
  }
  const { firstStamp, lastStamp, batches, images, gaps, dropped } = scan;
  const longestExchange = micros(longest);
  const totals = { firstStamp, lastStamp, batches, images, gaps, dropped, events, longestExchange };
  return { last, totals };
}

/** Events of a block, and the longest exchange among them, µs. */
function factsOf(block: Buffer): { events: number; longest: number } {
  const walk = new EventWalk(block);
  let longest = 0;
  while (walk.next())
    if (walk.kind === EVENT_KIND_EXCHANGE) longest = Math.max(longest, exchangeLength(walk.body));
  return { events: walk.count, longest };
}
