// One operation on its way from the feeder to a request worker thread, in bytes. Both sides read offsets from here.
//
//    0 i32 length     whole record, multiple of 8 (written by the ring)
//    4 u32 seq        position in the kept trace, from 0
//    8 f64 due        nanoseconds from the start of the run; NaN = as soon as a place is free
//   16 f64 size       bytes: expected of a GET, sent by a PUT, PUSH or REQUEST
//   24 f64 traced     duration in the trace, seconds
//   32 u8 op | u8 kind | u8 flags | u8 method (index into trace methods, for the row)
//   36 u16 registry | u16 node
//   40 i32 slot       -1 = any
//   44 u32 session    NO_SESSION = none
//   48 u32 after      seq + 1 of the operation that must have ended before; 0 = none
//   52 u32 bodyBytes
//   56 u16 targetBytes | u16 rowBytes
//   60 u16 keyBytes | u16 reserved
//   64 32 bytes       SHA-256 of the object
//   96 target         GET, HEAD, PING: the request head, complete; PUT, PUSH: the path that it starts from
//      row            at the next multiple of 4: the part of the results row that is known beforehand, as JSON text
//      key            content key of a body that is made while it is sent
//      body           a body that cannot be made again (manifests)
//
// Written once and read once per request. Guarded by perf/end-to-end-loopback.bench.ts.
import { Kind, Op } from "../core/operation.ts";
import type { RingViews } from "./record-ring.ts";

export const SEQ_AT = 4;
export const DUE_AT = 8;
export const SIZE_AT = 16;
export const TRACED_AT = 24;
export const OP_AT = 32;
export const KIND_AT = 33;
export const FLAGS_AT = 34;
export const REGISTRY_AT = 36;
export const NODE_AT = 38;
export const SLOT_AT = 40;
export const SESSION_AT = 44;
export const AFTER_AT = 48;
export const BODY_BYTES_AT = 52;
export const TARGET_BYTES_AT = 56;
export const ROW_BYTES_AT = 58;
export const KEY_BYTES_AT = 60;
export const DIGEST_AT = 64;
export const DIGEST_BYTES = 32;
export const TARGET_AT = 96;

export const NO_SESSION = 0xffffffff;
/** No slot is prescribed. */
export const ANY_SLOT = -1;

/** Bits of the flags byte. */
export const Flag = {
  /** The response body's SHA-256 must be the record's digest. */
  verify: 1,
  /** A HEAD of an object that is known not to exist: 404 is success. */
  expectMissing: 2,
  /** The body stands in the record; otherwise it is made from the key. */
  bodyInRecord: 4,
  /** A push of something another repository may hold: try a mount first; the key holds "name NUL content key". */
  mount: 8,
  /** The session has connections and tokens of its own; without this bit it only keeps an order. */
  ownConnections: 16,
  /** Was somebody else's, who is lost: it is late, and not by this machine's fault. */
  dealtAgain: 32,
  /** The head of a GET asks for a part of the object. */
  ranged: 64,
} as const;

export type OperationFields = {
  seq: number;
  due: number;
  size: number;
  traced: number;
  op: number;
  kind: number;
  flags: number;
  registry: number;
  node: number;
  slot: number;
  session: number;
  after: number;
};

/** What most operations are: due at once, anybody's, nothing special. */
export const operationFields = (own: Partial<OperationFields> = {}): OperationFields => ({
  seq: 0,
  due: Number.NaN,
  size: 0,
  traced: 0,
  op: Op.GET,
  kind: Kind.blob,
  flags: 0,
  registry: 0,
  node: 0,
  slot: ANY_SLOT,
  session: NO_SESSION,
  after: 0,
  ...own,
});

export type OperationParts = {
  readonly targetBytes: number;
  readonly rowBytes: number;
  readonly keyBytes: number;
  readonly bodyBytes: number;
};

/** Where the row begins, behind a target of this length: rows are copied on by words. */
export const rowAtBehind = (targetBytes: number): number => (TARGET_AT + targetBytes + 3) & ~3;

/** Length of a record with these parts, before alignment. */
export const operationRecordBytes = (parts: OperationParts): number =>
  rowAtBehind(parts.targetBytes) + parts.rowBytes + parts.keyBytes + parts.bodyBytes;

/** Writes the fixed part at `at`; the caller copies digest, target, row, key and body behind it, in this order. */
export function writeOperationFields(
  ring: RingViews,
  at: number,
  fields: OperationFields,
  parts: OperationParts,
): void {
  const { words, doubles, bytes } = ring;
  const word = at >> 2;
  const double = at >> 3;
  words[word + SEQ_AT / 4] = fields.seq;
  doubles[double + DUE_AT / 8] = fields.due;
  doubles[double + SIZE_AT / 8] = fields.size;
  doubles[double + TRACED_AT / 8] = fields.traced;
  bytes[at + OP_AT] = fields.op;
  bytes[at + KIND_AT] = fields.kind;
  bytes[at + FLAGS_AT] = fields.flags;
  words[word + REGISTRY_AT / 4] = fields.registry | (fields.node << 16);
  words[word + SLOT_AT / 4] = fields.slot;
  words[word + SESSION_AT / 4] = fields.session;
  words[word + AFTER_AT / 4] = fields.after;
  words[word + BODY_BYTES_AT / 4] = parts.bodyBytes;
  words[word + TARGET_BYTES_AT / 4] = parts.targetBytes | (parts.rowBytes << 16);
  words[word + KEY_BYTES_AT / 4] = parts.keyBytes;
}
