// Every request of a trace as a row of numbers, to be walked in the order of its arrival. Runs per record; allocates
// nothing. Guarded by perf/trace-info.bench.ts.
//
//   0        4        8      16         24     28       29     30        32       36       40
//   | length | client | time | duration | name | method | bits | size    | size   | unused |
//   | u32    | u32    | f64  | f64 µs   | u32  | kind   | u8   | high 16 | low 32 |        |
//
// A client or a name that is missing is NOBODY. `method` has the low four bits, `kind` the high ones.
import type { RecordBlock } from "../record-view.ts";
import { ExternalOrder, type OrderOptions } from "./external-order.ts";

const ROW_BYTES = 40;
const CLIENT_AT = 4;
const DURATION_AT = 16;
const NAME_AT = 24;
const CODE_AT = 28;
const BITS_AT = 29;
const SIZE_HIGH_AT = 30;
const SIZE_LOW_AT = 32;
const TWO_32 = 2 ** 32;
/** 256 TiB: no object is larger. */
const SIZE_MAX = 2 ** 48 - 1;

export const NOBODY = 0xffffffff;

/** A request as it is shown; overwritten by the next one. Times in microseconds. */
export type TimedRequest = {
  arrivalUs: number;
  endUs: number;
  durationUs: number;
  client: number;
  name: number;
  method: number;
  kind: number;
  size: number;
  kept: boolean;
};

/** Which instant a request's row is sorted by: its traced timestamp, or that less its duration. */
export type Interpretation = "timestamp" | "start";

export class RequestOrder {
  readonly #interpretation: Interpretation;
  readonly #order: ExternalOrder;

  constructor(interpretation: Interpretation, options: OrderOptions) {
    this.#interpretation = interpretation;
    this.#order = new ExternalOrder(ROW_BYTES, options);
  }

  /** `arrivalUs` of the request is its traced timestamp, whatever the interpretation. */
  add({ arrivalUs, durationUs, client, name, method, kind, size, kept }: TimedRequest): void {
    const at = this.#order.place();
    const { data } = this.#order.block;
    const bytes = Math.min(SIZE_MAX, Math.max(0, size));
    data.setUint32(at + CLIENT_AT, client, true);
    data.setFloat64(at + DURATION_AT, durationUs, true);
    data.setUint32(at + NAME_AT, name, true);
    data.setUint8(at + CODE_AT, method | (kind << 4));
    data.setUint8(at + BITS_AT, kept ? 1 : 0);
    data.setUint16(at + SIZE_HIGH_AT, Math.floor(bytes / TWO_32), true);
    data.setUint32(at + SIZE_LOW_AT, bytes >>> 0, true);
    const shift = this.#interpretation === "start" ? durationUs : 0;
    this.#order.append(at, arrivalUs - shift);
  }

  async each(take: (request: TimedRequest) => void): Promise<void> {
    const request = emptyRequest();
    await this.#order.each((block, at, arrivalUs) => {
      show(request, block, at);
      request.arrivalUs = arrivalUs;
      request.endUs = arrivalUs + request.durationUs;
      take(request);
    });
  }

  close(): void {
    this.#order.close();
  }
}

export const emptyRequest = (): TimedRequest => ({
  arrivalUs: 0,
  endUs: 0,
  durationUs: 0,
  client: NOBODY,
  name: NOBODY,
  method: 0,
  kind: 0,
  size: 0,
  kept: false,
});

function show(request: TimedRequest, { data }: RecordBlock, at: number): void {
  const code = data.getUint8(at + CODE_AT);
  request.client = data.getUint32(at + CLIENT_AT, true);
  request.durationUs = data.getFloat64(at + DURATION_AT, true);
  request.name = data.getUint32(at + NAME_AT, true);
  request.method = code & 15;
  request.kind = code >>> 4;
  request.kept = data.getUint8(at + BITS_AT) === 1;
  request.size =
    data.getUint16(at + SIZE_HIGH_AT, true) * TWO_32 + data.getUint32(at + SIZE_LOW_AT, true);
}
