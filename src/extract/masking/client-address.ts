import { isIP, isIPv4, isIPv6 } from "node:net";
import { UsageError } from "../../core/errors.ts";
import { CryptoPan } from "./crypto-pan.ts";
import type { DistinctValues } from "./distinct-values.ts";
import { addressBytes, addressText } from "./ip-address.ts";
import type { MaskPolicy } from "./mask-policy.ts";
import { type Mask, remembered } from "./masker.ts";
import { derivedKey } from "./pseudonym.ts";

/** What becomes of client addresses. Source: extract.md 6.4, 6.5. */
export const addressModes = ["hash", "prefix", "subnet", "none"] as const;
export type AddressMode = (typeof addressModes)[number];

const IPV4_SUBNET_BITS = 24;
const IPV6_SUBNET_BITS = 48;

/** The address without its port: `192.0.2.1:5000`, `[2001:db8::1]:5000`, or a name. */
export function withoutPort(text: string): string {
  if (text.startsWith("[")) return text.slice(1, text.indexOf("]"));
  const colon = text.lastIndexOf(":");
  return colon < 0 || isIPv6(text) ? text : text.slice(0, colon);
}

/** A mask for client addresses. `hash` is the mask of the class client. */
export function addressMask(
  mode: AddressMode,
  { policy, hash, distinct }: { policy: MaskPolicy; hash: Mask; distinct: DistinctValues },
): Mask {
  // Names instead of addresses have no prefix to keep.
  const orHash =
    (mask: Mask): Mask =>
    (text) =>
      isIP(text) === 0 ? hash(text) : mask(text);
  switch (mode) {
    case "none":
      return (text) => text;
    case "hash":
      return hash;
    case "subnet":
      return orHash(subnet);
    case "prefix": {
      if (policy.method !== "hmac-sha256")
        throw new UsageError("--ip prefix needs a key: mask with hmac-sha256 and --key-file");
      const pan = new CryptoPan(derivedKey(policy.key, "client-prefix"));
      return orHash(remembered((text) => pan.pseudonym(text), { of: "client", distinct }));
    }
    default:
      return mode satisfies never;
  }
}

/** The /24 or /48 that an address lies in; the rest of it is 0. */
function subnet(text: string): string {
  const bytes = addressBytes(text);
  bytes.fill(0, (isIPv4(text) ? IPV4_SUBNET_BITS : IPV6_SUBNET_BITS) / 8);
  return addressText(bytes);
}
