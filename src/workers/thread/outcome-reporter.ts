// Turns a landed entry into numbers of the tally and bytes of the outcome ring. Runs once per request; budget 300 ns, no
// allocation but for the sentence of a failure. Guarded by perf/end-to-end-loopback.bench.ts.
import { Failure } from "../../core/failure.ts";
import { Op, operationClassOf } from "../../core/operation.ts";
import type { Nanos } from "../../core/units.ts";
import {
  DETAIL_BYTES_MAX,
  Disposition,
  OUTCOME_ATTEMPTS_AT,
  OUTCOME_BYTES_AT,
  OUTCOME_DETAIL_BYTES_AT,
  OUTCOME_DIGEST_AT,
  OUTCOME_DONE_AT,
  OUTCOME_DUE_AT,
  OUTCOME_FAILURE_AT,
  OUTCOME_FIRST_BYTE_AT,
  OUTCOME_HOW_AT,
  OUTCOME_KEY_BYTES_AT,
  OUTCOME_KIND_AT,
  OUTCOME_NODE_AT,
  OUTCOME_ON_TIME_AT,
  OUTCOME_OP_AT,
  OUTCOME_REGISTRY_AT,
  OUTCOME_ROW_AT,
  OUTCOME_ROW_BYTES_AT,
  OUTCOME_SENT_AT,
  OUTCOME_SEQ_AT,
  OUTCOME_SLOT_AT,
  OUTCOME_STATUS_AT,
  OUTCOME_TRACED_AT,
} from "../../ring/outcome-record.ts";
import type { RingProducer } from "../../ring/record-ring.ts";
import { Stamp, type TallyWriter } from "../../stats/tally.ts";
import { Event } from "../../stats/tally-layout.ts";
import type { Entry } from "./in-flight.ts";

/** Outcomes between two publications while the thread is busy: measured on the ring, one store per 32 records is enough. */
const PUBLISH_EVERY = 32;

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
    const sends = op === Op.PUT || op === Op.PUSH;
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
    const { words, doubles, bytes } = this.#ring;
    const double = at >> 3;
    words[(at + OUTCOME_SEQ_AT) >> 2] = entry.seq;
    doubles[double + OUTCOME_DUE_AT / 8] = entry.due;
    doubles[double + OUTCOME_SENT_AT / 8] = stamps[Stamp.sent] as number;
    doubles[double + OUTCOME_FIRST_BYTE_AT / 8] = stamps[Stamp.firstByte] as number;
    doubles[double + OUTCOME_DONE_AT / 8] = stamps[Stamp.done] as number;
    doubles[double + OUTCOME_BYTES_AT / 8] = flight.bytes;
    doubles[double + OUTCOME_TRACED_AT / 8] = entry.traced;
    bytes[at + OUTCOME_OP_AT] = flight.order.op;
    bytes[at + OUTCOME_KIND_AT] = flight.order.kind;
    bytes[at + OUTCOME_FAILURE_AT] = flight.failure;
    const late = (stamps[Stamp.sent] as number) - entry.due;
    bytes[at + OUTCOME_ON_TIME_AT] = late <= this.#onTime ? 1 : 0;
    bytes.writeUInt16LE(flight.status, at + OUTCOME_STATUS_AT);
    bytes.writeUInt16LE(Math.min(0xffff, flight.attempts), at + OUTCOME_ATTEMPTS_AT);
    bytes.writeUInt16LE(flight.order.registry, at + OUTCOME_REGISTRY_AT);
    bytes.writeUInt16LE(entry.node, at + OUTCOME_NODE_AT);
    words[(at + OUTCOME_SLOT_AT) >> 2] = entry.slot;
    bytes[at + OUTCOME_HOW_AT] = entry.dropped ? Disposition.notSent : flight.how;
  }

  #writeParts(entry: Entry, at: number, detailBytes: number): void {
    const { bytes } = this.#ring;
    bytes.writeUInt16LE(entry.rowBytes, at + OUTCOME_ROW_BYTES_AT);
    bytes.writeUInt16LE(entry.keyBytes, at + OUTCOME_KEY_BYTES_AT);
    bytes.writeUInt16LE(detailBytes, at + OUTCOME_DETAIL_BYTES_AT);
    entry.flight.order.digest.copy(bytes, at + OUTCOME_DIGEST_AT);
    entry.memory.copy(bytes, at + OUTCOME_ROW_AT, entry.rowAt, entry.keyAt + entry.keyBytes);
    if (detailBytes > 0) {
      const detailAt = at + OUTCOME_ROW_AT + entry.rowBytes + entry.keyBytes;
      bytes.write(entry.flight.detail, detailAt, detailBytes, "utf8");
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
