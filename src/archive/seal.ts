// The seal closes a file: 9 x u64, 2 x u32. Whoever opens a sealed file reads nothing else first.
//
//      0  first stamp, 0 none       24  events                    48  offset of the complete path map     72  u32 gaps
//      8  last stamp                32  images                    56  events dropped                      76  u32 CRC of all
//     16  batches                   40  offset of the index       64  longest HTTP exchange, µs               bytes from 4096
//                                                                                                             to the seal
import { type Micros, micros } from "../core/units.ts";
import { ByteCursor } from "./byte-cursor.ts";
import { ByteWriter } from "./byte-writer.ts";

const SEAL_BYTES = 80;

/** What a file holds, as counted while it was written. */
export type FileTotals = {
  /** 0: no batch. */
  readonly firstStamp: Micros;
  readonly lastStamp: Micros;
  readonly batches: number;
  readonly events: number;
  readonly images: number;
  /** Events that the gaps speak of. */
  readonly dropped: number;
  readonly longestExchange: Micros;
  readonly gaps: number;
};

export type Seal = FileTotals & {
  readonly indexAt: number;
  readonly pathMapAt: number;
  readonly bodyChecksum: number;
};

export function encodeSeal(seal: Seal): Buffer {
  const out = new ByteWriter(SEAL_BYTES);
  out.u64(seal.firstStamp);
  out.u64(seal.lastStamp);
  out.u64(seal.batches);
  out.u64(seal.events);
  out.u64(seal.images);
  out.u64(seal.indexAt);
  out.u64(seal.pathMapAt);
  out.u64(seal.dropped);
  out.u64(seal.longestExchange);
  out.u32(seal.gaps);
  out.u32(seal.bodyChecksum);
  return out.view;
}

/** ArchiveDamage if it is too short. */
export function decodeSeal(payload: Buffer): Seal {
  const cursor = new ByteCursor(payload);
  return {
    firstStamp: micros(cursor.u64()),
    lastStamp: micros(cursor.u64()),
    batches: cursor.u64(),
    events: cursor.u64(),
    images: cursor.u64(),
    indexAt: cursor.u64(),
    pathMapAt: cursor.u64(),
    dropped: cursor.u64(),
    longestExchange: micros(cursor.u64()),
    gaps: cursor.u32(),
    bodyChecksum: cursor.u32(),
  };
}
