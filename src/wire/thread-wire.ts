import type { Clock } from "../core/clock.ts";
import { type Bytes, bytes } from "../core/units.ts";
import { Deadlines, type Timeouts } from "./deadlines.ts";
import { ReadTurns } from "./read-turns.ts";
import { UploadChunks } from "./upload.ts";
import { UploadTurns } from "./upload-turns.ts";

/**
 * Sizes of the receive buffer: one read takes as much. With 1 MiB a GB of blobs costs 0.75 s of processor with SHA-256, with
 * 64 KiB 0.97 s; without SHA-256 they differ little (perf/wire-loopback.bench.ts, 2026-11-23). Small answers fit in either.
 */
export const ReceiveBytes = {
  small: bytes(64 * 1024),
  blobs: bytes(1024 * 1024),
} as const;

export type ThreadWireOptions = {
  readonly clock: Clock;
  readonly timeouts: Timeouts;
  readonly receiveBytes?: Bytes;
};

/** What all connections of one thread share. Make one per thread. */
export class ThreadWire {
  readonly clock: Clock;
  readonly timeouts: Timeouts;
  /** Every socket reads into this one buffer: what a callback is given is gone when it returns. */
  readonly receive: Buffer;
  readonly deadlines: Deadlines;
  readonly readTurns = new ReadTurns();
  readonly uploadChunks = new UploadChunks();
  readonly uploadTurns = new UploadTurns();

  constructor({ clock, timeouts, receiveBytes = ReceiveBytes.small }: ThreadWireOptions) {
    this.clock = clock;
    this.timeouts = timeouts;
    this.receive = Buffer.allocUnsafeSlow(receiveBytes);
    this.deadlines = new Deadlines(clock);
  }
}
