// Machines of their own on one: network namespaces, each with a link to this one that can be cut as if somebody pulled the plug.
// Needs root and the program ip; nothing leaves this machine.
import { execFileSync } from "node:child_process";

/** Printed by tests that skip because `openNamespaces` gave undefined. */
export const needsNamespaces =
  "needs network namespaces: root, and the program ip (apt-get install iproute2)";

export interface NetworkNamespace {
  /** Words before a command that is to run in there. */
  readonly within: readonly string[];
  /** Its address, and this machine's on the same link. */
  readonly address: string;
  readonly gateway: string;
  /** Pulls the plug: packets are lost without a word. */
  cut(): void;
  mend(): void;
}

const ip = (...words: readonly string[]): void => {
  execFileSync("ip", words, { stdio: ["ignore", "ignore", "pipe"] });
};

/** Undefined where they cannot be made: skip the test loudly. `close` removes them, and what still runs in there. */
export function openNamespaces(
  count: number,
): { readonly all: readonly NetworkNamespace[]; close(): void } | undefined {
  const names: string[] = [];
  const close = (): void => {
    // The link goes with the namespace.
    for (const name of names) ip("netns", "del", name);
  };
  try {
    const all = Array.from({ length: count }, () => open(names));
    return { all, close };
  } catch {
    close();
    return undefined;
  }
}

/** One that is removed lives on until its last process has gone: no name and no address is used twice. */
let opened = 0;

function open(names: string[]): NetworkNamespace {
  const index = opened++;
  const name = `drayage-${process.pid}-${index}`;
  const [here, there] = [
    `dry${process.pid % 100_000}h${index}`,
    `dry${process.pid % 100_000}t${index}`,
  ];
  // A network of four addresses of their own for each process of tests and each namespace.
  const network = `10.${200 + (process.pid % 50)}.${Math.floor(process.pid / 50) % 250}`;
  const [gateway, address] = [1, 2].map((host) => `${network}.${index * 4 + host}`) as [
    string,
    string,
  ];
  ip("netns", "add", name);
  names.push(name);
  ip("link", "add", here, "type", "veth", "peer", "name", there, "netns", name);
  ip("addr", "add", `${gateway}/30`, "dev", here);
  ip("-n", name, "addr", "add", `${address}/30`, "dev", there);
  ip("link", "set", here, "up");
  const turn = (state: "up" | "down"): void => ip("-n", name, "link", "set", there, state);
  turn("up");
  ip("-n", name, "link", "set", "lo", "up");
  return {
    within: ["ip", "netns", "exec", name],
    address,
    gateway,
    cut: () => turn("down"),
    mend: () => turn("up"),
  };
}
