// Rows of a node that came behind the last figures that it told: rows and figures come in the order in which they were sent, and
// figures are those of the rows before them (node/told-figures.ts). Of a node that is lost, what is missing of its figures is
// made up from here, so that they are those of its rows.
import { DrayageError } from "../../core/errors.ts";
import { nanos } from "../../core/units.ts";
import { OUTCOME_DONE_AT, OUTCOME_SENT_AT } from "../../ring/outcome-record.ts";
import { allocateRing, RingViews } from "../../ring/record-ring.ts";
import type { IntervalSnapshot } from "../../stats/figures.ts";
import type { TallyThresholds } from "../../stats/tally.ts";
import { TallyReader } from "../../stats/tally-reader.ts";
import { OUTCOMES_BYTES_MAX, offsetsOf } from "../operation-run.ts";
import { OutcomeTally } from "../outcome-tally.ts";

/** Of rows without figures, which come each second: as much as a node keeps of what was not acknowledged. */
const UNTOLD_BYTES_MAX = 256 * 1024 * 1024;

export class UntoldRows {
  #batches: Buffer[] = [];
  #bytes = 0;
  /** Operations that were told as started and not as ended. */
  #underWay = 0;
  #last: Pick<IntervalSnapshot, "end" | "health" | "inFlight" | "waiting"> = {
    ...{ end: nanos(0), health: [], inFlight: 0, waiting: 0 },
  };

  /** Copies the records, one behind the other. Throws DrayageError `protocol` for a node that tells no figures. */
  add(records: Buffer): void {
    if (records.length === 0) return;
    this.#bytes += records.length;
    if (this.#bytes > UNTOLD_BYTES_MAX)
      throw new DrayageError("protocol", `${this.#bytes} bytes of results and no figures of them`);
    this.#batches.push(Buffer.from(records));
  }

  /** Figures have come: they are those of all rows so far. */
  told({ end, health, inFlight, waiting, classes }: IntervalSnapshot): void {
    for (const { started, done, failed } of classes) this.#underWay += started - done - failed;
    this.#batches = [];
    this.#bytes = 0;
    this.#last = { end, health, inFlight, waiting };
  }

  /** Figures of the rows that have none; undefined where there are no such rows. Health and gauges are those that were told last. */
  figures(thresholds: TallyThresholds): IntervalSnapshot | undefined {
    if (this.#batches.length === 0) return undefined;
    const { end: start, ...last } = this.#last;
    const tally = new OutcomeTally(thresholds);
    const desk = new RingViews(allocateRing(OUTCOMES_BYTES_MAX));
    let end = start as number;
    const toldUntil = this.#toldUntil(start);
    for (const records of this.#batches) {
      desk.bytes.set(records, 0);
      for (const at of offsetsOf(records)) {
        const sent = desk.doubles[(at + OUTCOME_SENT_AT) >> 3] as number;
        tally.add(desk, at, sent <= toldUntil);
        end = Math.max(end, desk.doubles[(at + OUTCOME_DONE_AT) >> 3] as number);
      }
    }
    const interval = new TallyReader([tally.memory]).takeInterval(start, nanos(end));
    return { ...interval, ...last };
  }

  /**
   * Instant of the last sending that is in the figures as such: of what was sent before them, as many as were under way by them. A
   * thread that is held up between sending and counting has sent what they lack.
   */
  #toldUntil(end: number): number {
    const before = this.#batches
      .flatMap((records) =>
        [...offsetsOf(records)].map((at) => records.readDoubleLE(at + OUTCOME_SENT_AT)),
      )
      .filter((sent) => sent < end)
      .sort((a, b) => a - b);
    return before[Math.min(before.length, this.#underWay) - 1] ?? Number.NEGATIVE_INFINITY;
  }
}
