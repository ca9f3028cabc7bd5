// Turns a landed entry into numbers of the tally and bytes of the outcome ring. Runs once per request; budget 300 ns, no
// allocation but for the sentence of a failure. Guarded by perf/end-to-end-loopback.bench.ts.
import { Failure } from "../../core/failure.ts";
import { operationClassOf } from "../../core/operation.ts";
import type { Nanos } from "../../core/units.ts";
import { sendsBody } from "../../registry/order.ts";
import { copyWords } from "../../ring/copy-words.ts";
import { DIGEST_AT, DIGEST_BYTES } from "../../ring/operation-record.ts";
import {
  DETAIL_BYTES_MAX,
  Disposition,
  OUTCOME_BYTES_AT,
  OUTCOME_DIGEST_AT,
  OUTCOME_DONE_AT,
  OUTCOME_DUE_AT,
  OUTCOME_FIRST_BYTE_AT,
  OUTCOME_HOW_AT,
  OUTCOME_KEY_BYTES_AT,
  OUTCOME_OP_AT,
  OUTCOME_REGISTRY_AT,
  OUTCOME_ROW_AT,
  OUTCOME_SENT_AT,
  OUTCOME_SEQ_AT,
  OUTCOME_SLOT_AT,
  OUTCOME_STATUS_AT,
  OUTCOME_TRACED_AT,
  OutcomeFlag,
} from "../../ring/outcome-record.ts";
import type { RingProducer } from "../../ring/record-ring.ts";
import { Stamp, type TallyWriter } from "../../stats/tally.ts";
import { Event } from "../../stats/tally-layout.ts";
import type { Entry } from "./in-flight.ts";

/** Outcomes between two publications while the thread is busy: measured on the ring, one store per 32 records is enough. */
const PUBLISH_EVERY = 32;
/** What 16 bits hold; more attempts of one operation are as good as this many. */
const ATTEMPTS_MAX = 0xffff;

export class OutcomeReporter {
  readonly #ring: RingProducer;
  readonly #tally: TallyWriter;
  readonly #onTime: Nanos;
  readonly #reported: () => void;
  #unpublished = 0;

  /** `onTime`: largest lateness that is on time. `reported` is called for every outcome written. */
  constructor(
    ring: RingProducer,
    tally: TallyWriter,
    { onTime, reported }: { onTime: Nanos; reported: () => void },
  ) {
    this.#ring = ring;
    this.#tally = tally;
    this.#onTime = onTime;
    this.#reported = reported;
  }

  tally(entry: Entry): void {
    const { flight, stamps } = entry;
    const { op, kind } = flight.order;
    const sends = sendsBody(flight.order);
    stamps[Stamp.bytesIn] = sends ? 0 : flight.bytes;
    stamps[Stamp.bytesOut] = sends ? flight.bytes : 0;
    if (flight.attempts > 1) this.#tally.count(Event.retry, flight.attempts - 1);
    if (flight.how === Disposition.existing) this.#tally.count(Event.existed, 1);
    this.#tally.record(stamps, 0, operationClassOf(op, kind), flight.failure, flight.status);
  }

  /** False when the ring is full: nothing was written, try again later. */
  write(entry: Entry): boolean {
    const { flight } = entry;
    const detailBytes =
      flight.failure === Failure.none || entry.dropped
        ? 0
        : Math.min(DETAIL_BYTES_MAX, Buffer.byteLength(flight.detail));
    const length = OUTCOME_ROW_AT + entry.rowBytes + entry.keyBytes + detailBytes;
    const at = this.#ring.claim(length);
    if (at < 0) return false;
    this.#writeNumbers(entry, at);
    this.#writeParts(entry, at, detailBytes);
    this.#ring.commit();
    this.#reported();
    if (++this.#unpublished >= PUBLISH_EVERY) this.publish();
    return true;
  }

  #writeNumbers(entry: Entry, at: number): void {
    const { flight, stamps } = entry;
    const { words, doubles } = this.#ring;
    const { op, kind, registry } = flight.order;
    const double = at >> 3;
    const word = at >> 2;
    words[word + OUTCOME_SEQ_AT / 4] = entry.seq;
    doubles[double + OUTCOME_DUE_AT / 8] = entry.due;
    doubles[double + OUTCOME_SENT_AT / 8] = stamps[Stamp.sent] as number;
    doubles[double + OUTCOME_FIRST_BYTE_AT / 8] = stamps[Stamp.firstByte] as number;
    doubles[double + OUTCOME_DONE_AT / 8] = stamps[Stamp.done] as number;
    doubles[double + OUTCOME_BYTES_AT / 8] = flight.bytes;
    doubles[double + OUTCOME_TRACED_AT / 8] = entry.traced;
    const onTime = (stamps[Stamp.sent] as number) - entry.due <= this.#onTime;
    const flags =
      (onTime ? OutcomeFlag.onTime : 0) |
      (entry.waited ? OutcomeFlag.waited : 0) |
      (sendsBody(flight.order) ? OutcomeFlag.sends : 0);
    words[word + OUTCOME_OP_AT / 4] = op | (kind << 8) | (flight.failure << 16) | (flags << 24);
    const attempts = Math.min(ATTEMPTS_MAX, flight.attempts);
    words[word + OUTCOME_STATUS_AT / 4] = flight.status | (attempts << 16);
    words[word + OUTCOME_REGISTRY_AT / 4] = registry | (entry.node << 16);
    words[word + OUTCOME_SLOT_AT / 4] = entry.slot;
  }

  #writeParts(entry: Entry, at: number, detailBytes: number): void {
    const { flight, dropped, rowBytes, keyBytes } = entry;
    const { words, bytes } = this.#ring;
    const word = at >> 2;
    const how = dropped ? Disposition.notSent : flight.how;
    words[word + OUTCOME_HOW_AT / 4] = how | (flight.step << 8) | (rowBytes << 16);
    words[word + OUTCOME_KEY_BYTES_AT / 4] = keyBytes;
    const from = entry.words;
    copyWords(words, word + OUTCOME_DIGEST_AT / 4, from, DIGEST_AT / 4, DIGEST_BYTES / 4);
    // Key behind row here as there. Up to 3 bytes more than they have: the record is a multiple of 8, and the detail is later.
    const partWords = (rowBytes + keyBytes + 3) >> 2;
    copyWords(words, word + OUTCOME_ROW_AT / 4, from, entry.rowAt >> 2, partWords);
    if (detailBytes > 0) {
      const detailAt = at + OUTCOME_ROW_AT + rowBytes + keyBytes;
      // Only whole characters are written: a cut in the middle of one makes it a few bytes less.
      const written = bytes.write(flight.detail, detailAt, detailBytes, "utf8");
      words[word + OUTCOME_KEY_BYTES_AT / 4] = keyBytes | (written << 16);
    }
  }

  publish(): void {
    if (this.#unpublished === 0) return;
    this.#unpublished = 0;
    this.#ring.publish();
  }

  close(): void {
    this.#ring.close();
  }
}
