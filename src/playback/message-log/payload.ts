// Payloads between bytes and values. MessagePack has whole numbers of 64 bits: those that a double holds exactly become
// numbers, the others bigints, so nothing is rounded.
import { Decoder, Encoder } from "@msgpack/msgpack";
import { messageOf } from "../../core/errors.ts";

/** Carries the message type on payloads that a reader gives with `message: true`. Not enumerable, so it is never encoded. */
export const messageType: unique symbol = Symbol("message type");

/** A payload as an object of its message type: `payload[messageType]` is the type, the fields are as logged. */
export type TypedMessage = { readonly [field: string]: unknown } & {
  readonly [messageType]: string;
};

const UINT64 = 0xcf;
const INT64 = 0xd3;

const decoder = new Decoder({ useBigInt64: true, mapKeyConverter: keyText });
const encoder = new Encoder();
const wideEncoder = new Encoder({ useBigInt64: true });

/** Keys of maps are names in JavaScript. Python writes byte strings as keys, which are text as a rule. */
function keyText(key: unknown): string | number {
  if (typeof key === "string" || typeof key === "number") return key;
  if (key instanceof Uint8Array) return Buffer.from(key).toString("utf8");
  if (typeof key === "bigint" || typeof key === "boolean" || key === null) return String(key);
  throw new Error("a map has a key that is neither text nor a number");
}

/** The value of a payload. Throws an Error that says what is wrong with the bytes. */
export function unpack(bytes: Uint8Array): unknown {
  const value = decoder.decode(bytes);
  const mayBeWide = bytes.includes(UINT64) || bytes.includes(INT64);
  return mayBeWide ? narrowed(value) : value;
}

function narrowed(value: unknown): unknown {
  if (typeof value === "bigint") {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value;
  }
  if (Array.isArray(value)) return value.map(narrowed);
  if (!isPlainObject(value)) return value;
  for (const key of Object.keys(value)) value[key] = narrowed(value[key]);
  return value;
}

/** The bytes of a value. Throws a TypeError for what MessagePack cannot hold: functions, symbols, wider whole numbers. */
export function pack(value: unknown): Uint8Array {
  try {
    if (!holdsBigInt(value)) return encoder.encode(value);
    return wideEncoder.encode(value);
  } catch (error) {
    throw new TypeError(`payload: no MessagePack value (${messageOf(error)})`, { cause: error });
  }
}

const DEPTH_MAX = 100;

function holdsBigInt(value: unknown, depth = 0): boolean {
  if (typeof value === "bigint") {
    if (BigInt.asIntN(64, value) === value || BigInt.asUintN(64, value) === value) return true;
    throw new RangeError(`${value} has more than 64 bits`);
  }
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return false;
  // The encoder refuses what is nested deeper, also what holds itself.
  if (depth > DEPTH_MAX) return false;
  let found = false;
  for (const part of Object.values(value)) {
    if (holdsBigInt(part, depth + 1)) found = true;
  }
  return found;
}

/** Whether a value may be the payload of a message: an object with named fields. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    !ArrayBuffer.isView(value) &&
    !(value instanceof Date)
  );
}

/** Attaches the type, in place. */
export function typedMessage(payload: Record<string, unknown>, type: string): TypedMessage {
  return Object.defineProperty(payload, messageType, { value: type }) as TypedMessage;
}

/** JSON text of a payload. Bytes become `{"base64": …}`, wide whole numbers keep their digits, NaN and infinity are null. */
export function payloadJson(payload: unknown): string {
  return JSON.stringify(isJsonValue(payload) ? payload : jsonValue(payload)) ?? "null";
}

/** Whether it needs no other form. Copies nothing, as nearly all payloads are such. */
function isJsonValue(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return typeof value !== "bigint";
  if (Array.isArray(value)) return value.every(isJsonValue);
  if (!isPlainObject(value)) return false;
  for (const key in value) if (!isJsonValue(value[key])) return false;
  return true;
}

// `JSON.rawJSON` is in every supported engine and not yet in the types.
const { rawJSON } = JSON as unknown as { rawJSON(text: string): unknown };

function jsonValue(value: unknown): unknown {
  if (typeof value === "bigint") return rawJSON(String(value));
  if (value instanceof Uint8Array) return { base64: Buffer.from(value).toString("base64") };
  if (Array.isArray(value)) return value.map(jsonValue);
  if (!isPlainObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, jsonValue(part)]));
}
