// A commit slot: 64 bytes, twice in the header page. Sequence numbers alternate between them, so the newest commit never
// overwrites the one before it.
//
//      0  43 4D 49 54 (CMIT)            24  u64  last batch stamp, 0 none       48  u64  records so far
//      4  u32  flags: bit 0 sealed      32  u64  batches so far                 56  u32  0
//      8  u64  sequence, from 1         40  u64  offset of the seal, 0 none     60  u32  CRC of bytes 0 to 59
//     16  u64  committed length
import { type Micros, micros } from "../core/units.ts";
import { ByteCursor } from "./byte-cursor.ts";
import { ByteWriter } from "./byte-writer.ts";
import { checksum } from "./checksum.ts";
import { HEADER_BYTES } from "./header-page.ts";

export const SLOT_BYTES = 64;
export const SLOT_A = 1024;
export const SLOT_B = 2048;
const MARK = 0x54494d43;
const CHECKED_BYTES = 60;
const SEALED = 1;

export type CommitSlot = {
  readonly sequence: number;
  readonly isSealed: boolean;
  /** Offset of the first byte behind the last committed record. */
  readonly length: number;
  /** 0: no batch yet. */
  readonly lastStamp: Micros;
  readonly batches: number;
  /** 0: no seal. */
  readonly sealAt: number;
  readonly records: number;
};

/** Odd sequence numbers go to slot A. */
export const slotPlace = (sequence: number): number => (sequence % 2 === 1 ? SLOT_A : SLOT_B);

export function encodeSlot(slot: CommitSlot, seed: number): Buffer {
  const out = new ByteWriter(SLOT_BYTES);
  out.u32(MARK);
  out.u32(slot.isSealed ? SEALED : 0);
  out.u64(slot.sequence);
  out.u64(slot.length);
  out.u64(slot.lastStamp);
  out.u64(slot.batches);
  out.u64(slot.sealAt);
  out.u64(slot.records);
  out.u32(0);
  out.u32(checksum(out.view, seed));
  return out.view;
}

/** What a slot's place holds: nothing yet, a commit, or bytes that are none. */
type FoundSlot =
  | { readonly kind: "empty" }
  | { readonly kind: "damaged" }
  | { readonly kind: "commit"; readonly slot: CommitSlot };

function decodeSlot(page: Buffer, place: number, seed: number): FoundSlot {
  const bytes = page.subarray(place, place + SLOT_BYTES);
  if (bytes.every((byte) => byte === 0)) return { kind: "empty" };
  const isSound =
    bytes.readUInt32LE(0) === MARK &&
    checksum(bytes.subarray(0, CHECKED_BYTES), seed) === bytes.readUInt32LE(CHECKED_BYTES);
  if (!isSound) return { kind: "damaged" };
  const cursor = new ByteCursor(bytes, 4);
  const flags = cursor.u32();
  const sequence = cursor.u64();
  const length = cursor.u64();
  const lastStamp = micros(cursor.u64());
  const batches = cursor.u64();
  const sealAt = cursor.u64();
  const records = cursor.u64();
  if (length < HEADER_BYTES || slotPlace(sequence) !== place) return { kind: "damaged" };
  const isSealed = (flags & SEALED) !== 0;
  return {
    kind: "commit",
    slot: { sequence, isSealed, length, lastStamp, batches, sealAt, records },
  };
}

/**
 * Up to where the records of a file count. Of one that nobody writes any more (`isLeft`) and that no seal ends, all that is whole does: a
 * torn slot may have spoken of it.
 */
export const countedLength = (
  slot: CommitSlot | null,
  { size, isLeft }: { readonly size: number; readonly isLeft: boolean },
): number => (slot !== null && (slot.isSealed || !isLeft) ? slot.length : size);

export type FoundCommit = {
  /** The newest commit that is whole. */
  readonly slot: CommitSlot | null;
  /** Slots that hold something else than a commit or nothing. */
  readonly damaged: readonly ("A" | "B")[];
};

export function newestCommit(page: Buffer, seed: number): FoundCommit {
  const a = decodeSlot(page, SLOT_A, seed);
  const b = decodeSlot(page, SLOT_B, seed);
  const slots = [a, b].flatMap((found) => (found.kind === "commit" ? [found.slot] : []));
  const [slot = null] = slots.toSorted((one, other) => other.sequence - one.sequence);
  const damaged: ("A" | "B")[] = [];
  if (a.kind === "damaged") damaged.push("A");
  if (b.kind === "damaged") damaged.push("B");
  return { slot, damaged };
}
