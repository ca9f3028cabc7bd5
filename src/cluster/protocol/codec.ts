// Messages as frames of bytes. A message longer than a frame travels in parts.
//
//   frame   u8 0x44 | u8 major | u8 minor | u8 form   then
//     form 0, whole   MessagePack of the message
//     form 1, part    u32 message | u32 part | u32 parts | bytes         numbers little-endian, parts from 0, in order
import { decode, encode } from "@msgpack/msgpack";
import { DrayageError, invariant, messageOf } from "../../core/errors.ts";
import type { Message } from "./message.ts";
import { typeOf, wrongField } from "./message-check.ts";

/** A newer minor version may have messages that an older one does not know: they are ignored and counted. */
export const PROTOCOL: { readonly major: number; readonly minor: number } = { major: 1, minor: 0 };
/** What servers of messages take by default, and what keeps a heartbeat from waiting behind bulk. */
export const FRAME_BYTES_MAX: number = 1024 * 1024;
/** A plan of some thousand trace files; batches are made to fit a frame. */
const MESSAGE_BYTES_MAX: number = 64 * 1024 * 1024;

const MAGIC = 0x44;
const HEAD_BYTES = 4;
const PART_HEAD_BYTES = HEAD_BYTES + 12;
const Form = { whole: 0, part: 1 } as const;

/** Frames of messages, for one sender. */
export class MessageEncoder {
  readonly #frameBytes: number;
  readonly #minor: number;
  #messages = 0;

  constructor({ frameBytes = FRAME_BYTES_MAX, minor = PROTOCOL.minor } = {}) {
    invariant(frameBytes > PART_HEAD_BYTES, `a frame of ${frameBytes} bytes holds nothing`);
    this.#frameBytes = frameBytes;
    this.#minor = minor;
  }

  /** One frame as a rule. Throws DrayageError `protocol` for a message that no number of parts may hold. */
  encode(message: Message): readonly Uint8Array[] {
    const content = encode(message, { ignoreUndefined: true });
    if (content.length > MESSAGE_BYTES_MAX)
      throw new DrayageError(
        "protocol",
        `a message "${message.type}" of ${content.length} bytes: ${MESSAGE_BYTES_MAX} are allowed`,
      );
    const length = HEAD_BYTES + content.length;
    if (length > this.#frameBytes) return this.#parts(content);
    const frame = this.#frame(length, Form.whole);
    frame.set(content, HEAD_BYTES);
    return [frame];
  }

  #frame(length: number, form: number): Buffer {
    const frame = Buffer.allocUnsafeSlow(length);
    frame[0] = MAGIC;
    frame[1] = PROTOCOL.major;
    frame[2] = this.#minor;
    frame[3] = form;
    return frame;
  }

  #parts(content: Uint8Array): readonly Uint8Array[] {
    const room = this.#frameBytes - PART_HEAD_BYTES;
    const parts = Math.ceil(content.length / room);
    this.#messages = (this.#messages + 1) >>> 0;
    return Array.from({ length: parts }, (_, part) => {
      const piece = content.subarray(part * room, (part + 1) * room);
      const frame = this.#frame(PART_HEAD_BYTES + piece.length, Form.part);
      frame.writeUInt32LE(this.#messages, HEAD_BYTES);
      frame.writeUInt32LE(part, HEAD_BYTES + 4);
      frame.writeUInt32LE(parts, HEAD_BYTES + 8);
      frame.set(piece, PART_HEAD_BYTES);
      return frame;
    });
  }
}

export type Decoded =
  | { readonly kind: "message"; readonly message: Message }
  /** A part of a message: more is to come. */
  | { readonly kind: "part" }
  /** Of a type that a newer minor version has. */
  | { readonly kind: "unknown"; readonly type: string }
  | { readonly kind: "rejected"; readonly reason: string };

const rejected = (reason: string): Decoded => ({ kind: "rejected", reason });

/** Messages out of frames, for one sender. Frames of one lane come in order; those of several lanes may be mixed. */
export class MessageDecoder {
  /** Messages of unknown types that were ignored. */
  unknown = 0;
  /** The messages whose parts are being collected, by number: at most one per lane. */
  readonly #open = new Map<number, { pieces: Uint8Array[]; bytes: number }>();

  /** Byte strings in the message are views of the frame. */
  decode(frame: Uint8Array): Decoded {
    if (frame.length < HEAD_BYTES || frame[0] !== MAGIC)
      return rejected("not a frame of drayage's cluster protocol");
    const [, major, minor, form] = frame;
    if (major !== PROTOCOL.major)
      return rejected(`protocol version ${major}.${minor}; ${PROTOCOL.major}.x is spoken here`);
    if (frame.length > FRAME_BYTES_MAX)
      return rejected(`a frame of ${frame.length} bytes; ${FRAME_BYTES_MAX} are allowed`);
    switch (form) {
      case Form.whole:
        return this.#message(frame.subarray(HEAD_BYTES), minor as number);
      case Form.part:
        return this.#part(frame, minor as number);
      default:
        return rejected(`a frame of form ${form}`);
    }
  }

  #part(frame: Uint8Array, minor: number): Decoded {
    if (frame.length < PART_HEAD_BYTES) return rejected("a part without its numbers");
    const view = new DataView(frame.buffer, frame.byteOffset);
    const message = view.getUint32(HEAD_BYTES, true);
    const part = view.getUint32(HEAD_BYTES + 4, true);
    const parts = view.getUint32(HEAD_BYTES + 8, true);
    if (part === 0) this.#open.set(message, { pieces: [], bytes: 0 });
    const open = this.#open.get(message);
    if (open === undefined || open.pieces.length > part || part >= parts)
      return rejected(`part ${part} of ${parts} of a message whose beginning is not there`);
    if (open.pieces.length < part) return rejected(`part ${open.pieces.length} is missing`);
    const piece = Uint8Array.from(frame.subarray(PART_HEAD_BYTES));
    open.pieces.push(piece);
    open.bytes += piece.length;
    if (open.bytes > MESSAGE_BYTES_MAX || this.#open.size > OPEN_MAX) {
      this.#open.delete(message);
      return rejected(`a message of more than ${MESSAGE_BYTES_MAX} bytes`);
    }
    if (part + 1 < parts) return { kind: "part" };
    this.#open.delete(message);
    return this.#message(Buffer.concat(open.pieces), minor);
  }

  #message(content: Uint8Array, minor: number): Decoded {
    let value: unknown;
    try {
      value = decode(content);
    } catch (error) {
      return rejected(`not MessagePack: ${messageOf(error)}`);
    }
    const wrong = wrongField(value);
    if (wrong === undefined) return { kind: "message", message: value as Message };
    const type = typeOf(value);
    if (type === undefined) return rejected("a message without a type");
    if (wrong !== "type")
      return rejected(`a message "${type}" whose "${wrong}" is not as it must be`);
    if (minor <= PROTOCOL.minor) return rejected(`a message of the unknown type "${type}"`);
    this.unknown++;
    return { kind: "unknown", type };
  }
}

/** One per lane and some to spare. */
const OPEN_MAX = 8;
