// The times of one request or pull on their way into the tally. Runs once for each of them and makes nothing.
import { STAMP_WORDS, Stamp, type TallyWriter } from "../../../stats/tally.ts";

type Times = { readonly sentAt: number; readonly firstByteAt: number; readonly doneAt: number };

export class PullStamps {
  readonly #stamps = new Float64Array(STAMP_WORDS);

  /** `readyAt`: when it could have been sent, NaN where nobody waited; the tally's lateness is the time between. */
  fill(readyAt: number, { sentAt, firstByteAt, doneAt }: Times, received: number): void {
    const stamps = this.#stamps;
    stamps[Stamp.due] = readyAt;
    stamps[Stamp.sent] = sentAt;
    stamps[Stamp.firstByte] = firstByteAt;
    stamps[Stamp.done] = doneAt;
    stamps[Stamp.bytesIn] = received;
  }

  /** `type`: class of pull-classes.ts. */
  record(
    { tally }: { readonly tally: TallyWriter },
    type: number,
    { failure, status }: { readonly failure: number; readonly status: number },
  ): void {
    tally.started(this.#stamps, 0, type, 0);
    tally.record(this.#stamps, 0, type, failure, status);
  }
}
