import { createHmac, hash } from "node:crypto";

/** What the archive calls repositories, clients and uploads. */
export type NameMask = {
  readonly isMasked: boolean;
  name(text: string): string;
  client(address: string): string;
  /** Identifiers of uploads let whoever has them write: they are hashed in any case. */
  upload(identifier: string): string;
};

const HEX_DIGITS = 16;

const openNames: NameMask = {
  isMasked: false,
  name: (text) => text,
  client: (address) => address,
  upload: (identifier) => hash("sha256", identifier, "hex").slice(0, HEX_DIGITS),
};

/** With a key, the first 8 bytes of the HMAC-SHA-256 of each text; the same text gives the same hash wherever it stands. */
export function nameMask(key: Uint8Array | undefined): NameMask {
  if (key === undefined) return openNames;
  const masked = (text: string): string =>
    createHmac("sha256", key).update(text).digest("hex").slice(0, HEX_DIGITS);
  return { isMasked: true, name: masked, client: masked, upload: masked };
}

const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

/** An IPv4 address reads the same on a socket of both families. */
export const plainAddress = (address: string): string => mapped.exec(address)?.[1] ?? address;
