// Collects outcome records and sends them to the master in batches. Runs once per request on the main thread; budget 600 ns, no
// allocation but for a buffer per batch. Guarded by test/end-to-end/cluster.test.ts.
import { setTimeout as delay } from "node:timers/promises";
import type { RingViews } from "../../ring/record-ring.ts";
import type { OutcomeKeeper } from "../../workers/collector/outcome-drain.ts";
import type { Conversation } from "../conversation.ts";
import type { OutcomeTally } from "../outcome-tally.ts";
import { OUTCOME_LAYOUT } from "../record-layout.ts";
import type { RowBatch, RowSpool } from "./row-spool.ts";

/** A batch goes out when it has so many bytes, or after this time. With its largest record it fits a frame. */
const BATCH_BYTES = 256 * 1024;
const BATCH_MS = 200;
/** Of an outcome: row and key of 64 KiB each at most. */
const OUTCOME_BYTES_MAX = 160 * 1024;
/**
 * Unacknowledged bytes beyond which records are dropped and counted, where operations are this node's own to read: requests go
 * on as planned. Otherwise outcomes stay in their rings and, when those are full, operations in their places. A cut of ten
 * seconds at 20,000 operations a second makes some 80 MB.
 */
const KEPT_BYTES_MAX = 256 * 1024 * 1024;
/** Of rows that were kept until the end: on their way to the master at once. */
const HANDED_BYTES_MAX = 8 * 1024 * 1024;
const ROOM_MS = 5;

export class OutcomeSender implements OutcomeKeeper {
  readonly #conversation: Conversation;
  /** Of all records so far. */
  readonly tally: OutcomeTally;
  #batch = Buffer.allocUnsafeSlow(BATCH_BYTES + OUTCOME_BYTES_MAX);
  #length = 0;
  #count = 0;
  #held = false;
  #alone: ((records: Buffer) => void) | undefined;
  #isWanted = true;
  /** Number of the last batch, and rows in all of them. */
  batches = 0;
  rows = 0;
  /** Times that outcomes were held back, and outcomes that were dropped. */
  holds = 0;
  dropped = 0;
  readonly #drops: boolean;
  readonly #keptBytesMax: number;
  #spool: RowSpool | undefined;
  readonly #timer: NodeJS.Timeout;

  /** `drops`: at the bound records are dropped instead of held back. */
  constructor(
    conversation: Conversation,
    tally: OutcomeTally,
    { drops, keptBytesMax = KEPT_BYTES_MAX }: { drops: boolean; keptBytesMax?: number },
  ) {
    this.#conversation = conversation;
    this.tally = tally;
    this.#drops = drops;
    this.#keptBytesMax = keptBytesMax;
    this.#timer = setInterval(() => this.send(), BATCH_MS);
  }

  /** From now on records are kept there until `handOver`. */
  keepIn(spool: RowSpool): void {
    this.#spool = spool;
  }

  get hasRoom(): boolean {
    if (this.#alone !== undefined || this.#drops) return true;
    const room = this.#conversation.unacknowledgedBytes < this.#keptBytesMax;
    if (!room && !this.#held) this.holds++;
    this.#held = !room;
    return room;
  }

  keep(ring: RingViews, at: number): void {
    this.tally.add(ring, at, true);
    const length = ring.words[at >> 2] as number;
    ring.bytes.copy(this.#batch, this.#length, at, at + length);
    this.#length += length;
    this.#count++;
    if (this.#length >= BATCH_BYTES) this.send();
  }

  flush(): void {}

  /** The master is lost: batches go to this machine's own keeping from now on. */
  redirect(alone: (records: Buffer) => void): void {
    this.#alone = alone;
  }

  /** Sends what there is. */
  send(): void {
    if (this.#count === 0) return;
    const batch = { records: this.#batch.subarray(0, this.#length), count: this.#count };
    if (this.#spool !== undefined) this.dropped += this.#spool.put(batch) ? 0 : batch.count;
    else if (this.#alone !== undefined) this.#alone(batch.records);
    else if (this.#isFull) this.dropped += batch.count;
    else this.#say(batch);
    this.#length = 0;
    this.#count = 0;
  }

  get #isFull(): boolean {
    const bytes = this.#conversation.unacknowledgedBytes + this.#length;
    return this.#drops && bytes > this.#keptBytesMax;
  }

  #say({ records, count }: RowBatch): void {
    this.rows += count;
    this.#conversation.say({
      type: "results",
      layout: OUTCOME_LAYOUT,
      batch: ++this.batches,
      count,
      // The message is encoded, and so copied, before this returns.
      records,
    });
  }

  /** The run is over: sends what was kept until then, as the master takes it. */
  async handOver(): Promise<void> {
    if (this.#spool === undefined) return;
    for (const batch of this.#spool.batches()) {
      while (this.#waits) await delay(ROOM_MS);
      if (!this.#isWanted) break;
      if (batch.records.length === 0) this.dropped += batch.count;
      else if (this.#alone !== undefined) this.#alone(batch.records);
      else this.#say(batch);
    }
  }

  get #waits(): boolean {
    const isFull = this.#conversation.unacknowledgedBytes > HANDED_BYTES_MAX;
    return isFull && this.#isWanted && this.#alone === undefined;
  }

  /** Nobody wants rows any more. */
  giveUp(): void {
    this.#isWanted = false;
  }

  /** Forgets what was not handed over. */
  release(): void {
    this.#spool?.close();
    this.#spool = undefined;
  }

  close(): void {
    clearInterval(this.#timer);
    this.send();
  }
}
