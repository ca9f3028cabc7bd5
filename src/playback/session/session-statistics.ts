import type { Nanos } from "../../core/units.ts";
import { encodeHdr } from "../../stats/hdr.ts";
import { Lateness } from "../lateness.ts";
import { type PlayedEvent, payloadBytes } from "./stream-item.ts";

/** Figures of a session as they are told; times in microseconds, null where nothing was paced yet. */
export type SessionFigures = {
  readonly batches: number;
  readonly events: number;
  /** Of values, headers and JSON, as recorded. */
  readonly bytes: number;
  readonly gaps: number;
  readonly slow_streams_closed: number;
  readonly lateness_us: {
    readonly count: number;
    readonly mean: number | null;
    readonly p50: number | null;
    readonly p90: number | null;
    readonly p99: number | null;
    readonly p99_9: number | null;
    readonly max: number | null;
  };
  /** Mean lateness of the last tenth of the batches minus that of the first tenth. */
  readonly drift_us: number | null;
};

const microseconds = (ns: number): number | null =>
  Number.isNaN(ns) ? null : Math.round(ns / 10) / 100;

export class SessionStatistics {
  readonly #lateness = new Lateness();
  #batches = 0;
  #events = 0;
  #bytes = 0;
  #gaps = 0;

  batch(events: readonly PlayedEvent[]): void {
    this.#batches++;
    this.#events += events.length;
    for (const event of events) this.#bytes += payloadBytes(event);
  }

  gap(): void {
    this.#gaps++;
  }

  late(lateness: Nanos): void {
    this.#lateness.add(lateness);
  }

  figures(slowStreamsClosed: number): SessionFigures {
    const { count, mean, p50, p90, p99, p999, max, drift } = this.#lateness.figures();
    return {
      batches: this.#batches,
      events: this.#events,
      bytes: this.#bytes,
      gaps: this.#gaps,
      slow_streams_closed: slowStreamsClosed,
      lateness_us: {
        count,
        mean: microseconds(mean),
        p50: microseconds(p50),
        p90: microseconds(p90),
        p99: microseconds(p99),
        p99_9: microseconds(p999),
        max: microseconds(max),
      },
      drift_us: microseconds(drift),
    };
  }

  /** All of the lateness in ns as HdrHistogram V2, compressed, base64. */
  histogram(): string {
    return encodeHdr(this.#lateness.distribution());
  }
}
