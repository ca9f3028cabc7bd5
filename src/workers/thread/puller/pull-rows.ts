// --log-requests: rows of requests and pulls, from a thread of pullers to the main thread. There is none unless rows are
// wanted: without, a request costs one comparison. Runs once per row then; budget 1 us. It never waits: pullers are what is
// measured, so a row that finds the ring full is lost, and counted.
import { AsyncLocalStorage } from "node:async_hooks";
import { Failure } from "../../../core/failure.ts";
import { isDrawn } from "../../../core/sample.ts";
import {
  ROW_ATTEMPT_AT,
  ROW_BYTES_AT,
  ROW_CLASS_AT,
  ROW_DONE_AT,
  ROW_ERROR_BYTES_AT,
  ROW_FIRST_BYTE_AT,
  ROW_IMAGE_AT,
  ROW_PATH_BYTES_AT,
  ROW_PATH_BYTES_MAX,
  ROW_PULL_AT,
  ROW_PULLER_AT,
  ROW_READY_AT,
  ROW_SENT_AT,
  ROW_SEQ_AT,
  ROW_STATUS_AT,
  ROW_TEXT_AT,
} from "../../../ring/pull-row-record.ts";
import { RingProducer } from "../../../ring/record-ring.ts";
import { BoardWord, type PullBoard } from "../../pull-board.ts";
import { ClassOf } from "../../pull-classes.ts";
import type { PullRowChoice } from "../../pull-plan.ts";
import { failureKind } from "./failure-kind.ts";

const NOTHING: Buffer = Buffer.alloc(0);

type Times = { readonly sentAt: number; readonly firstByteAt: number; readonly doneAt: number };

type Row = Times & {
  readonly type: number;
  readonly readyAt: number;
  readonly bytes: number;
  readonly status: number;
  readonly attempt: number;
  /** Kind of failure; empty = none. */
  readonly error: string;
  /** Request head or `PATH` alone; empty = none. */
  readonly path: Buffer;
};

type Place = { readonly puller: number; readonly image: number; readonly pull: number };

/** What a request knows of its end. */
type Ended = Times & {
  readonly status: number;
  readonly failure: number;
  readonly special: string;
};

type EndedRequest = Ended & {
  readonly type: number;
  readonly readyAt: number;
  readonly attempts: number;
};

/** What a pull knows of its own. */
type EndedPull = Times & {
  readonly isFirst: boolean;
  readonly bytes: number;
  readonly status: number;
  readonly failed: string;
};

/** Of one thread. */
export class PullRows {
  readonly #ring: RingProducer;
  readonly #choice: PullRowChoice;
  readonly #board: PullBoard;
  readonly #thread: number;
  readonly #threads: number;
  readonly #asking = new AsyncLocalStorage<ClientRows>();
  #rows = 0;
  #pulls = 0;

  constructor(
    memory: SharedArrayBuffer,
    {
      choice,
      board,
      thread,
      threads,
    }: { choice: PullRowChoice; board: PullBoard; thread: number; threads: number },
  ) {
    this.#ring = new RingProducer(memory);
    this.#choice = choice;
    this.#board = board;
    this.#thread = thread;
    this.#threads = threads;
  }

  /** Numbers are those of the run: every thread has its own share of them. */
  nextPull(): number {
    return this.#pulls++ * this.#threads + this.#thread;
  }

  /** Requests for tokens that `ask` leads to are those of this client. */
  askedBy<Answer>(client: ClientRows, ask: () => Answer): Answer {
    return this.#asking.run(client, ask);
  }

  /** A request to a token service. */
  token(row: Omit<Ended, "special"> & { readonly bytes: number; readonly url: string }): void {
    const { failure, status, url } = row;
    const error = failure === Failure.none ? "" : failureKind({ failure, status, special: "" });
    const path = Buffer.from(new URL(url).pathname, "latin1");
    const rest = { type: ClassOf.token, readyAt: Number.NaN, attempt: 1, error, path };
    const place = this.#asking.getStore()?.place ?? { puller: -1, image: -1, pull: -1 };
    this.add(place, { ...row, ...rest });
  }

  add(place: Place, row: Row): void {
    const seq = this.#rows++ * this.#threads + this.#thread;
    // A sample has pulls whole: all requests of those that are drawn.
    if (this.#wants(place.pull < 0 ? seq : place.pull, row.error)) this.#write(seq, place, row);
  }

  #wants(number: number, error: string): boolean {
    return this.#choice.which === "errors" ? error !== "" : isDrawn(number, this.#choice.share);
  }

