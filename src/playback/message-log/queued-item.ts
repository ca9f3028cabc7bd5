import type { PackedItem } from "./item-record.ts";
import { type LogItem, typeOf } from "./log-item.ts";
import { isPlainObject, pack, typedMessage, unpack } from "./payload.ts";

/** The largest item that a queue takes. */
const ITEM_BYTES_MAX = 64 * 1024 * 1024;

/** A message on its way out. The payload is there as it was recorded, and as a value once somebody asks. */
export class OutgoingItem {
  readonly elapsed_time: number;
  readonly topic: string;
  /** Undefined for raw logs. */
  readonly type: string | undefined;
  /** True: the payload is bytes; false: a MessagePack value. */
  readonly isRaw: boolean;
  /** The payload as it was recorded. */
  readonly bytes: Uint8Array;
  readonly #isMessage: boolean;
  #payload: { readonly value: unknown } | undefined;

  constructor({ elapsed, topic, type, payload, isRaw, isMessage }: PackedItem) {
    this.elapsed_time = elapsed;
    this.topic = topic;
    this.type = type;
    this.bytes = payload;
    this.isRaw = isRaw;
    this.#isMessage = isMessage;
  }

  get payload(): unknown {
    this.#payload ??= { value: this.isRaw ? this.bytes : this.#unpacked() };
    return this.#payload.value;
  }

  #unpacked(): unknown {
    const value = unpack(this.bytes);
    return this.#isMessage && isPlainObject(value) ? typedMessage(value, this.type ?? "") : value;
  }

  /** As a reader would give it. */
  item(): LogItem {
    const { elapsed_time, topic, type, payload } = this;
    return type === undefined
      ? { elapsed_time, topic, payload }
      : { elapsed_time, topic, payload, type };
  }

  packed(): PackedItem {
    return {
      elapsed: this.elapsed_time,
      topic: this.topic,
      type: this.type,
      payload: this.bytes,
      isRaw: this.isRaw,
      isMessage: this.#isMessage,
    };
  }
}

/** An item of any make for a queue. `message`: its payload carries its type. RangeError above 64 MiB. */
export function packedItem(item: LogItem, message: boolean): PackedItem {
  const type = message ? typeOf(item) : item.type;
  return sizeChecked({
    elapsed: item.elapsed_time,
    topic: item.topic,
    type,
    payload: pack(item.payload),
    isRaw: false,
    isMessage: message,
  });
}

export function sizeChecked(item: PackedItem): PackedItem {
  if (item.payload.length <= ITEM_BYTES_MAX) return item;
  throw new RangeError(
    `payload: ${item.payload.length} bytes are more than a queue takes (${ITEM_BYTES_MAX})`,
  );
}
