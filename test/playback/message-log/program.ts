import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

export const PROGRAM: string = fileURLToPath(new URL("../../../bin/drayage.js", import.meta.url));

/** Runs the command to its end. */
export function drayageProgram(args: readonly string[]): {
  status: number | null;
  stdout: string;
  stderr: string;
} {
  return spawnSync(process.execPath, [PROGRAM, ...args], { encoding: "utf8", timeout: 60_000 });
}
