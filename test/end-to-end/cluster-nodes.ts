// Nodes for tests: `drayage client` as processes of their own, on free ports.
import type { Started, Workplace } from "./workplace.ts";
import { until } from "./workplace.ts";

export type ClientNode = Started & { readonly port: number; readonly address: string };

/** Starts one and waits until it listens. */
export async function startNode(
  place: Workplace,
  { flags = [], env = {} }: { flags?: readonly string[]; env?: Record<string, string> } = {},
): Promise<ClientNode> {
  const started = place.start(["client", "-i", "127.0.0.1", "-p", "0", ...flags], { env });
  const waiting = /waiting for masters on (?:TLS on )?127\.0\.0\.1:(\d+)/;
  await until(() => waiting.test(started.said()), "the node listens");
  const port = Number(waiting.exec(started.said())?.[1]);
  return { ...started, port, address: `127.0.0.1:${port}` };
}

export const startNodes = (place: Workplace, count: number): Promise<ClientNode[]> =>
  Promise.all(Array.from({ length: count }, () => startNode(place)));
