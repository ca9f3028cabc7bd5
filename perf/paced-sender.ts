// Everything that claims to send at a rate, as commands.
import { execFile } from "node:child_process";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import type { PacingMode } from "../src/pacing/wake-plan.ts";
import { cpuSecondsOf, requireProgram } from "./measure.ts";

const root = join(import.meta.dirname, "..");

export type Schedule = {
  readonly port: number;
  readonly rate: number;
  readonly seconds: number;
  readonly connections: number;
};

export type PacedSender = {
  readonly name: string;
  /** Program and arguments; throws MissingProgram. */
  readonly command: (schedule: Schedule) => readonly [string, ...string[]];
};

const urlOf = (port: number): string => `http://127.0.0.1:${port}/small`;

export const paced = (mode: PacingMode): PacedSender => ({
  name: mode,
  command: ({ port, rate, seconds, connections }) => [
    process.execPath,
    join(root, "bin/drayage.js"),
    "load",
    urlOf(port),
    `--rate=${rate}`,
    `--duration=${seconds}s`,
    `--connections=${connections}`,
    `--pacing=${mode}`,
    "--json",
    "--quiet",
  ],
});

export const spinner: PacedSender = {
  name: "spinning loop",
  command: ({ port, rate, seconds, connections }) => [
    process.execPath,
    join(import.meta.dirname, "spinning-sender.ts"),
    ...[port, rate, seconds, connections].map(String),
  ],
};

/** Its rate is per worker, each of which has a connection. */
export const hey: PacedSender = {
  name: "hey -q",
  command: ({ port, rate, seconds, connections }) => [
    requireProgram("hey", "apt-get install hey"),
    `-c=${connections}`,
    `-q=${rate / connections}`,
    `-z=${seconds}s`,
    urlOf(port),
  ],
};

export const autocannon: PacedSender = {
  name: "autocannon -R",
  command: ({ port, rate, seconds, connections }) => [
    process.execPath,
    join(root, "node_modules/autocannon/autocannon.js"),
    "--json",
    `-R${rate}`,
    `-c${connections}`,
    `-d${seconds}`,
    urlOf(port),
  ],
};

/** After the start of the process, compilation included; and before its end. */
const SETTLED_MS = 5000;
const BEFORE_END_MS = 500;
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;

/** Runs a sender to its end. `cores`: share of a core that it took, all its threads, from its fifth second on. */
export async function runSender(
  { command }: PacedSender,
  schedule: Schedule,
  cwd: string,
): Promise<{ output: string; cores: number }> {
  const [program, ...args] = command(schedule);
  const running = promisify(execFile)(program, args, { cwd, maxBuffer: OUTPUT_BYTES_MAX });
  const { pid } = running.child;
  const measured = pid === undefined ? Number.NaN : coresOf(pid, schedule.seconds);
  const [{ stdout }, cores] = await Promise.all([running, measured]);
  return { output: stdout, cores };
}

async function coresOf(pid: number, seconds: number): Promise<number> {
  await sleep(SETTLED_MS);
  const cpu = cpuSecondsOf(pid);
  const began = performance.now();
  await sleep(seconds * 1000 - SETTLED_MS - BEFORE_END_MS);
  return (cpuSecondsOf(pid) - cpu) / ((performance.now() - began) / 1000);
}
