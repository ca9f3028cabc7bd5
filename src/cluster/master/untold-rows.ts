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
import { offsetsOf } from "../operation-run.ts";
import { OutcomeTally } from "../outcome-tally.ts";

/** Of rows without figures, which come each second: as much as a node keeps of what was not acknowledged. */
const UNTOLD_BYTES_MAX = 256 * 1024 * 1024;
/** A frame of the protocol. */
const DESK_BYTES = 1024 * 1024;

export class UntoldRows {
  #batches: Buffer[] = [];
  #bytes = 0;
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
  told({ end, health, inFlight, waiting }: IntervalSnapshot): void {
    this.#batches = [];
    this.#bytes = 0;
    this.#last = { end, health, inFlight, waiting };
  }

  /** Figures of the rows that have none; undefined where there are no such rows. Health and gauges are those that were told last. */
  figures(thresholds: TallyThresholds): IntervalSnapshot | undefined {
    if (this.#batches.length === 0) return undefined;
    const { end: start, ...last } = this.#last;
    const tally = new OutcomeTally(thresholds);
    const desk = new RingViews(allocateRing(DESK_BYTES));
    let end = start as number;
    for (const records of this.#batches) {
      desk.bytes.set(records, 0);
      for (const at of offsetsOf(records)) {
        // What was sent before the last figures is in them as such.
        const sent = desk.doubles[(at + OUTCOME_SENT_AT) >> 3] as number;
        tally.add(desk, at, sent < start);
        end = Math.max(end, desk.doubles[(at + OUTCOME_DONE_AT) >> 3] as number);
      }
    }
    const interval = new TallyReader([tally.memory]).takeInterval(start, nanos(end));
    return { ...interval, ...last };
  }
}
