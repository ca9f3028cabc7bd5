import type { DockerRegistry } from "../fakes/docker-registry.ts";
import { pause } from "./workplace.ts";

export type Access = { readonly method: string; readonly path: string; readonly status: number };

/** The log is written behind the answers. */
const SETTLE_MS = 100;

/** Requests that docker-registry has answered, in order. */
export async function accessesOf(registry: DockerRegistry): Promise<Access[]> {
  await pause(SETTLE_MS);
  return registry.accessLog().flatMap((line) => {
    const match = /"([A-Z]+) (\S+) HTTP\/[\d.]+" (\d{3})/.exec(line);
    if (match === null) return [];
    return [{ method: match[1] ?? "", path: match[2] ?? "", status: Number(match[3]) }];
  });
}

export const countOf = (accesses: readonly Access[], method: string): number =>
  accesses.filter((access) => access.method === method).length;
