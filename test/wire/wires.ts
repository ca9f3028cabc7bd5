import { type Clock, takeOrigin, threadClock } from "../../src/core/clock.ts";
import { type Nanos, nanos } from "../../src/core/units.ts";
import { Connection } from "../../src/wire/connection.ts";
import type { Timeouts } from "../../src/wire/deadlines.ts";
import { connectTarget, type TlsOptions } from "../../src/wire/origin.ts";
import { ThreadWire } from "../../src/wire/thread-wire.ts";
import { RecordingOwner } from "../fakes/recording-owner.ts";

export const noTimeouts: Timeouts = {
  connect: nanos(0),
  firstByte: nanos(0),
  idle: nanos(0),
  total: nanos(0),
};

export const wireFor = (
  timeouts: Partial<Record<keyof Timeouts, Nanos>> = {},
  clock: Clock = threadClock(takeOrigin()),
): ThreadWire => new ThreadWire({ clock, timeouts: { ...noTimeouts, ...timeouts } });

export const connectionTo = (origin: string, options?: TlsOptions): Connection =>
  new Connection(connectTarget(origin, options), wireFor());

export const get = Buffer.from("GET /v2/ HTTP/1.1\r\nHost: fake\r\n\r\n");

/** One GET on the connection, awaited. */
export function fetchOn(
  connection: Connection,
  wanted: readonly string[] = [],
): Promise<RecordingOwner> {
  const owner = new RecordingOwner(wanted);
  connection.exchange(owner, get, get.length, true);
  return owner.done;
}

/** A body of `bytes` bytes, each the low byte of its position. Remembers which chunks it was given. */
export class CountingBody {
  readonly chunks = new Set<Buffer>();
  reads = 0;
  #made = 0;
  readonly #bytes: number;

  constructor(bytes: number) {
    this.#bytes = bytes;
  }

  get made(): number {
    return this.#made;
  }

  read(chunk: Buffer): Buffer {
    this.reads++;
    this.chunks.add(chunk);
    const filled = Math.min(chunk.length, this.#bytes - this.#made);
    for (let i = 0; i < filled; i++) chunk[i] = this.#made + i;
    this.#made += filled;
    return chunk.subarray(0, filled);
  }
}

export const putHead = (bytes: number): Buffer =>
  Buffer.from(`PUT /v2/x HTTP/1.1\r\nHost: fake\r\nContent-Length: ${bytes}\r\n\r\n`);
