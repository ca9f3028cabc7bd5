import type { ExchangeMarks } from "../../archive/exchange.ts";

type Instant =
  | "requestEnd"
  | "assigned"
  | "connected"
  | "firstByte"
  | "headSent"
  | "upstreamEnd"
  | "end";

/** Instants of one exchange, monotonic, in milliseconds; the first one of a kind counts. */
export class PassageTimes {
  readonly #startedAt: number;
  readonly #at: Partial<Record<Instant, number>> = {};

  constructor(startedAt: number) {
    this.#startedAt = startedAt;
  }

  note(instant: Instant, now: number = performance.now()): void {
    this.#at[instant] ??= now;
  }

  has(instant: Instant): boolean {
    return this.#at[instant] !== undefined;
  }

  marks(): ExchangeMarks {
    const { requestEnd, connected, firstByte, end = this.#startedAt } = this.#at;
    return {
      ...(requestEnd === undefined ? {} : { req_end: this.#micros(requestEnd) }),
      ...(connected === undefined ? {} : { connected: this.#micros(connected) }),
      ...(firstByte === undefined ? {} : { first_byte: this.#micros(firstByte) }),
      end: this.#micros(end),
    };
  }

  /**
   * Time in the proxy, milliseconds: a + b + c of the drawing in passage.ts. Of c only what the client did not cause by taking
   * its answer slowly. Undefined where the answer did not come to its end.
   */
  overheadMs({ wasHeldBack }: { readonly wasHeldBack: boolean }): number | undefined {
    const { assigned, firstByte, headSent, upstreamEnd, end } = this.#at;
    if (assigned === undefined || firstByte === undefined || headSent === undefined)
      return undefined;
    if (upstreamEnd === undefined || end === undefined) return undefined;
    const last = wasHeldBack ? 0 : Math.max(end - Math.max(upstreamEnd, headSent), 0);
    return assigned - this.#startedAt + headSent - firstByte + last;
  }

  #micros(instant: number): number {
    return Math.max(Math.round((instant - this.#startedAt) * 1000), 0);
  }
}
