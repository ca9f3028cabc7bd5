import type { Millis } from "../core/units.ts";

/** `--bandwidth`: bytes per second, for all connections together or for each. */
export interface Bandwidth {
  readonly bytesPerSecond: number;
  readonly perConnection: boolean;
}

/**
 * Spaces bytes out in time: whoever has moved some waits until the line would have carried them. Bodies in both directions
 * count, headers do not.
 */
export class BandwidthLimit {
  readonly #limit: Bandwidth;
  readonly #freeAt = new WeakMap<object, number>();

  constructor(limit: Bandwidth) {
    this.#limit = limit;
  }

  /** Bytes to write at a time, so that the rate is even over a fiftieth of a second. */
  get sliceBytes(): number {
    return Math.max(1024, Math.ceil(this.#limit.bytesPerSecond / 50));
  }

  /** Milliseconds to wait after moving these bytes on that connection. */
  claim(connection: object, byteCount: number, at: Millis): number {
    const line = this.#limit.perConnection ? connection : this;
    const start = Math.max(at, this.#freeAt.get(line) ?? 0);
    const end = start + (byteCount / this.#limit.bytesPerSecond) * 1000;
    this.#freeAt.set(line, end);
    return end - at;
  }
}
