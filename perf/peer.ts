// Load generators as commands: how each is told to send requests for some seconds, and how its output says how many.
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { cpuSeconds, requireProgram } from "./measure.ts";

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
  /** It sends a number of requests however long that takes. */
  readonly counted?: boolean;
};

const number =
  (pattern: RegExp) =>
  (output: string): number | undefined => {
    const [, digits] = pattern.exec(output) ?? [];
    return digits === undefined ? undefined : Number(digits);
  };

/** `drayage load`, with flags of the question at hand. */
export const drayageWith = (name: string, ...flags: readonly string[]): Peer => ({
  name,
  command: ({ url, connections, seconds }) => [
    process.execPath,
    join(root, "bin/drayage.js"),
    ...["load", url, "--connections", String(connections), "--duration", `${seconds}s`],
    // On a machine that others use too a thread may be kept waiting, which makes figures of time invalid but not those of cost.
    ...["--json", "--quiet", "--allow-invalid", ...flags],
  ],
  requests: (output) => {
    const line = output.split("\n").find((text) => text.startsWith("{")) ?? "{}";
    return (JSON.parse(line) as { totals?: { done: number } }).totals?.done;
  },
});

/** `drayage run` over the whole trace of a configuration; `folder` takes the run directories. */
export function drayageRunning(configuration: string, folder: string): Peer {
  let runs = 0;
  return {
    name: "drayage run",
    counted: true,
    command: () => [
      process.execPath,
      join(root, "bin/drayage.js"),
      ...["run", "-i", configuration, "--local", "1", "--out", join(folder, `run-${runs++}`)],
      ...["--json", "--quiet", "--allow-invalid"],
    ],
    requests: (output) => (JSON.parse(output) as { totals: { done: number } }).totals.done,
  };
}

export const drayage: Peer = drayageWith("drayage load");

export const wrkWith = (name: string, threads: number): Peer => ({
  name,
  command: ({ url, connections, seconds }) => [
    requireProgram("wrk", "apt-get install wrk"),
    ...[`-t${threads}`, `-c${connections}`, `-d${seconds}s`, url],
  ],
  // What it calls a time-out is an answer that took two seconds: it is waited for, and counted.
  requests: (output) =>
    /Non-2xx|(connect|read|write) [1-9]/.test(output)
      ? undefined
      : number(/(\d+) requests in /)(output),
});

export const wrk: Peer = wrkWith("wrk", 1);

export const h2load: Peer = {
  name: "h2load",
  command: ({ url, connections, seconds }) => [
    requireProgram("h2load", "apt-get install nghttp2-client"),
    ...["--h1", `-c${connections}`, "-t1", `-D${seconds}`, url],
  ],
  requests: number(/(\d+) succeeded/),
};

export const ab: Peer = {
  name: "ab",
  command: ({ url, connections, seconds }) => [
    requireProgram("ab", "apt-get install apache2-utils"),
    // The time sets the number to 50,000, so the number comes behind it.
    ...["-k", "-q", `-t${seconds}`, "-n100000000", `-c${connections}`, url],
  ],
  requests: number(/Complete requests:\s+(\d+)/),
};

export const hey: Peer = {
  name: "hey",
  command: ({ url, connections, seconds }) => [
    requireProgram("hey", "apt-get install hey"),
    ...["-c", String(connections), "-z", `${seconds}s`, url],
  ],
  requests: number(/\[200\]\s+(\d+) responses/),
};

export const autocannon: Peer = {
  name: "autocannon",
  command: ({ url, connections, seconds }) => [
    process.execPath,
    join(root, "node_modules/autocannon/autocannon.js"),
    ...["--json", `-c${connections}`, `-d${seconds}`, url],
  ],
  requests: number(/"2xx":(\d+)/),
};

const undiciWith = (name: string, ...more: readonly string[]): Peer => ({
  name,
  command: ({ url, connections, seconds }) => [
    process.execPath,
    join(import.meta.dirname, "undici-client.ts"),
    ...[url, String(connections), String(seconds), ...more],
  ],
  requests: number(/(\d+) responses/),
});

export const undici: Peer = undiciWith("undici dispatch");
export const undiciHashing: Peer = undiciWith("undici dispatch with SHA-256", "sha256");

/** curl uploads a file again and again, as many at once as there are connections; `uploads` instead of a duration. */
export const curlUploading = (file: string, uploads: number): Peer => ({
  name: "curl",
  command: ({ url, connections }) => [
    requireProgram("curl", "apt-get install curl"),
    // Without the empty Expect it asks for leave first, and waits a second for an answer.
    ...["--silent", "--show-error", "--fail", "--header", "Expect:", "--upload-file", file],
    ...["--parallel", "--parallel-immediate", "--parallel-max", String(connections)],
    ...["--output", "/dev/null", "--write-out", "%{http_code}\n", `${url}/[1-${uploads}]`],
  ],
  requests: (output) => output.split("\n").filter((line) => line === "201").length,
  counted: true,
});

export type PeerRun = { readonly requests: number; readonly cpu: number; readonly rate: number };

const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;

/** Runs a peer once; processor seconds of it and its children, from start to exit. Throws when it says nothing usable. */
export async function runPeer(peer: Peer, load: PeerLoad, cwd: string): Promise<PeerRun> {
  const [program, ...args] = peer.command(load);
  const own = process.cpuUsage();
  const before = cpuSeconds();
  const began = performance.now();
  const { stdout } = await promisify(execFile)(program, args, {
    cwd,
    maxBuffer: OUTPUT_BYTES_MAX,
  });
  const wall = (performance.now() - began) / 1000;
  const { user, system } = process.cpuUsage(own);
  const cpu = cpuSeconds() - before - (user + system) / 1e6;
  const requests = peer.requests(stdout);
  if (requests === undefined || requests === 0)
    throw new Error(`${peer.name} says: ${stdout.slice(0, 500)}`);
  return { requests, cpu, rate: requests / (peer.counted === true ? wall : load.seconds) };
}
