import { TextSpan } from "../info/record-judge.ts";
import { ClientSample } from "../later-filters.ts";
import { Field, type RawRecord } from "../raw-record.ts";
import { SeenIds } from "../seen-ids.ts";
import type { OpenTraceOptions } from "../trace-options.ts";
import type { TraceWindow } from "../trace-window.ts";

export type SliceChoice = {
  /** As `trace.window`. */
  readonly window: OpenTraceOptions["window"];
  /** Trace clients to keep; all if there is no list. */
  readonly clients: ReadonlySet<string> | undefined;
  /** Share of the clients to keep, as `trace.sample.clients`. */
  readonly sample: number | undefined;
  readonly seed: string;
  /** Leaves out records whose id came before. */
  readonly dedupe: boolean;
};

/** Why a sound record is not in the slice, in the order in which it is asked; the last two are limits of the writing. */
const sliceReasons = [
  "window",
  "client",
  "sample",
  "duplicate_id",
  "limit",
  "too_long",
  "not_of_the_api",
] as const;
type SliceReason = (typeof sliceReasons)[number];
export type SliceCounts = Partial<Record<SliceReason, number>>;

/** Decides which records belong to a slice, and counts the others. */
export class Selection {
  readonly left: SliceCounts = {};
  readonly #choice: SliceChoice;
  readonly #window: TraceWindow;
  readonly #sample: ClientSample | undefined;
  readonly #seen: SeenIds | undefined;
  readonly #span = new TextSpan();

  constructor(choice: SliceChoice, window: TraceWindow) {
    this.#choice = choice;
    this.#window = window;
    this.#sample =
      choice.sample === undefined ? undefined : new ClientSample(choice.sample, choice.seed);
    this.#seen = choice.dedupe ? new SeenIds() : undefined;
  }

  /** Asked for every sound record. The edges of a window of offsets are known only behind the last: see `isInside`. */
  takes(raw: RawRecord, arrivalUs: number): boolean {
    const reason = this.#reason(raw, arrivalUs);
    if (reason !== null) this.leftOut(reason, 1);
    return reason === null;
  }

  /** Whether a time lies in the window, when all records have been seen. */
  isInside(arrivalUs: number): boolean {
    const { fromUs, toUs } = this.#window.resolve();
    return arrivalUs >= fromUs && arrivalUs < toUs;
  }

  leftOut(reason: SliceReason, count: number): void {
    this.left[reason] = (this.left[reason] ?? 0) + count;
  }

  #reason(raw: RawRecord, arrivalUs: number): SliceReason | null {
    if (!this.#window.admits(arrivalUs)) return "window";
    const span = this.#span;
    span.read(raw, Field.client);
    const { buffer, from: clientAt, to: clientEnd } = span;
    if (!this.#isWanted()) return "client";
    if (this.#sample?.keeps({ buffer, clientAt, clientEnd }) === false) return "sample";
    if (this.#seen === undefined) return null;
    span.read(raw, Field.id);
    if (span.from === -1) return null;
    return this.#seen.add(span.buffer, span.from, span.to) ? null : "duplicate_id";
  }

  /** Whether the client that was just read is on the list. */
  #isWanted(): boolean {
    const { clients } = this.#choice;
    if (clients === undefined) return true;
    const { buffer, from, to } = this.#span;
    return from !== -1 && clients.has(buffer.toString("utf8", from, to));
  }
}
