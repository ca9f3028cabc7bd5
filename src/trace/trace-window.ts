import { UsageError } from "../core/errors.ts";
import { TimestampReader } from "./timestamp.ts";
import type { OpenTraceOptions } from "./trace-options.ts";

type Edge = { readonly us: number; readonly relative: boolean };

const NUMBER = /^-?\d+(\.\d+)?$/;

/**
 * `trace.window`: `from` inclusive, `to` exclusive. An edge is a time, or an offset in seconds from the earliest
 * arrival among the records that pass `include`. That is only known when everything has been read, so that `admits`
 * leaves out what is outside for sure, and `resolve` gives the edges for the rest.
 */
export class TraceWindow {
  readonly #from: Edge;
  readonly #to: Edge;
  #earliestUs = Number.POSITIVE_INFINITY;

  /** `prefix` is what stands before `from` and `to` where the user types them. */
  constructor(window: OpenTraceOptions["window"], prefix = "trace.window.") {
    this.#from = edgeOf(`${prefix}from`, window?.from, Number.NEGATIVE_INFINITY);
    this.#to = edgeOf(`${prefix}to`, window?.to, Number.POSITIVE_INFINITY);
    const comparable = this.#from.relative === this.#to.relative;
    if (comparable && this.#from.us >= this.#to.us) {
      throw new UsageError(`${prefix}from must be before ${prefix}to`);
    }
  }

  /** Called for each record that passed `include`. */
  admits(arrivalUs: number): boolean {
    if (arrivalUs < this.#earliestUs) this.#earliestUs = arrivalUs;
    const latest = this.#to.relative ? this.#earliestUs + this.#to.us : this.#to.us;
    return arrivalUs < latest && (this.#from.relative || arrivalUs >= this.#from.us);
  }

  get hasOffsets(): boolean {
    return this.#from.relative || this.#to.relative;
  }

  /** Microseconds between the earliest record and the end of the window, if that is given as an offset. */
  get offsetToUs(): number | undefined {
    return this.#to.relative ? this.#to.us : undefined;
  }

  /** The edges in microseconds since the Unix epoch, after the last record. */
  resolve(): { readonly fromUs: number; readonly toUs: number } {
    const absolute = ({ us, relative }: Edge) => (relative ? this.#earliestUs + us : us);
    return { fromUs: absolute(this.#from), toUs: absolute(this.#to) };
  }
}

function edgeOf(name: string, value: string | number | undefined, absent: number): Edge {
  if (value === undefined) return { us: absent, relative: false };
  if (typeof value === "number" || NUMBER.test(value)) {
    const us = Math.round(Number(value) * 1e6);
    if (Number.isSafeInteger(us)) return { us, relative: true };
  } else {
    const text = Buffer.from(value);
    const us = new TimestampReader().read(text, 0, text.length);
    if (!Number.isNaN(us)) return { us, relative: false };
  }
  throw new UsageError(
    `${name}: ${value} is neither a time such as 2017-06-20T00:00:00Z nor seconds`,
  );
}
