// Load generators as commands: how each is told to send requests for some seconds, and how its output says how many.
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { cpuSeconds, MissingProgram, requireProgram } from "./measure.ts";

const root = join(import.meta.dirname, "..");

export type PeerLoad = {
  readonly url: string;
  readonly connections: number;
  readonly seconds: number;
};

export type Peer = {
  readonly name: string;
  /** Program and arguments; throws MissingProgram. */
  readonly command: (load: PeerLoad) => readonly [string, ...string[]];
  /** Requests that were answered with success; `undefined` where the output does not say. */
  readonly requests: (output: string) => number | undefined;
};

const number =
  (pattern: RegExp) =>
  (output: string): number | undefined => {
    const [, digits] = pattern.exec(output) ?? [];
    return digits === undefined ? undefined : Number(digits);
  };

export const drayage: Peer = {
  name: "drayage load",
  command: ({ url, connections, seconds }) => [
    process.execPath,
    join(root, "bin/drayage.js"),
    "load",
    url,
    "--connections",
    String(connections),
    "--duration",
    `${seconds}s`,
    "--json",
    "--quiet",
  ],
  requests: (output) => {
    const line = output.split("\n").find((text) => text.startsWith("{")) ?? "{}";
    return (JSON.parse(line) as { totals?: { done: number } }).totals?.done;
  },
};

const peers: readonly Peer[] = [
  {
    name: "wrk",
    command: ({ url, connections, seconds }) => [
      requireProgram("wrk", "apt-get install wrk"),
      "-t1",
      `-c${connections}`,
      `-d${seconds}s`,
      url,
    ],
    requests: number(/(\d+) requests in /),
  },
  {
    name: "h2load",
    command: ({ url, connections, seconds }) => [
      requireProgram("h2load", "apt-get install nghttp2-client"),
      "--h1",
      `-c${connections}`,
      "-t1",
      `-D${seconds}`,
      url,
    ],
    requests: number(/(\d+) succeeded/),
  },
  {
    name: "ab",
    command: ({ url, connections, seconds }) => [
      requireProgram("ab", "apt-get install apache2-utils"),
      "-k",
      "-q",
      "-n100000000",
      `-c${connections}`,
      `-t${seconds}`,
      url,
    ],
    requests: number(/Complete requests:\s+(\d+)/),
  },
  {
    name: "hey",
    command: ({ url, connections, seconds }) => [
      requireProgram("hey", "apt-get install hey"),
      "-c",
      String(connections),
      "-z",
      `${seconds}s`,
      url,
    ],
    requests: number(/\[200\]\s+(\d+) responses/),
  },
  {
    name: "autocannon",
    command: ({ url, connections, seconds }) => [
      process.execPath,
      join(root, "node_modules/autocannon/autocannon.js"),
      "--json",
      `-c${connections}`,
      `-d${seconds}`,
      url,
    ],
    requests: number(/"2xx":(\d+)/),
  },
];

export type PeerRun = { readonly requests: number; readonly cpu: number; readonly rate: number };

const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;

/** Runs a peer once; processor seconds of it and its children, from start to exit. Throws when it says nothing usable. */
export async function runPeer(peer: Peer, load: PeerLoad, cwd: string): Promise<PeerRun> {
  const [program, ...args] = peer.command(load);
  const own = process.cpuUsage();
  const before = cpuSeconds();
  const { stdout } = await promisify(execFile)(program, args, {
    cwd,
    maxBuffer: OUTPUT_BYTES_MAX,
  });
  const { user, system } = process.cpuUsage(own);
  const cpu = cpuSeconds() - before - (user + system) / 1e6;
  const requests = peer.requests(stdout);
  if (requests === undefined || requests === 0)
    throw new Error(`${peer.name} says: ${stdout.slice(0, 500)}`);
  return { requests, cpu, rate: requests / load.seconds };
}

/** The peers that are installed here, and what to type for the others. */
export function installedPeers(): { present: Peer[]; missing: string[] } {
  const present: Peer[] = [];
  const missing: string[] = [];
  for (const peer of peers) {
    try {
      peer.command({ url: "http://127.0.0.1/", connections: 1, seconds: 1 });
      present.push(peer);
    } catch (error) {
      if (!(error instanceof MissingProgram)) throw error;
      missing.push(`${peer.name} ${error.message}`);
    }
  }
  return { present, missing };
}
