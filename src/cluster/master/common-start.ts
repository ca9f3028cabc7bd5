import type { Clock } from "../../core/clock.ts";
import type { Patience } from "../conversation.ts";
import type { RunMemory } from "../link.ts";
import type { NodeHandle } from "./node-handle.ts";

/** Between the announcement of the start and the start. */
const START_AHEAD_NS = 1e9;

/** What a master notes of it. `atNs`: on each node's own clock. */
export type StartNote = {
  readonly kind: "start";
  readonly atNs: readonly number[];
  readonly wallUs: number;
};

/** On the clock of the master, ns, and on its wall clock. */
export type CommonStart = { readonly at: number; readonly wallUs: number };

/**
 * Agrees on the start with all nodes. Whoever takes the run over must be able to know it before any node does: it is noted
 * first, and again if that took too long.
 */
export async function announceStart(
  nodes: readonly NodeHandle[],
  clock: Clock,
  { memory, patience }: { readonly memory?: RunMemory | undefined; readonly patience: Patience },
): Promise<CommonStart> {
  for (;;) {
    const at = clock.now() + START_AHEAD_NS;
    const wallUs = Date.now() * 1000 + START_AHEAD_NS / 1000;
    const atNs = nodes.map(({ clocks }) => at + (clocks?.offset ?? 0));
    await memory?.note({ kind: "start", atNs, wallUs } satisfies StartNote);
    if (clock.now() > at - START_AHEAD_NS / 2) continue;
    for (const node of nodes) {
      node.conversation.say({ type: "start", atNs: atNs[node.index] as number, wallUs });
      node.state = "running";
      node.conversation.bePatient(patience);
    }
    return { at, wallUs };
  }
}
