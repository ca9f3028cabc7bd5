import { readFileSync } from "node:fs";
import type { PullPlan } from "../../workers/pull-plan.ts";

const SPARE_DESCRIPTORS = 50;
/** Of the range of local ports: some are in use by others, or wait after a close. */
const PORT_SHARE_MAX = 0.8;

/** What the system may run out of, before the start. Silent where the system does not tell. */
export function resourceWarnings({ lists, wire }: PullPlan, herd: number | undefined): string[] {
  const connections = (herd ?? lists.length) * wire.concurrency;
  const warnings: string[] = [];
  const open = numberIn("/proc/self/limits", /^Max open files\s+(\d+)/m);
  const needed = connections + SPARE_DESCRIPTORS;
  if (open !== undefined && needed > open)
    warnings.push(`${needed} file descriptors are needed and ${open} allowed: raise ulimit -n`);
  const ports = localPorts();
  if (ports !== undefined && connections > ports * PORT_SHARE_MAX)
    warnings.push(`${connections} connections come near the ${ports} local ports of this machine`);
  return warnings;
}

function localPorts(): number | undefined {
  const text = fileText("/proc/sys/net/ipv4/ip_local_port_range");
  const [first, last] = (text ?? "").trim().split(/\s+/).map(Number);
  return first === undefined || last === undefined ? undefined : last - first + 1;
}

function numberIn(path: string, pattern: RegExp): number | undefined {
  const found = pattern.exec(fileText(path) ?? "")?.[1];
  return found === undefined ? undefined : Number(found);
}

function fileText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
