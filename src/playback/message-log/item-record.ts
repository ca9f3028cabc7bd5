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
// Runs per message and side, up to some hundred thousand times a second; makes two strings and a copy of the payload.
// Guarded by perf/message-replay.bench.ts.
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

/** Bytes a record with this body takes in the ring. */
const recordBytes = (bodyBytes: number): number => BODY_AT + bodyBytes;

type Body = { readonly type: Buffer; readonly topic: Buffer; readonly payload: Uint8Array };

/** How a message goes into a ring with room for `slotBytes` per record: all of it, or its body beside the ring. */
export class RecordForm {
  readonly #item: PackedItem;
  readonly #body: Body;
  readonly #bodyBytes: number;
  readonly #isBeside: boolean;
  readonly #beside: Uint8Array<ArrayBuffer>;

  constructor(item: PackedItem, slotBytes: number) {
    this.#item = item;
    const { type = "", topic, payload } = item;
    this.#body = { type: Buffer.from(type), topic: Buffer.from(topic), payload };
    this.#bodyBytes = this.#body.type.length + this.#body.topic.length + payload.length;
    this.#isBeside = recordBytes(this.#bodyBytes) > slotBytes;
    this.#beside = new Uint8Array(this.besideBytes);
    if (this.#isBeside) this.#copyBody(this.#beside, 0);
  }

  /** Bytes that go beside the ring; 0: none. */
  get besideBytes(): number {
    return this.#isBeside ? this.#bodyBytes : 0;
  }

  /** The body where it goes beside the ring, in memory that can be given away, once. */
  beside(): Uint8Array<ArrayBuffer> {
    return this.#beside;
  }

  /** False when the ring is full. */
  write(ring: RingProducer, pass: number): boolean {
    const at = ring.claim(recordBytes(this.#isBeside ? 0 : this.#bodyBytes));
    if (at < 0) return false;
    const { words, doubles, bytes } = ring;
    const { type, topic, payload } = this.#body;
    words[(at + PASS_AT) >> 2] = pass;
    doubles[(at + ELAPSED_AT) >> 3] = this.#item.elapsed;
    words[(at + FLAGS_AT) >> 2] = this.#flags();
    words[(at + TYPE_BYTES_AT) >> 2] = type.length;
    words[(at + TOPIC_BYTES_AT) >> 2] = topic.length;
    words[(at + PAYLOAD_BYTES_AT) >> 2] = payload.length;
    if (!this.#isBeside) this.#copyBody(bytes, at + BODY_AT);
    ring.commit();
    return true;
  }

  #flags(): number {
    const { type, isRaw, isMessage } = this.#item;
    return (
      (type === undefined ? 0 : HAS_TYPE) |
      (isRaw ? RAW : 0) |
      (isMessage ? MESSAGE : 0) |
      (this.#isBeside ? BESIDE : 0)
    );
  }

  #copyBody(target: Uint8Array, at: number): void {
    const { type, topic, payload } = this.#body;
    target.set(type, at);
    target.set(topic, at + type.length);
    target.set(payload, at + type.length + topic.length);
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
  const typeBytes = words[(at + TYPE_BYTES_AT) >> 2] as number;
  const topicBytes = words[(at + TOPIC_BYTES_AT) >> 2] as number;
  const payloadBytes = words[(at + PAYLOAD_BYTES_AT) >> 2] as number;
  const body =
    beside === undefined
      ? bytes.subarray(at + BODY_AT)
      : Buffer.from(beside.buffer, beside.byteOffset, beside.byteLength);
  const payloadAt = typeBytes + topicBytes;
  return {
    elapsed: doubles[(at + ELAPSED_AT) >> 3] as number,
    type: (flags & HAS_TYPE) === 0 ? undefined : body.toString("utf8", 0, typeBytes),
    topic: body.toString("utf8", typeBytes, payloadAt),
    payload: Buffer.from(body.subarray(payloadAt, payloadAt + payloadBytes)),
    isRaw: (flags & RAW) !== 0,
    isMessage: (flags & MESSAGE) !== 0,
  };
}
