// --log-requests of a ramp: takes rows from the rings of the request worker threads and writes them. On the main thread.
import type { PullBegun } from "../../pull/driver-contract.ts";
import { formatCount } from "../../report/number-format.ts";
import {
  type OpenRequestFile,
  type RequestFile,
  requestFileName,
} from "../../report/request-file.ts";
import { type PullRow, pullColumns } from "../../report/request-row.ts";
import type { RunDirectory } from "../../report/run-directory.ts";
import {
  ROW_ATTEMPT_AT,
  ROW_BYTES_AT,
  ROW_CLASS_AT,
  ROW_DONE_AT,
  ROW_ERROR_BYTES_AT,
  ROW_FIRST_BYTE_AT,
  ROW_IMAGE_AT,
  ROW_PATH_BYTES_AT,
  ROW_PULL_AT,
  ROW_PULLER_AT,
  ROW_READY_AT,
  ROW_SENT_AT,
  ROW_SEQ_AT,
  ROW_STATUS_AT,
  ROW_TEXT_AT,
} from "../../ring/pull-row-record.ts";
import type { RingViews } from "../../ring/record-ring.ts";
import { OutcomeDrain, type OutcomeKeeper } from "../../workers/collector/outcome-drain.ts";
import { pullClasses } from "../../workers/pull-classes.ts";
import type { LoggedRequests } from "../replay/request-log.ts";

export type LoggedPulls = {
  readonly wanted: LoggedRequests;
  /** For the format that is wanted. */
  readonly open: OpenRequestFile;
  readonly imageOf: (image: number) => string;
};

export class PullRequestLog implements OutcomeKeeper {
  readonly hasRoom = true;
  readonly name: string;
  readonly #file: RequestFile<PullRow>;
  readonly #imageOf: (image: number) => string;
  #drain: OutcomeDrain | undefined;
  #drained: Promise<unknown> = Promise.resolve();
  #beganAt = 0;
  #rows = 0;
  #open = true;

  constructor(directory: RunDirectory, { wanted, open, imageOf }: LoggedPulls) {
    this.name = requestFileName(wanted.format);
    this.#file = open(directory.file(this.name), pullColumns);
    this.#imageOf = imageOf;
  }

  /** What the file holds, when all of it is there; `lost`: rows that it lacks. */
  description(lost: number): { readonly name: string; readonly holds: string } {
    const missing = lost === 0 ? "" : `; ${lost} more were lost, the disk being too slow`;
    return {
      name: this.name,
      holds: `${formatCount(this.#rows)} rows, of requests and pulls${missing}`,
    };
  }

  begin({ at, rows }: Pick<PullBegun, "at" | "rows">): void {
    this.#beganAt = at;
    this.#drain = new OutcomeDrain(rows, this);
    // A disk that fails is told by `written`; until then nobody listens.
    this.#drained = this.#drain.run().then(undefined, (error: unknown) => error);
  }

  keep(ring: RingViews, at: number): void {
    this.#file.add(rowAt(ring, at, { beganAt: this.#beganAt, imageOf: this.#imageOf }));
    this.#rows++;
  }

  flush(): void {
    this.#file.flush();
  }

  /** The threads have ended: resolves when every row is written. Rejects with what the disk said. */
  async written(): Promise<void> {
    this.#drain?.hasten();
    const error = await this.#drained;
    if (error !== undefined) throw error;
    this.#end();
  }

  #end(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#file.close();
  }

  /** Keeps what there is of a run that failed. Idempotent. */
  close(): void {
    this.#drain?.cancel();
    this.#end();
  }
}

const orNull = (value: number): number | null => (Number.isNaN(value) ? null : value);
const numberOrNull = (value: number): number | null => (value < 0 ? null : value);

function rowAt(
  { bytes, words, doubles }: RingViews,
  at: number,
  { beganAt, imageOf }: { beganAt: number; imageOf: (image: number) => string },
): PullRow {
  const word = (offset: number): number => words[(at + offset) >> 2] as number;
  const double = (offset: number): number => doubles[(at + offset) >> 3] as number;
  const instant = (offset: number): number => double(offset) - beganAt;
  const status = bytes.readUInt16LE(at + ROW_STATUS_AT);
  const pathFrom = at + ROW_TEXT_AT;
  const errorFrom = pathFrom + bytes.readUInt16LE(at + ROW_PATH_BYTES_AT);
  const errorTo = errorFrom + bytes.readUInt16LE(at + ROW_ERROR_BYTES_AT);
  const image = word(ROW_IMAGE_AT);
  return {
    seq: word(ROW_SEQ_AT) >>> 0,
    operation: pullClasses[bytes[at + ROW_CLASS_AT] as number] ?? "request",
    node: 0,
    slot: null,
    registry: 0,
    due: null,
    sent: instant(ROW_SENT_AT),
    firstByte: orNull(instant(ROW_FIRST_BYTE_AT)),
    done: instant(ROW_DONE_AT),
    bytes: double(ROW_BYTES_AT),
    status: status === 0 ? null : status,
    error: bytes.toString("latin1", errorFrom, errorTo) || null,
    attempts: bytes.readUInt16LE(at + ROW_ATTEMPT_AT),
    uri: bytes.toString("latin1", pathFrom, errorFrom) || null,
    puller: numberOrNull(word(ROW_PULLER_AT)),
    pull: numberOrNull(word(ROW_PULL_AT)),
    image: image < 0 ? null : imageOf(image),
    wait: orNull(double(ROW_SENT_AT) - double(ROW_READY_AT)),
  };
}