  #write(seq: number, { puller, image, pull }: Place, row: Row): void {
    const ring = this.#ring;
    const { path, error } = row;
    const pathBytes = Math.min(path.length, ROW_PATH_BYTES_MAX);
    const at = ring.claim(ROW_TEXT_AT + pathBytes + error.length);
    if (at < 0) {
      this.#board.add(BoardWord.rowsLost, 1);
      return;
    }
    const { bytes, words, doubles } = ring;
    words[(at + ROW_SEQ_AT) >> 2] = seq;
    doubles[(at + ROW_READY_AT) >> 3] = row.readyAt;
    doubles[(at + ROW_SENT_AT) >> 3] = row.sentAt;
    doubles[(at + ROW_FIRST_BYTE_AT) >> 3] = row.firstByteAt;
    doubles[(at + ROW_DONE_AT) >> 3] = row.doneAt;
    doubles[(at + ROW_BYTES_AT) >> 3] = row.bytes;
    words[(at + ROW_PULLER_AT) >> 2] = puller;
    words[(at + ROW_IMAGE_AT) >> 2] = image;
    words[(at + ROW_PULL_AT) >> 2] = pull;
    bytes[at + ROW_CLASS_AT] = row.type;
    bytes.writeUInt16LE(row.status, at + ROW_STATUS_AT);
    bytes.writeUInt16LE(row.attempt, at + ROW_ATTEMPT_AT);
    bytes.writeUInt16LE(pathBytes, at + ROW_PATH_BYTES_AT);
    bytes.writeUInt16LE(error.length, at + ROW_ERROR_BYTES_AT);
    path.copy(bytes, at + ROW_TEXT_AT, 0, pathBytes);
    bytes.write(error, at + ROW_TEXT_AT + pathBytes, error.length, "latin1");
    ring.commit();
    // The main thread looks by itself.
    ring.show();
  }

  /** No row will follow. */
  close(): void {
    this.#ring.close();
  }
}

/** Of one puller, or one client of a herd. */
export class ClientRows {
  readonly #rows: PullRows;
  readonly #puller: number;
  #image = -1;
  #pull = -1;

  constructor(rows: PullRows, puller: number) {
    this.#rows = rows;
    this.#puller = puller;
  }

  get place(): Place {
    return { puller: this.#puller, image: this.#image, pull: this.#pull };
  }

  pullBegins(image: number): void {
    this.#image = image;
    this.#pull = this.#rows.nextPull();
  }

  /** One that was cut off has no row, as it is in no figure. */
  pullEnded(pull: EndedPull): void {
    const { sentAt, firstByteAt, doneAt, isFirst, bytes, status, failed } = pull;
    const type = isFirst ? ClassOf["pull-first"] : ClassOf["pull-repeat"];
    const row = { sentAt, firstByteAt, doneAt, type, bytes, status, error: failed };
    if (failed !== "aborted")
      this.#rows.add(this.place, { ...row, readyAt: Number.NaN, attempt: 1, path: NOTHING });
    this.#image = -1;
    this.#pull = -1;
  }

  /** `head`: what was sent. */
  requestEnded(request: EndedRequest, bytes: number, head: Buffer): void {
    const { sentAt, firstByteAt, doneAt, type, readyAt, attempts: attempt, status } = request;
    const error = request.failure === Failure.none ? "" : failureKind(request);
    const path = pathIn(head, type !== ClassOf.redirected);
    const row = { sentAt, firstByteAt, doneAt, type, readyAt, attempt, status };
    this.#rows.add(this.place, { ...row, bytes, error, path });
  }

  /** Requests for tokens that `ask` leads to are this client's. */
  asking<Answer>(ask: () => Answer): Answer {
    return this.#rows.askedBy(this, ask);
  }
}

const SPACE = 0x20;
const QUESTION_MARK = 0x3f;

/** Between the two spaces of a request line. Queries elsewhere than at the cache may be signatures, and so are left out. */
function pathIn(head: Buffer, withQuery: boolean): Buffer {
  const from = head.indexOf(SPACE) + 1;
  const path = head.subarray(from, head.indexOf(SPACE, from));
  const query = withQuery ? -1 : path.indexOf(QUESTION_MARK);
  return query < 0 ? path : path.subarray(0, query);
}
