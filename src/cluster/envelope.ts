// What stands around a frame on a WebSocket. Numbers are little-endian.
//
//   kept       u8 1 | u8 lane | u16 0 | u32 number | u32 received | frame
//   fleeting   u8 2 | u8 0 | u16 0 | u32 0 | u32 received | frame
//   received   u8 3 | u8 0 | u16 0 | u32 0 | u32 received
//
// `number` counts the kept frames of one sender in one conversation, from 1; `received` is the number of the last kept frame
// that the sender of the envelope has got from the other side.
import type { Lane } from "./link.ts";

export const ENVELOPE_BYTES = 12;
const Kind = { kept: 1, fleeting: 2, received: 3 } as const;
const lanes: readonly Lane[] = ["fleeting", "control", "work", "results"];

export type Envelope = {
  readonly kind: "kept" | "fleeting" | "received";
  readonly number: number;
  readonly received: number;
  readonly frame: Uint8Array;
};

function head(kind: number, lane: Lane, number: number, received: number): Buffer {
  const bytes = Buffer.alloc(ENVELOPE_BYTES);
  bytes[0] = kind;
  bytes[1] = lanes.indexOf(lane);
  bytes.writeUInt32LE(number, 4);
  bytes.writeUInt32LE(received, 8);
  return bytes;
}

const around = (start: Buffer, frame: Uint8Array): Buffer => Buffer.concat([start, frame]);

export const keptEnvelope = (
  { number, lane, frame }: { number: number; lane: Lane; frame: Uint8Array },
  received: number,
): Buffer => around(head(Kind.kept, lane, number, received), frame);

export const fleetingEnvelope = (frame: Uint8Array, received: number): Buffer =>
  around(head(Kind.fleeting, "fleeting", 0, received), frame);

export const receivedEnvelope = (received: number): Buffer =>
  head(Kind.received, "fleeting", 0, received);

/** Undefined for what is no envelope. */
export function openEnvelope(bytes: Buffer): Envelope | undefined {
  if (bytes.length < ENVELOPE_BYTES) return undefined;
  const kind = kindOf(bytes[0]);
  if (kind === undefined) return undefined;
  return {
    kind,
    number: bytes.readUInt32LE(4),
    received: bytes.readUInt32LE(8),
    frame: bytes.subarray(ENVELOPE_BYTES),
  };
}

function kindOf(code: number | undefined): Envelope["kind"] | undefined {
  switch (code) {
    case Kind.kept:
      return "kept";
    case Kind.fleeting:
      return "fleeting";
    case Kind.received:
      return "received";
    default:
      return undefined;
  }
}
