import { BlockList, isIP } from "node:net";

const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8, "ipv4");
loopback.addAddress("::1", "ipv6");
loopback.addSubnet("::ffff:127.0.0.0", 104, "ipv6");

/** Whether only this machine can be meant. */
export const isLoopback = (host: string): boolean => {
  const bare = host.replace(/^\[|\]$/g, "");
  const version = isIP(bare);
  if (version === 0) return bare === "localhost";
  return loopback.check(bare, version === 4 ? "ipv4" : "ipv6");
};
