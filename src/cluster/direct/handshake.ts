// How a master and a node find out that they share a token, without sending it, and which conversation a connection carries
// on. All of it is MessagePack, before any envelope.
//
//   node                                                              master
//    | challenge {nonce} -------------------------------------------> |
//    | <----------- open {conversation, received, nonce, proof}       |   proof = HMAC(token, "master" nonce conversation)
//    | opened {received, proof} or denied {sentence} ----------------> |   proof = HMAC(token, "node" nonce conversation)
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { decode, encode } from "@msgpack/msgpack";

const NONCE_BYTES = 16;
/** A handshake that has not ended by then is cut off: nobody may hold connections without a token. */
export const HANDSHAKE_MS_MAX = 5000;
/** Nothing of a handshake is longer. */
const HANDSHAKE_BYTES_MAX = 4096;

type Challenge = { readonly type: "challenge"; readonly nonce: Uint8Array };
export type Open = {
  readonly type: "open";
  /** Made up by the master; a connection that carries on names it again. */
  readonly conversation: string;
  /** Number of the last kept frame that came from the node; 0 opens a conversation. */
  readonly received: number;
  readonly nonce: Uint8Array;
  readonly proof: Uint8Array;
};
type Opened = {
  readonly type: "opened";
  readonly received: number;
  readonly proof: Uint8Array;
};
export type Denied = { readonly type: "denied"; readonly sentence: string };

type Handshake = Challenge | Open | Opened | Denied;

export const newNonce = (): Buffer => randomBytes(NONCE_BYTES);
export const newConversation = (): string => randomBytes(NONCE_BYTES).toString("hex");

export const encodeHandshake = (message: Handshake): Uint8Array => encode(message);

type Field = "text" | "count" | "bytes";
const fields: Readonly<Record<Handshake["type"], Readonly<Record<string, Field>>>> = {
  challenge: { nonce: "bytes" },
  open: { conversation: "text", received: "count", nonce: "bytes", proof: "bytes" },
  opened: { received: "count", proof: "bytes" },
  denied: { sentence: "text" },
};

const isA = (value: unknown, field: Field): boolean => {
  switch (field) {
    case "text":
      return typeof value === "string";
    case "count":
      return Number.isInteger(value) && (value as number) >= 0;
    case "bytes":
      return value instanceof Uint8Array;
    default:
      return field satisfies never;
  }
};

/** Undefined for anything else than a handshake of this type, or a denial. */
export function decodeHandshake<T extends Handshake["type"]>(
  bytes: Uint8Array,
  type: T,
): Extract<Handshake, { type: T }> | Denied | undefined {
  if (bytes.length > HANDSHAKE_BYTES_MAX) return undefined;
  let value: unknown;
  try {
    value = decode(bytes);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const message = value as Readonly<Record<string, unknown>>;
  const is = message.type;
  if (is !== type && is !== "denied") return undefined;
  const shape = fields[is as T | "denied"];
  const right = Object.entries(shape).every(([name, field]) => isA(message[name], field));
  return right ? (message as unknown as Extract<Handshake, { type: T }> | Denied) : undefined;
}

/** Proves that whoever made it knows the token. Without a token both sides use the empty one. */
export function proofOf(
  token: string,
  {
    side,
    nonce,
    conversation,
  }: { side: "master" | "node"; nonce: Uint8Array; conversation: string },
): Buffer {
  const mac = createHmac("sha256", `drayage node token\0${token}`);
  return mac.update(`${side}\0`).update(nonce).update(`\0${conversation}`).digest();
}

export const sameProof = (one: Uint8Array, other: Uint8Array): boolean =>
  one.length === other.length && timingSafeEqual(one, other);
