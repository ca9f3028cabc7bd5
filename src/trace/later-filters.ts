import { createHash } from "node:crypto";
import type { FilterReason } from "./account.ts";
import { ClientIndex } from "./client-index.ts";
import type { RecordView } from "./record-view.ts";
import { SeenIds } from "./seen-ids.ts";
import type { TraceWindow } from "./trace-window.ts";

const UINT32_SPAN = 2 ** 32;

type Options = {
  readonly window: TraceWindow;
  readonly sample: { readonly clients: number } | undefined;
  readonly seed: string | number;
  readonly dedupe: boolean;
};

/**
 * The filters behind `include`: window, sample, duplicates, in this order.
 *
 * A window of offsets is not known before the last record was read: it is applied while merging, so that a record that
 * both it and the sample leave out is counted under `sample`. Runs once per record; a known client costs no string.
 */
export class LaterFilters {
  readonly #window: TraceWindow;
  readonly #sample: ClientSample | undefined;
  readonly #seen: SeenIds | undefined;

  constructor({ window, sample, seed, dedupe }: Options) {
    this.#window = window;
    this.#sample = sample === undefined ? undefined : new ClientSample(sample.clients, seed);
    this.#seen = dedupe ? new SeenIds() : undefined;
  }

  /** Why a record that passed `include` is left out; null if it is kept. */
  reason(arrivalUs: number, record: RecordView): FilterReason | null {
    if (!this.#window.admits(arrivalUs)) return "window";
    if (this.#sample !== undefined && !this.#sample.keeps(record)) return "sample";
    if (this.#seen === undefined) return null;
    const { buffer, idAt, idEnd } = record;
    if (idAt === -1) return null;
    return this.#seen.add(buffer, idAt, idEnd) ? null : "duplicate_id";
  }
}

/** Where a client stands in a buffer; -1, -1 = the record has none. */
type ClientPlace = Pick<RecordView, "buffer" | "clientAt" | "clientEnd">;

/** Whole clients by the first 32 bits of SHA-256(seed NUL client). Source: trace-replay.md 3.2, `trace.sample`. */
export class ClientSample {
  readonly #threshold: number;
  readonly #seed: string | number;
  readonly #clients = new ClientIndex();
  /** 1 = kept, by the client's number. */
  readonly #kept: number[] = [];

  constructor(share: number, seed: string | number) {
    this.#threshold = share * UINT32_SPAN;
    this.#seed = seed;
  }

  keeps({ buffer, clientAt, clientEnd }: ClientPlace): boolean {
    const client = this.#clients.indexOf(buffer, clientAt, clientEnd);
    const known = this.#kept[client];
    if (known !== undefined) return known === 1;
    const text = clientAt === -1 ? "" : buffer.subarray(clientAt, clientEnd);
    const digest = createHash("sha256").update(`${this.#seed}\0`).update(text).digest();
    const kept = digest.readUInt32BE(0) < this.#threshold;
    this.#kept[client] = kept ? 1 : 0;
    return kept;
  }
}
