import { readFileSync } from "node:fs";

/**
 * Whether this process may read keys: a background job that changes the terminal's mode is stopped by the system. Only Linux
 * tells; elsewhere it is taken for granted. Source: proc_pid_stat(5), fields pgrp and tpgid.
 */
export function isInForeground(): boolean {
  try {
    const stat = readFileSync("/proc/self/stat", "latin1");
    // The name of the program stands in brackets and may hold anything.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[2] === fields[5];
  } catch {
    return true;
  }
}
