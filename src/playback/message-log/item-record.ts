// One message on its way through a queue, in bytes.
//
//    0 i32 length     whole record, multiple of 8 (written by the ring)
//    4 i32 pass
//    8 f64 elapsed    seconds
//   16 i32 flags      1 has a type | 2 raw: the payload is bytes | 4 typed message | 8 the body waits beside the ring
//   20 i32 typeBytes
//   24 i32 topicBytes
//   28 i32 payloadBytes
//   32 body           type, topic, payload; with flag 8 nothing
//
// Runs per message and side, up to some hundred thousand times a second; makes two strings and a copy of the payload on the one
// side, a small object on the other. Guarded by perf/message-replay.bench.ts.
import type { RingConsumer, RingProducer } from "../../ring/record-ring.ts";

const PASS_AT = 4;
const ELAPSED_AT = 8;
const FLAGS_AT = 16;
const TYPE_BYTES_AT = 20;
const TOPIC_BYTES_AT = 24;
const PAYLOAD_BYTES_AT = 28;
const BODY_AT = 32;

const HAS_TYPE = 1;
const RAW = 2;
const MESSAGE = 4;
const BESIDE = 8;

/** A message as queues carry it. `isRaw`: the payload is bytes, else a MessagePack value. */
export type PackedItem = {
  readonly elapsed: number;
  readonly topic: string;
  readonly type: string | undefined;
  readonly payload: Uint8Array;
  readonly isRaw: boolean;
  /** The value becomes an object that carries its type. */
  readonly isMessage: boolean;
};

/** How a message goes into a ring with room for `slotBytes` per record: all of it, or its body beside the ring. */
export class RecordForm {
  readonly #item: PackedItem;
  readonly #typeBytes: number;
  readonly #topicBytes: number;
  readonly #bodyBytes: number;
  /** Bytes that go beside the ring; 0: none. */
  readonly besideBytes: number;

  constructor(item: PackedItem, slotBytes: number) {
    this.#item = item;
    this.#typeBytes = item.type === undefined ? 0 : Buffer.byteLength(item.type);
    this.#topicBytes = Buffer.byteLength(item.topic);
    this.#bodyBytes = this.#typeBytes + this.#topicBytes + item.payload.length;
    this.besideBytes = BODY_AT + this.#bodyBytes > slotBytes ? this.#bodyBytes : 0;
  }

  /** The body where it goes beside the ring, in memory that can be given away. */
  beside(): Uint8Array<ArrayBuffer> {
    const body = Buffer.allocUnsafeSlow(this.besideBytes);
    this.#copyBody(body, 0);
    return body;
  }

  /** False when the ring is full. */
  write(ring: RingProducer, pass: number): boolean {
    const isInside = this.besideBytes === 0;
    const at = ring.claim(BODY_AT + (isInside ? this.#bodyBytes : 0));
    if (at < 0) return false;
    const { words, doubles, bytes } = ring;
    words[(at + PASS_AT) >> 2] = pass;
    doubles[(at + ELAPSED_AT) >> 3] = this.#item.elapsed;
    words[(at + FLAGS_AT) >> 2] = this.#flags();
    words[(at + TYPE_BYTES_AT) >> 2] = this.#typeBytes;
    words[(at + TOPIC_BYTES_AT) >> 2] = this.#topicBytes;
    words[(at + PAYLOAD_BYTES_AT) >> 2] = this.#item.payload.length;
    if (isInside) this.#copyBody(bytes, at + BODY_AT);
    ring.commit();
    return true;
  }

  #flags(): number {
    const { type, isRaw, isMessage } = this.#item;
    return (
      (type === undefined ? 0 : HAS_TYPE) |
      (isRaw ? RAW : 0) |
      (isMessage ? MESSAGE : 0) |
      (this.besideBytes > 0 ? BESIDE : 0)
    );
  }

  #copyBody(target: Buffer, at: number): void {
    const { type, topic, payload } = this.#item;
    if (type !== undefined) target.write(type, at);
    target.write(topic, at + this.#typeBytes);
    target.set(payload, at + this.#typeBytes + this.#topicBytes);
  }
}

export const passAt = (ring: RingConsumer, at: number): number =>
  ring.words[(at + PASS_AT) >> 2] as number;

/** Bytes of the record's body that wait beside the ring; 0: they are in it. */
export function besideBytesAt({ words }: RingConsumer, at: number): number {
  if (((words[(at + FLAGS_AT) >> 2] as number) & BESIDE) === 0) return 0;
  return (
    (words[(at + TYPE_BYTES_AT) >> 2] as number) +
    (words[(at + TOPIC_BYTES_AT) >> 2] as number) +
    (words[(at + PAYLOAD_BYTES_AT) >> 2] as number)
  );
}

/** The message at `at`, copied out of the ring. `beside`: the body, where it is not in the ring. */
export function readRecord(
  { words, doubles, bytes }: RingConsumer,
  at: number,
  beside: Uint8Array | undefined,
): PackedItem {
  const flags = words[(at + FLAGS_AT) >> 2] as number;
  const body =
    beside === undefined ? bytes : Buffer.from(beside.buffer, beside.byteOffset, beside.byteLength);
  const typeAt = beside === undefined ? at + BODY_AT : 0;
  const topicAt = typeAt + (words[(at + TYPE_BYTES_AT) >> 2] as number);
  const payloadAt = topicAt + (words[(at + TOPIC_BYTES_AT) >> 2] as number);
  const payloadBytes = words[(at + PAYLOAD_BYTES_AT) >> 2] as number;
  const payload = Buffer.allocUnsafe(payloadBytes);
  body.copy(payload, 0, payloadAt, payloadAt + payloadBytes);
  return {
    elapsed: doubles[(at + ELAPSED_AT) >> 3] as number,
    type: (flags & HAS_TYPE) === 0 ? undefined : body.toString("utf8", typeAt, topicAt),
    topic: body.toString("utf8", topicAt, payloadAt),
    payload,
    isRaw: (flags & RAW) !== 0,
    isMessage: (flags & MESSAGE) !== 0,
  };
}
