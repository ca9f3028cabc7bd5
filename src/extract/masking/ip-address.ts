import { isIPv4 } from "node:net";

/** The 4 or 16 bytes of an address that `node:net` accepts. */
export function addressBytes(text: string): Buffer {
  return isIPv4(text) ? Buffer.from(text.split(".").map(Number)) : ipv6Bytes(text);
}

function ipv6Bytes(text: string): Buffer {
  const bytes = Buffer.alloc(16);
  const [head = "", tail] = withoutZone(text).split("::");
  const front = groupBytes(head);
  bytes.set(front);
  if (tail !== undefined) {
    const back = groupBytes(tail);
    bytes.set(back, 16 - back.length);
  }
  return bytes;
}

const withoutZone = (text: string): string => text.replace(/%.*$/, "");

/** `2001:db8`, or with an IPv4 address at the end. */
function groupBytes(text: string): number[] {
  if (text === "") return [];
  return text.split(":").flatMap((group) => {
    if (group.includes(".")) return group.split(".").map(Number);
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
}

/** The usual text of 4 or 16 bytes; the longest run of zeros of an IPv6 address is `::`. Source: RFC 5952. */
export function addressText(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join(".");
  const groups = Array.from({ length: 8 }, (_, at) =>
    (((bytes[2 * at] as number) << 8) | (bytes[2 * at + 1] as number)).toString(16),
  );
  const [from, length] = longestZeros(groups);
  if (length < 2) return groups.join(":");
  return `${groups.slice(0, from).join(":")}::${groups.slice(from + length).join(":")}`;
}

function longestZeros(groups: readonly string[]): [number, number] {
  let best: [number, number] = [0, 0];
  for (let from = 0; from < groups.length; from++) {
    let to = from;
    while (groups[to] === "0") to++;
    if (to - from > best[1]) best = [from, to - from];
  }
  return best;
}
