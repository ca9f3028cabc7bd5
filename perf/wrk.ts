import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { cpuSeconds, requireProgram } from "./measure.ts";

/** What wrk did on one connection count for some seconds: requests, and processor seconds of its own. */
export async function runWrk(
  url: string,
  { connections, seconds }: { readonly connections: number; readonly seconds: number },
): Promise<{ requests: number; cpu: number; wall: number }> {
  const wrk = requireProgram("wrk", "apt-get install wrk");
  const own = process.cpuUsage();
  const before = cpuSeconds();
  const { stdout } = await promisify(execFile)(wrk, [
    "-t1",
    `-c${connections}`,
    `-d${seconds}s`,
    url,
  ]);
  const { user, system } = process.cpuUsage(own);
  const cpu = cpuSeconds() - before - (user + system) / 1e6;
  const [, requests, wall] = /(\d+) requests in ([\d.]+)s/.exec(stdout) ?? [];
  if (requests === undefined || wall === undefined || /Non-2xx|Socket errors/.test(stdout))
    throw new Error(`wrk says: ${stdout}`);
  return { requests: Number(requests), cpu, wall: Number(wall) };
}
